"""The one transaction that turns what a build staged into the next version.

Knows nothing of how passages were made or where engines keep them.
"""

from __future__ import annotations

import sqlite3
from dataclasses import astuple
from datetime import UTC, datetime

from index.build.reconcile import Change
from index.catalog.view import Collection, is_live

_CHANGES = {
    "revisions": "SELECT * FROM revisions WHERE rowid > :before",
    "lives": "SELECT * FROM lives WHERE added_in = :number OR removed_in = :number",
    "locations": "SELECT * FROM locations WHERE added_in = :number OR removed_in = :number",
    "passages": """SELECT p.* FROM staging.revisions_to_embed n JOIN passages p
        ON p.collection = :collection AND p.article_id = n.article_id AND p.revision = n.revision""",
    "links": "SELECT l.* FROM staging.new_links JOIN links l USING (article_id, revision, other_id, other_revision)",
    "versions": "SELECT * FROM versions WHERE number = :number",
}
"""The rows that a version adds or changes, by table."""


def publish(
    connection: sqlite3.Connection, version: int, collection: Collection, change: Change, unchanged: int
) -> int:
    """Write the version after the newest, built upon `version`, and make it the current one.

    Runs inside the caller's transaction; returns the new version's number.
    """
    number = connection.execute("SELECT last + 1 FROM state").fetchone()[0]
    now = {"version": version, "number": number}
    _rebase(connection, now)
    connection.execute(
        """INSERT INTO collections VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (name) DO UPDATE SET vectors = excluded.vectors, words = excluded.words""",
        astuple(collection),
    )
    connection.execute(
        "INSERT OR IGNORE INTO articles SELECT article_id FROM staging.article_revisions WHERE revision IS NOT NULL"
    )
    connection.execute(
        """INSERT OR IGNORE INTO revisions SELECT s.article_id, t.* FROM staging.article_revisions s
             JOIN staging.new_revisions t ON t.revision = s.revision"""
    )
    _close_and_open(connection, number)
    connection.execute(
        """INSERT OR IGNORE INTO passages
           SELECT ?, n.article_id, e.revision, e.number, e.start, e."end", e.sentences, e.tokens
             FROM staging.revisions_to_embed n JOIN staging.embedded_passages e ON e.revision = n.revision""",
        [collection.name],
    )
    remember_fetched(connection)
    articles, passages = connection.execute(
        """SELECT count(DISTINCT v.article_id), count(p.number)
             FROM lives v LEFT JOIN passages p ON p.collection = ? AND p.article_id = v.article_id
              AND p.revision = v.revision WHERE v.removed_in IS NULL""",
        [collection.name],
    ).fetchone()
    created_at = datetime.now(UTC).isoformat(timespec="seconds")
    counts = [articles, passages, change.added, change.changed, change.removed, unchanged]
    connection.execute(
        "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [number, version, collection.name, created_at, *counts],
    )
    connection.execute("UPDATE state SET current = ?1, last = ?1", [number])
    return int(number)


def newest_row(connection: sqlite3.Connection) -> int:
    """The number of the newest row of `revisions`, for `changes`; 0 where there is none."""
    return int(connection.execute("SELECT coalesce(max(rowid), 0) FROM revisions").fetchone()[0])


def changes(
    connection: sqlite3.Connection, number: int, before: int, collection: str
) -> list[tuple[str, sqlite3.Cursor]]:
    """What publishing version `number` changed, by table, for the log; `before` is what `newest_row` was."""
    now = {"number": number, "before": before, "collection": collection}
    return [(table, connection.execute(sql, now)) for table, sql in _CHANGES.items()]


def remember_fetched(connection: sqlite3.Connection) -> None:
    """Keep what the web said of the URLs that were read."""
    connection.execute("INSERT OR REPLACE INTO fetched SELECT * FROM staging.fetch_records")


def _rebase(connection: sqlite3.Connection, now: dict[str, int]) -> None:
    """After a roll-back, end the rows that only the abandoned versions hold and bring back those they dropped."""
    for table, columns in (("lives", "article_id, revision"), ("locations", "location, article_id, read_as, place")):
        connection.execute(
            f"UPDATE {table} SET removed_in = :number WHERE removed_in IS NULL AND added_in > :version", now
        )
        connection.execute(
            f"""INSERT INTO {table} ({columns}, added_in, removed_in) SELECT {columns}, :number, NULL
                  FROM {table} t WHERE {is_live("t")} AND removed_in IS NOT NULL""",
            now,
        )


def _close_and_open(connection: sqlite3.Connection, number: int) -> None:
    """End the revisions and locations that were replaced or left, and begin the new ones."""
    connection.execute(
        "UPDATE lives SET removed_in = ? WHERE removed_in IS NULL "
        "AND article_id IN (SELECT article_id FROM staging.article_revisions)",
        [number],
    )
    # In a build after a roll-back, a revision brought back may be replaced in the same step.
    connection.execute("DELETE FROM lives WHERE added_in = ?1 AND removed_in = ?1", [number])
    connection.execute(
        "INSERT INTO lives SELECT article_id, revision, ?, NULL FROM staging.article_revisions "
        "WHERE revision IS NOT NULL",
        [number],
    )
    connection.execute(
        """CREATE TEMP TABLE new_places AS
           SELECT p.location, p.article_id, p.read_as, coalesce(
               (SELECT l.place FROM locations l WHERE l.location = p.location AND l.article_id = p.article_id
                   AND l.removed_in IS NULL),
               (SELECT max(place) FROM locations l WHERE l.article_id = p.article_id), 0) AS place,
               NOT EXISTS (SELECT 1 FROM locations l WHERE l.location = p.location
                   AND l.article_id = p.article_id AND l.removed_in IS NULL) AS fresh,
               (SELECT seq FROM staging.changed_locations r WHERE r.location = p.location) AS seq
             FROM staging.location_articles p"""
    )
    connection.execute(
        """UPDATE locations SET removed_in = ? WHERE removed_in IS NULL AND location IN (
               SELECT location FROM staging.location_articles UNION SELECT location FROM staging.removed_locations)""",
        [number],
    )
    connection.execute("DELETE FROM locations WHERE added_in = ?1 AND removed_in = ?1", [number])
    connection.execute(
        """INSERT INTO locations SELECT location, article_id, read_as,
                  place + fresh * row_number() OVER (PARTITION BY article_id ORDER BY seq),
                  ?, NULL FROM temp.new_places""",
        [number],
    )
    connection.execute("DROP TABLE temp.new_places")
