"""`clippings library`: versions, counts, disk use; roll-back, prune, check, export."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from index.maintenance import Stats

SHOWN_OUTLETS = 10


def _folder(library: str | None) -> Path:
    from rag.settings import load

    return Path(load({"library": library})[0].library)


def _command() -> str:
    return shlex.join(["clippings", *sys.argv[1:]])


_library = click.option("--library", help="Folder of the library [default: library].")
_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.group(invoke_without_command=True)
@_library
@_json
@click.pass_context
def library(context: click.Context, library: str | None, as_json: bool) -> None:
    """Show the library's versions, counts, settings and disk use; or look after it with a subcommand."""
    if context.invoked_subcommand:
        return
    from index.maintenance import stats

    found = stats(_folder(library))
    click.echo(json.dumps(found.as_dict(), ensure_ascii=False) if as_json else stats_as_text(found))


def stats_as_text(found: Stats) -> str:
    """The library at a glance, for a terminal."""
    outlets = [f"{name} ({count})" for name, count in list(found.outlets.items())[:SHOWN_OUTLETS]]
    if len(found.outlets) > SHOWN_OUTLETS:
        outlets.append(f"{len(found.outlets) - SHOWN_OUTLETS} more")
    sizes = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in found.sizes.items())
    lines = [
        f"{found.folder}: version {found.current}, {found.articles} articles, {found.passages} passages",
        f"published {found.oldest or 'unknown'} to {found.newest or 'unknown'}",
        f"outlets: {', '.join(outlets) or 'none known'}",
        f"settings: {', '.join(f'{name} {value}' for name, value in found.settings.items())}",
        f"disk: {sizes}",
        "",
    ]
    for version in found.versions:
        mark = "*" if version.number == found.current else " "
        lines.append(
            f"{mark} version {version.number}  {version.created_at}  {version.articles} articles: "
            f"{version.added} added, {version.changed} changed, {version.removed} removed"
        )
    return "\n".join(lines)


@library.command()
@click.argument("version", type=int)
@_library
def rollback(version: int, library: str | None) -> None:
    """Make VERSION the one that is asked; nothing is deleted, so it can be undone."""
    from index import maintenance

    folder = _folder(library)
    maintenance.rollback(folder, version, _command())
    click.echo(f"{folder}: now at version {version}. See all of them: clippings library")


@library.command()
@click.option("--keep", default=1, show_default=True, help="How many versions stay, the one in use among them.")
@_library
def prune(keep: int, library: str | None) -> None:
    """Drop old versions for good; citations of what they alone held no longer resolve."""
    from index import maintenance

    dropped = maintenance.prune(_folder(library), keep, _command())
    click.echo(
        f"{len(dropped.versions)} versions dropped, with {dropped.revisions} revisions and {dropped.passages} "
        f"passages; {dropped.bytes_freed / 1e6:.1f} MB freed"
    )


@library.command()
@click.option("--repair", is_flag=True, help="Put right what does not agree.")
@_library
@_json
def check(repair: bool, library: str | None, as_json: bool) -> None:
    """Compare SQLite, Chroma and tantivy passage by passage; exits with 1 when they do not agree."""
    from index import consistency
    from rag.settings import load, recipe

    settings, _ = load({"library": library})
    folder = Path(settings.library)
    found = consistency.repair(folder, recipe(settings), _command()) if repair else consistency.check(folder)
    if as_json:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    elif found.clean:
        click.echo(f"{folder}: version {found.version} is sound, {found.passages} passages in all three stores")
    else:
        for problem in found.problems:
            click.echo(str(problem))
        click.echo("Put it right: clippings library check --repair")
    if not found.clean:
        raise SystemExit(1)


@library.command()
@click.argument("file", type=click.File("w", encoding="utf-8"), default="-")
@_library
def export(file: TextIO, library: str | None) -> None:
    """Write every article as JSON lines to FILE, or to standard output; `clippings index` reads it back."""
    from index.catalog import Catalog
    from index.maintenance import export as rows

    for row in rows(Catalog(_folder(library)).view()):
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
