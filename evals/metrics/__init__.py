"""The registry of metrics: each one's name, what it means, what it needs, and the function that computes it.

A new metric is one entry here and its function in `scores` (a question) or `run_statistics` (a whole run).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evals.metrics import items, scores, statistics
from evals.metrics import run_statistics as whole
from evals.metrics.run_statistics import RunStatistic, percentile
from evals.metrics.scores import DEPTHS, SHORT_ANSWER, Score, ScoredResult
from evals.results import CaseResult
from index.errors import UserError

INNER_ORDER = "llm_judge statistics quotations text_match scores items multihop_rag run_statistics summary"
"""Each may import itself and those before it."""

GROUPS = {
    "answer": "Answers",
    "context": "Answer in context",
    "article": "Retrieval: articles",
    "passage": "Retrieval: gold sentences",
    "citations": "Citations",
    "list": "Lists",
    "conflict": "Reports that differ",
    "state": "State of the answer",
    "refusal": "Refusal",
    "risk": "Confidence",
    "judge": "Model judge",
    "latency": "Time",
    "tokens": "Tokens",
    "errors": "Failed questions",
}
"""The title of each group in a report, by the part of a metric's name before the dot."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure that a run can be judged by.

    `function` scores one question, so that the figure is the mean of the scores, or takes the whole run. `needs`
    completes "not measured: ".
    """

    name: str
    meaning: str
    needs: str
    function: Score | RunStatistic
    better: Literal["higher", "lower", "neither"] = "higher"
    kind: Literal["rate", "seconds", "count", "number"] = "rate"

    @property
    def group(self) -> str:
        """The title of its group."""
        return GROUPS[self.name.partition(".")[0]]


def _first(k: int, unit: str) -> str:
    return f"the first {unit}" if k == 1 else f"the first {k} {unit}s"


def _ranking(level: scores.Level, unit: str, gold: str, needs: str) -> list[Metric]:
    meanings = {
        **{f"hit@{k}": f"a gold {gold} is in {_first(k, unit)}" for k in DEPTHS},
        **{f"recall@{k}": f"share of the gold {gold}s in {_first(k, unit)}" for k in DEPTHS},
        **{f"all-gold@{k}": f"every gold {gold} is in {_first(k, unit)}" for k in DEPTHS},
        "mrr": f"one over the rank of the first {unit} with a gold {gold}",
        "ndcg@10": f"how early the gold {gold}s come in the first 10 {unit}s",
    }
    return [Metric(f"{level}.{name}", text, needs, scores.measure(level, name)) for name, text in meanings.items()]


_SHORT = f"answerable questions with an expected answer of at most {SHORT_ANSWER} words"
_GIVES_SHORT = f"{_SHORT}, and a system that gives short answers"
_STATED = "a system whose answers have a state"
_GOLD = "gold sentences that were found word for word in the library"
_JUDGED = "questions with expected answers, gold sentences or answerable: false"
_ITEMS = "gold sentences with an item and without a date, that were found word for word in the library"
_VALUES = "gold sentences with an item and a date, that were found word for word in the library"
_SPEAKER = "an expected speaker, and gold sentences that were found word for word in the library"
_ANSWERED = f"{_JUDGED}, and one answered"
_BOTH = "answerable and unanswerable questions"
_TIMED = "seconds taken of questions asked one at a time"

_ACCURACY = RunStatistic(whole.right_of_answered, np.mean)
_AURC = RunStatistic(whole.confidence_and_right, statistics.aurc)
_ECE = RunStatistic(whole.confidence_and_right_of_answered, statistics.calibration_error)
_P50, _P95 = (RunStatistic(whole.seconds, percentile(share)) for share in (50, 95))

METRICS: tuple[Metric, ...] = (
    Metric(
        "answer.correct",
        "one of the first three statements holds the answer, or a gold sentence is cited",
        _JUDGED,
        scores.answer_correct,
    ),
    Metric("answer.holds@1", "the first statement holds an expected answer", _SHORT, scores.answer_holds(1)),
    Metric("answer.holds@3", "the first three statements hold an expected answer", _SHORT, scores.answer_holds(3)),
    Metric(
        "answer.speaker@3",
        "one of the first three statements is a gold sentence under the expected speaker",
        _SPEAKER,
        scores.answer_speaker,
    ),
    Metric(
        "answer.wrong_speaker",
        "a gold sentence is shown under another speaker",
        _SPEAKER,
        scores.answer_wrong_speaker,
        "lower",
    ),
    Metric("answer.em", "the answering span is an expected answer", _GIVES_SHORT, scores.exact_match),
    Metric("answer.f1", "words shared by the answering span and an expected answer", _GIVES_SHORT, scores.answer_f1),
    Metric("answer.short_given", "answerable questions whose short answer stands alone", _STATED, scores.short_given),
    Metric("answer.short_right", "short answers that stand alone and are expected ones", _STATED, scores.short_right),
    *(
        Metric(
            f"context.answer@{k}", f"an expected answer is in {_first(k, 'passage')}", _SHORT, scores.context_answer(k)
        )
        for k in DEPTHS
    ),
    *_ranking("article", "article", "article", "gold articles"),
    *_ranking("passage", "passage", "sentence", _GOLD),
    Metric(
        "citations.verbatim",
        "citations that stand word for word in the stored revision",
        "citations",
        scores.citations_verbatim,
    ),
    Metric("citations.supported", "statements that the sources bear out", "answers", scores.statements_supported),
    Metric(
        "citations.precision",
        "citations that are gold sentences, of answered questions",
        _GOLD,
        scores.citation_precision,
    ),
    Metric("citations.recall", "gold sentences that are cited, of answered questions", _GOLD, scores.citation_recall),
    Metric("list.recall", "items that are shown", _ITEMS, items.list_recall),
    Metric("list.precision", "statements that state an item, of answered questions", _ITEMS, items.list_precision),
    Metric(
        "list.true_count",
        "the number of items that the answer says there are is the right one",
        f"{_ITEMS}, and answers that say how many",
        items.list_true_count,
    ),
    Metric("conflict.both", "two different values are shown, each with its date", _VALUES, items.conflict_both),
    Metric(
        "conflict.later_first",
        "of those, the later report comes first",
        f"{_VALUES}, and an answer that shows two",
        items.conflict_later_first,
    ),
    Metric(
        "conflict.told",
        "the answer says that reports differ",
        f"{_VALUES}, and answers that can say so",
        items.conflict_told,
    ),
    Metric(
        "conflict.false_alarms",
        "the answer says that reports differ where they do not",
        f"questions tagged {items.NO_CONFLICT}, and answers that can say so",
        items.conflict_false_alarm,
        "lower",
    ),
    Metric("state.found", "answers marked found", _STATED, scores.in_state("found"), "neither"),
    Metric("state.may_answer", "answers marked may answer", _STATED, scores.in_state("may_answer"), "neither"),
    Metric("state.not_found", "questions refused as not found", _STATED, scores.in_state("not_found"), "neither"),
    Metric(
        "state.found_right",
        "of the answers found, those whose first statement is right",
        "an answer found",
        RunStatistic(whole.right_of_found, np.mean),
    ),
    Metric("state.found_covered", "answerable questions whose answer is found", _STATED, scores.found_covered),
    Metric(
        "state.ece",
        "distance of the probability from the share of first statements that are right",
        "a calibrated reader",
        RunStatistic(whole.probability_and_first_right, statistics.calibration_error),
        "lower",
    ),
    Metric(
        "refusal.wrong_refusals", "answerable questions refused", "answerable questions", scores.wrong_refusal, "lower"
    ),
    Metric(
        "refusal.wrong_answers",
        "unanswerable questions answered",
        "unanswerable questions",
        scores.wrong_answer,
        "lower",
    ),
    Metric(
        "refusal.wrong_answers@10",
        "unanswerable questions answered at the bar that refuses 10% of the answerable",
        _BOTH,
        RunStatistic(whole.both_confidences, statistics.wrong_answers_at, paired=False),
        "lower",
    ),
    Metric(
        "refusal.missing_answered@10",
        "the same, without hidden ones whose expected words stand in other articles that were found",
        _BOTH,
        RunStatistic(whole.confidences_where_missing, statistics.wrong_answers_at, paired=False),
        "lower",
    ),
    Metric(
        "refusal.false_answers@10",
        "the same as wrong_answers@10, without answers whose first statement holds the expected words",
        _BOTH,
        RunStatistic(whole.confidences_unless_right, statistics.wrong_answers_at, paired=False),
        "lower",
    ),
    Metric(
        "refusal.left_out_answered",
        "questions answered though their gold articles were hidden",
        "--leave-out-gold",
        scores.left_out_answered,
        "lower",
    ),
    Metric(
        "refusal.left_out_elsewhere",
        "of those, the expected words stand in other articles that were found",
        "--leave-out-gold and short expected answers",
        scores.left_out_elsewhere,
        "neither",
    ),
    Metric(
        "refusal.left_out_right",
        "of those, answered with the expected words in the first statement",
        "--leave-out-gold and short expected answers",
        scores.left_out_right,
        "neither",
    ),
    Metric("risk.coverage", "questions answered", _JUDGED, RunStatistic(whole.answered, np.mean), "neither"),
    Metric("risk.accuracy", "of the questions answered, the right ones", _ANSWERED, _ACCURACY),
    Metric("risk.aurc", "area under the risk-coverage curve", _JUDGED, _AURC, "lower"),
    Metric("risk.ece", "distance of confidence from accuracy, of the questions answered", _ANSWERED, _ECE, "lower"),
    Metric("judge.score", "the model judge's mean score", "--judge", scores.judge_score),
    Metric("latency.p50", "seconds for a question, median", _TIMED, _P50, "lower", "seconds"),
    Metric("latency.p95", "seconds for a question, 95 of 100 are faster", _TIMED, _P95, "lower", "seconds"),
    Metric("tokens.in", "tokens a chat model read for a question", "a chat model", scores.tokens_in, "lower", "number"),
    Metric(
        "tokens.out", "tokens a chat model wrote for a question", "a chat model", scores.tokens_out, "neither", "number"
    ),
    Metric("errors", "questions that failed", "", RunStatistic(whole.failures, np.sum), "lower", "count"),
)

_BY_NAME = {metric.name: metric for metric in METRICS}


def metric(name: str) -> Metric:
    """The metric of a name; raises UserError where there is none."""
    if name not in _BY_NAME:
        raise UserError(f"There is no metric {name!r}. List them: clippings eval metrics")
    return _BY_NAME[name]


HEADLINE: dict[Metric, str] = {
    metric("answer.correct"): "Answered right",
    metric("article.hit@4"): "Gold article in the first 4",
    metric("context.answer@4"): "Answer in the first 4 passages",
    metric("citations.recall"): "Gold sentences cited",
    metric("state.found"): "Marked found",
    metric("state.found_right"): "Of these, right first",
    metric("refusal.wrong_refusals"): "Answerable, but refused",
    metric("refusal.wrong_answers"): "Unanswerable, but answered",
}
"""The metrics of the cards at the top of a report, and what each card says."""

_COMPARED = (
    "article.hit@1 article.hit@4 article.recall@10 context.answer@1 context.answer@4 context.answer@10 "
    "context.answer@20 passage.recall@4 passage.ndcg@10 answer.holds@1 answer.holds@3 answer.em answer.f1 "
    "answer.correct citations.verbatim citations.precision citations.recall state.found state.may_answer "
    "state.not_found state.found_right state.found_covered refusal.wrong_refusals "
    "refusal.wrong_answers refusal.wrong_answers@10 refusal.missing_answered@10 refusal.false_answers@10 "
    "risk.aurc latency.p50"
)
COMPARED: tuple[Metric, ...] = tuple(map(metric, _COMPARED.split()))
"""The rows of the table of `clippings eval baselines`."""


def score(result: CaseResult, gives_short: bool = True) -> dict[str, float]:
    """Every score that applies to one result, by metric; none for a question that failed with an error."""
    if result.error:
        return {}
    one = ScoredResult(result, gives_short)
    values = {metric.name: metric.function(one) for metric in METRICS if not isinstance(metric.function, RunStatistic)}
    return {name: value for name, value in values.items() if value is not None}


def score_all(results: Sequence[CaseResult]) -> list[dict[str, float]]:
    """The scores of a whole run; short answers are scored only if the run gives any."""
    gives_short = any(result.short or result.span for result in results)
    return [score(result, gives_short) for result in results]


def markdown_table() -> str:
    """The table of `evals/METRICS.md`: every metric, what it means, and what it needs to be measured."""
    rows = [f"| `{one.name}` | {one.meaning} | {one.needs or 'nothing'} | {one.better} |" for one in METRICS]
    return "\n".join(["| metric | meaning | needs | better |", "|---|---|---|---|", *rows]) + "\n"
