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
from index.staging import Staging
from index.types import Article, Passage
from index.vectors import BATCH, Vectors
from index.vectors import snapshot as copy_vectors
from index.view import Collection, stands, to_article, to_passage
from index.words import Entry, Words
from index.words import snapshot as copy_words

WINDOW = 512
"""Passages encoded at once, so that the encoder can put texts of like length together."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How articles become passages and vectors.

    `fingerprint` must change whenever the same article could give other passages or vectors; `settings` is
    kept for people and for opening the same encoder again. `embed` returns unit vectors, float32
    [texts, dimensions], and is not called when nothing is new, so it may load its model on the first call.
    """

    fingerprint: str
    settings: Mapping[str, Any]
    split: Callable[[Article], Sequence[Passage]]
    embed: Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build has come, in articles; `total` is None while it is unknown."""

    stage: Literal["reading", "encoding", "writing"]
    done: int
    total: int | None = None


def embedded_text(article: Article, passage: Passage) -> str:
    """What is embedded for a passage: title, outlet and date in front of its text."""
    heading = " · ".join(
        part for part in (article.title, article.outlet, str(article.published or "")) if part
    )
    text = article.text[passage.start : passage.end]
    return f"{heading}\n{text}" if heading else text


def find_needed(connection: sqlite3.Connection, version: int, collection: str) -> int:
    """Fill `needed` with the revisions of the coming version that have no passages; returns how many."""
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
    return int(connection.execute("SELECT count(*) FROM staging.needed").fetchone()[0])


def encode(
    connection: sqlite3.Connection,
    staging: Staging,
    recipe: Recipe,
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
        window.extend((passage, embedded_text(article, passage)) for passage in recipe.split(article))
        if len(window) >= WINDOW:
            encoded += len(window)
            _keep(connection, staging, recipe, window)
            window.clear()
        progress(Progress("encoding", done, total))
    _keep(connection, staging, recipe, window)
    return encoded + len(window)


def write(
    catalog: Catalog, collection: Collection, made: list[Path], progress: Callable[[Progress], None]
) -> Collection:
    """Write the needed passages into copies of the collection's engines; returns where they now are.

    Folders made are added to `made` as they begin, for the caller to delete when it cannot publish.
    On a Chroma server there is no copy: what is never published there is never asked for.
    """
    connection = catalog.connection()
    (total,) = connection.execute(
        "SELECT count(*) FROM staging.needed n JOIN staging.encoded e ON e.revision = n.revision"
    ).fetchone()
    if not total and collection.words:
        return collection
    name = uuid.uuid4().hex[:12]
    written = replace(collection, words=name, vectors=collection.vectors if collection.server else name)
    if collection.server:
        vectors = Vectors(server=collection.server, name=written.vectors)
    else:
        made.append(catalog.vectors_folder(written))
        if collection.vectors:
            copy_vectors(catalog.vectors_folder(collection), made[-1])
        vectors = Vectors(made[-1])
    try:
        # The odd ones first, so that every full batch after them ends on disk.
        size = total % BATCH or BATCH
        batch: list[tuple[str, bytes]] = []
        done = 0
        for row in _encoded_rows(connection):
            batch.append((f"{row['article_id']}:{row['revision']}:{row['number']}", row["embedding"]))
            if len(batch) == size:
                vectors.add(
                    [key for key, _ in batch], np.stack([np.frombuffer(raw, "<f4") for _, raw in batch])
                )
                done += size
                size = BATCH
                batch.clear()
                progress(Progress("writing", done, total))
    finally:
        vectors.close()
    made.append(catalog.words_folder(written))
    if collection.words:
        copy_words(catalog.words_folder(collection), made[-1])
    words = Words(made[-1])
    try:
        words.write(_entries(connection))
    finally:
        words.close()
    for folder in made:
        _flush(folder)
    return written


def sweep(catalog: Catalog) -> None:
    """Delete engine folders that no version needs: those of interrupted builds and those since replaced."""
    kept = {catalog.vectors_folder(collection) for collection in catalog.collections()}
    kept |= {catalog.words_folder(collection) for collection in catalog.collections()}
    for parent in ("vectors", "words"):
        folder = catalog.folder / parent
        for path in folder.iterdir() if folder.is_dir() else ():
            if path not in kept:
                shutil.rmtree(path, ignore_errors=True)


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
    connection: sqlite3.Connection, staging: Staging, recipe: Recipe, window: Sequence[tuple[Passage, str]]
) -> None:
    if not window:
        return
    vectors = recipe.embed([text for _, text in window])
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
