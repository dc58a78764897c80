"""The `clippings` command line: a group that imports a command's module only when that command is run."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any, NamedTuple

import click

from index.errors import UserError
from index.terminal import guard_standard_error, printable

INNER_ORDER = (
    "__main__ answers_file ask bench chat config eval_common eval_quotes eval_sets eval_calibrate eval library model "
    "quote"
)
"""Each may import itself and those before it."""


class Entry(NamedTuple):
    """Where a command is defined, and the line that `clippings --help` shows for it without importing it."""

    module: str
    attribute: str
    help: str


COMMANDS = {
    "ask": Entry("ui.cli.ask", "ask", "Answer QUESTION with exact sentences from the articles."),
    "bench": Entry("ui.cli.bench", "bench", "Measure speed and memory on this machine."),
    "chat": Entry("ui.cli.chat", "chat", "Open the web chat in the browser."),
    "config": Entry("ui.cli.config", "config", "Show every setting, its value, and where the value came from."),
    "demo": Entry(
        "ui.cli.eval",
        "demo",
        "Build a library of 293 complete Wikinews articles of 2019 and 2020, and suggest what to ask it.",
    ),
    "eval": Entry("ui.cli.eval", "evaluate", "Ask a set of questions and measure the answers: `clippings eval SET`."),
    "index": Entry("ui.cli.library", "index", "Read articles into the library: files, folders, pages, feeds."),
    "library": Entry("ui.cli.library", "library", "Show what the library holds, or look after it."),
    "model": Entry("ui.cli.model", "model", "Check the chat model that writes answers, where one is set."),
    "quote": Entry("ui.cli.quote", "quote", "Say whether and where QUOTATION stands in the articles."),
}


class LazyGroup(click.Group):
    """Prints a UserError as one line and exits 1; click itself exits 2 for wrong usage."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        entry = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(entry.module), entry.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        with formatter.section("Commands"):
            commands = [click.Command(name, help=COMMANDS[name].help) for name in self.list_commands(ctx)]
            formatter.write_dl([(str(command.name), command.get_short_help_str(limit)) for command in commands])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            raise click.ClickException(printable(str(error))) from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="clippings")
def cli() -> None:
    """Ask questions of a collection of news articles and get quotations you can check."""


def main() -> None:
    """Run the command line; a closed pipe downstream (`| head`) ends it quietly."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    guard_standard_error()
    try:
        cli()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # noqa: TID251 - closes it
        raise SystemExit(1) from None
