"""The library as it stood in one version: what readers see, also while a build runs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from index.catalog.schema import WORD_FIELDS
from index.errors import DamageError
from index.types import Article, Filter, Passage, Published

EVERYTHING = Filter()

_FACTS = "r.article_id, r.revision, r.title, r.outlet, r.author, r.published, r.url, r.fetched_at, r.text"


def is_live(alias: str) -> str:
    """SQL: the row of `lives` or `locations` called `alias` is part of the version `:version`."""
    return f"({alias}.added_in <= :version AND ({alias}.removed_in IS NULL OR {alias}.removed_in > :version))"


_LIVE = is_live("v")
_OWN_LOCATION = f"""coalesce((SELECT l.location FROM locations l WHERE l.article_id = r.article_id
    AND {is_live("l")} ORDER BY l.place LIMIT 1), '') AS location"""


@dataclass(frozen=True, slots=True)
class Collection:
    """What one set of settings wrote into the engines; `vectors` and `words` name where."""

    name: str
    fingerprint: str
    settings: str
    server: str
    vectors: str
    words: str

    @property
    def word_fields(self) -> tuple[str, ...]:
        """The fields of its word index."""
        return tuple(self.fingerprint.rpartition(WORD_FIELDS)[2].split())


@dataclass(frozen=True, slots=True)
class Related:
    """An article that shares text with another: `kind` is read "this article is the ... of the other"."""

    article_id: str
    revision: str
    kind: str
    score: float


class View:
    """One version of the library, read-only; safe to use from any thread."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], version: int, collection: Collection, folder: Path):
        self._connect = connect
        self._folder = folder
        self.version = version
        self.collection = collection

    def _rows(self, sql: str, **values: object) -> list[sqlite3.Row]:
        values.setdefault("version", self.version)
        cursor = self._connect().execute(sql, values)
        cursor.row_factory = sqlite3.Row
        return cursor.fetchall()

    def article(self, article_id: str) -> Article | None:
        """The article as it stands in this version, or None when it is not part of it."""
        return next(self._articles(where="v.article_id = :article_id", article_id=article_id), None)

    def revision(self, article_id: str, revision: str) -> Article | None:
        """One revision of an article, live in this version or not, unless it was pruned."""
        rows = self._rows(
            f"SELECT {_FACTS}, {_OWN_LOCATION} FROM revisions r "
            "WHERE r.article_id = :article_id AND r.revision = :revision",
            article_id=article_id,
            revision=revision,
        )
        return self._article(rows[0]) if rows else None

    def articles(self) -> Iterator[Article]:
        """Every article of this version, by id; reads them one after the other."""
        after = ""
        where = "v.article_id > :after ORDER BY v.article_id LIMIT 100"
        while page := list(self._articles(where=where, after=after)):
            yield from page
            after = page[-1].id

    def count(self) -> tuple[int, int]:
        """Number of articles and of passages."""
        row = self._rows(
            f"""SELECT count(DISTINCT v.article_id) AS articles, count(p.number) AS passages
                FROM lives v LEFT JOIN passages p ON p.collection = :collection
                 AND p.article_id = v.article_id AND p.revision = v.revision WHERE {_LIVE}""",
            collection=self.collection.name,
        )[0]
        return row["articles"], row["passages"]

    def outlets(self) -> dict[str, int]:
        """Each outlet's name and its number of articles."""
        return self._tally("outlet")

    def authors(self) -> dict[str, int]:
        """Each author line, as written, and its number of articles."""
        return self._tally("author")

    def oldest(self) -> date | None:
        """The first known day of publication."""
        return self._day("min(first_day)")

    def newest(self) -> date | None:
        """The last known day of publication."""
        return self._day("max(last_day)")

    def locations(self, article_id: str) -> list[str]:
        """Where the article was read, its own location first."""
        return [
            row["location"]
            for row in self._rows(
                f"SELECT v.location FROM locations v WHERE v.article_id = :article_id AND {_LIVE} ORDER BY v.place",
                article_id=article_id,
            )
        ]

    def names_file(self, file: str) -> bool:
        """Whether an article of any version kept was read in a file of this absolute path."""
        rows = self._rows(
            "SELECT 1 FROM locations WHERE location = :file OR (location >= :first AND location < :after) LIMIT 1",
            file=file,
            first=f"{file}#",
            after=f"{file}$",  # the character after "#"
        )
        return bool(rows)

    def related(self, article_id: str) -> list[Related]:
        """Articles of this version that share text with one of them, most alike first."""
        rows = self._rows(
            f"""
            SELECT other_id AS id, other_revision AS revision, kind, score, 0 AS turned FROM links k
              JOIN lives v ON v.article_id = k.article_id AND v.revision = k.revision
             WHERE k.article_id = :article_id AND {_LIVE}
            UNION ALL
            SELECT k.article_id, k.revision, kind, score, 1 FROM links k
              JOIN lives v ON v.article_id = k.other_id AND v.revision = k.other_revision
             WHERE k.other_id = :article_id AND {_LIVE}
            ORDER BY score DESC, id
            """,
            article_id=article_id,
        )
        turn = {("earlier version", 1): "later version", ("later version", 1): "earlier version"}
        found = [
            Related(key, revision, turn.get((kind, turned), kind), score) for key, revision, kind, score, turned in rows
        ]
        live = self._live_pairs({(item.article_id, item.revision) for item in found}, Filter())
        return [item for item in found if (item.article_id, item.revision) in live]

    def passages(self, ids: Sequence[str]) -> dict[str, tuple[Passage, Article]]:
        """The passages with these ids that are live in this version, each with its article."""
        # CROSS JOIN keeps SQLite from walking all passages instead of the few that are wanted.
        rows = self._rows(
            f"""
            SELECT p.article_id, p.revision, p.number, p.start, p."end", p.sentences, p.tokens
              FROM json_each(:ids) AS wanted
              CROSS JOIN passages p ON p.collection = :collection
               AND p.article_id = json_extract(wanted.value, '$[0]')
               AND p.revision = json_extract(wanted.value, '$[1]')
               AND p.number = json_extract(wanted.value, '$[2]')
              CROSS JOIN lives v ON v.article_id = p.article_id AND v.revision = p.revision
             WHERE {_LIVE}
            """,
            ids=json.dumps([parts for key in ids if (parts := split_id(key))]),
            collection=self.collection.name,
        )
        articles = {
            article.id: article
            for article in self._articles(
                "json_each(:articles) AS wanted CROSS JOIN lives v ON v.article_id = wanted.value",
                articles=json.dumps(sorted({row["article_id"] for row in rows})),
            )
        }
        return {(passage := self._passage(row)).id: (passage, articles[passage.article_id]) for row in rows}

    def passages_of(self, article_id: str) -> list[Passage]:
        """Every passage of an article of this version, in the text's order."""
        return [
            self._passage(row)
            for row in self._rows(
                f"""SELECT p.* FROM lives v JOIN passages p ON p.collection = :collection
                     AND p.article_id = v.article_id AND p.revision = v.revision
                    WHERE v.article_id = :article_id AND {_LIVE} ORDER BY p.number""",
                article_id=article_id,
                collection=self.collection.name,
            )
        ]

    def live(self, ids: Iterable[str], filter: Filter = EVERYTHING) -> set[str]:
        """Those of the passage ids that are live in this version and that the filter allows."""
        pairs = {key: (parts[0], parts[1]) for key in ids if (parts := split_id(key))}
        allowed = self._live_pairs(set(pairs.values()), filter)
        return {key for key, pair in pairs.items() if pair in allowed}

    def passage_ids(self, filter: Filter = EVERYTHING) -> list[str]:
        """The ids of every live passage that the filter allows."""
        condition, values = _condition(filter)
        # In this order, which SQLite would not find: the facts alone narrow it down.
        rows = self._rows(
            f"""SELECT p.article_id || ':' || p.revision || ':' || p.number
                  FROM revisions r INDEXED BY revisions_by_facts
                  CROSS JOIN lives v ON v.article_id = r.article_id AND v.revision = r.revision
                  CROSS JOIN passages p ON p.collection = :collection
                   AND p.article_id = r.article_id AND p.revision = r.revision
                 WHERE {_LIVE} AND {condition}""",
            collection=self.collection.name,
            **values,
        )
        return [row[0] for row in rows]

    def _articles(self, source: str = "lives v", where: str = "true", **values: object) -> Iterator[Article]:
        rows = self._rows(
            f"SELECT {_FACTS}, {_OWN_LOCATION} FROM {source} "
            "CROSS JOIN revisions r ON r.article_id = v.article_id AND r.revision = v.revision "
            f"WHERE {_LIVE} AND {where}",
            **values,
        )
        return (self._article(row) for row in rows)

    def _article(self, row: sqlite3.Row) -> Article:
        """A row as an Article, if its text and facts are those that its revision names."""
        try:
            article = to_article(row)
            if article.revision == row["revision"]:
                return article
            detail = f"article {row['article_id']} is not what was stored"
        except (ValueError, TypeError) as error:
            detail = f"article {row['article_id']}: {error}"
        raise DamageError("catalog", self._folder, detail)

    def _passage(self, row: sqlite3.Row) -> Passage:
        try:
            return to_passage(row)
        except (ValueError, TypeError) as error:
            raise DamageError("catalog", self._folder, f"passages of {row['article_id']}: {error}") from error

    def _live_pairs(self, pairs: set[tuple[str, str]], filter: Filter) -> set[tuple[str, str]]:
        condition, values = _condition(filter)
        return {
            (row[0], row[1])
            for row in self._rows(
                f"""
                SELECT v.article_id, v.revision FROM json_each(:pairs) AS wanted
                  CROSS JOIN lives v ON v.article_id = json_extract(wanted.value, '$[0]')
                   AND v.revision = json_extract(wanted.value, '$[1]')
                  CROSS JOIN revisions r USING (article_id, revision)
                 WHERE {_LIVE} AND {condition}
                """,
                pairs=json.dumps(sorted(pairs)),
                **values,
            )
        }

    def _day(self, which: str) -> date | None:
        (row,) = self._rows(
            f"""SELECT {which} AS day FROM revisions r INDEXED BY revisions_by_facts
                  CROSS JOIN lives v ON v.article_id = r.article_id AND v.revision = r.revision WHERE {_LIVE}"""
        )
        return None if row["day"] is None else from_day(row["day"])

    def _tally(self, column: str) -> dict[str, int]:
        return {
            row[0]: row[1]
            for row in self._rows(
                f"""SELECT {column}, count(*) FROM revisions r INDEXED BY revisions_by_facts
                      CROSS JOIN lives v ON v.article_id = r.article_id AND v.revision = r.revision
                     WHERE {_LIVE} AND {column} != '' GROUP BY {column} ORDER BY count(*) DESC, {column}"""
            )
        }


def broken_revisions(connection: sqlite3.Connection) -> Iterator[str]:
    """`article:revision` of each whose text and facts are not those that its revision names."""
    cursor = connection.execute(f"SELECT {_FACTS}, '' AS location FROM revisions r")
    cursor.row_factory = sqlite3.Row
    for row in cursor:
        try:
            sound = to_article(row).revision == row["revision"]
        except (ValueError, TypeError):
            sound = False
        if not sound:
            yield f"{row['article_id']}:{row['revision']}"


def to_article(row: sqlite3.Row) -> Article:
    """A row of `revisions`, with its location, as an Article."""
    as_stored = {name: row[name] for name in ("text", "title", "outlet", "author", "url", "location", "fetched_at")}
    published = Published.parse(row["published"]) if row["published"] else None
    return Article(**as_stored, published=published, id=row["article_id"])


def to_passage(row: sqlite3.Row) -> Passage:
    """A row of `passages` as a Passage."""
    spans = tuple((start, end) for start, end in json.loads(row["sentences"]))
    return Passage(row["article_id"], row["revision"], row["number"], row["start"], row["end"], spans, row["tokens"])


def split_id(passage_id: str) -> tuple[str, str, int] | None:
    """Article id, revision and number of a passage id; None for anything else."""
    article_id, _, rest = passage_id.partition(":")
    revision, _, number = rest.partition(":")
    return (article_id, revision, int(number)) if number.isdecimal() else None


def to_day(day: date) -> int:
    """A date as the number yyyymmdd."""
    return day.year * 10_000 + day.month * 100 + day.day


def from_day(number: int) -> date:
    """The date that `to_day` made a number of."""
    return date(number // 10_000, number // 100 % 100, number % 100)


def _condition(filter: Filter) -> tuple[str, dict[str, object]]:
    """`filter.allows` as SQL on `revisions r`."""
    parts = ["true"]
    values: dict[str, object] = {}
    for name, wanted in (("outlet", filter.outlets), ("author", filter.authors)):
        if wanted:
            parts.append(f"r.{name} IN (SELECT value FROM json_each(:{name}s))")
            values[name + "s"] = json.dumps(wanted)
    if filter.without:
        parts.append("r.article_id NOT IN (SELECT value FROM json_each(:without))")
        values["without"] = json.dumps(filter.without)
    if filter.since or filter.until:
        parts.append("r.last_day IS NOT NULL")
    if filter.since:
        parts.append("r.last_day >= :since")
        values["since"] = to_day(filter.since)
    if filter.until:
        parts.append("r.first_day <= :until")
        values["until"] = to_day(filter.until)
    return " AND ".join(parts), values
