"""The catalog made again from the log of revisions; the damaged one is kept beside it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from index.build.near_duplicates import long_sentences
from index.catalog import revision_log, schema
from index.catalog.view import broken_revisions, is_live
from index.errors import UserError
from index.operating_system import sync_to_disk
from index.permissions import make_folder, secure

SHOWN = 10
"""Lost articles named before the rest is only counted."""

_WORK = "recovering"
_HELD = "(article_id, revision) IN (SELECT article_id, revision FROM revisions)"


@dataclass(frozen=True, slots=True)
class Recovery:
    """Where the damaged catalog was put, and what could not be made again, as sentences."""

    kept: str
    lost: tuple[str, ...]


def recover_catalog(folder: Path) -> Recovery:
    """Put a catalog made from the log in the place of a damaged one, which is moved aside and never deleted.

    Called with the right to write. Of a revision whose line is damaged too, what the old catalog still holds is used.
    Raises UserError where there is no log.
    """
    state = revision_log.last_state(folder)
    if state is None:
        raise UserError(
            f"The catalog of the library in {str(folder)!r} is damaged, and there is no {revision_log.FILE} to make it "
            "again from. Index the articles into another folder: clippings index --library FOLDER FILE_OR_FOLDER"
        )
    work = folder / _WORK
    shutil.rmtree(work, ignore_errors=True)
    make_folder(work)
    schema.create(work, state["library"])
    with closing(sqlite3.connect(work / schema.FILE, isolation_level=None)) as connection:
        with schema.transaction(connection):
            damaged = fill(connection, folder)
            salvaged = _salvage(connection, folder / schema.FILE)
            lost = [*_newer_versions(folder / schema.FILE, state), *_complete(connection, state, damaged > 0)]
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if damaged:
        lost.insert(
            0, f"{damaged} lines of {revision_log.FILE} are damaged; {salvaged} revisions came from the old file"
        )
    kept = _put_in_place(work / schema.FILE, folder)
    shutil.rmtree(work)
    secure(folder)
    return Recovery(str(kept), tuple(lost))


def fill(
    connection: sqlite3.Connection, folder: Path, prefix: str = "", until: revision_log.State | None = None
) -> int:
    """Put the rows of the log, up to `until`, into tables with their keys; returns the number of damaged lines.

    `prefix` names the attached database they are in, as `log.`.
    """
    damaged = 0
    for record in revision_log.read(folder, until):
        try:
            if record is None or record.table not in revision_log.TABLES:
                raise ValueError("not rows of a table that is logged")
            places = ", ".join("?" * len(record.rows[0]))
            connection.executemany(f"INSERT OR REPLACE INTO {prefix}{record.table} VALUES ({places})", record.rows)
        except (ValueError, sqlite3.Error):
            damaged += 1
    return damaged


def _salvage(connection: sqlite3.Connection, old: Path) -> int:
    """Fetch from the old catalog the revisions that some version holds and the log does not; returns how many."""
    missing = connection.execute(f"SELECT DISTINCT article_id, revision FROM lives WHERE NOT {_HELD}").fetchall()
    if not missing or not old.is_file():
        return 0
    salvaged = 0
    with closing(sqlite3.connect(old.resolve().as_uri() + "?mode=ro", uri=True)) as source:
        for key in missing:
            try:
                for table in ("revisions", "passages"):
                    rows = source.execute(f"SELECT * FROM {table} WHERE article_id = ? AND revision = ?", key)
                    for row in rows.fetchall():
                        places = ", ".join("?" * len(row))
                        connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({places})", row)
                        salvaged += table == "revisions"
            except sqlite3.Error:  # damaged there too
                continue
    for key in list(broken_revisions(connection)):
        salvaged -= 1
        connection.execute("DELETE FROM revisions WHERE article_id || ':' || revision = ?", [key])
    return salvaged


def _newer_versions(old: Path, state: revision_log.State) -> Iterator[str]:
    """What the old catalog still says of versions that the log does not know."""
    if not old.is_file():
        return
    try:
        with closing(sqlite3.connect(old.resolve().as_uri() + "?mode=ro", uri=True)) as source:
            (last,) = source.execute("SELECT last FROM state").fetchone()
    except (sqlite3.Error, TypeError):
        return
    if isinstance(last, int) and state["last"] < last < state["last"] + 10_000:
        yield f"versions {state['last'] + 1} to {last} are not in {revision_log.FILE}"


def _complete(connection: sqlite3.Connection, state: revision_log.State, is_lossy: bool) -> Iterator[str]:
    """Fill the tables that are not logged, and take away rows that refer to lost ones; yields what is lost."""
    numbers = ", ".join(str(int(number)) for number in state["versions"])
    connection.execute("DELETE FROM collections")
    connection.executemany("INSERT INTO collections VALUES (?, ?, ?, ?, ?, ?)", state["collections"])
    connection.execute("UPDATE state SET current = ?, last = ?", [state["current"], state["last"]])
    connection.execute(f"DELETE FROM versions WHERE number NOT IN ({numbers})")
    connection.execute("INSERT OR IGNORE INTO articles SELECT DISTINCT article_id FROM revisions")
    for table in ("lives", "passages", "links"):
        connection.execute(f"DELETE FROM {table} WHERE NOT {_HELD}")
    connection.execute(
        "DELETE FROM links WHERE (other_id, other_revision) NOT IN (SELECT article_id, revision FROM revisions)"
    )
    connection.execute("DELETE FROM passages WHERE collection NOT IN (SELECT name FROM collections)")
    if is_lossy:
        # What cannot be searched leaves the version, so that the next build over its source brings it back.
        connection.execute(
            "DELETE FROM lives WHERE removed_in IS NULL AND NOT EXISTS (SELECT 1 FROM passages p "
            "WHERE p.article_id = lives.article_id AND p.revision = lives.revision)"
        )
        lost = connection.execute(
            "SELECT location FROM locations WHERE removed_in IS NULL "
            "AND article_id NOT IN (SELECT article_id FROM lives WHERE removed_in IS NULL) ORDER BY location"
        ).fetchall()
        yield from (f"{location} is lost; index it again" for (location,) in lost[:SHOWN])
        if len(lost) > SHOWN:
            yield f"{len(lost) - SHOWN} more locations are lost; index them again"
        connection.execute(
            "DELETE FROM locations WHERE removed_in IS NULL "
            "AND article_id NOT IN (SELECT article_id FROM lives WHERE removed_in IS NULL)"
        )
    connection.execute("DELETE FROM locations WHERE article_id NOT IN (SELECT id FROM articles)")
    for article_id, revision, text in connection.execute("SELECT article_id, revision, text FROM revisions"):
        connection.executemany(
            "INSERT OR IGNORE INTO long_sentences VALUES (?, ?, ?)",
            [(key, article_id, revision) for key in long_sentences(text)],
        )
    yield from _count_versions(connection, state)


def _count_versions(connection: sqlite3.Connection, state: revision_log.State) -> Iterator[str]:
    """Make each version's counts those of what is there; yields where they were others."""
    name = state["collections"][-1][0] if state["collections"] else ""
    for number in state["versions"]:
        row = connection.execute("SELECT collection, articles, passages FROM versions WHERE number = ?", [number])
        collection, *published = row.fetchone() or (name, 0, 0)
        counts = connection.execute(
            f"""SELECT count(DISTINCT v.article_id), count(p.number) FROM lives v LEFT JOIN passages p
                ON p.collection = :collection AND p.article_id = v.article_id AND p.revision = v.revision
                WHERE {is_live("v")}""",
            {"collection": collection, "version": number},
        ).fetchone()
        if list(counts) != published:
            yield (
                f"version {number} was published with {published[0]} articles and {published[1]} passages, "
                f"and has {counts[0]} and {counts[1]}"
            )
            connection.execute(
                "INSERT INTO versions VALUES (?, ?, ?, '', ?, ?, 0, 0, 0, 0) ON CONFLICT (number) DO UPDATE "
                "SET articles = excluded.articles, passages = excluded.passages",
                [number, number - 1, collection, *counts],
            )


def _put_in_place(new: Path, folder: Path) -> Path:
    """Move what there is of the old catalog into a folder of its own, and the new one to its place."""
    kept = folder / f"damaged-{datetime.now(UTC).strftime('%Y%m%d-%H%M%S-%f')}"
    make_folder(kept)
    for path in folder.glob(f"{schema.FILE}*"):
        path.rename(kept / path.name)
    new.replace(folder / schema.FILE)
    sync_to_disk(folder)
    return kept
