"""`clippings index` and `clippings library`: build from new articles, look after what was built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click

from index import consistency, maintenance
from index.build import BuildReport
from index.catalog import Catalog
from index.consistency import CheckReport
from index.errors import repair_command
from index.maintenance import Stats
from index.permissions import secure
from index.terminal import as_json, echo, echo_json, one_line
from rag.settings import Settings, index_config, load
from ui.library_access import build_library, typed_command

LINES = 20
"""Skipped files and remarks printed before the rest is only counted."""
OUTLETS = 10
"""Outlets printed before the rest is only counted."""


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="PATH|URL...")
@click.option("--library", help="Folder of the library [default: library].")
@click.option("--prune-missing", is_flag=True, help="Remove articles whose files are gone from PATH.")
@click.option("--rebuild", is_flag=True, help="Encode every article again, beside the version in use.")
@click.option("--encoder", help="Embedding model: a sentence-transformers name or folder, or provider:model.")
@click.option("--allow-private", is_flag=True, help="Let URLs lead to private and loopback addresses.")
@click.option(
    "--group-readable/--owner-only", default=None, help="Let this machine's group read the library, or nobody else."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def index(
    targets: tuple[str, ...],
    library: str | None,
    prune_missing: bool,
    rebuild: bool,
    encoder: str | None,
    allow_private: bool,
    group_readable: bool | None,
    as_json: bool,
) -> None:
    """Read articles into the library: files, folders, pages, feeds.

    Reads .txt .md .html .json .jsonl .csv .tsv .pdf .docx, web pages, and RSS or Atom feeds. Run it again on the
    same folder to update the library: files that have not changed are recognised and not encoded again. Exits with
    1 when something could not be read; everything else is in the library all the same. Nobody else on this machine can
    read the library unless --group-readable says so; that is kept until --owner-only takes it back.

    \b
    Examples:
      clippings index articles/
      clippings index --library mine https://example.org/feed.xml report.pdf
    """
    settings, _ = load({"library": library, "encoder": encoder})
    folder = Path(settings.library)
    if group_readable is False:
        secure(folder, group=False)
    report = build_library(settings, targets, prune_missing=prune_missing, rebuild=rebuild, allow_private=allow_private)
    if group_readable is not None:
        secure(folder, group_readable)
    if as_json:
        echo_json(report.as_dict())
    else:
        echo(report_as_text(report, settings))
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
    notes = [one_line(f"note: {item.location}: {item.text}") for item in report.remarks]
    skipped = [
        one_line(f"skipped: {item.location}{f', line {item.line}' if item.line else ''}: {item.reason}")
        for item in report.skipped
    ]
    for name, items in (("note", notes), ("skipped", skipped)):
        lines += items[:LINES]
        if len(items) > LINES:
            lines.append(f"{name}: {len(items) - LINES} more; see all of them with --json")
    return "\n".join(lines)


def _folder(library: str | None) -> Path:
    return Path(load({"library": library})[0].library)


_library = click.option("--library", help="Folder of the library [default: library].")
_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.group(invoke_without_command=True)
@_library
@_json
@click.pass_context
def library(context: click.Context, library: str | None, as_json: bool) -> None:
    """Show what the library holds, or look after it.

    Without a subcommand: its versions, counts, settings and disk use.

    \b
    Examples:
      clippings library
      clippings library --library mine --json
    """
    if context.invoked_subcommand:
        return
    stats = maintenance.stats(_folder(library))
    if as_json:
        echo_json(stats.as_dict())
    else:
        echo(stats_as_text(stats))


def stats_as_text(stats: Stats) -> str:
    """The library's versions, counts, settings and disk use, for a terminal."""
    outlets = [one_line(f"{name} ({count})") for name, count in list(stats.outlets.items())[:OUTLETS]]
    if len(stats.outlets) > OUTLETS:
        outlets.append(f"{len(stats.outlets) - OUTLETS} more")
    sizes = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in stats.sizes.items())
    lines = [
        f"{stats.folder}: version {stats.current}, {stats.articles} articles, {stats.passages} passages",
        f"published {stats.oldest or 'unknown'} to {stats.newest or 'unknown'}",
        f"outlets: {', '.join(outlets) or 'none known'}",
        f"settings: {', '.join(f'{name} {value}' for name, value in stats.settings.items())}",
        f"disk: {sizes}",
        *([stats.lacks] if stats.lacks else []),
        "",
    ]
    for version in stats.versions:
        mark = "*" if version.number == stats.current else " "
        lines.append(
            f"{mark} version {version.number}  {version.created_at}  {version.articles} articles: "
            f"{version.added} added, {version.changed} changed, {version.removed} removed"
        )
    return "\n".join(lines)


@library.command()
@click.argument("version", type=int)
@_library
def rollback(version: int, library: str | None) -> None:
    """Make VERSION the one that is asked; nothing is deleted, so it can be undone.

    \b
    Examples:
      clippings library rollback 1
      clippings library rollback 3 --library mine
    """
    folder = _folder(library)
    maintenance.rollback(folder, version, typed_command())
    echo(f"{folder}: now at version {version}. See all of them: clippings library")


@library.command()
@click.option("--keep", default=1, show_default=True, help="How many versions to keep, counting the one in use.")
@_library
def prune(keep: int, library: str | None) -> None:
    """Delete old versions for good, to free disk space.

    Citations of texts that only a deleted version held can no longer be opened.

    \b
    Examples:
      clippings library prune
      clippings library prune --keep 3 --library mine
    """
    pruned = maintenance.prune(_folder(library), keep, typed_command())
    echo(
        f"{len(pruned.versions)} versions dropped, with {pruned.revisions} revisions and {pruned.passages} "
        f"passages; {pruned.bytes_freed / 1e6:.1f} MB freed"
    )


@library.command()
@click.option("--repair", is_flag=True, help="Make again what is damaged or missing, and delete what is left over.")
@_library
@_json
def check(repair: bool, library: str | None, as_json: bool) -> None:
    """Compare SQLite, Chroma and tantivy passage by passage; exits with 1 when they do not agree or one is damaged.

    With --repair, a damaged catalog is made again from its log and kept beside it, and the engines from the catalog;
    what could not be recovered is said.

    \b
    Examples:
      clippings library check
      clippings library check --repair --library mine
    """
    settings, _ = load({"library": library})
    folder = Path(settings.library)
    result = (
        consistency.repair(folder, index_config(settings), typed_command()) if repair else consistency.check(folder)
    )
    if as_json:
        echo_json(result.as_dict())
    elif result.clean:
        echo(f"{folder}: version {result.version} is sound, {result.passages} passages in all three stores")
    else:
        for problem in result.problems:
            echo(one_line(problem))
        echo(f"Put it right: {repair_command(folder)}")
    if not as_json:
        for line in _remarks(result):
            echo(one_line(line))
    if not result.clean or result.lost:
        raise SystemExit(1)


def _remarks(result: CheckReport) -> Iterator[str]:
    """What else a check or a repair has to say."""
    if result.kept:
        yield f"The catalog was made again from its log; the damaged one is kept in {result.kept}"
    yield from (f"not recovered: {line}" for line in result.lost)
    if result.unlogged:
        yield "There is no log yet to make the catalog again from; the next build writes it, or: check --repair"
    if result.lacks:
        yield result.lacks


@library.command()
@click.argument("file", type=click.File("w", encoding="utf-8"), default="-")
@_library
def export(file: TextIO, library: str | None) -> None:
    """Write every article as JSON lines to FILE, or to standard output; `clippings index` reads it back.

    \b
    Examples:
      clippings library export articles.jsonl
      clippings library export --library mine | gzip > articles.jsonl.gz
    """
    for row in maintenance.export(Catalog(_folder(library)).view()):
        file.write(as_json(row) + "\n")
