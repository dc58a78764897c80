"""Everything that is fitted for a reader, on questions it was not trained on; each set counts the same, large or small.

The order of sentences by a listwise loss (Cao et al. 2007), the confidence that the articles answer by logistic
regression; the probability that the first sentence is right by another and beta calibration (Kull et al. 2017) of what
it gives sets it was not fitted on; then the bars. Near misses count for the confidence alone: in use they are rare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.calibration.rows import ReadQuestion, values
from evals.metrics import statistics
from index.errors import UserError
from rag.read.calibration import LEAST_CONFIDENCE, Beta, Calibration
from rag.read.features import AnswerabilityFeatures, SentenceFeatures

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
_NAMES = [field.name for field in fields(AnswerabilityFeatures)]
_AGREEMENT = _NAMES.index("agreement")
_OF_SENTENCE = [_NAMES.index("span"), _NAMES.index("relevance"), *range(_AGREEMENT + 1, len(_NAMES))]
"""What tells a right sentence from a wrong one, beyond the confidence that the articles answer."""


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
    near: Bools
    """Near misses and their answerable twins."""

    def of(self, rows: Bools) -> Firsts:
        """Those of some questions."""
        return Firsts(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def contradicted(self) -> Bools:
        """Those whose first sentence can not be found, whatever its confidence; see `rag.read.reasons`."""
        return np.array([AnswerabilityFeatures(*row).contradicted for row in self.evidence.tolist()])

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

    answered = [one for one in questions if one.answerable and any(one.gold)]
    width = len(fields(SentenceFeatures)) + (0 if rules else 2)
    features = np.concatenate([np.array(one.features)[:, :width] for one in answered])
    gold = np.concatenate([np.array(one.gold) for one in answered])
    sizes = np.array([len(one.gold) for one in answered])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])

    def shares(scores: Floats) -> tuple[float, Floats]:
        """The logarithm of each question's sum of exponents, added up, and each sentence's share of its question's."""
        highest = np.repeat(np.maximum.reduceat(scores, starts), sizes)
        exponents = np.exp(np.maximum(scores - highest, -700.0))
        sums = np.add.reduceat(exponents, starts)
        return float(np.sum(np.log(sums) + highest[starts])), exponents / np.repeat(sums, sizes)

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = features @ weights
        every, share = shares(scores)
        right, share_of_gold = shares(np.where(gold, scores, scores.min() - 1000.0))
        gradient = features.T @ (share - np.where(gold, share_of_gold, 0.0)) / len(answered) + 0.004 * weights
        return (every - right) / len(answered) + 0.002 * float(weights @ weights), gradient

    return np.asarray(minimize(loss, np.zeros(width), jac=True, method="L-BFGS-B").x)


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
        near=np.array(["near-miss" in one.tags for one in questions]),
    )


@dataclass(frozen=True, slots=True)
class Linear:
    """A logistic function of the evidence."""

    weights: Floats
    bias: float

    def logits(self, sample: Firsts) -> Floats:
        return np.asarray(sample.evidence @ self.weights + self.bias)

    def __call__(self, sample: Firsts) -> Floats:
        from scipy.special import expit

        return np.asarray(expit(self.logits(sample)))


def _regression(columns: Floats, expected: Bools, weights: Floats) -> tuple[Floats, float]:
    """The weights and the bias of a logistic regression that takes both kinds for equally many."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=2000).fit(columns, expected, weights)
    return np.asarray(model.coef_[0]), float(model.intercept_[0])


def fit_answerability(sample: Firsts) -> Linear:
    """Whether the articles answer; agreement is set, not fitted."""
    weights, bias = _regression(np.delete(sample.evidence, _AGREEMENT, axis=1), sample.answerable, sample.weights)
    return Linear(np.insert(weights, _AGREEMENT, AGREES), bias)


def fit_correctness(sample: Firsts, answerability: Linear) -> Linear:
    """Whether the first sentence is right, by the log-odds that the articles answer and what is known of the sentence.

    A linear function of both is one of the evidence, which is what is returned. So what the questions at hand hardly
    ask for, as news, keeps the weight it has in the confidence.
    """
    columns = np.column_stack([answerability.logits(sample), sample.evidence[:, _OF_SENTENCE]])
    own, bias = _regression(columns, sample.right, sample.weights)
    weights = own[0] * answerability.weights
    weights[_OF_SENTENCE] += own[1:]
    return Linear(weights, bias + float(own[0]) * answerability.bias)


def _unseen(sample: Firsts, answerability: Linear) -> Floats:
    """The correctness of each question by a function that was fitted without its set, or its fold of the only set."""
    names = sample.names
    fold = np.array([names.index(name) for name in sample.sets.tolist()])
    if len(names) == 1:
        fold = np.random.default_rng(statistics.SEED).permutation(np.arange(len(fold)) % FOLDS)
    unseen = np.zeros(len(fold))
    for number in set(fold.tolist()):
        unseen[fold == number] = fit_correctness(sample.of(fold != number), answerability)(sample.of(fold == number))
    return unseen


def beta_calibration(confidence: Floats, right: Bools, weights: Floats) -> Beta:
    """The three numbers that make a probability of a confidence; one that would be negative is 0 (Kull et al. 2017)."""
    from sklearn.linear_model import LogisticRegression

    p = np.clip(confidence, LEAST_CONFIDENCE, 1 - LEAST_CONFIDENCE)
    columns = np.stack([np.log(p), -np.log(1 - p)], axis=1)
    kept, ab, intercept = [0, 1], {}, 0.0
    while kept:
        model = LogisticRegression(C=1e6, max_iter=1000).fit(columns[:, kept], right, weights)
        ab = dict(zip(kept, model.coef_[0].tolist(), strict=True))
        intercept = float(model.intercept_[0])
        negative = [column for column in kept if ab[column] < 0]
        if not negative:
            break
        kept.remove(min(negative, key=lambda column: ab[column]))
        ab = {}
    if not kept:
        share = float(np.clip(np.average(right, weights=weights), LEAST_CONFIDENCE, 1 - LEAST_CONFIDENCE))
        intercept = float(np.log(share / (1 - share)))
    return Beta(round(ab.get(0, 0.0), 3), round(ab.get(1, 0.0), 3), round(intercept, 3))


def bar_for(score: Floats, right: Floats, weights: Floats, share: float, least: int = LEAST_FOUND) -> float | None:
    """The lowest score from which a share of what is above it is right; None where there is no such bar."""
    order = np.argsort(-score)
    mass = np.cumsum(weights[order])
    shares = np.cumsum(weights[order] * right[order]) / mass
    reached = np.flatnonzero((shares >= share) & (np.arange(1, len(order) + 1) >= least))
    return round(float(score[order[reached[-1]]]), 3) if len(reached) else None


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is fitted on the first sentences: see `rag.read.calibration.Calibration`."""

    answerability: Linear
    refusal: float
    correctness: Linear
    beta: Beta
    found: float | None
    short: float | None


def fit_firsts(sample: Firsts, kept: Calibration | None = None) -> Fitted:
    """Everything that is fitted on first sentences; the confidence and its bar are those of `kept` where it is given.

    The bar of what is found must hold on sets that it was not fitted on, so it is set on what each set is given by the
    others; where it cannot be kept there, nothing is found.
    """
    if kept:
        answerability, refusal = Linear(np.array(values(kept.answerability)), kept.bias), kept.refusal
    else:
        answerability = fit_answerability(sample)
        known = sample.of(sample.answerable & ~sample.near)
        refusal = float(np.quantile(answerability(known), WRONG_REFUSALS, weights=known.weights, method="inverted_cdf"))
    usual = sample.of(~sample.near)
    unseen, weights = _unseen(usual, answerability), usual.weights
    beta = beta_calibration(unseen, usual.right, weights)
    probability = np.array([beta(float(one)) for one in unseen])
    shown = (answerability(usual) >= refusal) & ~usual.contradicted
    found = bar_for(probability[shown], usual.right[shown].astype(float), weights[shown], FOUND_RIGHT)
    given = shown & (usual.short >= 0)
    short = bar_for(probability[given], usual.short[given], weights[given], SHORT_RIGHT)
    return Fitted(answerability, refusal, fit_correctness(usual, answerability), beta, found, short)


def fit(
    questions: Sequence[ReadQuestion],
    order: Floats | None = None,
    rules: bool = False,
    kept: Calibration | None = None,
) -> Calibration:
    """Everything for a reader; raises UserError for too few questions.

    `order` is kept where it is given, and the confidence of `kept`. By `rules`, nothing of the model counts, and there
    is no bar of what is found.
    """
    check_enough(questions)
    order = order_weights(questions, rules) if order is None else order
    fitted = fit_firsts(firsts(questions, order, rules), kept)
    rounded = [round(float(value), 3) for value in [*order, *([0.0, 0.0] if rules else [])]]
    return Calibration(
        features=SentenceFeatures(*rounded[:-2]),
        span=rounded[-2],
        relevance=rounded[-1],
        answerability=_features(fitted.answerability),
        bias=round(fitted.answerability.bias, 3),
        refusal=round(fitted.refusal, 3),
        questions=len(questions),
        correctness=_features(fitted.correctness),
        correctness_bias=round(fitted.correctness.bias, 3),
        beta=fitted.beta,
        found=None if rules else fitted.found,
        short=None if rules else fitted.short,
    )


def _features(function: Linear) -> AnswerabilityFeatures:
    return AnswerabilityFeatures(*[round(float(value), 3) for value in function.weights])


def of_either_kind(questions: Sequence[ReadQuestion]) -> tuple[int, int]:
    """How many questions have gold that was found, and how many have no answer."""
    return sum(one.answerable and any(one.gold) for one in questions), sum(not one.answerable for one in questions)


def check_enough(questions: Sequence[ReadQuestion]) -> None:
    """Raise UserError where there are fewer than `LEAST` questions of either kind."""
    found, unanswerable = of_either_kind(questions)
    if min(found, unanswerable) < LEAST:
        raise UserError(
            f"{found} tuning questions with gold found, {unanswerable} without: weights take {LEAST} of each. "
            "Add a set that ships, such as evals/sets/wikinews.jsonl with its demo-library."
        )


def reached(sample: Firsts, name: str, fitted: Fitted) -> Reached:
    """What is reached on questions by what was fitted, on these or on others."""
    confidence = fitted.answerability(sample) * np.where(sample.contradicted, fitted.refusal, 1.0)
    probability = np.array([fitted.beta(float(one)) for one in fitted.correctness(sample)])
    answered = confidence >= fitted.refusal
    found = answered & ~sample.contradicted & (probability >= (np.inf if fitted.found is None else fitted.found))
    short = answered & (sample.short >= 0) & (probability >= (np.inf if fitted.short is None else fitted.short))
    answerable = sample.answerable

    def share(of: NDArray[Any]) -> float:
        return float(np.mean(of)) if len(of) else float("nan")

    both = bool(answerable.any() and (~answerable).any())
    confidences = confidence[answerable].tolist(), confidence[~answerable].tolist()
    return Reached(
        set=name,
        questions=len(confidence),
        refused=share(~answered[answerable]),
        wrong=share(answered[~answerable]),
        wrong_at_10=statistics.wrong_answers_at(*confidences) if both else float("nan"),
        error=statistics.calibration_error(probability.tolist(), sample.right.astype(float).tolist()),
        right=share(sample.right[found]),
        covered=share(found[answerable]),
        short_right=share(sample.short[short]),
        short_given=share(short[answerable]),
    )


def promised(calibration: Calibration, left_out: Sequence[Reached]) -> Calibration:
    """The calibration with the bars that held on every set left out; one that did not hold is None: never.

    A set of near misses alone counts too: what is found must be right there as well.
    """
    found = any(one.right < FOUND_RIGHT for one in left_out)
    short = any(one.short_right < SHORT_RIGHT for one in left_out)
    reached = {one.set for one in left_out if one.covered > 0}, {one.set for one in left_out if one.short_given > 0}
    return replace(
        calibration,
        found=None if found or not reached[0] else calibration.found,
        short=None if short or not reached[1] else calibration.short,
    )


def leave_one_out(
    questions: Sequence[ReadQuestion],
    order: Floats | None = None,
    rules: bool = False,
    kept: Calibration | None = None,
) -> list[Reached]:
    """For each set, what is reached on it by what was fitted on the others alone; see `fit`."""
    results = []
    for name in dict.fromkeys(one.set for one in questions):
        others = [one for one in questions if one.set != name]
        own = [one for one in questions if one.set == name]
        weights = order_weights(others, rules) if order is None else order
        fitted = fit_firsts(firsts(others, weights, rules), kept)
        results.append(reached(firsts(own, weights, rules), name, fitted))
    return results
