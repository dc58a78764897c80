"""Hits for a query, and the same as a LangChain retriever for anyone's chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.types import Filter, Hit
from rag.types import Query

if TYPE_CHECKING:
    from langchain_core.documents import Document

    from index.library import Library

FAVOUR = 1.15
"""Factor on the score of passages from articles cited in the turn before, when the question follows it up."""


def retrieve(library: Library, query: Query, k: int) -> tuple[list[Hit], tuple[str, ...]]:
    """The best `k` passages for a query, and notes for the person.

    A filter that was only read out of the question never hides everything: when no article passes it, the
    search is made without it and a note says so.
    """
    hits = _search(library, query, query.filter, k)
    if hits or not query.inferred:
        return _favour(hits, query), ()
    hits = _search(library, query, query.given, k)
    meanings = ", ".join(
        f"{chip.phrase!r} ({chip.meaning})"
        for chip in query.interpretations
        if chip.kind in ("date", "outlet", "author")
    )
    return _favour(hits, query), (f"No article here matches {meanings}; searched all articles instead.",)


def _search(library: Library, query: Query, filter: Filter, k: int) -> list[Hit]:
    return library.search(query.text, filter, k, as_of=query.as_of, recency=query.recency)


def _favour(hits: Sequence[Hit], query: Query) -> list[Hit]:
    if not query.favour:
        return list(hits)
    favoured = [
        replace(hit, score=hit.score * FAVOUR) if (hit.article.id, hit.article.revision) in query.favour else hit
        for hit in hits
    ]
    return sorted(favoured, key=lambda hit: -hit.score)


def document(hit: Hit) -> Document:
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
