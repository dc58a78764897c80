"""`clippings index` and `clippings library`: build from new articles, look after what was built."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.build import BuildReport, Progress
    from index.types import FetchLog, Read
    from rag.settings import Settings

LISTED = 20
"""Skipped files and remarks shown before the rest is only counted."""


def seeds_folder() -> Path:
    """The folder of the seed articles that come with the program."""
    from importlib.util import find_spec

    spec = find_spec("seeds")
    assert spec is not None and spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations)))


def build_library(
    settings: Settings,
    targets: Sequence[str],
    *,
    prune_missing: bool = False,
    rebuild: bool = False,
    allow_private: bool = False,
) -> BuildReport:
    """Read `targets` into the settings' library, with a progress bar on standard error."""
    from index.build import build
    from index.sources import read
    from index.sources.fetch import Fetcher
    from rag.settings import recipe

    fetcher = Fetcher(allow_private=allow_private) if any("://" in target for target in targets) else None

    def reads(log: FetchLog) -> Iterator[Read]:
        return read(targets, fetcher=fetcher, seen=log)

    try:
        with progress_bar() as progress:
            return build(
                Path(settings.library),
                reads,
                recipe(settings),
                targets=targets,
                prune_missing=prune_missing,
                rebuild=rebuild,
                server=settings.chroma,
                command=shlex.join(["clippings", *sys.argv[1:]]),
                progress=progress,
            )
    finally:
        if fetcher is not None:
            fetcher.close()


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """A bar on standard error for each stage of a build; nothing where that is no terminal."""
    from tqdm import tqdm

    bar = tqdm(unit=" articles", leave=False, disable=None)
    stage = ""

    def show(progress: Progress) -> None:
        nonlocal stage
        if stage != progress.stage:
            stage = progress.stage
            bar.set_description(stage, refresh=False)
            bar.reset(total=progress.total)
        bar.update(progress.done - bar.n)

    try:
        yield show
    finally:
        bar.close()


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="PATH|URL...")
@click.option("--library", help="Folder of the library [default: library].")
@click.option("--prune-missing", is_flag=True, help="Remove articles whose files are gone from PATH.")
@click.option("--rebuild", is_flag=True, help="Encode everything anew beside the version in use.")
@click.option("--encoder", help="Embedding model: a sentence-transformers name or folder, or provider:model.")
@click.option("--allow-private", is_flag=True, help="Let URLs lead to private and loopback addresses.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def index(
    targets: tuple[str, ...],
    library: str | None,
    prune_missing: bool,
    rebuild: bool,
    encoder: str | None,
    allow_private: bool,
    as_json: bool,
) -> None:
    """Read articles into the library: files, folders, web pages, RSS or Atom feeds.

    Reads .txt .md .html .json .jsonl .csv .tsv .pdf .docx. What is unchanged costs a hash. Exits with 1 when
    something could not be read; everything else is in the library all the same.
    """
    from rag.settings import load

    settings, _ = load({"library": library, "encoder": encoder})
    report = build_library(settings, targets, prune_missing=prune_missing, rebuild=rebuild, allow_private=allow_private)
    click.echo(json.dumps(report.as_dict(), ensure_ascii=False) if as_json else report_as_text(report, settings))
    if report.skipped:
        raise SystemExit(1)


def report_as_text(report: BuildReport, settings: Settings) -> str:
    """What a build did, for a terminal."""
    lines = [
        f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged, "
        f"{report.removed} removed, {len(report.skipped)} skipped; {report.encoded} passages encoded "
        f"in {report.seconds:.1f} s"
    ]
    if report.copies:
        lines.append(f"{report.copies} more places hold a text that is here already")
    state = "now at" if report.published else "nothing new; still at"
    lines.append(f"{settings.library}: {state} version {report.version}")
    for name, found in (("note", report.remarks), ("skipped", report.skipped)):
        for item in found[:LISTED]:
            reason = item.text if hasattr(item, "text") else item.reason
            line = getattr(item, "line", None)
            lines.append(f"{name}: {item.location}{f', line {line}' if line else ''}: {reason}")
        if len(found) > LISTED:
            lines.append(f"{name}: {len(found) - LISTED} more; see all of them with --json")
    return "\n".join(lines)
