"""How sure a reader is of a sentence, as a state, a probability and a reason in the words of the question."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.text.lexicon import ORGANISATIONS
from index.text.names import find_names
from index.text.tokens import content, stem, tokens
from rag.read.asked_for import AskedTerm, focus
from rag.read.calibration import Calibration
from rag.read.features import AnswerabilityFeatures, topic_stems
from rag.types import Assessment, Candidate, Query

STALE = 0.6
"""From this `staleness`, about two weeks, an article is old where new ones are wanted."""

NOT_SURE = "the reader is not sure that this sentence answers"


def assessment(
    calibration: Calibration,
    confidence: float,
    probability: float,
    query: Query,
    candidate: Candidate,
    known: AnswerabilityFeatures,
    terms: Sequence[AskedTerm],
) -> Assessment:
    """What the confidence in a candidate, and the probability that it is right, come to."""
    state = calibration.state(confidence, probability)
    if state == "found" and known.contradicted:
        state = "may_answer"
    where = "the nearest passage" if state == "not_found" else "this sentence"
    why = "" if state == "found" else reason(query, candidate, known, terms, where)
    bar = calibration.short if calibration.calibrated else None
    stands_alone = bar is not None and probability >= bar and gives_short(query, candidate)
    return Assessment(state, confidence, probability, why, short=state != "not_found" and stands_alone)


def gives_short(query: Query, candidate: Candidate) -> bool:
    """Whether a question asks for a number, date, person, place or organisation, and the short answer can be one."""
    if not candidate.short:
        return False
    if query.answer_type in ("number", "date", "person"):
        return True
    named = bool(find_names(candidate.short_text))
    return named and (query.answer_type == "place" or focus(query.text) in ORGANISATIONS)


def reason(
    query: Query, candidate: Candidate, known: AnswerabilityFeatures, terms: Sequence[AskedTerm], where: str
) -> str:
    """Why a sentence, `where` it stands, may not be the answer: what it has instead of what was asked for, or lacks."""
    for term in terms:
        if term.presence == "contradicted":
            return f"it speaks of {term.instead}, you asked about {term.text}"
    if known.staleness >= STALE and candidate.hit.article.published:
        return f"from {_month(candidate)}, you asked about {_recent(query)}"
    if known.speaker_mismatch == 1:
        return f"nothing shows that {query.speaker} said this"
    missing = [term for term in terms if term.presence == "missing"]
    if names := [term.text for term in missing if term.kind == "name"]:
        return f"{names[0]} is not in {where}"
    if numbers := [term.text for term in missing if term.kind in ("year", "number")]:
        return f"{numbers[0]} is not in {where}"
    words = [term.text for term in missing if term.kind == "property"] + _missing_words(query, candidate)
    return f"“{words[0]}” is not in {where}" if words else NOT_SURE


def _missing_words(query: Query, candidate: Candidate) -> list[str]:
    """The words of the question's topic that stand neither in the sentence nor in its article's title."""
    here = set(content(f"{candidate.text} {candidate.hit.article.title}"))
    topic = set(topic_stems(query)) - here
    return [word for word in tokens(query.text) if stem(word) in topic]


def _month(candidate: Candidate) -> str:
    published = candidate.hit.article.published
    assert published is not None
    return str(published.day.year) if published.precision == "year" else f"{published.day:%B %Y}"


def _recent(query: Query) -> str:
    """The words of the question that ask for what is new, or the day it is asked on."""
    chips = [chip.phrase for chip in query.interpretations if chip.kind == "date"]
    # takes "now", "latest", "this week"; not "the week of the vote"
    new = r"\b(?:(?:this|last|past)\s+(?:week|month|year)|now|currently|latest|today|yesterday)\b"
    words = re.search(new, query.text, re.I)
    if chips:
        return chips[0]
    return words.group().lower() if words else f"{query.as_of:%B %Y}" if query.as_of else "what is new"
