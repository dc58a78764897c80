"""Compares the three stores of a library (SQLite, Chroma, tantivy), repairs engines from it and it from its log.

What may be damaged is never opened in this process: `index.engines.probe` reads it in another.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from index.build.embed_passages import IndexConfig, embedded_text
from index.build.engine_copies import EngineCopies, delete_unused_folders
from index.catalog import Catalog, revision_log
from index.catalog.view import Collection, broken_revisions, split_id, to_article, to_passage
from index.engines import checksums
from index.engines.bm25 import FIELDS, Entry
from index.engines.chroma import BATCH, VectorIndex
from index.engines.probe import Store, check_vectors, find_damage, probe, read_here
from index.errors import DamageError, Part, UserError
from index.locks import write_lock
from index.recovery import Recovery, fill, recover_catalog


@dataclass(frozen=True, slots=True)
class Problem:
    """Passages that a store lacks or should not have, or damage that keeps it from being read."""

    store: Part
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
    unlogged: bool = False
    """Whether an earlier Clippings made the library, and there is no log yet to make its catalog again from."""
    kept: str = ""
    """Where a repair put the damaged catalog."""
    lost: tuple[str, ...] = ()
    """What a repair could not bring back, as sentences."""

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

    def problems(self, store: Part, collection: Collection) -> Iterator[Problem]:
        if self.damage:
            yield Problem(store, "damaged", 1, f"cannot be read ({self.damage}); collection {collection.name}")
        if self.missing:
            detail = f"{len(self.missing)} passages are missing, as {self.missing[0]}"
            yield Problem(store, "missing", len(self.missing), f"{detail}; collection {collection.name}")
        if self.orphans:
            detail = f"{len(self.orphans)} passages are in no version, as {self.orphans[0]}"
            yield Problem(store, "orphan", len(self.orphans), f"{detail}; collection {collection.name}")


def check(folder: Path) -> CheckReport:
    """Compare SQLite, Chroma and tantivy passage by passage, for every version kept, and the catalog with its log."""
    try:
        with closing(Catalog(folder)) as catalog:
            problems = [*_catalog_problems(catalog), *_log_problems(catalog)]
            for collection in catalog.collections():
                vectors, words = _differences(catalog, collection)
                problems += [*vectors.problems("vectors", collection), *words.problems("words", collection)]
            articles, passages = catalog.view().count() if catalog.current() else (0, 0)
            unlogged = revision_log.last_state(folder) is None
            return CheckReport(
                catalog.current(), articles, passages, tuple(problems), lacking(catalog), unlogged and articles > 0
            )
    except DamageError as error:
        return CheckReport(0, 0, 0, (Problem(error.part, "damaged", 1, error.detail),))


def lacking(catalog: Catalog) -> str:
    """What an index made by an earlier Clippings does not hold, and the command that adds it; empty for nothing."""
    if not catalog.current():
        return ""
    missing = [field for field in FIELDS if field not in catalog.view().collection.word_fields]
    reason = f"made before the word index held {', '.join(missing)}"
    return f"{reason}; run: clippings index --rebuild FILE_OR_FOLDER" if missing else ""


def repair(folder: Path, config: IndexConfig, command: str = "") -> CheckReport:
    """Make the engines hold what the catalog lists, encoding missing passages again; returns a new check.

    A damaged catalog is made from its log first, and a damaged log from the catalog. Writes into copies and switches at
    the end, like a build. Raises UserError when vectors are missing that were made with other settings
    than `config`'s, when the catalog is damaged and has no log, or when a build is running.
    """
    with write_lock(folder, command):
        recovery = _repair_catalog(folder)
        with closing(Catalog(folder)) as catalog:
            delete_unused_folders(catalog)
            for collection in catalog.collections():
                vectors, words = _differences(catalog, collection)
                if any(vectors.problems("vectors", collection)) or any(words.problems("words", collection)):
                    _repair(catalog, collection, config, vectors, words)
            delete_unused_folders(catalog)
    return replace(check(folder), kept=recovery.kept, lost=recovery.lost)


def _repair_catalog(folder: Path) -> Recovery:
    try:
        with closing(Catalog(folder)) as catalog:
            log_problems = list(_log_problems(catalog))
            if not any(_catalog_problems(catalog)) and all(problem.store == "log" for problem in log_problems):
                if log_problems or (catalog.current() and revision_log.last_state(folder) is None):
                    catalog.write_log()
                return Recovery("", ())
    except DamageError:
        pass  # what cannot be read is made again
    recovery = recover_catalog(folder)
    with closing(Catalog(folder)) as catalog:
        catalog.write_log()  # without what is lost, so that the next check has nothing to say of it
    return recovery


def _log_problems(catalog: Catalog) -> Iterator[Problem]:
    """How log and catalog differ: a damaged line of the log, or a row of the catalog that sound lines have otherwise.

    What it holds of a build that was killed before it published is no difference.
    """
    connection, folder = catalog.connection(), catalog.folder
    state = revision_log.state_of(connection)
    if revision_log.last_state(folder) is None:
        if (folder / revision_log.FILE).exists():
            yield Problem("log", "damaged", 1, "no state of the library can be read in it")
        return
    if not revision_log.holds(folder, state):
        yield Problem("log", "missing", 1, f"it does not hold version {state['current']} as it is published")
        return
    connection.execute("ATTACH '' AS log")
    try:
        for table, key in revision_log.TABLES.items():
            connection.execute(f"CREATE TABLE log.{table} AS SELECT * FROM main.{table} WHERE false")
            connection.execute(f"CREATE UNIQUE INDEX log.key_of_{table} ON {table} ({key})")
        damaged = fill(connection, folder, "log.", state)
        if damaged:
            yield Problem("log", "damaged", damaged, f"{damaged} lines are not what was written")
            return
        for table in revision_log.TABLES:
            for one, other in (("main", "log"), ("log", "main")):
                (count,) = connection.execute(
                    f"SELECT count(*) FROM (SELECT * FROM {one}.{table} EXCEPT SELECT * FROM {other}.{table})"
                ).fetchone()
                if count:
                    yield Problem("catalog", "damaged", count, f"{count} rows of {table} are not those published")
                    break
    finally:
        connection.execute("DETACH log")


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
    broken = list(broken_revisions(connection))
    if broken:
        detail = f"{len(broken)} revisions are not what was stored, as {broken[0]}"
        yield Problem("catalog", "damaged", len(broken), detail)
    if catalog.current() not in {0, *(version.number for version in catalog.versions())}:
        yield Problem("catalog", "damaged", 1, f"version {catalog.current()} is published, and is not there")
    for version in catalog.versions():
        articles, passages = catalog.view(version.number).count()
        if (articles, passages) != (version.articles, version.passages):
            published = f"published with {version.articles} articles and {version.passages} passages"
            detail = f"version {version.number} was {published}, and has {articles} and {passages}"
            yield Problem("catalog", "damaged", 1, detail)


def _differences(catalog: Catalog, collection: Collection) -> tuple[_Difference, _Difference]:
    """How vectors and words differ from the catalog."""
    wanted = _wanted(catalog, collection)
    folders: list[tuple[Store, Path]] = [("words", catalog.words_folder(collection))]
    if not collection.server:
        folders.append(("vectors", catalog.vectors_folder(collection)))
    with ThreadPoolExecutor(len(folders)) as pool:
        words, *vectors = pool.map(lambda one: _folder_difference(one[0], one[1], wanted), folders)
    return (vectors[0] if vectors else _server_difference(collection, wanted)), words


def _folder_difference(store: Store, folder: Path, wanted: set[str]) -> _Difference:
    is_sealed = checksums.read(folder) is not None
    damage = find_damage(store, folder, thorough=True)
    if not damage:
        # What is byte for byte as it was published may be read here; what is not known to be, in another process.
        result = read_here(store, folder) if is_sealed else probe(store, folder, ids=True)
        if not result.damage:
            return _difference(wanted, set(result.ids))
        damage = result.damage
    return _Difference(missing=sorted(wanted), damage=damage)


def _server_difference(collection: Collection, wanted: set[str]) -> _Difference:
    """How the vectors on a Chroma server differ; raises UserError where it does not answer, which is no damage."""
    with closing(VectorIndex(server=collection.server, name=collection.vectors)) as vectors:
        try:
            difference = _difference(wanted, set(vectors.ids()))
            check_vectors(vectors, sorted(wanted - set(difference.missing)))
            return difference
        except Exception as error:  # noqa: BLE001 - damage shows in whatever Chroma's parts raise
            return _Difference(missing=sorted(wanted), damage=str(error))


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
        with catalog.logged_transaction() as (connection, _):
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
