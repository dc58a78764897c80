"""Statistics of a library, roll-back to another version, pruning of old versions, export."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.build.engine_copies import EngineCopies, delete_unused_folders
from index.catalog import Catalog, Version
from index.catalog.revision_log import FILE as LOG
from index.catalog.view import Collection, View
from index.consistency import lacking
from index.engines.chroma import BATCH, VectorIndex
from index.errors import UserError
from index.locks import write_lock

REWRITE = 0.2
"""Share of dropped passages from which vectors are copied to a fresh graph, not deleted from the old."""

_NEEDED = """EXISTS (SELECT 1 FROM temp.kept_versions k WHERE v.added_in <= k.number
              AND (v.removed_in IS NULL OR v.removed_in > k.number))"""


@dataclass(frozen=True, slots=True)
class Stats:
    """Versions, counts, settings and disk use of a library; sizes in bytes."""

    folder: str
    current: int
    versions: tuple[Version, ...]
    settings: dict[str, Any]
    articles: int
    passages: int
    outlets: dict[str, int]
    oldest: str
    newest: str
    sizes: dict[str, int]
    lacks: str
    """What `index.consistency.lacking` returned."""

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What `prune` dropped for good."""

    versions: tuple[int, ...]
    revisions: int
    passages: int
    bytes_freed: int


def rollback(folder: Path, number: int, command: str = "") -> None:
    """Make an earlier or later version the published one; nothing is deleted.

    Raises UserError when there is no such version or a build is running.
    """
    with write_lock(folder, command), closing(Catalog(folder)) as catalog:
        catalog.view(number)
        with catalog.logged_transaction() as (connection, _):
            connection.execute("UPDATE state SET current = ?", [number])
            # What a page said when it was last read is no longer what the library holds of it.
            connection.execute("DELETE FROM fetched")


def prune(folder: Path, keep: int = 1, command: str = "") -> PruneReport:
    """Drop, for good, all but the published version and the `keep` - 1 before it.

    Citations of dropped revisions no longer resolve. Raises UserError when `keep` is not positive or a build
    is running.
    """
    if keep < 1:
        raise UserError(f"Cannot keep {keep!r} versions; the published one always stays: clippings library prune")
    with write_lock(folder, command), closing(Catalog(folder)) as catalog:
        before = _size(folder)
        dropped, revisions, passages = _prune(catalog, keep)
        delete_unused_folders(catalog)
        catalog.write_log()  # which drops what was dropped from the log too
        catalog.connection().execute("VACUUM")
        catalog.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return PruneReport(tuple(dropped), revisions, passages, max(before - _size(folder), 0))


def export(view: View) -> Iterator[dict[str, Any]]:
    """Every article of a version as a row for JSON lines; reading them gives the same ids and revisions.

    `locations` says where each was read; read back, its location is its row.
    """
    for article in view.articles():
        yield {
            "id": article.id,
            "revision": article.revision,
            "title": article.title,
            "outlet": article.outlet,
            "author": article.author,
            "published": str(article.published or ""),
            "url": article.url,
            "fetched_at": article.fetched_at,
            "locations": view.locations(article.id),
            "text": article.text,
        }


def stats(folder: Path) -> Stats:
    """Versions, counts, settings and disk use."""
    with closing(Catalog(folder)) as catalog:
        view = catalog.view()
        articles, passages = view.count()
        oldest, newest = view.oldest(), view.newest()
        sizes = {name: _size(folder / name) for name in ("vectors", "words")}
        sizes["catalog"] = sum(path.stat().st_size for path in (*folder.glob("library.sqlite*"), *folder.glob(LOG)))
        return Stats(
            str(folder),
            view.version,
            tuple(catalog.versions()),
            catalog.settings(),
            articles,
            passages,
            view.outlets(),
            str(oldest or ""),
            str(newest or ""),
            sizes,
            lacking(catalog),
        )


def _prune(catalog: Catalog, keep: int) -> tuple[list[int], int, int]:
    connection = catalog.connection()
    current = catalog.current()
    numbers = [version.number for version in catalog.versions()]
    kept = [number for number in numbers if number <= current][-keep:]
    dropped = [number for number in numbers if number not in kept]
    if not dropped:
        return [], 0, 0
    _find_dropped_revisions(connection, kept)
    (revisions,) = connection.execute("SELECT count(*) FROM temp.dropped_revisions").fetchone()
    passages = 0
    staying = {catalog.view(number).collection for number in kept}
    leaving = [collection for collection in catalog.collections() if collection not in staying]
    with ExitStack() as stack:
        copied = []
        for collection in staying:
            rows = connection.execute(
                "SELECT article_id || ':' || revision || ':' || number, "
                "(article_id, revision) IN temp.dropped_revisions FROM passages WHERE collection = ?",
                [collection.name],
            ).fetchall()
            dropped_ids = [key for key, is_dropped in rows if is_dropped]
            passages += len(dropped_ids)
            if dropped_ids:
                kept_ids = [key for key, is_dropped in rows if not is_dropped]
                copied.append(_engine_copies_without(catalog, collection, dropped_ids, kept_ids, stack))
        with catalog.transaction():
            _delete(connection, [collection.name for collection in leaving])
            for collection in copied:
                connection.execute(
                    "UPDATE collections SET vectors = ?, words = ? WHERE name = ?",
                    [collection.vectors, collection.words, collection.name],
                )
    for collection in leaving:
        if collection.server:
            vectors = VectorIndex(server=collection.server, name=collection.vectors)
            vectors.drop()
            vectors.close()
    return dropped, revisions, passages


def _engine_copies_without(
    catalog: Catalog, collection: Collection, dropped_ids: list[str], kept: list[str], stack: ExitStack
) -> Collection:
    """Copies of the engines without the dropped passages."""
    # Chroma's graph keeps deleted vectors as nodes that are searched in vain.
    fresh = len(dropped_ids) > REWRITE * (len(dropped_ids) + len(kept)) and not collection.server
    copies = stack.enter_context(EngineCopies(catalog, collection, fresh=("vectors",) if fresh else ()))
    if fresh:
        with closing(VectorIndex(catalog.vectors_folder(collection))) as old:
            for start in range(0, len(kept), BATCH):
                copies.vectors.add(*old.embeddings(kept[start : start + BATCH]))
    else:
        copies.vectors.delete(dropped_ids)
    copies.words.write(delete=dropped_ids)
    copies.finish()
    return copies.collection


def _find_dropped_revisions(connection: sqlite3.Connection, kept: list[int]) -> None:
    """Fill temp.kept_versions, and temp.dropped_revisions with the revisions that none of those versions holds."""
    connection.execute("CREATE TEMP TABLE kept_versions (number INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO temp.kept_versions VALUES (?)", [(number,) for number in kept])
    connection.execute(
        f"""CREATE TEMP TABLE dropped_revisions AS SELECT article_id, revision FROM revisions r WHERE NOT EXISTS (
              SELECT 1 FROM lives v WHERE v.article_id = r.article_id AND v.revision = r.revision
                 AND {_NEEDED})"""
    )


def _delete(connection: sqlite3.Connection, leaving: list[str]) -> None:
    connection.execute("DELETE FROM versions WHERE number NOT IN (SELECT number FROM temp.kept_versions)")
    connection.executemany("DELETE FROM passages WHERE collection = ?", [(name,) for name in leaving])
    connection.executemany("DELETE FROM collections WHERE name = ?", [(name,) for name in leaving])
    for table in ("lives", "locations"):
        connection.execute(f"DELETE FROM {table} AS v WHERE NOT ({_NEEDED})")
    connection.execute("DELETE FROM links WHERE (other_id, other_revision) IN temp.dropped_revisions")
    for table in ("links", "long_sentences", "passages", "revisions"):
        connection.execute(f"DELETE FROM {table} WHERE (article_id, revision) IN temp.dropped_revisions")
    connection.execute("DELETE FROM articles WHERE id NOT IN (SELECT article_id FROM revisions)")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
