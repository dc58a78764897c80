"""Statistics of a whole run that are no mean over questions: what each takes of the run, and how it is computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from evals.metrics.scores import ScoredResult, answered_right, first_right, left_out_elsewhere, left_out_right
from evals.results import CaseResult

Columns = tuple[Sequence[float], ...]
Statistic = Callable[..., float]


@dataclass(frozen=True, slots=True)
class Run:
    """The results of a run; `timed` is false where several questions were asked at once."""

    results: Sequence[CaseResult]
    timed: bool = True

    @property
    def completed(self) -> list[CaseResult]:
        """The results of the questions that did not fail."""
        return [result for result in self.results if not result.error]

    def confidences(self, answerable: bool) -> list[float]:
        """The confidences of the answerable or of the other questions."""
        return [result.confidence for result in self.completed if result.case.answerable is answerable]

    def judged(self, answered_only: bool = False) -> list[tuple[CaseResult, float]]:
        """The results of which it is known whether they are right, each with 1.0 or 0.0."""
        known = [(result, right) for result in self.completed if (right := answered_right(result)) is not None]
        return [(result, right) for result, right in known if not (answered_only and result.refused)]


@dataclass(frozen=True, slots=True)
class RunStatistic:
    """`statistic(*columns(run))`; its interval resamples the columns row by row, each by itself if not `paired`.

    Not measured where a column is empty.
    """

    columns: Callable[[Run], Columns]
    statistic: Statistic
    paired: bool = True


def percentile(share: float) -> Statistic:
    """The value that `share` percent of a column lie below."""
    return lambda values: float(np.percentile(values, share))


def seconds(run: Run) -> Columns:
    """Seconds for each question; empty where they were not taken one at a time."""
    return ([one.seconds["total"] for one in run.completed if "total" in one.seconds] if run.timed else [],)


def answered(run: Run) -> Columns:
    """1.0 for each question answered, 0.0 for each refused."""
    return ([float(not result.refused) for result, _ in run.judged()],)


def right_of_answered(run: Run) -> Columns:
    """1.0 for each question answered right, 0.0 for each answered wrong."""
    return ([right for _, right in run.judged(answered_only=True)],)


def confidence_and_right(run: Run) -> Columns:
    """Confidence and rightness of every question."""
    judged = run.judged()
    return [result.confidence for result, _ in judged], [right for _, right in judged]


def confidence_and_right_of_answered(run: Run) -> Columns:
    """Confidence and rightness of the questions answered."""
    judged = run.judged(answered_only=True)
    return [result.confidence for result, _ in judged], [right for _, right in judged]


def right_of_found(run: Run) -> Columns:
    """1.0 for each answer found whose first statement is right, 0.0 for each other."""
    found = (one for one in run.completed if one.state == "found")
    return ([right for one in found if (right := first_right(one)) is not None],)


def probability_and_first_right(run: Run) -> Columns:
    """The probability of every question, and whether its first statement is right, whatever the bars are."""
    judged = [(one.probability, right) for one in run.completed if (right := first_right(one)) is not None]
    # Without statements nothing was right that could be seen.
    stated = judged if any(sure for sure, _ in judged) else []
    return [sure for sure, _ in stated], [right for _, right in stated]


def both_confidences(run: Run) -> Columns:
    """Confidences of the answerable and of the unanswerable questions."""
    return run.confidences(True), run.confidences(False)


def confidences_where_missing(run: Run) -> Columns:
    """The same, without hidden questions whose expected words stand in other articles that were found."""
    unanswerable = [one for one in run.completed if not one.case.answerable]
    missing = [one.confidence for one in unanswerable if not left_out_elsewhere(ScoredResult(one))]
    return run.confidences(True), missing


def confidences_unless_right(run: Run) -> Columns:
    """The same as `both_confidences`, those answered with the expected words counted as refused."""
    unanswerable = [one for one in run.completed if not one.case.answerable]
    unless_right = [-math.inf if left_out_right(ScoredResult(one)) else one.confidence for one in unanswerable]
    return run.confidences(True), unless_right


def failures(run: Run) -> Columns:
    """1.0 for each question that failed, 0.0 for each other."""
    return ([float(bool(result.error)) for result in run.results],)
