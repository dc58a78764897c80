"""Measure what each ingredient of the reader's training brings: `python -m evals.lab.ablation --help`."""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from evals.metrics import statistics
from index import errors
from index.errors import UserError
from index.terminal import echo_json
from rag.training import train
from rag.training.batches import Batcher, Shares
from rag.training.examples import NEGATIVES, Example, answers_of, in_held_out
from rag.training.files import read_json
from rag.training.passages import folded
from rag.training.weights import base_folder

if TYPE_CHECKING:
    from rag.training.scoring import Judged

PASSAGES = 3
ABOUT = """\
Trains short runs from the start weights, all of the same length, seed and rate, and compares each with the one it
differs from by one step. All are judged on the same held-out questions, each with its passage and four that BM25
confuses with it. A run whose result stands in OUT is not repeated. An interval is over questions: what another seed
would give comes on top, so run "whole" with another --seed, too. Short runs tell what helps a reader to learn, not
what is left of it after a long one.
"""


@dataclass(frozen=True, slots=True)
class Ablation:
    """What a run changes. `without` and `only` are the beginnings of names of training sets; it is compared with the
    run `beside`, and on the held-out questions of these sets by themselves.
    """

    without: str = ""
    only: str = ""
    beside: str = "whole"
    random_wrong: bool = False
    apart: bool = False
    mine: int = 0
    cut_out: float = 0.0
    near_miss: float = 0.0
    alone: float = 0.0

    @property
    def about(self) -> str:
        """The sets it leaves out or keeps to, if any."""
        return self.without or self.only

    def keeps(self, example: Example) -> bool:
        """Is it trained on?"""
        left_out = self.without and example.source.startswith(self.without)
        return not left_out and example.source.startswith(self.only)


ABLATIONS = {
    "whole": Ablation(),
    "no-made-questions": Ablation(without="wikinews"),
    "no-quotations": Ablation(without="wikinews_quotation"),
    "no-disfluent": Ablation(without="disfl_qa"),
    "squad-alone": Ablation(only="squad_dev"),
    "random-wrong": Ablation(random_wrong=True),
    "apart": Ablation(apart=True),
    "mined": Ablation(mine=6),
    "cut-out": Ablation(mine=6, cut_out=0.5, alone=0.5, beside="mined"),
    "near-miss": Ablation(mine=6, cut_out=0.5, near_miss=0.2, alone=0.5, beside="cut-out"),
}
RUNS = """\
example:
  python -m evals.lab.ablation --data reader-train --only mined cut-out --out runs/ablation

runs:
  whole              the first round's questions; two wrong passages each, from BM25; one normalisation over all three
  no-made-questions  without those made by rule from news
  no-quotations      without those after what somebody said
  no-disfluent       without Disfl-QA
  squad-alone        SQuAD's questions only
  random-wrong       the wrong passages are any others'
  apart              each passage is normalised by itself
  mined              of six wrong passages, those that mislead it most as it learns
  cut-out            mined, and as in the second round: for half of the questions one of the six is theirs with the
                     answer cut out, and the loss over each passage by itself has weight .5; compared with mined
  near-miss          cut-out, and one question in five is changed in one thing, where something could be changed, so
                     that its passage no longer answers; compared with cut-out
"""


def with_random_wrong(examples: Sequence[Example], rng: random.Random) -> list[Example]:
    """Return examples whose wrong passages are any others' that lack their answers."""
    texts = [f" {folded(f'{e.gold.title} {e.gold.text}')} " for e in examples]
    out = []
    for example in examples:
        answers = answers_of(example)
        drawn = rng.sample(range(len(examples)), min(len(examples), 2 * NEGATIVES))
        others = [i for i in drawn if examples[i].group != example.group]
        wrong = [examples[i].gold for i in others if not any(answer in texts[i] for answer in answers)]
        out.append(replace(example, negatives=tuple(wrong[:NEGATIVES])))
    return out


def train_and_judge(
    ablation: Ablation, examples: Sequence[Example], held_out: list[Example], args: argparse.Namespace
) -> list[Judged]:
    """Train as `ablation` says and return how the held-out questions are read."""
    import torch

    from rag.training import scoring

    torch.manual_seed(args.seed)
    training = [e for e in examples if ablation.keeps(e)]
    if ablation.random_wrong:
        training = with_random_wrong(training, random.Random(args.seed))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    base = base_folder()
    shares = Shares(ablation.cut_out, ablation.near_miss)
    batcher = Batcher(training, base / "tokenizer.json", args.groups, args.seed, shares)
    run = train.Run(base, args.rate, 0.997, device, train.precision("auto"))
    for step in range(args.steps):
        groups = batcher.sample(step, ablation.mine or PASSAGES)
        if ablation.mine:
            groups = scoring.cut_to(groups, scoring.misleading(run.model, batcher, groups, PASSAGES, device))
        batch = batcher.encode(groups)
        if ablation.apart:
            batch = replace(batch, group=list(range(len(batch.group))))
        run.learn(scoring.group_loss(run.model, batch, device, ablation.alone)[0], step / args.steps)
    run.use(run.average)
    return scoring.judge(run.model, batcher, held_out, device)


def more_wrong_answers(
    sure: Sequence[float], without: Sequence[float], other: Sequence[float], other_without: Sequence[float]
) -> float:
    """How many more than in the other run are answered without their passage, a tenth of the others being refused."""
    return statistics.wrong_answers_at(sure, without) - statistics.wrong_answers_at(other, other_without)


def compare(rows: Sequence[dict], beside: Sequence[dict]) -> dict[str, list[float]]:
    """Return [value, difference to `beside`, its 95% interval low, high] for each measure, paired by question."""
    differences = {}
    for name in ("exact", "first"):
        change = statistics.difference([r[name] for r in beside], [r[name] for r in rows])
        differences[name] = [change.after, change.value, change.low, change.high]
    columns = [[r[name] for r in side] for side in (rows, beside) for name in ("sure", "sure_without")]
    low, high = statistics.interval(*columns, statistic=more_wrong_answers)
    value = statistics.wrong_answers_at(columns[0], columns[1])
    differences["wrong answers at 10%"] = [value, more_wrong_answers(*columns), low, high]
    return {name: [round(number, 3) for number in numbers] for name, numbers in differences.items()}


def parser() -> argparse.ArgumentParser:
    """Return the command line of the comparison."""
    p = argparse.ArgumentParser(
        prog="python -m evals.lab.ablation",
        parents=[train.data_options()],
        description=ABOUT,
        epilog=RUNS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = p.add_argument
    add("--out", type=Path, required=True, help="folder for examples and results")
    add("--only", nargs="+", choices=list(ABLATIONS), help="runs to make (default: all the data has questions for)")
    add("--steps", type=train.count, default=200, help="steps of each run (default 200; seven minutes on two cores)")
    add("--groups", type=train.count, default=train.GROUPS, help=f"questions in a step (default {train.GROUPS})")
    add("--rate", type=float, default=2e-4, help="peak learning rate (default 2e-4)")
    return p


def result(name: str, training: list[Example], held_out: list[Example], args: argparse.Namespace) -> list[dict]:
    """Return what the run gave, question by question, making it if it does not stand in `args.out` yet.

    Raises UserError where one made otherwise stands there.
    """
    path = args.out / f"{name}.json"
    settings = {option: getattr(args, option) for option in ("steps", "groups", "rate", "seed")}
    settings |= {"questions": len(training), "held out": len(held_out), **asdict(ABLATIONS[name])}
    if not path.exists():
        rows = [asdict(one) for one in train_and_judge(ABLATIONS[name], training, held_out, args)]
        unfinished = path.with_suffix(".next")
        unfinished.write_text(json.dumps({"settings": settings, "rows": rows}), encoding="utf-8")
        unfinished.replace(path)
    stored = read_json(path)
    if not isinstance(stored, dict) or stored.get("settings") != settings:
        raise UserError(f"{str(path)!r} is of a run with other settings. Name another folder with --out.")
    rows = stored["rows"]
    return rows


def runs(wanted: Sequence[str] | None, training: Sequence[Example]) -> list[str]:
    """Return the runs to make in their order, each after the one it is compared with.

    Raises UserError for one that would change nothing, or leave nothing to train on.
    """
    names = list(wanted or ABLATIONS)
    counts = {name: sum(map(ABLATIONS[name].keeps, training)) for name in names}
    idle = [name for name in names if ABLATIONS[name].about and counts[name] in (0, len(training))]
    if wanted and idle:
        fault = f"{idle[0]!r} needs questions of {ABLATIONS[idle[0]].about!r} and others."
        raise UserError(f"{fault} Name other runs with --only.")
    useful = [name for name in names if name not in idle]
    needed = {"whole"}
    for name in useful:
        while name not in needed:
            needed.add(name)
            name = ABLATIONS[name].beside
    return [name for name in ABLATIONS if name in needed]


def main() -> None:
    """Make the runs that lack a result, then print every one beside another as JSON."""
    args = parser().parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    examples = train.examples_for(args)
    training = [e for e in examples if not in_held_out(e.group)]
    held_out = [e for e in examples if in_held_out(e.group) and e.spans]
    if not held_out:
        folders = ", ".join(repr(str(folder)) for folder in args.data)
        fault = f"None of the {len(examples)} questions in {folders} is held out: too few."
        raise UserError(f"{fault} Name another folder with --data, and another with --out.")
    results: dict[str, list[dict]] = {}
    for name in runs(args.only, training):
        ablation = ABLATIONS[name]
        rows = results[name] = result(name, training, held_out, args)
        beside = results[ablation.beside]
        line = {"run": name, "beside": ablation.beside, "questions": len(rows), **compare(rows, beside)}
        theirs = [i for i, row in enumerate(rows) if ablation.about and row["source"].startswith(ablation.about)]
        if theirs:
            own = ([side[i] for i in theirs] for side in (rows, beside))
            line[f"{len(theirs)} of {ablation.about}"] = compare(*own)
        echo_json(line)


if __name__ == "__main__":
    errors.run(main)
