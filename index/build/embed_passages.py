"""What is derived from articles: passages, their vectors, and what stands in Chroma and tantivy.

Knows nothing of where articles come from or of versions' history.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from index.catalog import Catalog
from index.locks import delete_unused
from index.build.staging import Staging
from index.types import Article, Passage
from index.engines.chroma import BATCH, VectorIndex
from index.engines.chroma import snapshot as copy_vectors
from index.catalog.view import Collection, stands, to_article, to_passage
from index.engines.bm25 import Entry, WordIndex
from index.engines.bm25 import snapshot as copy_words

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
        return f"{FORMAT} {self.settings_fingerprint}"


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


def find_needed(connection: sqlite3.Connection, version: int, collection: str) -> None:
    """Fill `needed` with the revisions of the coming version that have no passages."""
    connection.execute("DELETE FROM staging.needed")
    connection.execute(
        f"""
        INSERT INTO staging.needed
        SELECT article_id, revision FROM (
            SELECT v.article_id, v.revision FROM lives v
             WHERE {stands("v")} AND v.article_id NOT IN (SELECT article_id FROM staging.settled)
            UNION ALL SELECT article_id, revision FROM staging.settled WHERE revision IS NOT NULL
        ) AS coming
        WHERE NOT EXISTS (SELECT 1 FROM passages p WHERE p.collection = :collection
                           AND p.article_id = coming.article_id AND p.revision = coming.revision)
        """,
        {"version": version, "collection": collection},
    )


def encode(
    connection: sqlite3.Connection,
    staging: Staging,
    config: IndexConfig,
    progress: Callable[[Progress], None],
) -> int:
    """Split and encode the needed revisions into `encoded`, some at a time; returns the passages encoded.

    Those an earlier, interrupted build encoded are there already.
    """
    missing = "NOT EXISTS (SELECT 1 FROM staging.encoded e WHERE e.revision = n.revision)"
    (total,) = connection.execute(f"SELECT count(*) FROM staging.needed n WHERE {missing}").fetchone()
    encoded = 0
    window: list[tuple[Passage, str]] = []
    for done, article in enumerate(_needed_articles(connection, missing), start=1):
        window.extend((passage, embedded_text(article, passage)) for passage in config.split(article))
        if len(window) >= WINDOW:
            encoded += len(window)
            _keep(connection, staging, config, window)
            window.clear()
        progress(Progress("encoding", done, total))
    _keep(connection, staging, config, window)
    return encoded + len(window)


class Copies:
    """A collection's engines copied for writing; a context manager that deletes the copies if its body fails.

    A copy is made when its engine is first asked for; those named in `fresh` begin empty. On a Chroma server
    there is no copy: what is never published there is never asked for. `finish` comes before publishing
    `collection`, which names where the engines are then.
    """

    def __init__(
        self, catalog: Catalog, collection: Collection, fresh: Sequence[Literal["vectors", "words"]] = ()
    ) -> None:
        self.collection = collection
        self._catalog = catalog
        self._old = collection
        self._fresh = fresh
        self._made: list[Path] = []
        self._vectors: VectorIndex | None = None
        self._words: WordIndex | None = None

    def __enter__(self) -> Copies:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._close()
        if kind is not None:
            for path in self._made:
                shutil.rmtree(path, ignore_errors=True)

    @property
    def vectors(self) -> VectorIndex:
        if self._vectors is None:
            if self._old.server:
                self._vectors = VectorIndex(server=self._old.server, name=self._old.vectors)
                if "vectors" in self._fresh:
                    self._vectors.empty()
            else:
                self.collection = replace(self.collection, vectors=uuid.uuid4().hex[:12])
                folder = self._catalog.vectors_folder(self.collection)
                self._made.append(folder)
                if self._old.vectors and "vectors" not in self._fresh:
                    copy_vectors(self._catalog.vectors_folder(self._old), folder)
                self._vectors = VectorIndex(folder, create=True)
        return self._vectors

    @property
    def words(self) -> WordIndex:
        if self._words is None:
            self.collection = replace(self.collection, words=uuid.uuid4().hex[:12])
            folder = self._catalog.words_folder(self.collection)
            self._made.append(folder)
            if self._old.words and "words" not in self._fresh:
                copy_words(self._catalog.words_folder(self._old), folder)
            self._words = WordIndex(folder, create=True)
        return self._words

    def finish(self) -> None:
        """Close the engines and have the system put their files on the disk."""
        self._close()
        for folder in self._made:
            _flush(folder)

    def _close(self) -> None:
        if self._vectors is not None:
            self._vectors.close()
        if self._words is not None:
            self._words.close()
        self._vectors = self._words = None


def write(connection: sqlite3.Connection, copies: Copies, progress: Callable[[Progress], None]) -> None:
    """Write the needed passages into Chroma and tantivy."""
    (total,) = connection.execute(
        "SELECT count(*) FROM staging.needed n JOIN staging.encoded e ON e.revision = n.revision"
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


def sweep(catalog: Catalog) -> None:
    """Delete engine folders that no version needs nor anybody reads: of interrupted builds, or replaced."""
    kept = {catalog.vectors_folder(collection) for collection in catalog.collections()}
    kept |= {catalog.words_folder(collection) for collection in catalog.collections()}
    for parent in ("vectors", "words"):
        folder = catalog.folder / parent
        for path in folder.iterdir() if folder.is_dir() else ():
            if path not in kept:
                delete_unused(path)


def _needed_articles(connection: sqlite3.Connection, condition: str) -> Iterator[Article]:
    after = ""
    while True:
        cursor = connection.execute(
            f"""
            SELECT n.article_id, n.revision, '' AS location, coalesce(t.title, r.title) AS title,
                   coalesce(t.outlet, r.outlet) AS outlet, coalesce(t.author, r.author) AS author,
                   coalesce(t.published, r.published) AS published, coalesce(t.url, r.url) AS url,
                   coalesce(t.fetched_at, r.fetched_at) AS fetched_at, coalesce(t.text, r.text) AS text
              FROM staging.needed n
              LEFT JOIN staging.texts t ON t.revision = n.revision
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


def _keep(
    connection: sqlite3.Connection, staging: Staging, config: IndexConfig, window: Sequence[tuple[Passage, str]]
) -> None:
    if not window:
        return
    vectors = config.embed([text for _, text in window])
    with staging.batch():
        connection.executemany(
            "INSERT OR IGNORE INTO staging.encoded VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    passage.revision,
                    passage.number,
                    passage.start,
                    passage.end,
                    json.dumps(passage.sentences),
                    passage.tokens,
                    np.asarray(vector, dtype="<f4").tobytes(),
                )
                for (passage, _), vector in zip(window, vectors, strict=True)
            ],
        )


def _encoded_rows(connection: sqlite3.Connection) -> Iterator[sqlite3.Row]:
    cursor = connection.execute(
        "SELECT n.article_id, e.* FROM staging.needed n JOIN staging.encoded e ON e.revision = n.revision "
        "ORDER BY n.article_id, e.number"
    )
    cursor.row_factory = sqlite3.Row
    return cursor


def _entries(connection: sqlite3.Connection) -> Iterator[Entry]:
    for article in _needed_articles(connection, "true"):
        cursor = connection.execute(
            "SELECT ? AS article_id, * FROM staging.encoded WHERE revision = ? ORDER BY number",
            [article.id, article.revision],
        )
        cursor.row_factory = sqlite3.Row
        for row in cursor:
            yield Entry(to_passage(row), article)


def _flush(folder: Path) -> None:
    """Have the system put a folder's files on the disk: a power cut must not undo what was published."""
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir() and os.name == "nt":  # Windows cannot flush a folder
            continue
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
