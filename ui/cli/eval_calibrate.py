"""`clippings eval calibrate`: how sure to be with models that were named."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from evals import runs
from evals.calibration.fit import FOUND_RIGHT, Reached
from evals.calibration.named import TuningSet, calibrate, read_sets
from evals.sets import set_path
from index.engines.encoder import cache_folder
from index.permissions import make_folder
from index.terminal import echo, one_line, progress_bar
from rag import settings as settings_file
from rag.assistant import Assistant
from rag.read.library_calibrations import calibration_folder
from ui.cli.eval_common import set_library
from ui.cli.eval_sets import FILE
from ui.library_access import open_library

SHIPPED = ("seeds.jsonl", "wikinews.jsonl", "near_misses.jsonl")
"""Question sets that come with their articles."""


@click.command("calibrate")
@click.argument("questions", metavar="[SET]", required=False, type=FILE)
@click.option("--library", help="Folder of the library [default: library].")
@click.option(
    "--most", type=click.IntRange(20), help="Most questions read of each set, drawn at random [default: all]."
)
def calibrate_command(questions: Path | None, library: str | None, most: int | None) -> None:
    """Fit how sure to be with the encoder, reranker and reader that are set, and keep it with the library.

    Until then no answer of named models counts as found. Read are the tuning halves of the sets that ship, over their
    own articles, and that of SET, over the library; a run that is stopped goes on where it was. The other half of SET
    can still be measured.

    \b
    Examples:
      clippings eval calibrate --library mine
      clippings eval calibrate questions.jsonl --library mine --most 100
    """
    settings, origins = settings_file.load({"library": library})
    opened = open_library(settings, origins)
    opened.warm()
    assistant = Assistant(opened, settings)
    own = replace(settings, encoder=opened.encoder_name)
    sets = [TuningSet(Path(name).stem, set_library(set_path(name), own), set_path(name)) for name in SHIPPED]
    if questions is not None:
        sets.append(TuningSet(f"own {questions.stem}", opened, questions))
    echo(f"Calibrating {', '.join(f'{part} {one_line(name)}' for part, name in assistant.models.items())}", err=True)
    rows = cache_folder() / "calibrate" / f"{_rows_key(opened.folder, assistant.models)}.jsonl"
    make_folder(rows.parent)
    with ExitStack() as stack:
        bars: dict[str, Any] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in bars:
                bars[name] = stack.enter_context(progress_bar(description=name, total=total, unit=" questions"))
            bars[name].update(done - bars[name].n)

        read = read_sets(assistant, sets, rows, most, show)
    calibration, reached, folder = calibrate(assistant, read)
    print_reached(reached)
    if calibration.found is None:
        echo(f"No bar is right {FOUND_RIGHT:.0%} of the time above it: still no answer will count as found.")
    echo(f"Fitted on {calibration.questions} questions; kept in {folder}")


def print_reached(reached: list[Reached]) -> None:
    """Print what each set reaches with a calibration fitted on the others."""
    if reached:
        echo("Each set, fitted on the others:")
    for one in reached:
        echo(f"  {one}")


def _rows_key(library: Path, models: dict[str, str]) -> str:
    """Names what was read by which models and which code, for which library."""
    parts = (str(library.resolve()), str(calibration_folder(library, models).name), runs.code_hash())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
