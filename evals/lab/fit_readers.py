"""Fit everything that the readers are weighed by: `python -m evals.lab.fit_readers --help`.

Reads each question once, which is the slow part, and keeps what is known of it in a file of rows; from that everything
is fitted in seconds. The reported halves are never read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path

import click
import numpy as np

from evals.calibration.fit import Reached, fit, leave_one_out, promised
from evals.calibration.rows import TUNING_HALF, cases_of, load, read_questions, save
from index import errors
from index.errors import UserError
from index.library import Library
from index.terminal import echo
from rag.read.calibration import Calibration
from rag.read.features import AnswerabilityFeatures, SentenceFeatures
from rag.read.reader import WEIGHTS, CombinedReader
from rag.read.rules import RULES
from rag.training.weights import write_checksums

FIRST_ORDER = Calibration(
    SentenceFeatures(*[1] * len(fields(SentenceFeatures))),
    span=1,
    relevance=1,
    answerability=AnswerabilityFeatures(*[0] * len(fields(AnswerabilityFeatures))),
    bias=0,
    refusal=0,
    questions=0,
)
"""With what weights that were never calibrated are read; every passage is read, so that nothing depends on it."""


def set_name(path: Path) -> str:
    """What a question set is called: its file's name, or its folder's where the file is `questions.jsonl`."""
    return path.parent.name if path.stem == "questions" else path.stem


def read_pairs(pairs: Sequence[Path], reader: CombinedReader, rows: Path) -> None:
    """Read the tuning halves of pairs LIBRARY QUESTIONS, but what `rows` holds already, and add them to it."""
    known = {(one.set, one.id) for one in (load(rows, reader.name) if rows.exists() else [])}
    for folder, path in zip(pairs[::2], pairs[1::2], strict=True):
        library, name = Library.open(folder), set_name(path)
        cases = [case for case in cases_of(path, library, TUNING_HALF) if (name, case.id) not in known]
        count = save(rows, read_questions(name, library, cases, reader))
        echo(f"{name}: {count} questions read, {len(cases) - count} left out")


def order_of(calibration: Calibration) -> np.ndarray:
    """The weights that sentences are ranked by, both logits last."""
    own = [getattr(calibration.features, field.name) for field in fields(SentenceFeatures)]
    return np.array([*own, calibration.span, calibration.relevance])


def report(reached: Iterable[Reached]) -> None:
    """Print what is reached on each set by a calibration fitted on the others."""
    for one in reached:
        echo(f"  {one}")


@click.command()
@click.argument("pairs", nargs=-1, metavar="[LIBRARY QUESTIONS]...", type=click.Path(path_type=Path))
@click.option(
    "--weights",
    "folder",
    default=WEIGHTS,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the trained reader's weights.  [default: those that ship]",
)
@click.option(
    "--rows",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that keeps what was read of each question; it is made, or added to. Outside the checkout.",
)
@click.option(
    "--keep",
    type=click.Choice(["order", "confidence"]),
    help="Keep the weights that sentences are ranked by, or these and the confidence with its bar.",
)
def main(pairs: tuple[Path, ...], folder: Path, rows: Path, keep: str | None) -> None:
    """Fit the weights, the calibration and the bars of the readers on tuning halves of pairs LIBRARY QUESTIONS.

    Prints what each set reaches when it is left out, and writes what was fitted on all beside the WEIGHTS; what it
    prints for the reader by rule belongs into rag/read/rules.py. Without pairs, only what --rows holds is fitted.

    \b
    Example:
      python -m evals.lab.fit_readers --weights WEIGHTS --rows ROWS.jsonl seeds-library evals/sets/seeds.jsonl \\
          demo-library evals/sets/wikinews.jsonl demo-library evals/sets/near_misses.jsonl
    """
    if len(pairs) % 2:
        raise click.UsageError(f"{str(pairs[-1])!r} has no QUESTIONS beside it")
    try:
        reader = CombinedReader(folder)
    except UserError:
        reader = CombinedReader(folder, FIRST_ORDER)
    read_pairs(pairs, reader, rows)
    questions = load(rows, reader.name)
    order = order_of(Calibration.load(folder)) if keep else None
    kept = Calibration.load(folder) if keep == "confidence" else None
    echo(f"by rule: {fit(questions, rules=True, kept=RULES if kept else None)}\nfitted on the other sets:")
    report(leave_one_out(questions, rules=True, kept=RULES if kept else None))
    fitted, left_out = fit(questions, order, kept=kept), leave_one_out(questions, order, kept=kept)
    echo(f"with the model: {fitted}\nfitted on the other sets:")
    report(left_out)
    calibration = promised(fitted, left_out)
    echo(f"bars that held on every set left out: found {calibration.found}, short answer {calibration.short}")
    calibration.save(folder)
    write_checksums(folder)


if __name__ == "__main__":
    errors.run(main)
