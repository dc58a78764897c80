"""The default answerer: an answer made of sentences that stand in the articles, each its own citation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from index.split import sentences
from index.types import Article, Span
from rag.speech import attributions
from rag.types import Candidate, Citation, Query, Reading, Statement, Turn
from rag.wording import content

SAME = 0.8
"""Two sentences that share this much of their content words (Jaccard) say the same; one is shown."""

WORTH = 0.6
"""A further sentence is shown when its score is at least this share of the best one's."""


class Extractive:
    """Quotes the best sentences of a reading, one statement a sentence."""

    name = "extractive"

    def __init__(self, limit: int = 3, worth: float = WORTH) -> None:
        self._limit = limit
        self._worth = worth

    def statements(self, query: Query, reading: Reading, turns: Sequence[Turn] = ()) -> Iterator[Statement]:
        chosen = choose(reading.candidates, self._limit, self._worth)
        if query.develops:
            chosen = sorted(chosen, key=_when)
        for candidate in chosen:
            yield quote(candidate)


def choose(candidates: Sequence[Candidate], limit: int, worth: float) -> list[Candidate]:
    """The best candidates worth showing, near-identical ones once, at most `limit`."""
    chosen: list[Candidate] = []
    shown: list[set[str]] = []
    for candidate in candidates:
        if len(chosen) == limit or (chosen and candidate.score < worth * candidates[0].score):
            break
        words = set(content(candidate.text))
        if any(len(words & other) >= SAME * len(words | other) for other in shown):
            continue
        chosen.append(candidate)
        shown.append(words)
    return chosen


def quote(candidate: Candidate) -> Statement:
    """A candidate as a statement: the sentence, verbatim, with whoever says it where the text tells."""
    article = candidate.hit.article
    start, end = candidate.sentence
    citation = Citation(article.id, article.revision, start, end, article.text[start:end])
    return Statement(citation.text, (citation,), speaker=speaker_of(article, candidate.sentence))


def speaker_of(article: Article, sentence: Span) -> str:
    """Who speaks in a sentence of an article, or empty when it is nobody's words or the text does not say."""
    spans = sentences(article.text)
    for span, attribution in zip(spans, attributions(article.text, spans), strict=True):
        if span == sentence:
            return attribution.speaker if attribution.direct else ""
    return ""


def _when(candidate: Candidate) -> tuple[str, str, int]:
    article = candidate.hit.article
    return (str(article.published or ""), article.id, candidate.sentence[0])
