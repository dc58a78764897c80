"""What an answer comes to: its state by the calibrated reader, and what is shown where nothing was found."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from index.text.names import find_names, shares_surname
from index.types import Hit
from rag.answer.extractive import speaker_of
from rag.types import Assessment, Candidate, Query, Reading, State, Statement

NOTHING = "no passage is near the question"


def assess(reading: Reading, statements: Sequence[Statement]) -> Assessment:
    """How sure the reader is of the sentences that the first supported statement cites.

    Whoever wrote the statements: an answer is found only where the reader says so of what it cites, and where none of
    its sentences is without support.
    """
    supported = [statement for statement in statements if statement.supported]
    if not supported:
        return _of_best(reading, "not_found")
    cited = {(one.article_id, one.revision, one.start, one.end) for one in supported[0].citations}
    candidates = [
        candidate
        for candidate in reading.candidates
        if (candidate.hit.article.id, candidate.hit.article.revision, *candidate.sentence) in cited
    ]
    if not candidates or reading.assess is None:
        return Assessment("may_answer", reading.confidence)
    result = max(map(reading.assess, candidates), key=lambda one: one.confidence)
    if len(supported) < len(statements) and result.state == "found":
        return replace(result, state="may_answer", why="not every sentence was found in the sources")
    # What is shown is not refused: the person, or the answerer, set another bar.
    return replace(result, state="may_answer") if result.state == "not_found" else result


def _of_best(reading: Reading, state: State) -> Assessment:
    if not reading.candidates or reading.assess is None:
        return Assessment(state, reading.confidence, why=reading.reason or NOTHING)
    return replace(reading.assess(reading.candidates[0]), state=state, short=False)


def short_answer(reading: Reading, statements: Sequence[Statement]) -> str:
    """The best candidate's short answer, where the first statement cites the words it stands in."""
    best = reading.candidates[0]
    return best.short_text if any(best.short_text in citation.text for citation in statements[0].citations[:1]) else ""


def other_quotations(query: Query, reading: Reading, search: Callable[[Query], Sequence[Hit]]) -> list[Candidate]:
    """Quotations of the person whose words are asked for, in what was found, else in what is found for their name."""
    if not query.speaker or not find_names(query.speaker.title()):
        return []
    quoted = [candidate for candidate in reading.candidates if quotes(query.speaker, candidate)]
    if quoted:
        return quoted
    hits = search(replace(query, text=query.speaker))
    sentences = (Candidate(hit, span, hit.score) for hit in hits for span, _ in hit.sentences())
    return [candidate for candidate in sentences if quotes(query.speaker, candidate)]


def on_other_subjects(query: Query, quoted: Sequence[Candidate]) -> str:
    """The reason where a person is quoted, but not on what was asked: `quoted in 2 articles, nowhere on whales`."""
    count = len({candidate.hit.article.id for candidate in quoted})
    # takes "climate change" of "about climate change?"; nothing of "What did Ann Lee say?"
    subject = re.search(r"\b(?:about|on|regarding|concerning|of)\s+(?:the\s+)?([^?]{2,80}?)\s*\??$", query.text)
    articles = f"{count} article{'s' if count > 1 else ''}"
    return f"{query.speaker} is quoted in {articles}, nowhere on {subject[1] if subject else 'that'}"


def quotes(speaker: str, candidate: Candidate) -> bool:
    """Whether a candidate holds a quotation of a speaker."""
    name = speaker_of(candidate.hit.article, candidate.sentence)
    return bool(name) and shares_surname(speaker, name)
