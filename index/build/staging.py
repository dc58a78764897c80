"""What a build has read and encoded but not published: building.sqlite, attached beside the library.

A build that died leaves the passages it encoded here, and the next one with the same settings uses them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.catalog.view import to_day
from index.permissions import make_file
from index.types import Article, FetchRecord

FILE = "building.sqlite"

LAYOUT = 2
"""Number of these tables, kept in `PRAGMA user_version`; a file of another layout is thrown away."""

_TABLES = """
CREATE TABLE IF NOT EXISTS staging.config (fingerprint TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS staging.embedded_passages ( -- passages with their vectors
    revision TEXT NOT NULL,
    number INTEGER NOT NULL,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    sentences TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    embedding BLOB NOT NULL,                      -- float32, little-endian
    PRIMARY KEY (revision, number)
) STRICT;
CREATE TABLE staging.changed_locations (          -- those that hold something new
    seq INTEGER PRIMARY KEY,
    location TEXT NOT NULL UNIQUE,
    revision TEXT NOT NULL,
    text_sha TEXT NOT NULL,
    given_id TEXT NOT NULL
) STRICT;
CREATE TABLE staging.new_revisions (              -- as in the library's `revisions`
    revision TEXT PRIMARY KEY,
    text_sha TEXT NOT NULL,
    title TEXT NOT NULL,
    outlet TEXT NOT NULL,
    author TEXT NOT NULL,
    published TEXT NOT NULL,
    first_day INTEGER,
    last_day INTEGER,
    url TEXT NOT NULL,
    fetched_at TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE TABLE staging.read_locations (             -- and those that could not be read
    location TEXT PRIMARY KEY,
    revision TEXT NOT NULL,                       -- empty where it was not read
    failed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE staging.fetch_records (
    url TEXT PRIMARY KEY,
    etag TEXT NOT NULL,
    last_modified TEXT NOT NULL,
    fetched_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE staging.removed_locations (location TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE staging.location_articles (          -- the article each changed location belongs to
    location TEXT PRIMARY KEY,
    article_id TEXT NOT NULL,
    read_as TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX staging.location_articles_by_article ON location_articles (article_id);
CREATE TABLE staging.article_revisions (          -- articles that get a revision, or (NULL) leave
    article_id TEXT PRIMARY KEY,
    revision TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE staging.revisions_to_embed (         -- live revisions without passages in the collection
    article_id TEXT NOT NULL,
    revision TEXT NOT NULL,
    PRIMARY KEY (article_id, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE staging.new_sentences (              -- as in the library's `long_sentences`
    hash INTEGER NOT NULL,
    article_id TEXT NOT NULL,
    revision TEXT NOT NULL,
    PRIMARY KEY (hash, article_id, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX staging.new_sentences_by_article ON new_sentences (article_id, revision);
CREATE TABLE staging.new_links (
    article_id TEXT NOT NULL,
    revision TEXT NOT NULL,
    other_id TEXT NOT NULL,
    other_revision TEXT NOT NULL,
    kind TEXT NOT NULL,
    score REAL NOT NULL,
    PRIMARY KEY (article_id, revision, other_id, other_revision)
) STRICT, WITHOUT ROWID;
"""

COMMIT_EVERY = 500


class Staging:
    """The unpublished part of a build, attached to the library's connection as `staging`."""

    def __init__(self, connection: sqlite3.Connection, path: Path, fingerprint: str) -> None:
        self._connection = connection
        self._path = path
        self._waiting = 0
        try:
            self._attach(fingerprint)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # damaged, as by a power cut, or of another layout: only encoding is lost
            if "staging" in {row[1] for row in connection.execute("PRAGMA database_list")}:
                connection.execute("DETACH staging")
            remove(path)
            self._attach(fingerprint)

    def _attach(self, fingerprint: str) -> None:
        connection = self._connection
        make_file(self._path)
        connection.execute("ATTACH ? AS staging", [str(self._path)])
        (layout,) = connection.execute("PRAGMA staging.user_version").fetchone()
        if layout != LAYOUT and connection.execute("SELECT 1 FROM staging.sqlite_master").fetchone():
            raise sqlite3.DatabaseError("written by another Clippings")
        # What a build left behind that died; one that ends well leaves nothing.
        if layout and connection.execute("PRAGMA staging.quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("damaged")
        connection.execute("PRAGMA staging.journal_mode = WAL")
        # A kill loses nothing, a power cut at most what must be encoded again.
        connection.execute("PRAGMA staging.synchronous = NORMAL")
        for (table,) in connection.execute(
            "SELECT name FROM staging.sqlite_master WHERE type = 'table' "
            "AND name NOT IN ('config', 'embedded_passages')"
        ).fetchall():
            connection.execute(f"DROP TABLE staging.{table}")
        connection.executescript(_TABLES)
        connection.execute(f"PRAGMA staging.user_version = {LAYOUT}")
        if connection.execute("SELECT fingerprint FROM staging.config").fetchall() != [(fingerprint,)]:
            connection.execute("DELETE FROM staging.embedded_passages")
            connection.execute("DELETE FROM staging.config")
            connection.execute("INSERT INTO staging.config VALUES (?)", [fingerprint])

    def add_article(self, article: Article, revision: str, text_sha: str, given_id: str) -> None:
        """Store an article whose location held something else before; `given_id` is the id it should have."""
        self._begin()
        published = article.published
        facts = (revision, text_sha, article.title, article.outlet, article.author)
        days = (to_day(published.day), to_day(published.last_day)) if published else (None, None)
        self._connection.execute(
            "INSERT OR IGNORE INTO staging.new_revisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [*facts, str(published or ""), *days, article.url, article.fetched_at, article.text],
        )
        self._connection.execute(
            "INSERT INTO staging.changed_locations (location, revision, text_sha, given_id) VALUES (?, ?, ?, ?)",
            [article.location, revision, text_sha, given_id],
        )

    def add_location(self, location: str, revision: str = "", *, failed: bool = False) -> str | None:
        """Note that a location was read, or could not be; returns what this run read there before."""
        self._begin()
        at = [location]
        before = self._connection.execute(
            "SELECT revision FROM staging.read_locations WHERE location = ?", at
        ).fetchone()
        self._connection.execute(
            "INSERT INTO staging.read_locations VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET failed = max(failed, excluded.failed)",
            [location, revision, failed],
        )
        return before[0] if before else None

    def get(self, url: str) -> FetchRecord | None:
        """What the web said of a URL, in this build or an earlier one (with `put`, `index.sources.fetch`'s log)."""
        row = self._connection.execute(
            "SELECT etag, last_modified, fetched_at FROM staging.fetch_records WHERE url = :url UNION ALL "
            "SELECT etag, last_modified, fetched_at FROM fetched WHERE url = :url LIMIT 1",
            {"url": url},
        ).fetchone()
        return FetchRecord(*row) if row else None

    def put(self, url: str, seen: FetchRecord) -> None:
        """Remember what the web said; published together with what was read."""
        self._begin()
        self._connection.execute(
            "INSERT OR REPLACE INTO staging.fetch_records VALUES (?, ?, ?, ?)",
            [url, seen.etag, seen.last_modified, seen.fetched_at],
        )

    def commit(self) -> None:
        """Commit what was added since the last commit."""
        if self._waiting:
            self._connection.execute("COMMIT")
            self._waiting = 0

    @contextmanager
    def batch(self) -> Iterator[None]:
        """A context manager: everything written inside is one transaction."""
        self.commit()
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Delete what was published; a build that fails leaves it attached, and to the next build."""
        self._connection.execute("DETACH staging")
        remove(self._path)

    def _begin(self) -> None:
        if self._waiting >= COMMIT_EVERY:
            self.commit()
        if not self._waiting:
            self._connection.execute("BEGIN")
        self._waiting += 1


def remove(path: Path) -> None:
    """Delete a staging file and SQLite's files beside it."""
    for name in (path.name, path.name + "-wal", path.name + "-shm"):
        path.with_name(name).unlink(missing_ok=True)
