"""Articles split into passages, the passages embedded, and both written into Chroma and tantivy.

Knows nothing of where articles come from or of versions' history.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from index.build.engine_copies import EngineCopies
from index.build.staging import Staging
from index.catalog.schema import WORD_FIELDS
from index.catalog.view import is_live, to_article, to_passage
from index.engines.bm25 import FIELDS, Entry
from index.engines.chroma import BATCH
from index.types import Article, Passage

FORMAT = 1
"""Raised whenever the same passages would be embedded or indexed otherwise, as by `embedded_text`."""

WINDOW = 512
"""Passages encoded at once, so that the encoder can put texts of like length together."""


@dataclass(frozen=True, slots=True)
class IndexConfig:
    """How articles become passages and vectors.

    `settings_fingerprint` must change whenever the same article could give other passages or vectors; `settings` is
    kept for people and for opening the same encoder again. `embed` returns unit vectors, float32
    [texts, dimensions], and is not called when nothing is new, so it may load its model on the first call.
    """

    settings_fingerprint: str
    settings: Mapping[str, Any]
    split: Callable[[Article], Sequence[Passage]]
    embed: Callable[[Sequence[str]], np.ndarray]

    @property
    def fingerprint(self) -> str:
        """Names everything the derived data depend on: these settings and how this module applies them."""
        return f"{FORMAT} {self.settings_fingerprint}{WORD_FIELDS}{' '.join(FIELDS)}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build has come, in articles; `total` is None while it is unknown."""

    stage: Literal["reading", "encoding", "writing"]
    done: int
    total: int | None = None


def embedded_text(article: Article, passage: Passage) -> str:
    """What is embedded for a passage: title, outlet and date in front of its text."""
    heading = " · ".join(part for part in (article.title, article.outlet, str(article.published or "")) if part)
    text = article.text[passage.start : passage.end]
    return f"{heading}\n{text}" if heading else text


def find_revisions_to_embed(connection: sqlite3.Connection, version: int, collection: str) -> None:
    """Fill `revisions_to_embed` with the revisions of the coming version that have no passages."""
    connection.execute("DELETE FROM staging.revisions_to_embed")
    connection.execute(
        f"""
        INSERT INTO staging.revisions_to_embed
        SELECT article_id, revision FROM (
            SELECT v.article_id, v.revision FROM lives v
             WHERE {is_live("v")} AND v.article_id NOT IN (SELECT article_id FROM staging.article_revisions)
            UNION ALL SELECT article_id, revision FROM staging.article_revisions WHERE revision IS NOT NULL
        ) AS coming
        WHERE NOT EXISTS (SELECT 1 FROM passages p WHERE p.collection = :collection
                           AND p.article_id = coming.article_id AND p.revision = coming.revision)
        """,
        {"version": version, "collection": collection},
    )


def embed_new_passages(
    connection: sqlite3.Connection, staging: Staging, config: IndexConfig, progress: Callable[[Progress], None]
) -> int:
    """Split and encode `revisions_to_embed` into `embedded_passages`, some at a time; returns the passages encoded.

    Those an earlier, interrupted build encoded are there already.
    """
    missing = "NOT EXISTS (SELECT 1 FROM staging.embedded_passages e WHERE e.revision = n.revision)"
    (total,) = connection.execute(f"SELECT count(*) FROM staging.revisions_to_embed n WHERE {missing}").fetchone()
    encoded = 0
    window: list[tuple[Passage, str]] = []
    for done, article in enumerate(_articles_to_embed(connection, missing), start=1):
        window.extend((passage, embedded_text(article, passage)) for passage in config.split(article))
        if len(window) >= WINDOW:
            encoded += len(window)
            _store(connection, staging, config, window)
            window.clear()
        progress(Progress("encoding", done, total))
    _store(connection, staging, config, window)
    return encoded + len(window)


def write_engines(connection: sqlite3.Connection, copies: EngineCopies, progress: Callable[[Progress], None]) -> None:
    """Write the passages of `revisions_to_embed` into Chroma and tantivy."""
    (total,) = connection.execute(
        "SELECT count(*) FROM staging.revisions_to_embed n JOIN staging.embedded_passages e ON e.revision = n.revision"
    ).fetchone()
    if not total and copies.collection.words:
        return
    # The odd ones first, so that every full batch after them ends on disk.
    size = total % BATCH or BATCH
    batch: list[tuple[str, bytes]] = []
    done = 0
    vectors = copies.vectors
    for row in _encoded_rows(connection):
        batch.append((f"{row['article_id']}:{row['revision']}:{row['number']}", row["embedding"]))
        if len(batch) == size:
            vectors.add([key for key, _ in batch], np.stack([np.frombuffer(raw, "<f4") for _, raw in batch]))
            done += size
            size = BATCH
            batch.clear()
            progress(Progress("writing", done, total))
    copies.words.write(_entries(connection))


def _articles_to_embed(connection: sqlite3.Connection, condition: str) -> Iterator[Article]:
    after = ""
    while True:
        cursor = connection.execute(
            f"""
            SELECT n.article_id, n.revision, '' AS location, coalesce(t.title, r.title) AS title,
                   coalesce(t.outlet, r.outlet) AS outlet, coalesce(t.author, r.author) AS author,
                   coalesce(t.published, r.published) AS published, coalesce(t.url, r.url) AS url,
                   coalesce(t.fetched_at, r.fetched_at) AS fetched_at, coalesce(t.text, r.text) AS text
              FROM staging.revisions_to_embed n
              LEFT JOIN staging.new_revisions t ON t.revision = n.revision
              LEFT JOIN revisions r ON r.article_id = n.article_id AND r.revision = n.revision
             WHERE n.article_id > ? AND {condition} ORDER BY n.article_id LIMIT 50
            """,
            [after],
        )
        cursor.row_factory = sqlite3.Row
        rows = cursor.fetchall()
        if not rows:
            return
        yield from map(to_article, rows)
        after = rows[-1]["article_id"]


def _store(
    connection: sqlite3.Connection, staging: Staging, config: IndexConfig, window: Sequence[tuple[Passage, str]]
) -> None:
    if not window:
        return
    vectors = np.asarray(config.embed([text for _, text in window]), dtype="<f4")
    with staging.batch():
        connection.executemany(
            "INSERT OR IGNORE INTO staging.embedded_passages VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (p.revision, p.number, p.start, p.end, json.dumps(p.sentences), p.tokens, vector.tobytes())
                for (p, _), vector in zip(window, vectors, strict=True)
            ],
        )


def _encoded_rows(connection: sqlite3.Connection) -> Iterator[sqlite3.Row]:
    cursor = connection.execute(
        "SELECT n.article_id, e.* FROM staging.revisions_to_embed n "
        "JOIN staging.embedded_passages e ON e.revision = n.revision "
        "ORDER BY n.article_id, e.number"
    )
    cursor.row_factory = sqlite3.Row
    return cursor


def _entries(connection: sqlite3.Connection) -> Iterator[Entry]:
    for article in _articles_to_embed(connection, "true"):
        cursor = connection.execute(
            "SELECT ? AS article_id, * FROM staging.embedded_passages WHERE revision = ? ORDER BY number",
            [article.id, article.revision],
        )
        cursor.row_factory = sqlite3.Row
        for row in cursor:
            yield Entry(to_passage(row), article)
