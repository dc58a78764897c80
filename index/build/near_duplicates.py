"""Near-duplicates: which articles share text, and how; knows nothing of passages or engines.

Found through their long sentences, kept as hashes in SQLite, and judged by their three-word shingles. What
an earlier build linked stays, even if a sentence both share turns out to be an outlet's boilerplate later.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from index.catalog.view import from_day, is_live

LONG = 12
"""Words a sentence needs to be taken as evidence that one text was copied from another."""

WEEK = 7
"""Days between publication up to which articles are compared; an unknown date is within it."""

CONTAINED = 0.6
"""Containment from which two articles are linked."""

ALIKE = 0.3
"""Resemblance from which they are linked too, and an outlet's later article is a version of the earlier.

Both bars were chosen by reading pairs of the 1,866 news articles of 2022 that RealTime QA names: of the 21
pairs they link, 20 are copies, extended, shortened or updated, and one shares a block about something else.
Pairs below them quote the same statement or repeat the same background. Wire copies reach a resemblance of
about a third, so a bar for equal texts would miss them.
"""

REPEATED = 5
"""Articles of one outlet from which a sentence they share is taken for its boilerplate."""

SPREAD = 14
"""Days between two articles from which a sentence they share is taken for boilerplate."""

COMMON = 60
"""Articles from which a sentence is boilerplate, whoever prints it."""

# Not `index.split`, which may be set up differently from build to build: here only the same cut matters.
# takes "over.” He", "one\ntwo"; not "3.5 percent"
_SENTENCE_END = re.compile(r"[.!?]+[\"'”’)\]]*\s+|\n+")
_WORD = re.compile(r"\w+")

Shingle = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Holder:
    """A revision that holds a sentence."""

    article_id: str
    revision: str
    origin: str
    first: date | None
    last: date | None


def find(connection: sqlite3.Connection, version: int) -> None:
    """Fill the staging tables `new_sentences` and `new_links` for the articles that get a new revision."""
    now = {"version": version}
    connection.execute("DELETE FROM staging.new_sentences")
    connection.execute("DELETE FROM staging.new_links")
    settled = connection.execute(
        "SELECT article_id, revision FROM staging.article_revisions WHERE revision IS NOT NULL"
    )
    for article_id, revision in settled:
        connection.executemany(
            "INSERT OR IGNORE INTO staging.new_sentences VALUES (?, ?, ?)",
            [(key, article_id, revision) for key in long_sentences(_text(connection, article_id, revision))],
        )
    for article_id, revision in connection.execute(
        "SELECT article_id, revision FROM staging.article_revisions WHERE revision IS NOT NULL"
    ).fetchall():
        _link(connection, now, article_id, revision)


def publish(connection: sqlite3.Connection) -> None:
    """Copy what `find` staged into the library."""
    connection.execute("INSERT OR IGNORE INTO long_sentences SELECT * FROM staging.new_sentences")
    connection.execute("INSERT OR IGNORE INTO links SELECT * FROM staging.new_links")


def long_sentences(text: str) -> set[int]:
    """Hashes (63 bits) of the sentences of at least `LONG` words, whatever their case and punctuation."""
    return {_hash(words) for words in _sentences(text) if len(words) >= LONG}


def overlap(one: str, other: str, without: Collection[int] = ()) -> tuple[float, float]:
    """How much two texts share: of the shorter one's three-word shingles, and of both together.

    Containment and resemblance of Broder (1997). Long sentences whose hash is in `without` do not count.
    """
    first, second = _shingles(one, without), _shingles(other, without)
    if not first or not second:
        return 0.0, 0.0
    shared = len(first & second)
    return shared / min(len(first), len(second)), shared / len(first | second)


def _link(connection: sqlite3.Connection, now: dict[str, int], article_id: str, revision: str) -> None:
    copies = _copies(connection, now, article_id, revision)
    me = next((copy for found in copies.values() for copy in found if copy.article_id == article_id), None)
    if me is None:
        return
    boilerplate = {key for key, found in copies.items() if _is_boilerplate(found)}
    shared = Counter(
        copy
        for key, found in copies.items()
        if key not in boilerplate
        for copy in found
        if copy.article_id != article_id and _near(me, copy)
    )
    text = _text(connection, article_id, revision) if shared else ""
    for copy in shared:
        contained, alike = overlap(text, _text(connection, copy.article_id, copy.revision), boilerplate)
        if contained < CONTAINED and alike < ALIKE:
            continue
        known = connection.execute(
            "SELECT 1 FROM staging.new_links WHERE article_id = ? AND other_id = ?", [copy.article_id, article_id]
        ).fetchone()
        if known is None:
            connection.execute(
                "INSERT INTO staging.new_links VALUES (?, ?, ?, ?, ?, ?)",
                [article_id, revision, copy.article_id, copy.revision, _kind(me, copy, alike), contained],
            )


def _kind(me: _Holder, other: _Holder, alike: float) -> str:
    """What `other` is to `me`."""
    if me.origin and me.origin == other.origin and alike >= ALIKE and me.first and other.last:
        if other.last < me.first:
            return "earlier version"
        if other.first and me.last and me.last < other.first:
            return "later version"
    return "also in"


def _copies(
    connection: sqlite3.Connection, now: dict[str, int], article_id: str, revision: str
) -> dict[int, list[_Holder]]:
    """For each long sentence of a new revision, who will hold it, itself included (at most `COMMON`)."""
    copies: dict[int, list[_Holder]] = defaultdict(list)
    for (key,) in connection.execute(
        "SELECT hash FROM staging.new_sentences WHERE article_id = ? AND revision = ?", [article_id, revision]
    ).fetchall():
        rows = connection.execute(
            f"""
            SELECT s.article_id, s.revision, t.outlet, t.url, t.first_day, t.last_day
              FROM staging.new_sentences s JOIN staging.new_revisions t USING (revision) WHERE s.hash = :key
            UNION ALL
            SELECT s.article_id, s.revision, r.outlet, r.url, r.first_day, r.last_day FROM long_sentences s
              JOIN lives v ON v.article_id = s.article_id AND v.revision = s.revision
              JOIN revisions r ON r.article_id = s.article_id AND r.revision = s.revision
             WHERE s.hash = :key AND {is_live("v")}
               AND s.article_id NOT IN (SELECT article_id FROM staging.article_revisions)
            LIMIT {COMMON}
            """,
            {**now, "key": key},
        )
        for holder, held, outlet, url, first, last in rows:
            origin = outlet.lower() or urlsplit(url).netloc
            copies[key].append(
                _Holder(holder, held, origin, from_day(first) if first else None, from_day(last) if last else None)
            )
    return copies


def _is_boilerplate(copies: list[_Holder]) -> bool:
    if len(copies) >= COMMON:
        return True
    if any(count >= REPEATED for origin, count in Counter(c.origin for c in copies).items() if origin):
        return True
    days = [copy.first for copy in copies if copy.first]
    return bool(days) and (max(days) - min(days)).days > SPREAD


def _near(one: _Holder, other: _Holder) -> bool:
    if not (one.first and one.last and other.first and other.last):
        return True
    return max((one.first - other.last).days, (other.first - one.last).days) <= WEEK


def _text(connection: sqlite3.Connection, article_id: str, revision: str) -> str:
    row = connection.execute(
        "SELECT text FROM staging.new_revisions WHERE revision = :revision UNION ALL "
        "SELECT text FROM revisions WHERE article_id = :article_id AND revision = :revision LIMIT 1",
        {"article_id": article_id, "revision": revision},
    ).fetchone()
    return str(row[0])


def _sentences(text: str) -> Iterable[list[str]]:
    for piece in _SENTENCE_END.split(text):
        yield _WORD.findall(piece.lower())


def _shingles(text: str, without: Collection[int]) -> set[Shingle]:
    words: list[str] = []
    for sentence in _sentences(text):
        if len(sentence) < LONG or not without or _hash(sentence) not in without:
            words.extend(sentence)
    return set(zip(words, words[1:], words[2:], strict=False))


def _hash(words: list[str]) -> int:
    digest = hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
