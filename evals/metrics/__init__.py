"""Every metric by name: what it says, which way is better, and what it needs to be measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evals.metrics.scores import DEPTHS, SHORT_ANSWER


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure that a run can be judged by; `needs` completes "not measured: "."""

    name: str
    says: str
    needs: str
    better: Literal["higher", "lower", "neither"] = "higher"
    kind: Literal["rate", "seconds", "count", "number"] = "rate"

    @property
    def group(self) -> str:
        return self.name.partition(".")[0]


def _first(k: int, unit: str) -> str:
    return f"the first {unit}" if k == 1 else f"the first {k} {unit}s"


def _ranking(level: str, unit: str, gold: str, needs: str) -> list[Metric]:
    return [
        *(Metric(f"{level}.hit@{k}", f"a gold {gold} is in {_first(k, unit)}", needs) for k in DEPTHS),
        *(Metric(f"{level}.recall@{k}", f"share of the gold {gold}s in {_first(k, unit)}", needs) for k in DEPTHS),
        *(Metric(f"{level}.all-gold@{k}", f"every gold {gold} is in {_first(k, unit)}", needs) for k in DEPTHS),
        Metric(f"{level}.mrr", f"one over the rank of the first {unit} with a gold {gold}", needs),
        Metric(f"{level}.ndcg@10", f"how early the gold {gold}s come in the first 10 {unit}s", needs),
    ]


_SHORT = f"answerable questions with an expected answer of at most {SHORT_ANSWER} words"
_GOLD = "gold sentences that were found word for word in the library"
_TELL = "questions with expected answers, gold sentences or answerable: false"

CATALOGUE: tuple[Metric, ...] = (
    Metric(
        "answer.correct",
        "one of the first three statements holds the answer, or a gold sentence is cited",
        _TELL,
    ),
    Metric("answer.holds@1", "the first statement holds an expected answer", _SHORT),
    Metric("answer.holds@3", "the first three statements hold an expected answer", _SHORT),
    Metric("answer.em", "the short answer is an expected one", f"{_SHORT}, and a system that gives short answers"),
    Metric(
        "answer.f1",
        "words shared by the short answer and an expected one",
        f"{_SHORT}, and a system that gives short answers",
    ),
    *(Metric(f"context.answer@{k}", f"an expected answer is in {_first(k, 'passage')}", _SHORT) for k in DEPTHS),
    *_ranking("article", "article", "article", "gold articles"),
    *_ranking("passage", "passage", "sentence", _GOLD),
    Metric("citations.verbatim", "citations that stand word for word in the stored revision", "citations"),
    Metric("citations.supported", "statements that the sources bear out", "answers"),
    Metric("citations.precision", "citations that are gold sentences, of answered questions", _GOLD),
    Metric("citations.recall", "gold sentences that are cited, of answered questions", _GOLD),
    Metric("refusal.wrong_refusals", "answerable questions refused", "answerable questions", "lower"),
    Metric("refusal.wrong_answers", "unanswerable questions answered", "unanswerable questions", "lower"),
    Metric(
        "refusal.wrong_answers@10",
        "unanswerable questions answered at the bar that refuses 10% of the answerable",
        "answerable and unanswerable questions",
        "lower",
    ),
    Metric(
        "refusal.missing_answered@10",
        "the same, without hidden ones whose expected words stand in other articles that were found",
        "answerable and unanswerable questions",
        "lower",
    ),
    Metric(
        "refusal.false_answers@10",
        "the same as wrong_answers@10, without answers whose first statement holds the expected words",
        "answerable and unanswerable questions",
        "lower",
    ),
    Metric(
        "refusal.left_out_answered",
        "questions answered though their gold articles were hidden",
        "--leave-out-gold",
        "lower",
    ),
    Metric(
        "refusal.left_out_elsewhere",
        "of those, the expected words stand in other articles that were found",
        "--leave-out-gold and short expected answers",
        "neither",
    ),
    Metric(
        "refusal.left_out_right",
        "of those, answered with the expected words in the first statement",
        "--leave-out-gold and short expected answers",
        "neither",
    ),
    Metric("risk.coverage", "questions answered", _TELL, "neither"),
    Metric("risk.accuracy", "of the questions answered, the right ones", f"{_TELL}, and one answered"),
    Metric("risk.aurc", "area under the risk-coverage curve", _TELL, "lower"),
    Metric(
        "risk.ece",
        "distance of confidence from accuracy, of the questions answered",
        f"{_TELL}, and one answered",
        "lower",
    ),
    Metric("judge.score", "the model judge's mean score", "--judge", "higher"),
    Metric(
        "latency.p50",
        "seconds for a question, median",
        "seconds taken of questions asked one at a time",
        "lower",
        "seconds",
    ),
    Metric(
        "latency.p95",
        "seconds for a question, 95 of 100 are faster",
        "seconds taken of questions asked one at a time",
        "lower",
        "seconds",
    ),
    Metric("tokens.in", "tokens a chat model read for a question", "a chat model", "lower", "number"),
    Metric("tokens.out", "tokens a chat model wrote for a question", "a chat model", "neither", "number"),
    Metric("errors", "questions that failed", "", "lower", "count"),
)
