"""The parts of a question that each deserve passages of their own: the sides of a comparison, the periods of
a story.

Works on the question's words and the hits' dates; knows nothing of models.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from index.text.names import find_names, plain_name
from index.types import Hit
from rag.types import Query

MOST = 4
"""Parts at most: each costs a search and a share of the prompt."""

PERIODS = 3
SHORTEST = timedelta(days=3)
"""A story that ran for less has no periods worth telling apart."""

_COMPARES = re.compile(
    r"\b(?:compar\w+|differ\w*|disagree\w*|contrast\w*|versus|vs\.?|both|similarit\w+|in common|"
    r"agree\w* with|(?:more|less|better|worse|higher|lower|larger|smaller|fewer) \w+ than)\b",
    re.I,
)
_JOINER = re.compile(r"(?:['’]s?)?\s*(?:,|,?\s*(?:and|or|versus|vs\.?|with|to|from|than)|/)\s*(?:the\s+)?")


@dataclass(frozen=True, slots=True)
class Facet:
    """One side or period: what to search for it, and which hits belong to it."""

    label: str
    query: Query
    name: str = ""
    since: date | None = None
    until: date | None = None

    def holds(self, hit: Hit) -> bool:
        """Whether a hit is about this side, or published in this period."""
        if self.name:
            surname = plain_name(self.name).split()[-1].lower()
            return surname in f"{hit.article.title} {hit.article.outlet} {hit.text}".lower()
        published = hit.article.published
        if published is None or self.since is None or self.until is None:
            return False
        return self.since <= published.day <= self.until


def facets(query: Query, hits: Sequence[Hit]) -> tuple[Facet, ...]:
    """The sides a question compares, or the periods over which the hits tell a story; none for other questions."""
    if query.develops:
        return _periods(query, hits)
    if _COMPARES.search(query.text):
        return _sides(query)
    return ()


def _sides(query: Query) -> tuple[Facet, ...]:
    names = find_names(query.text)
    joined = {
        name
        for before, after in pairwise(names)
        if _JOINER.fullmatch(query.text[before.end : after.start])
        for name in (before, after)
    }
    sides = [name for name in names if name in joined] or names
    if len(sides) < 2:
        return ()
    found = []
    for side in sides[:MOST]:
        text = query.text
        for other in reversed(sides):
            if other != side:
                text = text[: other.start] + text[other.end :]
        found.append(Facet(side.text, replace(query, text=" ".join(text.split())), name=side.text))
    return tuple(found)


def _periods(query: Query, hits: Sequence[Hit]) -> tuple[Facet, ...]:
    days = [hit.article.published.day for hit in hits if hit.article.published]
    first = query.filter.since or min(days, default=None)
    last = query.filter.until or max(days, default=None)
    if first is None or last is None or last - first < SHORTEST:
        return ()
    step = (last - first) / PERIODS
    found = []
    for n in range(PERIODS):
        since = first + step * n + (timedelta(days=1) if n else timedelta())
        until = last if n == PERIODS - 1 else first + step * (n + 1)
        limits = replace(query.filter, since=since, until=until)
        asked = replace(query, filter=limits, given=limits, recency=0.0)
        found.append(Facet(f"{since} to {until}", asked, since=since, until=until))
    return tuple(found)


def spread(query: Query, hits: Sequence[Hit], search: Callable[[Query], Sequence[Hit]], k: int) -> tuple[Hit, ...]:
    """The hits for a question with those for each of its facets between them, best first, `k` at most."""
    parts = facets(query, hits)
    if not parts:
        return tuple(hits)
    return deal([hits, *(search(part.query) for part in parts)], k)


def deal(lists: Sequence[Sequence[Hit]], k: int) -> tuple[Hit, ...]:
    """One from each list in turn, each passage once, `k` at most."""
    dealt: dict[str, Hit] = {}
    for row in range(max(map(len, lists), default=0)):
        for each in lists:
            if row < len(each):
                dealt.setdefault(each[row].passage.id, each[row])
    return tuple(dealt.values())[:k]
