"""Two runs of one set, question by question: what changed, how surely, and which answers did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evals.metrics import METRICS, Metric, score_all
from evals.metrics.scores import correct
from evals.metrics.statistics import Difference, difference
from evals.results import CaseResult
from index.errors import UserError

Pair = tuple[CaseResult, CaseResult]


@dataclass(frozen=True, slots=True)
class Change:
    """One metric in both runs; `difference` is None where no question was measured in both."""

    metric: Metric
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Paired by question id; better and worse are judged by `evals.metrics.scores.correct`."""

    pairs: tuple[Pair, ...]
    changes: tuple[Change, ...]
    better: tuple[Pair, ...]
    worse: tuple[Pair, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    failed: tuple[str, ...]
    """Ids of questions that failed with an error in either run; they are in no figure."""


def compare(before: Sequence[CaseResult], after: Sequence[CaseResult]) -> Comparison:
    """Compare two runs on the questions they share.

    Raises UserError if they share none, or if a shared id stands for different questions.
    """
    old, new = ({result.case.id: result for result in run} for run in (before, after))
    shared = [case_id for case_id in old if case_id in new]
    if not shared:
        raise UserError("The two runs share no question. Compare runs of one set: clippings eval SET --out FOLDER")
    for case_id in shared:
        if expectation(old[case_id]) != expectation(new[case_id]):
            raise UserError(
                f"{case_id!r} is not the same question in both runs. Run the set again: clippings eval SET --out FOLDER"
            )
    pairs = [(old[case_id], new[case_id]) for case_id in shared]
    whole = [pair for pair in pairs if not (pair[0].error or pair[1].error)]
    scores = list(zip(score_all([one for one, _ in whole]), score_all([two for _, two in whole]), strict=True))
    changes = []
    for metric in METRICS:
        name = metric.name
        both = [(one[name], two[name]) for one, two in scores if name in one and name in two]
        paired = difference([one for one, _ in both], [two for _, two in both]) if both else None
        changes.append(Change(metric, paired))
    moved = [(pair, correct(pair[0]), correct(pair[1])) for pair in whole]
    return Comparison(
        pairs=tuple(pairs),
        changes=tuple(changes),
        better=tuple(pair for pair, was, now in moved if was is not None and now is not None and now > was),
        worse=tuple(pair for pair, was, now in moved if was is not None and now is not None and now < was),
        only_before=tuple(case_id for case_id in old if case_id not in new),
        only_after=tuple(case_id for case_id in new if case_id not in old),
        failed=tuple(pair[0].case.id for pair in pairs if pair[0].error or pair[1].error),
    )


def expectation(result: CaseResult) -> tuple[object, ...]:
    """What makes two cases the same question, whatever ids their library gave the articles."""
    case = result.case
    texts = tuple(sentence.text for sentence in case.gold_sentences)
    return case.question, case.conversation, case.answers, case.answerable, texts, case.as_of, case.held_out
