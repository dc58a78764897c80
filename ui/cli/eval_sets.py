"""Commands of `clippings eval` that make or answer question files: init, suggest, import, locate, ask and more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from evals import runs
from evals.datasets import files
from evals.datasets import suggest as rules
from evals.datasets.cases import half
from evals.datasets.files import EXAMPLE
from evals.datasets.importers import import_set
from evals.datasets.resolve import Fault, with_offsets
from evals.results import CaseResult, observe
from evals.runs import systems
from evals.runs.training_rows import QUESTIONS_A_STEP
from evals.runs.training_rows import training_rows as rows
from index.errors import UserError
from index.terminal import echo, one_line, progress_bar
from rag import settings as settings_file
from rag.assistant import Assistant
from rag.read.reader import WEIGHTS
from rag.types import Answer
from ui.cli.answers_file import lines, writer
from ui.cli.eval_common import exit_code, library_for
from ui.library_access import open_library

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path)
LIBRARY = "Folder of the library [default: library]."
SET_LIBRARY = "Folder of the library; else the articles that belong to the set are indexed."


def _must_be_new(path: Path) -> None:
    """Raise UserError where something is at the path already."""
    if path.exists():
        raise UserError(f"{str(path)!r} is there already. Choose another name, or delete it.")


@click.command()
@click.argument("path", type=FILE, default="questions.yaml")
def init(path: Path) -> None:
    """Write a commented example of a question set to PATH (.yaml).

    \b
    Examples:
      clippings eval init
      clippings eval init council.yaml
    """
    if path.suffix not in (".yaml", ".yml"):
        raise UserError(f"The example has comments, so {str(path)!r} must end in .yaml")
    _must_be_new(path)
    path.write_text(EXAMPLE.format(name=path), encoding="utf-8")
    echo(f"Written: {path}. Check and run it: clippings eval {path} --library LIBRARY")


@click.command()
@click.option("--library", help=LIBRARY)
@click.option("--out", type=FILE, required=True, help="The question set to write (.jsonl).")
@click.option("--most", default=50, show_default=True, type=click.IntRange(1), help="Most questions.")
def suggest(library: str | None, out: Path, most: int) -> None:
    """Propose questions with gold sentences, made by rules from the library's own articles.

    They are tagged `suggested`: read each, put it in your own words, and delete what is wrong.

    \b
    Examples:
      clippings eval suggest --out suggested.jsonl
      clippings eval suggest --library library --out suggested.jsonl --most 20
    """
    _must_be_new(out)
    settings, origins = settings_file.load({"library": library})
    count = files.write(out, rules.suggest(open_library(settings, origins).articles(), most))
    echo(f"{count} questions made by rules: {out}. Read and edit them before you trust a figure from them.")


@click.command("import")
@click.argument("format_name", metavar="FORMAT")
@click.argument("path", type=FILE)
@click.option("--out", type=FOLDER, required=True, help="Folder for articles.jsonl and questions.jsonl.")
def import_command(format_name: str, path: Path, out: Path) -> None:
    """Turn a public set at PATH into articles and questions.

    FORMAT is squad, multihop-rag, beir, clapnq, mtrag or realtimeqa.

    \b
    Examples:
      clippings eval import squad xquad.en.json --out xquad
      clippings eval import clapnq clapnq-dev --out clapnq
    """
    written = import_set(format_name, path, out)
    echo(f"{written.articles} articles and {written.cases} questions in {out}")
    for line in written.unresolved[:5]:
        echo(one_line(f"Note: {line}"), err=True)
    if len(written.unresolved) > 5:
        echo(f"Note: and {len(written.unresolved) - 5} more could not be tied to their article.", err=True)
    echo(f"Run it: clippings eval {out / 'questions.jsonl'}")


@click.command()
@click.argument("questions", metavar="SET", type=FILE)
@click.option("--library", help=SET_LIBRARY)
@click.option("--halves", is_flag=True, help="Tag each question half:tuning or half:reported, by its id.")
def locate(questions: Path, library: str | None, halves: bool) -> None:
    """Write the offsets of the gold sentences of SET (.jsonl) into it; exits with 1 if one is not found.

    \b
    Examples:
      clippings eval locate questions.jsonl --library library
      clippings eval locate evals/sets/seeds.jsonl --halves
    """
    if questions.suffix != ".jsonl":
        raise UserError(f"Only .jsonl sets are rewritten, not {str(questions)!r}: comments would be lost.")
    cases = files.read(questions)
    opened, _ = library_for(questions, library)
    faults: list[Fault] = []
    located = list(with_offsets(cases, systems.article_names(opened), faults.append))
    if halves:
        located = [
            replace(case, tags=(*(tag for tag in case.tags if not tag.startswith("half:")), half(case.id)))
            for case in located
        ]
    files.write(questions, located)
    sentences = [sentence for case in located for sentence in case.gold_sentences]
    echo(f"{sum(one.located for one in sentences)} of {len(sentences)} gold sentences have offsets.")
    for fault in faults:
        echo(one_line(fault), err=True)
    if faults:
        raise SystemExit(1)


EPOCHS = 3
"""Epochs over a few rows of one's own; more would be learned by heart."""


@click.command("training-rows")
@click.argument("questions", metavar="SET", type=FILE)
@click.option("--out", type=FILE, required=True, help="The rows to write (.jsonl), in a folder of their own.")
@click.option("--library", help=LIBRARY)
def training_rows(questions: Path, out: Path, library: str | None) -> None:
    """Turn SET, such as the chat's feedback, into rows to train the reader on.

    \b
    Examples:
      clippings eval training-rows feedback.jsonl --out rows/own.jsonl
      clippings eval training-rows evals/sets/seeds.jsonl --out rows/seeds.jsonl
    """
    if out.suffix != ".jsonl":
        raise UserError(f"Training rows are JSON lines, so {str(out)!r} must end in .jsonl")
    _must_be_new(out)
    opened, _ = library_for(questions, library)
    cases, notes = systems.tie(files.read(questions), opened, questions, skip=True)
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows(cases, opened)]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("".join(lines), encoding="utf-8")
    for note in notes:
        echo(one_line(f"Note: {note}"), err=True)
    steps = -(-EPOCHS * len(lines) // QUESTIONS_A_STEP)
    echo(
        f"{len(lines)} rows: {out}. Teach them to the reader that ships:\n"
        f"  python -m rag.training.train --data {out.parent} --weights {WEIGHTS} --steps {steps} --out RUN"
    )


@click.command()
@click.argument("questions", metavar="QUESTIONS", type=FILE)
@click.option("--out", type=FILE, required=True, help="Answers to write: .csv, .jsonl or .md.")
@click.option("--library", help=LIBRARY)
def ask(questions: Path, out: Path, library: str | None) -> None:
    """Answer a file of questions (.csv, .jsonl, .yaml; no expected answers needed), with citations.

    \b
    Examples:
      clippings eval ask questions.csv --out answers.csv
      clippings eval ask questions.jsonl --out answers.md --library library
    """
    writer(out)
    _must_be_new(out)
    cases = files.read(questions, expecting=False)
    settings, origins = settings_file.load({"library": library})
    answering = systems.ours(Assistant(open_library(settings, origins), settings))
    failures: list[CaseResult] = []

    def results() -> Iterator[tuple[CaseResult, Answer | None]]:
        for case in progress_bar(cases, description="answering", unit=" questions"):
            try:
                answer = answering(case)
            except Exception as error:  # noqa: BLE001 - one failure must not cost the other answers
                result = runs.failure(case, error)
                failures.append(result)
                yield result, None
            else:
                yield observe(case, answer), answer

    with out.open("w", encoding="utf-8", newline="") as file:
        for text in lines(out, results()):
            file.write(text)
            file.flush()
    echo(f"{len(cases) - len(failures)} of {len(cases)} questions answered or refused: {out}")
    exit_code(failures, [], [])
