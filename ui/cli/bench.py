"""`clippings bench`: measure speed and memory on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.group()
def bench() -> None:
    """Measure speed and memory on this machine; each prints its figures as JSON."""


@bench.command()
@click.option("--library", default="library", help="Take the texts from this library.", show_default=True)
@click.option("--texts", default=512, show_default=True, type=click.IntRange(1), help="How many passages.")
def encode(library: str, texts: int) -> None:
    """Passages a second: our encoder and SentenceTransformer.encode, the same texts, one run."""
    from evals.bench.speed import encoding, sample_texts
    from index.library import Library

    click.echo(json.dumps(encoding(sample_texts(Library.open(Path(library)), texts)), indent=2))


@bench.command()
@click.argument("paths", nargs=-1, required=True)
def build(paths: tuple[str, ...]) -> None:
    """Build a throw-away library of PATHS twice: passages a second, peak memory, cost of an unchanged run."""
    from evals.bench.speed import building

    click.echo(json.dumps(building(paths), indent=2))


@bench.command()
@click.option("--library", default="library", show_default=True, help="Ask this library.")
@click.option("--questions", type=click.Path(exists=True), help="A question set; else the seeds' questions.")
@click.option("--most", default=100, show_default=True, type=click.IntRange(1), help="Most questions asked.")
def ask(library: str, questions: str | None, most: int) -> None:
    """Milliseconds a question inside a process, and seconds of a whole `clippings ask`."""
    from evals.bench.speed import asking, starting
    from evals.datasets.files import read
    from evals.sets import shipped
    from index.library import Library
    from rag.assistant import Assistant
    from rag.settings import load

    settings, _ = load({"library": library})
    path = Path(questions) if questions else shipped("seeds.jsonl")
    texts = [case.question for case in read(path)][:most]
    figures = asking(Assistant(Library.open(Path(library)), settings), texts)
    click.echo(json.dumps({**figures, **starting(library, texts[0])}, indent=2))
