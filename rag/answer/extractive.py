"""The default answerer: an answer made of sentences that stand in the articles, each its own citation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from index.quotes.attribution import attributions_near
from index.text.names import shares_surname
from index.text.tokens import content
from index.types import Article, Span
from rag.types import Candidate, Citation, Query, Reading, Statement, Turn

DUPLICATE_OVERLAP = 0.8
"""Two sentences that share this much of their content words (Jaccard) say the same; one is shown."""

LEAST_SCORE_SHARE = 0.8
"""A further sentence is shown when its score is at least this share of the best one's."""


class ExtractiveAnswerer:
    """Quotes the best sentences of a reading, one statement a sentence."""

    name = "extractive"

    def __init__(self, limit: int = 3, score_share: float = LEAST_SCORE_SHARE) -> None:
        self._limit = limit
        self._score_share = score_share

    def statements(self, query: Query, reading: Reading, turns: Sequence[Turn] = ()) -> Iterator[Statement]:
        # Of a person's words only that person's are shown, where the best sentence is theirs.
        theirs = bool(query.speaker and reading.candidates) and says(query.speaker, reading.candidates[0])
        eligible = (each for each in reading.candidates if not theirs or says(query.speaker, each))
        candidates = select(eligible, self._limit, self._score_share)
        if query.develops:
            candidates = sorted(candidates, key=_date_and_place)
        yield from map(to_statement, candidates)


def select(candidates: Iterable[Candidate], limit: int, score_share: float) -> list[Candidate]:
    """The best candidates worth showing, near-identical ones once, at most `limit`."""
    selection: list[Candidate] = []
    word_sets: list[set[str]] = []
    for candidate in candidates:
        if len(selection) == limit or (selection and candidate.score < score_share * selection[0].score):
            break
        words = set(content(candidate.text))
        if any(len(words & other) >= DUPLICATE_OVERLAP * len(words | other) for other in word_sets):
            continue
        selection.append(candidate)
        word_sets.append(words)
    return selection


def to_statement(candidate: Candidate) -> Statement:
    """A candidate as a statement: the sentence, verbatim, with whoever says it where the text tells."""
    citation = to_citation(candidate)
    (start, end), short = candidate.sentence, candidate.short
    span = (short[0] - start, short[1] - start) if short and start <= short[0] and short[1] <= end else None
    return Statement(citation.text, (citation,), speaker_of(candidate.hit.article, candidate.sentence), span=span)


def to_citation(candidate: Candidate) -> Citation:
    """The place of a candidate's sentence."""
    article = candidate.hit.article
    start, end = candidate.sentence
    return Citation(article.id, article.revision, start, end, article.text[start:end])


def speaker_of(article: Article, sentence: Span) -> str:
    """Who is quoted in a sentence of an article; empty when nobody is or the text does not say who."""
    attribution = attributions_near(article, sentence[0]).get(sentence)
    return attribution.speaker if attribution and attribution.direct else ""


def says(speaker: str, candidate: Candidate) -> bool:
    """Whether a candidate holds words of a speaker, in quotation marks or without."""
    attribution = attributions_near(candidate.hit.article, candidate.sentence[0]).get(candidate.sentence)
    return attribution is not None and bool(attribution.speaker) and shares_surname(speaker, attribution.speaker)


def _date_and_place(candidate: Candidate) -> tuple[str, str, int]:
    article = candidate.hit.article
    return (str(article.published or ""), article.id, candidate.sentence[0])
