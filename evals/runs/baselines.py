"""What ours is compared with: BM25 alone, and the pipeline of LangChain's retrieval tutorial.

Neither has a chat model here, so their answer is what a reader would see first: the first three sentences of
the best passage, each quoted. They never refuse; their confidence is their own retrieval score, so that
risk-coverage can still ask how they would do with a bar. They give no short answers.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evals.datasets.cases import Case
from evals.runs import Answering
from index.split import sentences
from index.terminal import progress_bar
from index.types import Article, Filter, Hit, Passage, Span
from rag.types import Answer, Citation, Query, Statement

if TYPE_CHECKING:
    from index.engines.chroma import VectorIndex
    from index.engines.encoder import Encoder
    from index.library import Library

BM25, TUTORIAL = "bm25", "langchain-tutorial"
DEPTH = 20
"""Passages retrieved, as by ours; the tutorial hands its model the first four: read its @4 figures."""

STATEMENTS = 3
CHARACTERS, OVERLAP = 1000, 200
"""The tutorial's splitter settings."""


def quotation(article: Article, sentence: Span) -> Statement:
    """A sentence of an article as a statement that cites it."""
    start, end = sentence
    text = article.text[start:end]
    return Statement(text, (Citation(article.id, article.revision, start, end, text),))


def answer_of(
    query: Query,
    hits: Sequence[Hit],
    statements: Sequence[Statement],
    confidence: float,
    short: str = "",
    seconds: float | None = None,
) -> Answer:
    """The answer of a system that refuses only when nothing was found."""
    return Answer(
        question=query.question,
        query=query,
        statements=tuple(statements),
        short=short,
        state="may_answer" if statements else "not_found",
        reason="" if statements else "nothing was found",
        confidence=confidence if statements else 0.0,
        hits=tuple(hits),
        articles=tuple({hit.article.id: hit.article for hit in hits}.values()),
        seconds={} if seconds is None else {"total": seconds},
    )


def first_sentences(question: str, hits: Sequence[Hit], confidence: float, seconds: float | None = None) -> Answer:
    """An answer made of the first sentences of the first hit."""
    spans = [span for hit in hits[:1] for span, _ in hit.sentences()][:STATEMENTS]
    statements = [quotation(hits[0].article, span) for span in spans]
    return answer_of(Query(question, question), hits, statements, confidence, seconds=seconds)


def bm25(library: Library) -> Answering:
    """Our passages by tantivy's BM25 alone: no vectors, no dates, no reading, the last turn only.

    Its time is not taken: the library searches words and vectors together.
    """

    def answering(case: Case) -> Answer:
        words, _ = library.lists(case.question, Filter(without=case.hidden), DEPTH)
        passages = library.passages_by_id([key for key, _ in words])
        hits = [Hit(*passages[key], score) for key, score in words]
        best = hits[0].score if hits else 0.0
        return first_sentences(case.question, hits, best / (best + 10))

    return answering


def split(article: Article) -> list[Passage]:
    """The tutorial's chunks as passages: 1,000 characters with 200 of overlap, wherever they cut.

    `sentences` are the parts of the article's sentences inside the chunk.
    """
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=CHARACTERS, chunk_overlap=OVERLAP, add_start_index=True)
    whole = sentences(article.text)
    passages = []
    for number, document in enumerate(splitter.create_documents([article.text])):
        start = document.metadata["start_index"]
        end = start + len(document.page_content)
        inside = tuple((max(first, start), min(last, end)) for first, last in whole if first < end and last > start)
        passages.append(Passage(article.id, article.revision, number, start, end, inside, tokens=0))
    return passages


class Tutorial:
    """The tutorial's index of a library's articles, in a Chroma folder of its own, by our encoder.

    Takes up an index that is there, so `folder` must be one for this library's version and this encoder.
    """

    def __init__(self, articles: Iterable[Article], encoder: Encoder, vectors: VectorIndex, batch: int = 256) -> None:
        self._encoder, self._vectors = encoder, vectors
        self._passages: dict[str, tuple[Passage, Article]] = {}
        self._of_article: dict[str, list[str]] = {}
        for article in articles:
            for passage in split(article):
                self._passages[passage.id] = passage, article
                self._of_article.setdefault(article.id, []).append(passage.id)
        there = set(vectors.ids())
        missing = [key for key in self._passages if key not in there]
        for first in progress_bar(range(0, len(missing), batch), description="tutorial's index"):
            ids = missing[first : first + batch]
            vectors.add(ids, encoder.embed([self._text(key) for key in ids]))

    def _text(self, key: str) -> str:
        passage, article = self._passages[key]
        return article.text[passage.start : passage.end]

    def search(self, question: str, k: int, hidden: Sequence[str] = ()) -> list[Hit]:
        """The `k` nearest chunks, hidden articles left out."""
        vector = np.asarray(self._encoder.embed([question])[0])
        unwanted = {key for article_id in hidden for key in self._of_article.get(article_id, [])}
        nearest = self._vectors.nearest(vector, k + len(unwanted))
        allowed = [(key, cosine) for key, cosine in nearest if key not in unwanted][:k]
        return [Hit(*self._passages[key], cosine) for key, cosine in allowed]

    def __call__(self, case: Case) -> Answer:
        started = time.perf_counter()
        hits = self.search(case.question, DEPTH, case.hidden)
        confidence = max(0.0, min(1.0, hits[0].score)) if hits else 0.0
        return first_sentences(case.question, hits, confidence, time.perf_counter() - started)


def tutorial(library: Library, encoder: Encoder, folder: Path) -> Tutorial:
    """The tutorial's pipeline over a library, its index kept in `folder`."""
    from index.engines.chroma import VectorIndex

    return Tutorial(library.articles(), encoder, VectorIndex(folder, create=True))
