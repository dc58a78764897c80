"""The command line: `clippings chat`, `ask`, `index`, `library`, `quote`, `eval`, `demo`, `model`, `config`, `bench`.

Heavy imports happen inside the commands, so that `clippings --help` answers at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from index.errors import UserError
from ui.cli.bench import bench
from ui.cli.chat import chat
from ui.cli.eval import demo, evaluate
from ui.cli.library import index
from ui.cli.model import model
from ui.cli.upkeep import library

if TYPE_CHECKING:
    from index.library import Library
    from rag.settings import Settings
    from rag.types import Answer, Citation, Event, Turn


class Commands(click.Group):
    """Prints a UserError as one line and exits 1; click itself exits 2 for wrong usage."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="clippings")
def cli() -> None:
    """Ask questions of a collection of news articles and get quotations you can check."""


for command in (chat, index, library, evaluate, demo, model, bench):
    cli.add_command(command)


def _day(_context: click.Context, _parameter: click.Parameter, value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not a day; write it as 2023-12-07") from error


@cli.command()
@click.argument("question", nargs=-1)
@click.option("--library", help="Folder of the library [default: library].")
@click.option("--as-of", callback=_day, help="Day that 'last week' is counted from (YYYY-MM-DD).")
@click.option("--since", callback=_day, help="Only articles published on or after this day.")
@click.option("--until", callback=_day, help="Only articles published on or before this day.")
@click.option("--outlet", "outlets", multiple=True, help="Only this outlet; may be given several times.")
@click.option("--limit", type=click.IntRange(1, 20), help="Most sentences in an answer [default: 3].")
@click.option("--model", help="Chat model that writes the answer, as provider:model, e.g. ollama:llama3.2.")
@click.option("--no-cache", is_flag=True, help="Ask the model anew, even where its reply is kept.")
@click.option("--show-sources", is_flag=True, help="Show every passage read and why it was found.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON, one object a question.")
def ask(
    question: tuple[str, ...],
    library: str | None,
    as_of: date | None,
    since: date | None,
    until: date | None,
    outlets: tuple[str, ...],
    limit: int | None,
    model: str | None,
    no_cache: bool,
    show_sources: bool,
    as_json: bool,
) -> None:
    """Answer QUESTION with exact sentences from the articles.

    Without QUESTION, reads one question a line from standard input and keeps the conversation.
    """
    from index.types import Filter
    from rag import settings as read
    from rag.assistant import Assistant
    from rag.types import Turn

    if since and until and since > until:
        raise click.BadParameter(f"--since {since} lies after --until {until}")
    settings, origins = read.load(
        {"library": library, "limit": limit, "model": model, "model_cache": False if no_cache else None}
    )
    opened = open_library(settings, origins)
    known = {outlet.casefold(): outlet for outlet in opened.outlets}
    unknown = [outlet for outlet in outlets if outlet.casefold() not in known]
    if unknown:
        some = ", ".join(sorted(opened.outlets)[:8]) or "none is known"
        raise UserError(f"No article is from outlet {unknown[0]!r}. Outlets here: {some}. See: clippings library")
    filter = Filter(since, until, tuple(known[outlet.casefold()] for outlet in outlets))
    assistant = Assistant(opened, settings)

    def answer(text: str, turns: list[Turn]) -> Answer:
        events = assistant.stream(text, turns, as_of=as_of, filter=filter)
        return _as_json(events) if as_json else _as_it_comes(events, show_sources)

    if question:
        answer(" ".join(question), [])
        return
    turns: list[Turn] = []
    for line in _lines():
        made = answer(line, turns)
        turns.append(Turn(line, made.text, made))


def _lines() -> Any:
    """Questions from standard input, one a line, with a prompt where a person types them."""
    prompt = "> " if sys.stdin.isatty() else ""
    while True:
        try:
            line = input(prompt).strip()
        except EOFError:
            return
        if line:
            yield line


def _as_json(events: Iterator[Event]) -> Answer:
    from rag.schema import to_dict
    from rag.types import Answer

    *_, answer = events
    assert isinstance(answer, Answer)
    click.echo(json.dumps(to_dict(answer), ensure_ascii=False))
    return answer


def _as_it_comes(events: Iterator[Event], show_sources: bool) -> Answer:
    """Print each statement when it is there, which with a chat model takes a while, then the evidence."""
    from rag.types import Answer, Statement
    from ui.answer_text import evidence_as_text, statement_as_text

    numbers: dict[Citation, int] = {}
    for event in events:
        if isinstance(event, Statement):
            click.echo(statement_as_text(event, numbers))
    assert isinstance(event, Answer)
    click.echo(evidence_as_text(event, show_sources=show_sources))
    return event


def open_library(settings: Settings, origins: dict[str, str]) -> Library:
    """The library the settings name; the default one is built from the seed articles when it is missing."""
    from index.library import Library
    from ui.cli.library import build_library, seeds_folder

    folder = Path(settings.library)
    if not Library.exists(folder):
        if origins["library"] != "default":
            raise UserError(
                f"No library at {str(folder)!r}. Build one: clippings index FOLDER --library {settings.library}"
            )
        click.echo(f"No library yet: building {str(folder)!r} from the seed articles.", err=True)
        build_library(settings, [str(seeds_folder())])
    return Library.open(folder)


@cli.command()
@click.argument("quotation")
@click.option("--library", help="Folder of the library [default: library].")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def quote(quotation: str, library: str | None, as_json: bool) -> None:
    """Say whether QUOTATION stands in the articles, exactly, partly or not, and where.

    Exits with 1 when it is not found word for word.
    """
    from rag import settings as read
    from rag.schema import quotation_to_dict
    from rag.verify.find_quotation import find_quotation
    from ui.answer_text import quotation_as_text

    settings, origins = read.load({"library": library})
    report = find_quotation(quotation, open_library(settings, origins).quoted(quotation))
    if as_json:
        click.echo(json.dumps(quotation_to_dict(report), ensure_ascii=False))
    else:
        click.echo(quotation_as_text(report))
    if report.verdict != "found":
        raise SystemExit(1)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the settings as JSON.")
def config(as_json: bool) -> None:
    """Show every setting, its value, and where the value came from."""
    from dataclasses import asdict

    from rag import settings as read

    settings, origins = read.load({})
    values = asdict(settings)
    if as_json:
        click.echo(json.dumps({name: {"value": value, "from": origins[name]} for name, value in values.items()}))
        return
    for name, value in values.items():
        click.echo(f"{name:<16} {value!r:<32} {origins[name]:<24} {read.MEANINGS[name]}")
    click.echo(f"\nfingerprint {settings.fingerprint}; set any of them in {read.FILE} or as CLIPPINGS_<NAME>.")


def main() -> None:
    """Run the command line; a closed pipe downstream (`| head`) ends it quietly."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        cli()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
