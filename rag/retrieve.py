"""Hits for a query, as LangChain documents too, and the subqueries of a question that each deserve hits of their own.

Subqueries are the sides of a comparison and the periods of a story, by the question's words and the hits' dates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain, pairwise, zip_longest
from typing import TYPE_CHECKING, Any

from index.engines.fusion import merge_neighbours
from index.text.names import find_names, plain_name
from index.types import Filter, Hit
from rag.rerank import POOL
from rag.types import Query, Reranker

if TYPE_CHECKING:
    from langchain_core.documents import Document

    from index.library import Library

FOLLOW_UP_BOOST = 1.15
"""Factor on the score of passages from articles cited in the turn before, when the question follows it up."""


def retrieve(
    library: Library, query: Query, k: int, reranker: Reranker | None = None
) -> tuple[list[Hit], tuple[str, ...]]:
    """The best `k` passages for a query, and notes for the person.

    A `reranker` chooses them among `POOL` times as many.

    A filter that was only read out of the question never hides everything: when no article passes it, the
    search is made without it and a note says so.
    """
    hits = _search(library, query, query.filter, k, reranker)
    if hits or not query.inferred:
        return _boost_cited(hits, query), ()
    hits = _search(library, query, query.given, k, reranker)
    chips = [chip for chip in query.interpretations if chip.kind in ("date", "outlet", "author")]
    meanings = ", ".join(f"{chip.phrase!r} ({chip.meaning})" for chip in chips)
    return _boost_cited(hits, query), (f"No article here matches {meanings}; searched all articles instead.",)


def damage_notes(library: Library) -> tuple[str, ...]:
    """A sentence for the person where an engine of the library is damaged and the other was searched alone."""
    return tuple(
        f"The {store} of this library are damaged: searched by {'vectors' if store == 'words' else 'words'} alone, "
        f"which finds less. Mend the library: clippings library check --repair"
        for store in library.damage
    )


def _search(library: Library, query: Query, filter: Filter, k: int, reranker: Reranker | None) -> list[Hit]:
    if reranker is None:
        return library.search(query.text, filter, k, as_of=query.as_of, recency=query.recency)
    hits = library.search(query.text, filter, POOL * k, as_of=query.as_of, recency=query.recency, folded=False)
    return merge_neighbours(reranker.rerank(query.text, hits)[:k])


def _boost_cited(hits: Sequence[Hit], query: Query) -> list[Hit]:
    if not query.favour:
        return list(hits)
    boosted = [
        replace(hit, score=hit.score * FOLLOW_UP_BOOST)
        if (hit.article.id, hit.article.revision) in query.favour
        else hit
        for hit in hits
    ]
    return sorted(boosted, key=lambda hit: -hit.score)


def to_document(hit: Hit) -> Document:
    """A hit as a LangChain Document: its text, and in the metadata everything needed to cite it."""
    from langchain_core.documents import Document

    article = hit.article
    metadata: dict[str, Any] = {
        "article_id": article.id,
        "revision": article.revision,
        "start": hit.passage.start,
        "end": hit.passage.end,
        "title": article.title,
        "outlet": article.outlet,
        "author": article.author,
        "published": str(article.published) if article.published else None,
        "url": article.url,
        "location": article.location,
        "score": hit.score,
    }
    return Document(page_content=hit.text, metadata=metadata, id=hit.passage.id)


MOST_SUBQUERIES = 4
"""Subqueries of a comparison: each costs a search and a share of the prompt."""

PERIODS = 3
"""Subqueries of a story."""
SHORTEST_STORY = timedelta(days=3)
"""A story that ran for less has no periods worth telling apart."""

# takes "compare X and Y", "differ", "more votes than"; not "more than 5" and not "versed"
_COMPARES = re.compile(
    r"\b(?:compar\w+|differ\w*|disagree\w*|contrast\w*|versus|vs\.?|both|similarit\w+|in common|"
    r"agree\w* with|(?:more|less|better|worse|higher|lower|larger|smaller|fewer) \w+ than)\b",
    re.I,
)
# takes ", and the " and "'s or " between two names; not " said that "
_JOINER = re.compile(r"(?:['’]s?)?\s*(?:,|,?\s*(?:and|or|versus|vs\.?|with|to|from|than)|/)\s*(?:the\s+)?")


@dataclass(frozen=True, slots=True)
class Subquery:
    """A part of a question: what to search for it, and which hits belong to it."""

    label: str
    query: Query
    name: str = ""
    since: date = date.max
    until: date = date.min

    def holds(self, hit: Hit) -> bool:
        """Whether a hit is about this side, or published in this period."""
        if self.name:
            surname = plain_name(self.name).split()[-1].lower()
            return surname in f"{hit.article.title} {hit.article.outlet} {hit.text}".lower()
        published = hit.article.published
        return published is not None and self.since <= published.day <= self.until


def subqueries(query: Query, hits: Sequence[Hit]) -> tuple[Subquery, ...]:
    """The sides a question compares, or the periods over which the hits tell a story; none for other questions."""
    if query.develops:
        return _period_subqueries(query, hits)
    if _COMPARES.search(query.text):
        return _comparison_subqueries(query)
    return ()


def _comparison_subqueries(query: Query) -> tuple[Subquery, ...]:
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
    result = []
    for side in sides[:MOST_SUBQUERIES]:
        text = query.text
        for other in reversed(sides):
            if other != side:
                text = text[: other.start] + text[other.end :]
        result.append(Subquery(side.text, replace(query, text=" ".join(text.split())), name=side.text))
    return tuple(result)


def _period_subqueries(query: Query, hits: Sequence[Hit]) -> tuple[Subquery, ...]:
    days = [hit.article.published.day for hit in hits if hit.article.published]
    first = query.filter.since or min(days, default=None)
    last = query.filter.until or max(days, default=None)
    if first is None or last is None or last - first < SHORTEST_STORY:
        return ()
    step = (last - first) / PERIODS
    result = []
    for n in range(PERIODS):
        since = first + step * n + (timedelta(days=1) if n else timedelta())
        until = last if n == PERIODS - 1 else first + step * (n + 1)
        limits = replace(query.filter, since=since, until=until)
        period = replace(query, filter=limits, given=limits, recency=0.0)
        result.append(Subquery(f"{since} to {until}", period, since=since, until=until))
    return tuple(result)


def interleave_subqueries(
    query: Query, hits: Sequence[Hit], search: Callable[[Query], Sequence[Hit]], k: int
) -> tuple[Hit, ...]:
    """The hits for a question with those for each of its subqueries between them, best first, `k` at most."""
    return round_robin([hits, *(search(part.query) for part in subqueries(query, hits))], k)


def round_robin(lists: Sequence[Sequence[Hit]], k: int) -> tuple[Hit, ...]:
    """One from each list in turn, each passage once, `k` at most."""
    unique: dict[str, Hit] = {}
    for hit in filter(None, chain(*zip_longest(*lists))):
        unique.setdefault(hit.passage.id, hit)
    return tuple(unique.values())[:k]
