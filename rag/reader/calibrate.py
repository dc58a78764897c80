"""Fit the reader's calibration on held-out training questions: `python -m rag.reader.calibrate --help`."""

import argparse
import math
import pickle
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.reader import data
from rag.reader.calibration import Calibration
from rag.reader.data import Example, Text
from rag.reader.export import write_checksums
from rag.reader.trained import TrainedReader

MADE_BY_RULE = ("wikinews_name", "wikinews_title", "wikinews_quotation")
NATURAL = (
    "squad_dev", "squadshifts_new_wiki", "afriqa_en", "tydiqa_en_train", "tydiqa_en_dev", "nq_oracle",
    "nq_qed_dev", "nq_mrqa_org", "timeqa_human", "onestopqa", "qamr_wikinews",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span with its logits, the rank (from 1) of its passage in retrieval, and whether it is right."""

    relevance: float
    span: float
    rank: int
    right: bool


def tuning_questions(examples: Sequence[Example], count: int, seed: int) -> list[Example]:
    """Return held-out questions, two fifths of them made by rule from news."""
    held = [e for e in examples if e.spans and data.in_held_out(e.group)]
    random.Random(seed).shuffle(held)
    natural = [e for e in held if e.source in NATURAL][: round(count * 0.6)]
    return natural + [e for e in held if e.source in MADE_BY_RULE][: count - len(natural)]


def retrieved(questions: Sequence[Example], pool: Sequence[Text], k: int) -> list[list[Text]]:
    """Return `k` passages for each question: BM25, recent ones first where the question has a date."""
    ranks, scores = data.rank(pool, [q.question for q in questions], 5 * k)
    found = []
    for question, row, values in zip(questions, ranks, scores, strict=True):
        scored = []
        for i, value in zip(row, values, strict=True):
            prior = 1.0
            if question.asked_on and pool[i].day:
                prior += math.exp(-abs((question.asked_on - pool[i].day).days) / 30)
            scored.append((-float(value) * prior, int(i)))
        found.append([pool[i] for _, i in sorted(scored)[:k]])
    return found


def candidates(reader: TrainedReader, question: Example, passages: Sequence[Text]) -> list[Candidate]:
    """Read `passages`; a span is right when its passage holds an answer and it shares half its words."""
    shown = [(p.title, p.day.isoformat() if p.day else "", p.text) for p in passages]
    wanted = [_words(question.gold.text[a:b]) for a, b in question.spans]
    found = []
    for number, reading in enumerate(reader.read(question.question, question.asked_on, shown)):
        holds = any(f" {' '.join(w)} " in f" {' '.join(_words(passages[number].text))} " for w in wanted)
        for span in reading.spans[:3]:
            said = _words(passages[number].text[span.start : span.end])
            right = holds and any(_overlap(said, w) >= 0.5 for w in wanted)
            found.append(Candidate(reading.relevance, span.score, number + 1, right))
    return found


def fit(groups: Sequence[Sequence[Candidate]]) -> Calibration:
    """Fit the ordering weights on all candidates, then the confidence on each question's best one."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    everything = [c for group in groups for c in group]
    features = [[c.relevance, c.span, -math.log(c.rank)] for c in everything]
    first = LogisticRegression(C=1.0, max_iter=1000).fit(features, [c.right for c in everything])
    relevance, span, rank = (max(0.0, float(w)) for w in first.coef_[0])
    made = Calibration(relevance, span, rank)
    best = [max(group, key=lambda c: made.score(c.relevance, c.span, c.rank)) for group in groups if group]
    tops = [[made.score(c.relevance, c.span, c.rank)] for c in best]
    second = LogisticRegression(C=10.0, max_iter=1000).fit(tops, [c.right for c in best])
    return Calibration(
        relevance, span, rank, float(second.coef_[0][0]), float(second.intercept_[0]), len(best)
    )


def _words(text: str) -> list[str]:
    return data.WORD.findall(text.lower())


def _overlap(said: list[str], wanted: list[str]) -> float:
    """Return the F1 of two bags of words."""
    common = sum(min(said.count(w), wanted.count(w)) for w in set(said))
    return 2 * common / (len(said) + len(wanted)) if common else 0.0


def parser() -> argparse.ArgumentParser:
    """Return the command line of the calibration."""
    p = argparse.ArgumentParser(
        prog="python -m rag.reader.calibrate",
        description="Fit how the reader's scores are weighed and how sure they make it, on held-out "
        "questions of a training run, over passages BM25 finds; half of them lack the right one.",
    )
    p.add_argument("--run", type=Path, required=True, help="folder of the training run (examples.pickle)")
    p.add_argument("--weights", type=Path, required=True, help="folder of exported weights, written to")
    p.add_argument("--questions", type=int, default=240, help="held-out questions to read (default 240)")
    p.add_argument("--passages", type=int, default=12, help="passages read for each (default 12)")
    p.add_argument("--seed", type=int, default=9)
    return p


def main() -> None:
    """Read the held-out questions, fit, and write calibration.json with fresh checksums."""
    args = parser().parse_args()
    examples: list[Example] = pickle.loads((args.run / "examples.pickle").read_bytes())
    pool = list({t.text: t for e in examples for t in (e.gold, *e.negatives)}.values())
    questions = tuning_questions(examples, args.questions, args.seed)
    reader = TrainedReader(args.weights)
    groups = []
    shown = retrieved(questions, pool, args.passages + 1)
    for number, (question, found) in enumerate(zip(questions, shown, strict=True)):
        # Every other question loses the passages that hold its answer, as when the archive lacks it.
        kept = [p for p in found if number % 2 or question.gold.text[:80] not in p.text][: args.passages]
        groups.append(candidates(reader, question, kept))
    made = fit(groups)
    made.save(args.weights)
    write_checksums(args.weights)
    print(made)


if __name__ == "__main__":
    main()
