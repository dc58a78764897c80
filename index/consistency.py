"""Compares the three stores of a library (SQLite, Chroma, tantivy), and repairs the engines from the catalog."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from index.build.embed_passages import IndexConfig, embedded_text
from index.build.engine_copies import EngineCopies, delete_unused_folders
from index.catalog import Catalog
from index.catalog.view import Collection, split_id, to_article, to_passage
from index.engines.bm25 import FIELDS, Entry, WordIndex
from index.engines.chroma import BATCH, VectorIndex, is_cut_short
from index.errors import UserError
from index.locks import write_lock

Store = Literal["catalog", "vectors", "words"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Passages that a store lacks or should not have, or damage that keeps it from being read."""

    store: Store
    kind: Literal["missing", "orphan", "damaged"]
    count: int
    detail: str

    def __str__(self) -> str:
        return f"{self.store}: {self.detail}"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found; `articles` and `passages` are those of the published version."""

    version: int
    articles: int
    passages: int
    problems: tuple[Problem, ...]
    lacks: str = ""
    """What `lacking` returned."""

    @property
    def clean(self) -> bool:
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data, for JSON."""
        return {**asdict(self), "clean": self.clean}


@dataclass(slots=True)
class _Difference:
    """How one engine differs from the catalog."""

    missing: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    damage: str = ""

    def problems(self, store: Store, collection: Collection) -> Iterator[Problem]:
        if self.damage:
            yield Problem(store, "damaged", 1, f"cannot be read ({self.damage}); collection {collection.name}")
        if self.missing:
            detail = f"{len(self.missing)} passages are missing, as {self.missing[0]}"
            yield Problem(store, "missing", len(self.missing), f"{detail}; collection {collection.name}")
        if self.orphans:
            detail = f"{len(self.orphans)} passages are in no version, as {self.orphans[0]}"
            yield Problem(store, "orphan", len(self.orphans), f"{detail}; collection {collection.name}")


def check(folder: Path) -> CheckReport:
    """Compare SQLite, Chroma and tantivy passage by passage, for every version kept."""
    with closing(Catalog(folder)) as catalog:
        problems = list(_catalog_problems(catalog))
        for collection in catalog.collections():
            problems.extend(_vectors_difference(catalog, collection).problems("vectors", collection))
            problems.extend(_words_difference(catalog, collection).problems("words", collection))
        articles, passages = catalog.view().count() if catalog.current() else (0, 0)
        return CheckReport(catalog.current(), articles, passages, tuple(problems), lacking(catalog))


def lacking(catalog: Catalog) -> str:
    """What an index made by an earlier Clippings does not hold, and the command that adds it; empty for nothing."""
    if not catalog.current():
        return ""
    missing = [field for field in FIELDS if field not in catalog.view().collection.word_fields]
    reason = f"made before the word index held {', '.join(missing)}"
    return f"{reason}; run: clippings index --rebuild FILE_OR_FOLDER" if missing else ""


def repair(folder: Path, config: IndexConfig, command: str = "") -> CheckReport:
    """Make the engines hold what the catalog lists, encoding missing passages again; returns a new check.

    Writes into copies and switches at the end, like a build. Raises UserError when vectors are missing that
    were made with other settings than `config`'s, or when a build is running.
    """
    with write_lock(folder, command), closing(Catalog(folder)) as catalog:
        delete_unused_folders(catalog)
        for collection in catalog.collections():
            vectors = _vectors_difference(catalog, collection)
            words = _words_difference(catalog, collection)
            if any(vectors.problems("vectors", collection)) or any(words.problems("words", collection)):
                _repair(catalog, collection, config, vectors, words)
        delete_unused_folders(catalog)
    return check(folder)


def _catalog_problems(catalog: Catalog) -> Iterator[Problem]:
    connection = catalog.connection()
    for (said,) in connection.execute("PRAGMA integrity_check"):
        if said != "ok":
            yield Problem("catalog", "damaged", 1, str(said))
    broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        yield Problem("catalog", "damaged", len(broken), f"{len(broken)} rows refer to nothing, as in {broken[0][0]}")
    (outside,) = connection.execute(
        """SELECT count(*) FROM passages p JOIN revisions r USING (article_id, revision)
            WHERE p.start < 0 OR p.start >= p."end" OR p."end" > length(r.text)"""
    ).fetchone()
    if outside:
        yield Problem("catalog", "damaged", outside, f"{outside} passages lie outside their text")
    for version in catalog.versions():
        articles, passages = catalog.view(version.number).count()
        if (articles, passages) != (version.articles, version.passages):
            published = f"published with {version.articles} articles and {version.passages} passages"
            detail = f"version {version.number} was {published}, and has {articles} and {passages}"
            yield Problem("catalog", "damaged", 1, detail)


def _vectors_difference(catalog: Catalog, collection: Collection) -> _Difference:
    folder = catalog.vectors_folder(collection)
    if not collection.server and (not folder.is_dir() or is_cut_short(folder)):
        damage = "its files are cut short" if folder.is_dir() else "the folder is gone"
        return _Difference(missing=sorted(_wanted(catalog, collection)), damage=damage)
    try:
        vectors = (
            VectorIndex(server=collection.server, name=collection.vectors) if collection.server else VectorIndex(folder)
        )
        with closing(vectors):
            difference = _difference(_wanted(catalog, collection), set(vectors.ids()))
            present = sorted(_wanted(catalog, collection) - set(difference.missing))
            for start in range(0, len(present), BATCH):
                # Ids are kept apart from the graph: only asking for the vectors shows that it holds them.
                _, found = vectors.embeddings(present[start : start + BATCH])
                if not np.allclose(np.linalg.norm(found, axis=1), 1, atol=0.01):
                    raise ValueError("some vectors are not of length 1")
            return difference
    except Exception as error:
        # Damage shows in whatever Chroma's parts raise; a server that does not answer is not damaged.
        if collection.server and isinstance(error, UserError):
            raise
        return _Difference(missing=sorted(_wanted(catalog, collection)), damage=str(error))


def _words_difference(catalog: Catalog, collection: Collection) -> _Difference:
    folder = catalog.words_folder(collection)
    if not folder.is_dir():
        return _Difference(missing=sorted(_wanted(catalog, collection)), damage="the folder is gone")
    try:
        with closing(WordIndex(folder)) as words:
            return _difference(_wanted(catalog, collection), set(words.ids()))
    except Exception as error:  # noqa: BLE001 - damage shows as ValueError, OSError or others
        return _Difference(missing=sorted(_wanted(catalog, collection)), damage=str(error))


def _difference(wanted: set[str], stored: set[str]) -> _Difference:
    return _Difference(sorted(wanted - stored), sorted(stored - wanted))


def _wanted(catalog: Catalog, collection: Collection) -> set[str]:
    rows = catalog.connection().execute(
        "SELECT article_id || ':' || revision || ':' || number FROM passages WHERE collection = ?", [collection.name]
    )
    return {row[0] for row in rows}


def _repair(
    catalog: Catalog, collection: Collection, config: IndexConfig, vectors: _Difference, words: _Difference
) -> None:
    if vectors.missing and collection.fingerprint != config.fingerprint:
        raise UserError(
            f"{len(vectors.missing)} vectors are missing that were made with {collection.settings}. Repair "
            "with those settings, or make all anew: clippings index --rebuild FILE_OR_FOLDER"
        )
    fresh = [store for store, difference in (("vectors", vectors), ("words", words)) if difference.damage]
    with EngineCopies(catalog, collection, fresh) as copies:
        if vectors.missing or vectors.orphans:
            copies.vectors.delete(vectors.orphans)
            for start in range(0, len(vectors.missing), BATCH):
                ids = vectors.missing[start : start + BATCH]
                texts = [embedded_text(entry.article, entry.passage) for entry in _entries(catalog, collection, ids)]
                copies.vectors.add(ids, config.embed(texts))
        if words.missing or words.orphans:
            copies.words.write(_entries(catalog, collection, words.missing), words.orphans)
        copies.finish()
        with catalog.transaction() as connection:
            connection.execute(
                "UPDATE collections SET vectors = ?, words = ? WHERE name = ?",
                [copies.collection.vectors, copies.collection.words, collection.name],
            )


def _entries(catalog: Catalog, collection: Collection, ids: Sequence[str]) -> Iterator[Entry]:
    """The passages of these ids with their articles, in the same order."""
    connection = catalog.connection()
    for article_id, revision, number in filter(None, map(split_id, ids)):
        cursor = connection.execute(
            """SELECT r.*, '' AS location, p.number, p.start, p."end", p.sentences, p.tokens
                 FROM passages p JOIN revisions r USING (article_id, revision)
                WHERE p.collection = ? AND p.article_id = ? AND p.revision = ? AND p.number = ?""",
            [collection.name, article_id, revision, number],
        )
        cursor.row_factory = sqlite3.Row
        row = cursor.fetchone()
        yield Entry(to_passage(row), to_article(row))
