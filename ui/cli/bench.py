"""`clippings bench`: measure speed and memory on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from evals.bench.processor import processor
from evals.bench.speed import asking, building, encoding, sample_texts, starting
from evals.datasets.files import read
from evals.sets import set_path
from index.library import Library
from index.terminal import echo_json
from rag.assistant import Assistant
from rag.settings import load


@click.group()
def bench() -> None:
    """Measure speed and memory on this machine.

    Each subcommand prints its figures as JSON.

    \b
    Examples:
      clippings bench ask
      clippings bench build articles/
    """


@bench.command()
@click.option("--library", default="library", help="Take the texts from this library.", show_default=True)
@click.option("--texts", default=512, show_default=True, type=click.IntRange(1), help="How many passages.")
def encode(library: str, texts: int) -> None:
    """Measure passages encoded a second, by our encoder and by SentenceTransformer.encode on the same texts.

    \b
    Examples:
      clippings bench encode
      clippings bench encode --library mine --texts 2000
    """
    echo_json(encoding(sample_texts(Library.open(Path(library)), texts)), indent=2)


@bench.command()
@click.argument("paths", nargs=-1, required=True)
def build(paths: tuple[str, ...]) -> None:
    """Build a temporary library of PATHS twice and measure both builds.

    Prints passages encoded a second, peak memory, and the seconds of the second build, which finds nothing changed.

    \b
    Examples:
      clippings bench build articles/
      clippings bench build one.jsonl two.jsonl
    """
    echo_json(building(paths), indent=2)


@bench.command()
@click.option("--library", default="library", show_default=True, help="Ask this library.")
@click.option("--questions", type=click.Path(exists=True), help="A question set; else the seeds' questions.")
@click.option("--most", default=100, show_default=True, type=click.IntRange(1), help="Most questions asked.")
def ask(library: str, questions: str | None, most: int) -> None:
    """Measure milliseconds a question inside one process, and seconds of a whole `clippings ask`.

    Names the processor and its instruction sets, on which reading depends most (VNNI and AMX for 8-bit weights).

    \b
    Examples:
      clippings bench ask
      clippings bench ask --library mine --most 20
    """
    settings, _ = load({"library": library})
    path = Path(questions) if questions else set_path("seeds.jsonl")
    texts = [case.question for case in read(path)][:most]
    figures = asking(Assistant(Library.open(Path(library)), settings), texts)
    echo_json({**processor(), **figures, **starting(library, texts[0])}, indent=2)
