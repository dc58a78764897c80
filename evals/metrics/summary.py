"""The figures of a run: each with its interval and its count, or why it was not measured."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evals.metrics import CATALOGUE, Metric, statistics
from evals.metrics.scores import answered_right, score_all
from evals.results import CaseResult
from index.errors import UserError


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of one run; `value` is None when it could not be measured, and `why` says why."""

    metric: Metric
    value: float | None
    low: float = 0.0
    high: float = 0.0
    questions: int = 0
    why: str = ""

    def __str__(self) -> str:
        if self.value is None:
            return "not measured"
        if self.metric.kind == "count":
            return f"{self.value:.0f}"
        digits = 3 if self.metric.kind in ("rate", "seconds") else 1
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"


Columns = tuple[list[float], ...]
Statistic = Callable[..., float]


def _percentile(share: float) -> Statistic:
    return lambda values: float(np.percentile(values, share))


def summarise(results: Sequence[CaseResult], timed: bool = True) -> list[Figure]:
    """Every metric of the catalogue, in its order; `timed=False` where several questions ran at once."""
    scores = score_all(results)
    whole = _whole_run(results, scores, timed)
    figures = []
    for metric in CATALOGUE:
        if metric.name in whole:
            figures.append(whole[metric.name](metric))
            continue
        values = [one[metric.name] for one in scores if metric.name in one]
        if values:
            low, high = statistics.interval(values)
            figures.append(Figure(metric, float(np.mean(values)), low, high, len(values)))
        else:
            figures.append(Figure(metric, None, why=metric.needs))
    return figures


def _whole_run(
    results: Sequence[CaseResult], scores: Sequence[Mapping[str, float]], timed: bool
) -> Mapping[str, Callable[[Metric], Figure]]:
    """Metrics that are no mean over questions."""
    done = [result for result in results if not result.error]
    judged = [(result, right) for result in done if (right := answered_right(result)) is not None]
    sure = [result.confidence for result, _ in judged]
    good = [value for _, value in judged]
    answered = [float(not result.refused) for result, _ in judged]
    seconds = [result.seconds["total"] for result in done if "total" in result.seconds] if timed else []
    kinds = tuple([result.confidence for result in done if result.case.answerable is kind] for kind in (True, False))
    unanswerable = [
        (result.confidence, one) for result, one in zip(results, scores, strict=True) if "refusal.wrong_answers" in one
    ]
    missing = [confidence for confidence, one in unanswerable if not one.get("refusal.left_out_elsewhere")]
    unless_right = [-math.inf if one.get("refusal.left_out_right") else confidence for confidence, one in unanswerable]
    given_only = (
        [value for value, given in zip(sure, answered, strict=True) if given],
        [value for value, given in zip(good, answered, strict=True) if given],
    )

    def of(columns: Columns, statistic: Statistic, paired: bool = True) -> Callable[[Metric], Figure]:
        def figure(metric: Metric) -> Figure:
            if not all(columns):
                return Figure(metric, None, why=metric.needs)
            low, high = statistics.interval(*columns, statistic=statistic, paired=paired)
            return Figure(metric, float(statistic(*columns)), low, high, len(columns[-1]))

        return figure

    def errors(metric: Metric) -> Figure:
        return Figure(metric, float(len(results) - len(done)), questions=len(results))

    return {
        "errors": errors,
        "latency.p50": of((seconds,), _percentile(50)),
        "latency.p95": of((seconds,), _percentile(95)),
        "risk.coverage": of((answered,), np.mean),
        "risk.accuracy": of(given_only[1:], np.mean),
        "risk.aurc": of((sure, good), statistics.aurc),
        "risk.ece": of(given_only, statistics.calibration_error),
        "refusal.wrong_answers@10": of(kinds, statistics.wrong_answers_at, paired=False),
        "refusal.missing_answered@10": of((kinds[0], missing), statistics.wrong_answers_at, paired=False),
        "refusal.false_answers@10": of((kinds[0], unless_right), statistics.wrong_answers_at, paired=False),
    }


HEADLINE = (
    "answer.correct",
    "article.hit@4",
    "context.answer@4",
    "citations.recall",
    "refusal.wrong_refusals",
    "refusal.wrong_answers",
)


def by_tag(results: Sequence[CaseResult], names: Iterable[str] = HEADLINE) -> dict[str, list[Figure]]:
    """The named mean metrics for each tag's questions, tags in alphabetical order."""
    scores = score_all(results)
    wanted = [metric for metric in CATALOGUE if metric.name in set(names)]
    table: dict[str, list[Figure]] = {}
    for tag in sorted({tag for result in results for tag in result.case.tags}):
        of_tag = [one for one, result in zip(scores, results, strict=True) if tag in result.case.tags]
        table[tag] = []
        for metric in wanted:
            values = [one[metric.name] for one in of_tag if metric.name in one]
            low, high = statistics.interval(values) if values else (0.0, 0.0)
            mean = float(np.mean(values)) if values else None
            table[tag].append(Figure(metric, mean, low, high, len(values), "" if values else metric.needs))
    return table


@dataclass(frozen=True, slots=True)
class Requirement:
    """A bar that a figure must meet, as `answer.correct>=0.8`."""

    name: str
    at_least: bool
    bar: float

    def unmet(self, figures: Iterable[Figure]) -> str:
        """Empty when met, else a line that says what was found."""
        figure = next(figure for figure in figures if figure.metric.name == self.name)
        wish = f"{self.name}{'>=' if self.at_least else '<='}{self.bar:g}"
        if figure.value is None:
            return f"{wish}: not measured (needs {figure.why})"
        met = figure.value >= self.bar if self.at_least else figure.value <= self.bar
        return "" if met else f"{wish}: found {figure.value:.4f}"


def requirement(text: str) -> Requirement:
    """Read `metric>=x` or `metric<=x`; raises UserError for another form or an unknown metric."""
    match = re.fullmatch(r"\s*([\w.@-]+)\s*(>=|<=)\s*([0-9.]+)\s*", text)
    try:
        name, sign, bar = match.groups() if match else ("", "", "")
        number = float(bar)
    except ValueError:
        raise UserError(f"Cannot read the requirement {text!r}. Write it like answer.correct>=0.8") from None
    if name not in {metric.name for metric in CATALOGUE}:
        raise UserError(f"There is no metric {name!r}. List them: clippings eval metrics")
    return Requirement(name, sign == ">=", number)
