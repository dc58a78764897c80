"""The trained reader without the program's retrieval, so that a figure changes with the reader alone.

`reader` reads the articles that a case names, each as one text. `bm25-reader` reads BM25's passages, with the program's
own preference for new articles. Both take the span with the highest logit for the short answer and quote the sentences
that the best spans stand in; they never refuse, and their confidence is the logit on a scale from 0 to 1.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from evals.datasets.cases import Case
from evals.metrics.text_match import holds, tokens
from evals.runs.baselines import answer_of, quotation
from evals.runs.query import query_of
from index.engines.fusion import order
from index.library import DEPTH
from index.split import sentences
from index.types import Article, Hit, Passage
from rag.types import Answer, Query, Statement

if TYPE_CHECKING:
    from evals.runs import Answering
    from index.library import Library
    from rag.read.span_model import ExtractiveModel

READER, BM25_READER = "reader", "bm25-reader"
PASSAGES = 20
"""Passages read after BM25, as many as the program reads."""

STATEMENTS = 3
"""Sentences quoted after BM25; of an article that a case names, only the one with the best span."""


class NamedArticles:
    """The articles of a library that a case names as those to be read."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def of(self, case: Case) -> list[Article]:
        """The articles of `context_articles`, else of `gold_articles`; empty where a case names none.

        Where they are hidden, the first other one of the same title that holds no expected answer, as another paragraph
        of a SQuAD page.
        """
        named = [self._article(name) for name in (case.context_articles or case.gold_articles or case.hidden)]
        seen = [article for article in named if article.id not in case.hidden]
        return seen or [other for article in named[:1] for other in self._others(article, case)][:1]

    def _article(self, article_id: str) -> Article:
        article = self._library.article(article_id)
        assert article is not None, f"{article_id!r} was tied to this library"
        return article

    def _others(self, article: Article, case: Case) -> Iterator[Article]:
        for article_id in self._by_title[article.title]:
            other = self._article(article_id)
            if other.id not in case.hidden and not holds(other.text, case.answers):
                yield other

    @cached_property
    def _by_title(self) -> dict[str, list[str]]:
        ids: dict[str, list[str]] = defaultdict(list)
        for article in self._library.articles():
            ids[article.title].append(article.id)
        return ids


def reader_alone(library: Library, reader: ExtractiveModel) -> Answering:
    """The reader over the articles that a case names."""
    named = NamedArticles(library)

    def answering(case: Case) -> Answer:
        return read(reader, query_of(library, case), [whole(article) for article in named.of(case)], most=1)

    return answering


def bm25_reader(library: Library, reader: ExtractiveModel) -> Answering:
    """The reader over BM25's passages."""

    def answering(case: Case) -> Answer:
        query = query_of(library, case)
        words, _ = library.lists(query.text, query.given, DEPTH)
        passages = library.passages_by_id([key for key, _ in words])
        hits = order(words, [], passages, as_of=query.as_of, recency=query.recency)
        return read(reader, query, hits[:PASSAGES], most=STATEMENTS)

    return answering


def whole(article: Article) -> Hit:
    """An article as one passage."""
    text = article.text
    return Hit(Passage(article.id, article.revision, 0, 0, len(text), tuple(sentences(text)), tokens=0), article, 1.0)


def read(reader: ExtractiveModel, query: Query, hits: Sequence[Hit], most: int) -> Answer:
    """The best span of the hits, and the first `most` different sentences in which the best spans stand."""
    texts = [(hit.article.title, str(hit.article.published or ""), hit.text) for hit in hits]
    started = time.perf_counter()
    readings = reader.read(query.text, query.as_of, texts)
    seconds = time.perf_counter() - started
    spans = [
        (span.score, hit, (span.start + hit.passage.start, span.end + hit.passage.start))
        for hit, reading in zip(hits, readings, strict=True)
        for span in reading.spans
    ]
    spans.sort(key=lambda item: -item[0])
    quoted: dict[tuple[str, ...], Statement] = {}
    for _, hit, (start, _) in spans:
        for sentence in hit.passage.sentences:
            if sentence[0] <= start < sentence[1]:
                statement = quotation(hit.article, sentence)
                quoted.setdefault(tuple(tokens(statement.text)), statement)
        if len(quoted) == most:
            break
    short = spans[0][1].article.text[slice(*spans[0][2])] if spans else ""
    confidence = 1 / (1 + math.exp(-spans[0][0])) if spans else 0.0
    return answer_of(query, hits, tuple(quoted.values()), confidence, short, seconds)
