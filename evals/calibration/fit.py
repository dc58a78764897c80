"""Everything that is fitted for a reader, on questions it was not trained on; each set counts the same, large or small.

The order of sentences by a listwise loss (Cao et al. 2007), the confidence by logistic regression, the probability by
beta calibration (Kull et al. 2017) of confidences from folds the logistic was not fitted on, then the bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.calibration.rows import ReadQuestion
from evals.metrics import statistics
from index.errors import UserError
from rag.read.calibration import LEAST_CONFIDENCE, Beta, Calibration
from rag.read.features import AnswerabilityFeatures, SentenceFeatures
from rag.read.reasons import contradicted

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FOLDS = 10
WRONG_REFUSALS = 0.1
FOUND_RIGHT = 0.9
"""Of the answers that are found, this share is right in the first statement."""
SHORT_RIGHT = 0.8
"""Of the short answers that stand alone, this share is an expected one to the letter."""
LEAST = 30
"""Questions of either kind below which figures of folds mean nothing."""
AGREES = 0.5
"""What another article with the same short answer weighs. Set, not fitted: few tuning questions have one."""
LEAST_FOUND = 20
"""Answers above a bar below which their share of right ones means nothing."""
_AGREEMENT = [field.name for field in fields(AnswerabilityFeatures)].index("agreement")


@dataclass(frozen=True, slots=True)
class Firsts:
    """The first sentence of each question by some order; arrays have an item for each question."""

    sets: NDArray[np.str_]
    answerable: Bools
    evidence: Floats
    """[questions, features]"""
    right: Bools
    short: Floats
    """1.0 where its short answer is an expected one, 0.0 where it is not, -1.0 where none would stand alone."""

    def of(self, rows: Bools) -> Firsts:
        """Those of some questions."""
        return Firsts(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def contradicted(self) -> Bools:
        """Those whose first sentence can not be found, whatever its confidence; see `rag.read.reasons`."""
        return np.array([contradicted(AnswerabilityFeatures(*row)) for row in self.evidence.tolist()])

    @property
    def names(self) -> list[str]:
        """The sets, in order of first mention."""
        return list(dict.fromkeys(self.sets.tolist()))

    @property
    def weights(self) -> Floats:
        """One for each question, so that each set weighs the same, and one on average."""
        counts = {name: int(np.sum(self.sets == name)) for name in self.names}
        shares = np.array([1 / counts[name] for name in self.sets.tolist()])
        return np.asarray(shares * len(shares) / shares.sum())


@dataclass(frozen=True, slots=True)
class Reached:
    """What a calibration reaches on the questions of a set."""

    set: str
    questions: int
    refused: float
    """Of the answerable."""
    wrong: float
    """Of the unanswerable, those answered."""
    wrong_at_10: float
    """The same at the bar that refuses a tenth of the answerable of this set."""
    error: float
    """Expected calibration error of the probability against the first statement being right, of all questions."""
    right: float
    """Of the answers found, those right in the first statement; nan where none is."""
    covered: float
    """Of the answerable, those found."""
    short_right: float
    """Of the short answers that stand alone, those right; nan where there is none."""
    short_given: float
    """Of the answerable, those with one."""

    def __str__(self) -> str:
        return (
            f"{self.set:14} {self.questions:5} questions: refused {self.refused:.3f}, wrong answers {self.wrong:.3f} "
            f"({self.wrong_at_10:.3f} at 10%), ECE {self.error:.3f}, found: right {self.right:.3f} of "
            f"{self.covered:.3f}, short: right {self.short_right:.3f} of {self.short_given:.3f}"
        )


def order_weights(questions: Sequence[ReadQuestion], rules: bool = False) -> Floats:
    """Weights of SentenceFeatures and both logits that minimise the listwise softmax loss, with a little ridge.

    `rules` leaves out the logits.
    """
    from scipy.optimize import minimize

    width = len(fields(SentenceFeatures)) + (0 if rules else 2)
    answered = [one for one in questions if one.answerable and any(one.gold)]
    groups = [(np.array(one.features)[:, :width], np.array(one.gold)) for one in answered]

    def loss(weights: Floats) -> float:
        total = 0.0
        for features, gold in groups:
            scores = features @ weights
            total += float(np.logaddexp.reduce(scores) - np.logaddexp.reduce(scores[gold]))
        return total / len(groups) + 0.002 * float(weights @ weights)

    return np.asarray(minimize(loss, np.zeros(groups[0][0].shape[1]), method="L-BFGS-B").x)


def firsts(questions: Sequence[ReadQuestion], order: Floats, rules: bool = False) -> Firsts:
    """The sentence of each question that an order puts first; `rules` leaves out what the model says."""
    best = [int(np.argmax(np.array(one.features)[:, : len(order)] @ order)) for one in questions]
    chosen = list(zip(questions, best, strict=True))
    return Firsts(
        sets=np.array([one.set for one in questions]),
        answerable=np.array([one.answerable for one in questions]),
        evidence=np.array([(one.rules if rules else one.evidence)[n] for one, n in chosen]),
        right=np.array([one.right[n] for one, n in chosen]),
        short=np.array([-1.0 if rules else one.short[n] for one, n in chosen]),
    )


def _without_agreement(sample: Firsts) -> Floats:
    return np.delete(sample.evidence, _AGREEMENT, axis=1)


def _logistic(sample: Firsts) -> Any:
    """The logistic regression of whether a question is answerable on the evidence, without agreement."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=2000)
    return model.fit(_without_agreement(sample), sample.answerable, sample.weights)


def _confidence(model: Any, sample: Firsts) -> Floats:
    from scipy.special import expit

    logits = model.decision_function(_without_agreement(sample))
    return np.asarray(expit(logits + AGREES * sample.evidence[:, _AGREEMENT]))


def _unseen(sample: Firsts) -> Floats:
    """The confidence of each question by a logistic that was fitted without it and its like in the other folds."""
    fold = np.random.default_rng(statistics.SEED).permutation(np.arange(len(sample.sets)) % FOLDS)
    unseen = np.zeros(len(sample.sets))
    for number in range(FOLDS):
        unseen[fold == number] = _confidence(_logistic(sample.of(fold != number)), sample.of(fold == number))
    return unseen


def beta_calibration(confidence: Floats, right: Bools, weights: Floats) -> Beta:
    """The three numbers that make a probability of a confidence; one that would be negative is 0 (Kull et al. 2017)."""
    from sklearn.linear_model import LogisticRegression

    p = np.clip(confidence, LEAST_CONFIDENCE, 1 - LEAST_CONFIDENCE)
    columns = np.stack([np.log(p), -np.log(1 - p)], axis=1)
    kept = [0, 1]
    while True:
        model = LogisticRegression(C=1e6, max_iter=5000).fit(columns[:, kept], right, weights)
        negative = [column for column, value in zip(kept, model.coef_[0], strict=True) if value < 0]
        if not negative or len(kept) == 1:
            break
        kept = [column for column in kept if column not in negative[:1]]
    ab = dict(zip(kept, model.coef_[0].tolist(), strict=True))
    return Beta(round(ab.get(0, 0.0), 3), round(ab.get(1, 0.0), 3), round(float(model.intercept_[0]), 3))


def bar_for(score: Floats, right: Floats, weights: Floats, share: float, least: int = LEAST_FOUND) -> float | None:
    """The lowest score from which a share of what is above it is right; None where there is no such bar."""
    order = np.argsort(-score)
    mass = np.cumsum(weights[order])
    shares = np.cumsum(weights[order] * right[order]) / mass
    reached = np.flatnonzero((shares >= share) & (np.arange(1, len(order) + 1) >= least))
    return round(float(score[order[reached[-1]]]), 3) if len(reached) else None


def fit_confidence(sample: Firsts) -> tuple[Any, Beta, float, float | None, float | None]:
    """The logistic, the beta calibration, and the bars: of refusal, of what is found, of short answers."""
    model, unseen = _logistic(sample), _unseen(sample)
    weights = sample.weights
    beta = beta_calibration(unseen, sample.right, weights)
    probability = np.array([beta(float(one)) for one in unseen])
    known, shares = _confidence(model, sample)[sample.answerable], sample.of(sample.answerable).weights
    refusal = float(np.quantile(known, WRONG_REFUSALS, weights=shares, method="inverted_cdf"))
    clear = ~sample.contradicted
    found = bar_for(probability[clear], sample.right[clear].astype(float), weights[clear], FOUND_RIGHT)
    given = sample.short >= 0
    short = bar_for(probability[given], sample.short[given], weights[given], SHORT_RIGHT)
    return model, beta, refusal, found, short


def fit(questions: Sequence[ReadQuestion], order: Floats | None = None, rules: bool = False) -> Calibration:
    """Everything for a reader; raises UserError for too few questions.

    `order` is kept where it is given. By `rules`, nothing of the model counts, and there is no bar of what is found.
    """
    check_enough(questions)
    order = order_weights(questions, rules) if order is None else order
    model, beta, refusal, found, short = fit_confidence(firsts(questions, order, rules))
    rounded = [round(float(value), 3) for value in [*order, *([0.0, 0.0] if rules else [])]]
    return Calibration(
        features=SentenceFeatures(*rounded[:-2]),
        span=rounded[-2],
        relevance=rounded[-1],
        answerability=AnswerabilityFeatures(*_with_agreement(model.coef_[0])),
        bias=round(float(model.intercept_[0]), 3),
        refusal=round(refusal, 3),
        questions=len(questions),
        beta=beta,
        found=None if rules else found,
        short=None if rules else short,
    )


def _with_agreement(weights: Floats) -> list[float]:
    rounded = [round(float(value), 3) for value in weights]
    return [*rounded[:_AGREEMENT], AGREES, *rounded[_AGREEMENT:]]


def check_enough(questions: Sequence[ReadQuestion]) -> None:
    """Raise UserError where there are fewer than `LEAST` questions of either kind."""
    found = sum(one.answerable and any(one.gold) for one in questions)
    unanswerable = sum(not one.answerable for one in questions)
    if min(found, unanswerable) < LEAST:
        raise UserError(
            f"{found} tuning questions with gold found, {unanswerable} without: weights take {LEAST} of each. "
            "Add a set that ships, such as evals/sets/wikinews.jsonl with its demo-library."
        )


def reached(sample: Firsts, name: str, confidence: Floats, calibration: Calibration) -> Reached:
    """What a calibration reaches on questions with these confidences."""
    probability = np.array([calibration.beta(float(one)) for one in confidence])
    answered = confidence >= calibration.refusal
    found = answered & ~sample.contradicted
    found &= probability >= (calibration.found if calibration.found is not None else np.inf)
    short = answered & (sample.short >= 0)
    short &= probability >= (calibration.short if calibration.short is not None else np.inf)
    answerable = sample.answerable

    def share(values: NDArray[Any]) -> float:
        return float(np.mean(values)) if len(values) else float("nan")

    both = answerable.any() and (~answerable).any()
    return Reached(
        set=name,
        questions=len(confidence),
        refused=share(~answered[answerable]),
        wrong=share(answered[~answerable]),
        wrong_at_10=statistics.wrong_answers_at(confidence[answerable].tolist(), confidence[~answerable].tolist())
        if both
        else float("nan"),
        error=statistics.calibration_error(probability.tolist(), sample.right.astype(float).tolist()),
        right=share(sample.right[found]),
        covered=share(found[answerable]),
        short_right=share(sample.short[short]),
        short_given=share(short[answerable]),
    )


def leave_one_out(questions: Sequence[ReadQuestion], order: Floats | None = None, rules: bool = False) -> list[Reached]:
    """For each set, what is reached on it by a calibration fitted on the others alone."""
    results = []
    for name in dict.fromkeys(one.set for one in questions):
        others = [one for one in questions if one.set != name]
        own = [one for one in questions if one.set == name]
        weights = order_weights(others, rules) if order is None else order
        sample, rest = firsts(own, weights, rules), firsts(others, weights, rules)
        model, beta, refusal, found, short = fit_confidence(rest)
        calibration = Calibration(
            features=SentenceFeatures(*[0.0] * len(fields(SentenceFeatures))),
            span=0.0,
            relevance=0.0,
            answerability=AnswerabilityFeatures(*[0.0] * len(fields(AnswerabilityFeatures))),
            bias=0.0,
            refusal=refusal,
            questions=len(others),
            beta=beta,
            found=found,
            short=short,
        )
        results.append(reached(sample, name, _confidence(model, sample), calibration))
    return results
