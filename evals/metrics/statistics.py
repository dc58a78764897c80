"""Intervals, differences and calibration: pure functions of scores, seeded so that they repeat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SEED = 20190104
RESAMPLES = 2000

Floats = NDArray[np.float64]
Interval = tuple[float, float]


def interval(*columns: Sequence[float], statistic: Callable[..., float] | None = None, paired: bool = True) -> Interval:
    """The 95% percentile bootstrap interval over questions; the mean of one column by default.

    Several columns are resampled together, row by row, unless `paired` is false. Where a column has a
    single row the interval has no width.
    """
    from scipy.stats import bootstrap

    data = tuple(np.asarray(column, dtype=float) for column in columns)
    if min(map(len, data)) < 2:
        value = float(np.mean(data[0])) if statistic is None else float(statistic(*data))
        return value, value
    low, high = bootstrap(
        data,
        np.mean if statistic is None else statistic,
        paired=paired,
        vectorized=statistic is None,
        n_resamples=RESAMPLES,
        batch=200,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Difference:
    """How much `after` differs from `before` on the same questions, and how surely."""

    before: float
    after: float
    low: float
    high: float
    p: float
    test: str
    questions: int

    @property
    def value(self) -> float:
        return self.after - self.before


def difference(before: Sequence[float], after: Sequence[float]) -> Difference:
    """The paired difference of two columns: bootstrap interval, and the exact McNemar test where all
    scores are 0 or 1, else a permutation test that swaps the two runs question by question.

    One question proves nothing: its p is 1.
    """
    from scipy.stats import binomtest, permutation_test

    old, new = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    low, high = interval((new - old).tolist())
    if set(np.unique(np.concatenate([old, new]))) <= {0.0, 1.0}:
        gained, lost = int((new > old).sum()), int((new < old).sum())
        p = float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0
        test = "McNemar, exact"
    else:
        test = "permutation"
        p = 1.0
        if len(old) > 1 and np.any(new != old):
            p = float(
                permutation_test(
                    (new, old),
                    lambda x, y, axis: np.mean(x - y, axis=axis),
                    permutation_type="samples",
                    vectorized=True,
                    n_resamples=9999,
                    batch=500,
                    rng=np.random.default_rng(SEED),
                ).pvalue
            )
    return Difference(float(old.mean()), float(new.mean()), low, high, p, test, len(old))


def risk_coverage(confidence: Sequence[float], right: Sequence[float]) -> tuple[Floats, Floats]:
    """Share answered and the accuracy there, when questions are answered from the surest down.

    Equal confidences are answered together: their order says nothing.
    """
    sure, good = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    order = np.argsort(-sure, kind="stable")
    sure, good = sure[order], good[order]
    last_of_ties = np.append(sure[1:] != sure[:-1], True)
    counts = np.arange(1, len(sure) + 1)
    return (counts / len(sure))[last_of_ties], (np.cumsum(good) / counts)[last_of_ties]


def aurc(confidence: Sequence[float], right: Sequence[float]) -> float:
    """The area under the risk-coverage curve (Geifman & El-Yaniv 2017); 0 is best.

    The mean error over all shares answered, each group of equal confidences at its common error.
    """
    coverage, accuracy = risk_coverage(confidence, right)
    return float(np.sum((1 - accuracy) * np.diff(coverage, prepend=0.0)))


def bar_at(answerable: Sequence[float], refused: float = 0.10) -> float:
    """The highest confidence asked for that refuses at most the share `refused` of `answerable`."""
    bars = np.sort(np.asarray(answerable, dtype=float))
    allowed = int(np.floor(refused * len(bars) + 1e-9))
    return float(bars[allowed]) if allowed < len(bars) else np.inf


def wrong_answers_at(answerable: Sequence[float], unanswerable: Sequence[float], refused: float = 0.10) -> float:
    """The share of unanswerable questions answered at the bar that refuses at most `refused` of the others.

    Takes the confidences of both kinds of question, so systems with different bars can be compared at
    the same cost.
    """
    return float(np.mean(np.asarray(unanswerable, dtype=float) >= bar_at(answerable, refused)))


def reliability(confidence: Sequence[float], right: Sequence[float], bins: int = 10) -> list[tuple[float, float, int]]:
    """Per bin of confidence that is not empty: mean confidence, accuracy, number of questions."""
    sure, good = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    which = np.minimum((sure * bins).astype(int), bins - 1)
    return [
        (float(sure[which == one].mean()), float(good[which == one].mean()), int((which == one).sum()))
        for one in np.unique(which)
    ]


def calibration_error(confidence: Sequence[float], right: Sequence[float]) -> float:
    """The expected calibration error over ten equal bins (Guo et al. 2017); 0 is best."""
    groups = reliability(confidence, right)
    total = sum(count for *_, count in groups)
    return sum(abs(sure - accuracy) * count for sure, accuracy, count in groups) / total
