"""The default answerer: an answer made of sentences that stand in the articles, each its own citation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from index.quotes.attribution import attributions_near
from index.text.names import shares_surname
from index.text.tokens import content
from index.types import Article, Span
from rag.types import Candidate, Citation, Query, Reading, Statement, Turn

SAME = 0.8
"""Two sentences that share this much of their content words (Jaccard) say the same; one is shown."""

WORTH = 0.8
"""A further sentence is shown when its score is at least this share of the best one's."""


class Extractive:
    """Quotes the best sentences of a reading, one statement a sentence."""

    name = "extractive"

    def __init__(self, limit: int = 3, worth: float = WORTH) -> None:
        self._limit = limit
        self._worth = worth

    def statements(self, query: Query, reading: Reading, turns: Sequence[Turn] = ()) -> Iterator[Statement]:
        chosen = choose(self._fitting(query, reading.candidates), self._limit, self._worth)
        if query.develops:
            chosen = sorted(chosen, key=_when)
        for candidate in chosen:
            yield quote(candidate)

    def _fitting(self, query: Query, candidates: Sequence[Candidate]) -> Iterator[Candidate]:
        """All candidates; but of a person's words only that person's, where the best one is theirs."""
        if not candidates:
            return
        theirs = bool(query.speaker) and _says(query.speaker, candidates[0])
        for candidate in candidates:
            if not theirs or _says(query.speaker, candidate):
                yield candidate


def choose(candidates: Iterable[Candidate], limit: int, worth: float) -> list[Candidate]:
    """The best candidates worth showing, near-identical ones once, at most `limit`."""
    chosen: list[Candidate] = []
    shown: list[set[str]] = []
    for candidate in candidates:
        if len(chosen) == limit or (chosen and candidate.score < worth * chosen[0].score):
            break
        words = set(content(candidate.text))
        if any(len(words & other) >= SAME * len(words | other) for other in shown):
            continue
        chosen.append(candidate)
        shown.append(words)
    return chosen


def quote(candidate: Candidate) -> Statement:
    """A candidate as a statement: the sentence, verbatim, with whoever says it where the text tells."""
    citation = cite(candidate)
    return Statement(citation.text, (citation,), speaker_of(candidate.hit.article, candidate.sentence))


def cite(candidate: Candidate) -> Citation:
    """The place of a candidate's sentence."""
    article = candidate.hit.article
    start, end = candidate.sentence
    return Citation(article.id, article.revision, start, end, article.text[start:end])


def speaker_of(article: Article, sentence: Span) -> str:
    """Who is quoted in a sentence of an article; empty when nobody is or the text does not say who."""
    said = attributions_near(article, sentence[0]).get(sentence)
    return said.speaker if said and said.direct else ""


def _says(speaker: str, candidate: Candidate) -> bool:
    said = attributions_near(candidate.hit.article, candidate.sentence[0]).get(candidate.sentence)
    return said is not None and bool(said.speaker) and shares_surname(speaker, said.speaker)


def _when(candidate: Candidate) -> tuple[str, str, int]:
    article = candidate.hit.article
    return (str(article.published or ""), article.id, candidate.sentence[0])
