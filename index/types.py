"""The records of a library: articles, the passages they are split into, and what a search returns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

from dateutil.relativedelta import relativedelta

Precision = Literal["day", "month", "year"]


@dataclass(frozen=True, slots=True)
class Published:
    """A publication date and how much of it is known; `day` is the first day the precision allows."""

    day: date
    precision: Precision = "day"

    @property
    def last_day(self) -> date:
        """The last day the date can mean: itself, or the end of its month or year."""
        if self.precision == "day":
            return self.day
        if self.precision == "month":
            return self.day + relativedelta(day=31)
        return date(self.day.year, 12, 31)

    def __str__(self) -> str:
        """ISO 8601, cut to what is known: `2023-12-07`, `2023-12` or `2023`."""
        return self.day.isoformat()[: {"day": 10, "month": 7, "year": 4}[self.precision]]

    @classmethod
    def parse(cls, text: str) -> Published:
        """Read back what `str` wrote; raises ValueError for anything else."""
        precisions: dict[int, Precision] = {10: "day", 7: "month", 4: "year"}
        if len(text) not in precisions:
            raise ValueError(f"not a date: {text!r}")
        return cls(
            date.fromisoformat(text + "-01-01"[len(text) - 10 :] if len(text) < 10 else text), precisions[len(text)]
        )


class _StoredRevision:
    """A place for `Article.revision`, which is asked for once a sentence; no field, so that no copy inherits it."""

    __slots__ = ("_revision",)
    _revision: str


@dataclass(frozen=True, slots=True)
class Article(_StoredRevision):
    """One article as cleaned and stored; every offset in the program counts characters of `text`."""

    text: str
    title: str = ""
    outlet: str = ""
    author: str = ""
    published: Published | None = None
    url: str = ""
    location: str = ""
    """Where it was read: a path, `path#row`, or a URL. Empty only before it is known."""
    fetched_at: str = ""
    """When it was read from the web (ISO 8601, UTC); never a publication date."""
    id: str = ""
    """Given by the catalog; kept when the text changes."""

    @property
    def revision(self) -> str:
        """Names this text with these facts: changes when any of them does (16 hex digits)."""
        try:
            return self._revision
        except AttributeError:
            facts = [self.text, self.title, self.outlet, self.author, str(self.published or ""), self.url]
            digest = hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()[:16]
            object.__setattr__(self, "_revision", digest)
            return digest

    @property
    def name(self) -> str:
        """The title, or the first words where there is none."""
        if self.title:
            return self.title
        words = self.text.split()
        return " ".join(words[:9]) + (" …" if len(words) > 9 else "")


Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """Whole sentences that stand together in one revision of an article.

    `sentences` are (start, end) offsets into the article's text, in order, inside [start, end).
    """

    article_id: str
    revision: str
    number: int
    start: int
    end: int
    sentences: tuple[Span, ...]
    tokens: int

    @property
    def id(self) -> str:
        return f"{self.article_id}:{self.revision}:{self.number}"


@dataclass(frozen=True, slots=True)
class Filter:
    """What a search may return; empty fields allow everything.

    Dates are inclusive. An article with no known date matches no date range.
    """

    since: date | None = None
    until: date | None = None
    outlets: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    """Article ids that must not be returned, as when an evaluation hides the gold articles."""

    def __bool__(self) -> bool:
        return self != Filter()

    def allows(self, article: Article) -> bool:
        """Whether an article passes; the reference that both engines are tested against."""
        if article.id in self.without:
            return False
        if self.outlets and article.outlet not in self.outlets:
            return False
        if self.authors and article.author not in self.authors:
            return False
        if self.since or self.until:
            if article.published is None:
                return False
            if self.since and article.published.last_day < self.since:
                return False
            if self.until and article.published.day > self.until:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Rank:
    """Where one list placed a passage: rank counts from 1, score is that list's own."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question; a higher score is better."""

    passage: Passage
    article: Article
    score: float
    words: Rank | None = None
    vectors: Rank | None = None
    recency: float = 1.0
    """The factor the score was multiplied by for the article's age."""
    neighbours: tuple[Passage, ...] = field(default=())
    """Adjoining passages of the same article that were found too and folded into this hit."""

    @property
    def text(self) -> str:
        return self.article.text[self.passage.start : self.passage.end]

    def sentences(self) -> Iterator[tuple[Span, str]]:
        """Each sentence of the passage and its neighbours, in the article's order."""
        parts = sorted((self.passage, *self.neighbours), key=lambda passage: passage.start)
        for part in parts:
            for start, end in part.sentences:
                yield (start, end), self.article.text[start:end]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something a source could not make an article of; the run goes on."""

    location: str
    reason: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A location known to hold what it held before (HTTP 304, a feed entry seen earlier)."""

    location: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Something worth one line in a build's report, as which fields of a file were used."""

    location: str
    text: str


Read = Article | Skipped | Unchanged | Remark
"""What `index.sources.read` yields."""


@dataclass(frozen=True, slots=True)
class FetchRecord:
    """What a server said when a URL was last read, for asking whether it has changed since."""

    etag: str = ""
    last_modified: str = ""
    fetched_at: str = ""


class FetchLog(Protocol):
    """Remembers what was read from the web.

    `put` is called after the article was yielded: keep both in one transaction, or an interrupted run would
    leave a page recorded as seen whose article is in no library.
    """

    def get(self, url: str) -> FetchRecord | None: ...

    def put(self, url: str, seen: FetchRecord) -> None: ...
