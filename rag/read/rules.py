"""The reader that needs no trained weights: ranks sentences by rule, and is never sure enough to say that one is found.

Its weights were fitted on the tuning halves of the question sets that ship: `python -m evals.lab.fit_readers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from index.types import Hit
from rag.read.asked_for import asked_terms
from rag.read.calibration import Calibration
from rag.read.features import (
    AnswerabilityFeatures,
    Row,
    SentenceFeatures,
    SentenceKey,
    answerability_features,
    sentence_features,
    sentence_key,
    weighted_sum,
)
from rag.read.reasons import assessment
from rag.types import Assessment, Candidate, Query, Reading

NO_CANDIDATES = Reading((), 0.0, False, "Nothing in these articles shares a word with the question.")

SENTENCE_WEIGHTS = SentenceFeatures(
    term_overlap=4.0,
    window_overlap=2.5,
    retrieval_score=5.5,
    answer_type=1.7,
    speaker=2.7,
    lead=0.3,
    too_short=-1.0,
    quotation=0.25,
)


ANSWERABILITY_WEIGHTS = AnswerabilityFeatures(
    window_overlap=1.9,
    name_overlap=1.62,
    number_overlap=0.48,
    cosine=2.53,
    bm25=0.89,
    staleness=-1.5,
    speaker_mismatch=-1.0,
)
ANSWERABILITY_BIAS = -4.29
"""The confidence is a logistic function of the bias and the weighted sum. `staleness` and `speaker_mismatch` were
fitted on questions held out of training too, since the sets that ship hardly ever ask for what is new."""

REFUSAL = 0.393
"""Confidence below which one in ten answerable questions of the tuning halves is refused."""

RULES = Calibration(
    features=SENTENCE_WEIGHTS,
    span=0.0,
    relevance=0.0,
    answerability=ANSWERABILITY_WEIGHTS,
    bias=ANSWERABILITY_BIAS,
    refusal=REFUSAL,
    questions=1305,
)


class RuleReader:
    """Ranks the sentences of the hits by a weighted sum of their `SentenceFeatures`."""

    name = "rules"

    def read(self, query: Query, hits: Sequence[Hit]) -> Reading:
        rows = sentence_features(query, hits)
        if not rows:
            return NO_CANDIDATES
        candidates = [Candidate(hit, span, weighted_sum(RULES.features, features)) for hit, span, features in rows]
        order = sorted(range(len(rows)), key=lambda index: -candidates[index].score)
        by_key = {sentence_key(hit, span): (hit, span, features) for hit, span, features in rows}

        def evidence(row: Row) -> AnswerabilityFeatures:
            return answerability_features(query, row, hits)

        return reading(RULES, query, [candidates[index] for index in order], by_key, evidence)


def reading(
    calibration: Calibration,
    query: Query,
    candidates: Sequence[Candidate],
    rows: Mapping[SentenceKey, Row],
    evidence: Callable[[Row], AnswerabilityFeatures],
    notes: tuple[str, ...] = (),
) -> Reading:
    """The reading of candidates in order, by what a calibration makes of the evidence for each."""

    def known(candidate: Candidate) -> AnswerabilityFeatures:
        return evidence(rows[sentence_key(candidate.hit, candidate.sentence)])

    best = known(candidates[0])
    confidence, probability = calibration.confidence(best), calibration.probability(best)

    def assess(candidate: Candidate) -> Assessment:
        own = best if candidate is candidates[0] else known(candidate)
        sure = min(calibration.confidence(own), confidence), min(calibration.probability(own), probability)
        terms = asked_terms(query, candidate.hit, candidate.sentence)
        return assessment(calibration, *sure, query, candidate, own, terms)

    answered = confidence >= calibration.refusal
    reason = "" if answered else assess(candidates[0]).why
    return Reading(tuple(candidates), confidence, answered, reason, notes, assess)
