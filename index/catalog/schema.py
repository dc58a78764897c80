"""The tables of library.sqlite, how a connection to it is opened, and how an older one is upgraded.

How what is stored changes: raise FORMAT by one, change TABLES, and add to UPGRADES the step that brings the tables of
the format before to the new ones. Keep a library of the old format under tests/fixtures. A step may use only SQL and
what is written in it, never a list that later code changes. What a step cannot make out of what is stored (a new field
of the word index, say) is left to the next build: `index.consistency.lacking` says what that is. The log of revisions
(`index.catalog.revision_log`) holds rows of these tables: a step that changes one of those tables writes it anew.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.catalog import revision_log
from index.errors import DamageError, UserError

FORMAT = 2
"""Number of this layout, kept in `PRAGMA user_version`."""

WORD_FIELDS = " words: "
"""What parts a collection's fingerprint into its settings and, after it, the fields of its word index."""


class CatalogError(DamageError, sqlite3.DatabaseError):
    """What SQLite says of a damaged library.sqlite; `sqlite_errorcode` is SQLite's own."""

    def __init__(self, folder: Path, error: sqlite3.Error) -> None:
        super().__init__("catalog", folder, str(error))
        self.sqlite_errorcode = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)


class _Cursor(sqlite3.Cursor):
    """A cursor that raises CatalogError for damage, which shows only as rows are read."""

    def execute(self, *arguments: Any) -> _Cursor:
        with _naming_damage(self.connection):
            return super().execute(*arguments)

    def fetchone(self) -> Any:
        with _naming_damage(self.connection):
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        with _naming_damage(self.connection):
            return super().fetchall()

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        with _naming_damage(self.connection):
            while (row := super().fetchone()) is not None:
                yield row


class _Connection(sqlite3.Connection):
    """A connection to library.sqlite that raises CatalogError for damage."""

    folder = Path()

    def execute(self, *arguments: Any) -> _Cursor:
        return self.cursor(_Cursor).execute(*arguments)


class _naming_damage:
    """Raise CatalogError for what SQLite raises on damage, and nothing else of what it raises."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, CatalogError) and _is_damage(error):
            raise CatalogError(self._connection.folder, error) from error  # type: ignore[attr-defined]


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether it says that the file is not what SQLite or this program wrote."""
    said = str(error)
    return (
        getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        or said.startswith(("Could not decode", "no such table: ", "no such column: ", "no such index: "))
        or "has no column" in said
    )


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The step to a format from the one before: the tables it changes, and its statements."""

    tables: tuple[str, ...]
    statements: tuple[str, ...]


UPGRADES = {
    2: Upgrade(
        ("collections",),
        (
            f"UPDATE collections SET fingerprint = fingerprint || '{WORD_FIELDS}"
            "id title body article outlet author first_day last_day'",
        ),
    )
}
"""By the format they lead to; together they lead from format 1 to FORMAT."""

FILE = "library.sqlite"

BUSY_SECONDS = 30.0

_NOWHERE_TO_WRITE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN}

TABLES = """
CREATE TABLE state (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    current INTEGER NOT NULL,          -- the version readers see; 0 before the first build
    last INTEGER NOT NULL,             -- the highest version there ever was: a number names one content
    library TEXT NOT NULL              -- names this library on a shared Chroma server
) STRICT;

CREATE TABLE collections (             -- what one set of settings wrote into Chroma and tantivy
    name TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    settings TEXT NOT NULL,            -- JSON
    server TEXT NOT NULL,              -- the Chroma server it is on, or empty for the folder
    vectors TEXT NOT NULL,             -- folder under vectors/, or the name on the server
    words TEXT NOT NULL                -- folder under words/
) STRICT;

CREATE TABLE versions (
    number INTEGER PRIMARY KEY,
    parent INTEGER NOT NULL,           -- the version it was built upon
    collection TEXT NOT NULL REFERENCES collections (name),
    created_at TEXT NOT NULL,          -- ISO 8601, UTC
    articles INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    added INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    unchanged INTEGER NOT NULL
) STRICT;

CREATE TABLE articles (
    id TEXT PRIMARY KEY
) STRICT;

CREATE TABLE revisions (
    article_id TEXT NOT NULL REFERENCES articles (id),
    revision TEXT NOT NULL,
    text_sha TEXT NOT NULL,
    title TEXT NOT NULL,
    outlet TEXT NOT NULL,
    author TEXT NOT NULL,
    published TEXT NOT NULL,           -- ISO 8601 cut to what is known, or empty
    first_day INTEGER,                 -- yyyymmdd, the days the date can mean
    last_day INTEGER,
    url TEXT NOT NULL,
    fetched_at TEXT NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (article_id, revision)
) STRICT;
CREATE INDEX revisions_by_text ON revisions (text_sha);
CREATE INDEX revisions_by_facts ON revisions (last_day, first_day, outlet, author, article_id, revision);

CREATE TABLE lives (                   -- a revision is live in versions added_in <= n < removed_in
    article_id TEXT NOT NULL,
    revision TEXT NOT NULL,
    added_in INTEGER NOT NULL,
    removed_in INTEGER,
    PRIMARY KEY (article_id, revision, added_in),
    FOREIGN KEY (article_id, revision) REFERENCES revisions (article_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE locations (               -- where an article was read, in versions added_in <= n < removed_in
    location TEXT NOT NULL,
    article_id TEXT NOT NULL REFERENCES articles (id),
    read_as TEXT NOT NULL,             -- the revision of what stands there
    place INTEGER NOT NULL,            -- the lowest live one is the article's own, the others are copies
    added_in INTEGER NOT NULL,
    removed_in INTEGER,
    PRIMARY KEY (location, added_in)
) STRICT, WITHOUT ROWID;
CREATE INDEX locations_by_article ON locations (article_id);

CREATE TABLE passages (
    collection TEXT NOT NULL REFERENCES collections (name),
    article_id TEXT NOT NULL,
    revision TEXT NOT NULL,
    number INTEGER NOT NULL,
    start INTEGER NOT NULL,            -- characters of the revision's text
    "end" INTEGER NOT NULL,
    sentences TEXT NOT NULL,           -- JSON [[start, end], ...]
    tokens INTEGER NOT NULL,
    PRIMARY KEY (collection, article_id, revision, number),
    FOREIGN KEY (article_id, revision) REFERENCES revisions (article_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE long_sentences (          -- what near-duplicates are found by
    hash INTEGER NOT NULL,
    article_id TEXT NOT NULL,
    revision TEXT NOT NULL,
    PRIMARY KEY (hash, article_id, revision),
    FOREIGN KEY (article_id, revision) REFERENCES revisions (article_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE links (                   -- two revisions that share text; each pair stands here once
    article_id TEXT NOT NULL,
    revision TEXT NOT NULL,
    other_id TEXT NOT NULL,
    other_revision TEXT NOT NULL,
    kind TEXT NOT NULL,
    score REAL NOT NULL,
    PRIMARY KEY (article_id, revision, other_id, other_revision),
    FOREIGN KEY (article_id, revision) REFERENCES revisions (article_id, revision),
    FOREIGN KEY (other_id, other_revision) REFERENCES revisions (article_id, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_by_other ON links (other_id, other_revision);

CREATE TABLE fetched (
    url TEXT PRIMARY KEY,
    etag TEXT NOT NULL,
    last_modified TEXT NOT NULL,
    fetched_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""


def create(folder: Path, library: str) -> None:
    """Make an empty library in `folder`, which can be written; nothing where that file holds anything already."""
    connection = sqlite3.connect(folder / FILE, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            return
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in TABLES.split(";\n"):
            connection.execute(statement)
        connection.execute("INSERT INTO state VALUES (1, 0, 0, ?)", (library,))
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return  # no database at all, as `connect` will say
    finally:
        connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One all-or-nothing change; concurrent readers see it whole or not at all.

    By hand because sqlite3's own context manager begins none in autocommit mode.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def connect(folder: Path) -> sqlite3.Connection:
    """Open the library for reading and, where the folder allows, for writing.

    A library of an earlier format is upgraded first; where nothing can be written, only as this connection sees it.
    Raises UserError where there is none, where it is damaged, and where a newer Clippings wrote it.
    """
    path = folder / FILE
    if not path.is_file():
        if revision_log.last_state(folder):
            raise DamageError("catalog", folder, f"{FILE} is no file" if path.exists() else f"{FILE} is missing")
        raise UserError(f"No library at {str(folder)!r}. Build one: clippings index FILE_OR_FOLDER")
    try:
        connection = open_database(path, _Connection)
        assert isinstance(connection, _Connection)
        connection.folder = folder
        written = _format(connection)
        if written != FORMAT and _is_unlike(written, revision_log.formats(folder)):
            raise DamageError("catalog", folder, f"{FILE} says that it has format {written}")
        if 0 < written < FORMAT:
            _upgrade(connection)
    except sqlite3.DatabaseError as error:
        if _is_damage(error) and revision_log.last_state(folder):
            raise DamageError("catalog", folder, str(error)) from error
        raise UserError(
            f"The library at {str(folder)!r} cannot be read ({error}). Build it anew in another "
            "folder: clippings index --library FOLDER ..."
        ) from error
    if written > FORMAT:
        raise UserError(
            f"The library at {str(folder)!r} has format {written}, this Clippings reads up to "
            f"{FORMAT}. Update: pip install -U clippings"
        )
    if written < 1:
        raise UserError(f"{str(path)!r} is not a Clippings library. Name another folder: --library FOLDER")
    return connection


def _format(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _is_unlike(written: int, logged: set[int]) -> bool:
    """Whether a format was never this library's: the log, which names each, is no newer and does not name it."""
    return bool(logged) and max(logged) <= FORMAT and written not in logged


def _upgrade(connection: _Connection) -> None:
    """Bring the tables to FORMAT in one transaction; where it cannot be written, temporary copies of them.

    A temporary table stands before the library's of the same name, so that queries need not know.
    """
    try:
        with transaction(connection):
            # Another process may have upgraded it while this one waited.
            for number in range(_format(connection) + 1, FORMAT + 1):
                for statement in UPGRADES[number].statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            if revision_log.last_state(connection.folder):
                revision_log.append(connection.folder, [], revision_log.state_of(connection))
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _NOWHERE_TO_WRITE:
            raise
        for number in range(_format(connection) + 1, FORMAT + 1):
            for table in UPGRADES[number].tables:
                connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table} AS SELECT * FROM main.{table}")
            for statement in UPGRADES[number].statements:
                connection.execute(statement)


def writable(folder: Path) -> bool:
    """Whether files can be made in `folder` (a read-only file system says no to root too)."""
    return os.access(folder, os.W_OK)


def open_database(path: Path, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    """A connection to a file, made where there is none; only for reading where nothing can be written."""
    if writable(path.parent) and (os.access(path, os.W_OK) or not path.exists()):
        # Connections are kept one a thread, and only `Catalog.close` reaches across.
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, factory=factory
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
            return connection
        except sqlite3.OperationalError as error:
            connection.close()
            if error.sqlite_errorcode & 0xFF not in _NOWHERE_TO_WRITE:
                raise
    return _open_for_reading(path, factory)


def _open_for_reading(path: Path, factory: type[sqlite3.Connection]) -> sqlite3.Connection:
    """Read where nothing can be written, which SQLite's write-ahead log does not allow by itself.

    Without a log the file is complete and is read as it is; with one, both are read from a private copy.
    """
    wal = path.with_name(path.name + "-wal")
    if not wal.is_file() or wal.stat().st_size == 0:
        address = path.resolve().as_uri() + "?immutable=1"
        return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, factory=factory)
    with tempfile.TemporaryDirectory(prefix="clippings-") as copies:
        copied = Path(copies) / path.name
        shutil.copyfile(path, copied)
        shutil.copyfile(wal, copied.with_name(wal.name))
        source = sqlite3.connect(copied)
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, factory=factory)
        source.backup(connection)
        source.close()
        return connection
