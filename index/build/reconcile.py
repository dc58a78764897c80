"""Which article each text that was read belongs to; knows nothing of passages or engines.

Works on the tables of `index.build.staging` against the published version.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from index.catalog.view import is_live

# takes "71b14d472ac8", "71b14d472ac8-2"; not "12", "71B14D472AC8"
_GIVEN = re.compile(r"[0-9a-f]{12}(-\d+)?")
_UNDER = "({0} = :at OR ({0} > :at || '/' AND {0} < :at || '0') OR ({0} > :at || '#' AND {0} < :at || '$'))"
"""SQL: a location at, in the folder of, or in a row of `:at` (0 follows /, and $ follows #)."""


@dataclass(frozen=True, slots=True)
class Change:
    """How many articles a build adds, changes and removes, and how many places hold a copy of one."""

    added: int
    changed: int
    removed: int
    copies: int


def assign_articles(connection: sqlite3.Connection, version: int) -> None:
    """Fill `location_articles` and `article_revisions` from `changed_locations` and `removed_locations`.

    A text the library holds is that article, wherever it was read. A text it does not hold is the next
    revision of the article that stood at its location, if that article is left with no other location;
    otherwise it is an article of its own. An article left with no location leaves.
    """
    now = {"version": version}
    for location, revision, text_sha in connection.execute(
        "SELECT location, revision, text_sha FROM staging.changed_locations ORDER BY seq"
    ).fetchall():
        owner = _article_with_text(connection, version, text_sha)
        if owner is None:
            continue
        _set_article(connection, location, owner[0], revision)
        if owner[1] != revision and _own_location(connection, version, owner[0]) == location:
            _set_revision(connection, owner[0], revision)
    for (text_sha,) in connection.execute(
        "SELECT text_sha FROM staging.changed_locations "
        "WHERE location NOT IN (SELECT location FROM staging.location_articles) "
        "GROUP BY text_sha ORDER BY min(seq)"
    ).fetchall():
        _assign_new_text(connection, version, text_sha)
    connection.execute(
        f"""
        INSERT OR IGNORE INTO staging.article_revisions
        SELECT DISTINCT v.article_id, NULL FROM locations v
         WHERE {is_live("v")} AND v.location IN (SELECT location FROM staging.removed_locations
                                                UNION SELECT location FROM staging.location_articles)
           AND NOT EXISTS (SELECT 1 FROM staging.location_articles p WHERE p.article_id = v.article_id)
           AND NOT EXISTS ({_other_locations("v.article_id")})
        """,
        now,
    )


def find_removed_locations(connection: sqlite3.Connection, version: int, targets: Sequence[str]) -> None:
    """Fill `removed_locations` with the locations at or under the targets that were not met.

    Left alone: web addresses, unless one is a target itself, and what lies at or under a location that could
    not be read.
    """
    for target in targets:
        connection.execute(
            f"""INSERT OR IGNORE INTO staging.removed_locations SELECT v.location FROM locations v
                 WHERE {is_live("v")} AND {_UNDER.format("v.location")} AND (v.location = :at OR v.location NOT LIKE '%://%')
                   AND v.location NOT IN (SELECT location FROM staging.read_locations)""",
            {"version": version, "at": target},
        )
    for (location,) in connection.execute("SELECT location FROM staging.read_locations WHERE failed").fetchall():
        connection.execute(f"DELETE FROM staging.removed_locations WHERE {_UNDER.format('location')}", {"at": location})


def count_changes(connection: sqlite3.Connection, version: int) -> Change:
    """What `assign_articles` came to, counted."""
    live = f"EXISTS (SELECT 1 FROM lives v WHERE v.article_id = s.article_id AND {is_live('v')})"
    added, changed, removed = connection.execute(
        f"""SELECT count(*) FILTER (WHERE revision IS NOT NULL AND NOT {live}),
                   count(*) FILTER (WHERE revision IS NOT NULL AND {live}),
                   count(*) FILTER (WHERE revision IS NULL) FROM staging.article_revisions s""",
        {"version": version},
    ).fetchone()
    (attached,) = connection.execute(
        f"""SELECT count(*) FROM staging.location_articles p WHERE NOT EXISTS (
              SELECT 1 FROM locations v WHERE v.location = p.location AND v.article_id = p.article_id
                 AND {is_live("v")})""",
        {"version": version},
    ).fetchone()
    return Change(added, changed, removed, attached - added)


def _assign_new_text(connection: sqlite3.Connection, version: int, text_sha: str) -> None:
    places = connection.execute(
        "SELECT location, revision, given_id FROM staging.changed_locations WHERE text_sha = ? "
        "AND location NOT IN (SELECT location FROM staging.location_articles) ORDER BY seq",
        [text_sha],
    ).fetchall()
    article_id, facts = "", places[0][1]
    for location, revision, _ in places:
        before = _article_at(connection, version, location)
        if before and not _has_revision(connection, before) and _has_no_location(connection, version, before):
            article_id, facts = before, revision
            break
    if not article_id:
        article_id = _new_id(connection, version, places[0][2], text_sha)
    _set_revision(connection, article_id, facts)
    for location, revision, _ in places:
        _set_article(connection, location, article_id, revision)


def _new_id(connection: sqlite3.Connection, version: int, given: str, text_sha: str) -> str:
    """The id that was given, or the text's first 12 hex digits, with -2, -3 ... where it is another's."""
    base = given if _GIVEN.fullmatch(given) else text_sha[:12]
    number, candidate = 1, base
    while not _free(connection, version, candidate, text_sha):
        number += 1
        candidate = f"{base}-{number}"
    return candidate


def _free(connection: sqlite3.Connection, version: int, article_id: str, text_sha: str) -> bool:
    if _has_revision(connection, article_id):
        return False
    if connection.execute("SELECT 1 FROM articles WHERE id = ?", [article_id]).fetchone() is None:
        return True
    live = connection.execute(
        f"SELECT 1 FROM lives v WHERE v.article_id = :id AND {is_live('v')}", {"id": article_id, "version": version}
    ).fetchone()
    same = connection.execute(
        "SELECT 1 FROM revisions WHERE article_id = ? AND text_sha = ?", [article_id, text_sha]
    ).fetchone()
    return live is None and same is not None


def _article_with_text(connection: sqlite3.Connection, version: int, text_sha: str) -> tuple[str, str] | None:
    """Article id and revision of the live article with that text."""
    row: tuple[str, str] | None = connection.execute(
        f"""SELECT v.article_id, v.revision FROM revisions r JOIN lives v USING (article_id, revision)
             WHERE r.text_sha = :text_sha AND {is_live("v")}""",
        {"text_sha": text_sha, "version": version},
    ).fetchone()
    return row


def _own_location(connection: sqlite3.Connection, version: int, article_id: str) -> str | None:
    row = connection.execute(
        f"SELECT location FROM locations v WHERE article_id = :id AND {is_live('v')} ORDER BY place LIMIT 1",
        {"id": article_id, "version": version},
    ).fetchone()
    return row[0] if row else None


def _article_at(connection: sqlite3.Connection, version: int, location: str) -> str | None:
    row = connection.execute(
        f"SELECT article_id FROM locations v WHERE location = :location AND {is_live('v')}",
        {"location": location, "version": version},
    ).fetchone()
    return row[0] if row else None


def _has_no_location(connection: sqlite3.Connection, version: int, article_id: str) -> bool:
    """Whether no location holds the article's text any more."""
    joined = connection.execute("SELECT 1 FROM staging.location_articles WHERE article_id = ?", [article_id]).fetchone()
    kept = connection.execute(_other_locations(":id"), {"id": article_id, "version": version}).fetchone()
    return joined is None and kept is None


def _other_locations(article_id: str) -> str:
    """SQL: the article's live locations that were neither pruned nor read as something else."""
    return f"""SELECT 1 FROM locations k WHERE k.article_id = {article_id} AND {is_live("k")}
        AND k.location NOT IN (SELECT location FROM staging.removed_locations)
        AND k.location NOT IN (SELECT location FROM staging.changed_locations)"""


def _has_revision(connection: sqlite3.Connection, article_id: str) -> bool:
    return (
        connection.execute("SELECT 1 FROM staging.article_revisions WHERE article_id = ?", [article_id]).fetchone()
        is not None
    )


def _set_article(connection: sqlite3.Connection, location: str, article_id: str, revision: str) -> None:
    connection.execute("INSERT INTO staging.location_articles VALUES (?, ?, ?)", [location, article_id, revision])


def _set_revision(connection: sqlite3.Connection, article_id: str, revision: str) -> None:
    connection.execute("INSERT INTO staging.article_revisions VALUES (?, ?)", [article_id, revision])
