"""The figures of a run: each with its interval and its count, or why it was not measured."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from evals.metrics import HEADLINE, METRICS, Metric, score_all, statistics
from evals.metrics import metric as registered
from evals.metrics.run_statistics import Run, RunStatistic
from evals.results import CaseResult
from index.errors import UserError


@dataclass(frozen=True, slots=True)
class MetricValue:
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


def summarise(results: Sequence[CaseResult], timed: bool = True) -> list[MetricValue]:
    """Every metric of the registry, in its order; `timed=False` where several questions ran at once."""
    scores, run = score_all(results), Run(results, timed)
    return [
        _of_run(metric, metric.function, run) if isinstance(metric.function, RunStatistic) else _mean(metric, scores)
        for metric in METRICS
    ]


def _mean(metric: Metric, scores: Sequence[Mapping[str, float]]) -> MetricValue:
    """The mean over the questions that the metric applies to."""
    values = [one[metric.name] for one in scores if metric.name in one]
    if not values:
        return MetricValue(metric, None, why=metric.needs)
    return MetricValue(metric, float(np.mean(values)), *statistics.interval(values), len(values))


def _of_run(metric: Metric, function: RunStatistic, run: Run) -> MetricValue:
    columns = function.columns(run)
    if metric.kind == "count":
        return MetricValue(metric, float(function.statistic(*columns)), questions=len(columns[-1]))
    if not all(columns):
        return MetricValue(metric, None, why=metric.needs)
    low, high = statistics.interval(*columns, statistic=function.statistic, paired=function.paired)
    return MetricValue(metric, float(function.statistic(*columns)), low, high, len(columns[-1]))


def by_tag(results: Sequence[CaseResult], names: Iterable[str] | None = None) -> dict[str, list[MetricValue]]:
    """The named means over questions, or the headline's, for each tag's questions; tags in alphabetical order.

    Raises UserError for a name that is no metric.
    """
    wanted = set(HEADLINE) if names is None else set(map(registered, names))
    scores = score_all(results)
    table: dict[str, list[MetricValue]] = {}
    for tag in sorted({tag for result in results for tag in result.case.tags}):
        of_tag = [one for one, result in zip(scores, results, strict=True) if tag in result.case.tags]
        table[tag] = [_mean(metric, of_tag) for metric in METRICS if metric in wanted]
    return table


class NamedMetric(Protocol):
    """Any metric, of answers or of quotations."""

    @property
    def name(self) -> str: ...


class Figure(Protocol):
    """What a bar is held against: a metric's value, or None and what it needs."""

    @property
    def metric(self) -> NamedMetric: ...
    @property
    def value(self) -> float | None: ...
    @property
    def why(self) -> str: ...


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


def requirement(text: str, metric_named: Callable[[str], NamedMetric] = registered) -> Requirement:
    """Read `metric>=x` or `metric<=x`; raises UserError for another form or an unknown metric.

    `metric_named` looks up a metric by its name, and raises UserError for one it does not know.
    """
    # takes "answer.correct>=0.8" and " errors <= 0 "; not "answer.correct=0.8" or "errors<=-1"
    match = re.fullmatch(r"\s*([\w.@-]+)\s*(>=|<=)\s*([0-9.]+)\s*", text)
    try:
        name, sign, bar = match.groups() if match else ("", "", "")
        number = float(bar)
    except ValueError:
        raise UserError(f"Cannot read the requirement {text!r}. Write it like answer.correct>=0.8") from None
    return Requirement(metric_named(name).name, sign == ">=", number)
