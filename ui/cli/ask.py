"""`clippings ask`: one question, or a conversation from standard input, answered in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date

import click

from index.errors import UserError
from index.library import Library
from index.terminal import echo, echo_json, one_line
from index.types import Filter
from rag.assistant import Assistant
from rag.settings import load
from rag.types import Answer, Citation, Event, Statement, Turn
from ui.answer_text import emphasis, evidence_as_text, heading, statement_as_text
from ui.library_access import open_library


def _day(_context: click.Context, _parameter: click.Parameter, value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not a day; write it as 2023-12-07") from error


@click.command()
@click.argument("question", nargs=-1)
@click.option("--library", help="Folder of the library [default: library].")
@click.option("--as-of", callback=_day, help="Day that 'last week' is counted from (YYYY-MM-DD).")
@click.option("--since", callback=_day, help="Only articles published on or after this day.")
@click.option("--until", callback=_day, help="Only articles published on or before this day.")
@click.option("--outlet", "outlets", multiple=True, help="Only this outlet; may be given several times.")
@click.option("--limit", type=click.IntRange(1, 20), help="Most sentences in an answer [default: 3].")
@click.option("--model", help="Chat model that writes the answer, as provider:model, e.g. ollama:llama3.2.")
@click.option("--no-cache", is_flag=True, help="Ask the chat model again, even where its reply was stored.")
@click.option(
    "--continue", "go_on", is_flag=True, help="Go on with your last conversation of the chat, and keep it there."
)
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
    go_on: bool,
    show_sources: bool,
    as_json: bool,
) -> None:
    """Answer QUESTION with exact sentences from the articles.

    Without QUESTION, reads one question a line from standard input; each may follow up the one before. With
    --continue the answers become part of your last conversation of `clippings chat` on this machine, or begin one.

    \b
    Examples:
      clippings ask "what did Lankford say about the majority?"
      clippings ask --since 2023-12-01 --show-sources "who voted against the border bill?"
    """
    if since and until and since > until:
        raise click.BadParameter(f"--since {since} lies after --until {until}")
    settings, origins = load(
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

    conversation = LastConversation(opened) if go_on else None
    turns = conversation.turns if conversation else []
    for text in [" ".join(question)] if question else _read_questions():
        events = assistant.stream(text, turns, as_of=as_of, filter=filter)
        answer = print_json(events) if as_json else print_text(events, show_sources, assistant.writer is not None)
        turns.append(Turn(text, answer.text, answer))
        if conversation:
            conversation.add(answer)


class LastConversation:
    """The latest conversation of the machine's user, as `clippings chat` keeps it; a new one where there is none."""

    def __init__(self, library: Library) -> None:
        from ui.store.conversations import CONTEXT_TURNS, Conversations  # only --continue needs them
        from ui.store.people import machine_owner

        self._owner = machine_owner()
        self._conversations = Conversations(library.folder, self._owner)
        latest = self._conversations.search(self._owner, limit=1)
        self._id = latest[0].id if latest else ""
        answers = self._conversations.answers(self._owner, self._id)[-CONTEXT_TURNS:]
        self.turns = [Turn(one.question, one.data["text"], one.resolve(library.article)) for one in answers]

    def add(self, answer: Answer) -> None:
        """Keep an answer at its end."""
        self._id = self._id or self._conversations.create(self._owner, answer.question)
        self._conversations.add(self._owner, self._id, answer)


def _read_questions() -> Iterator[str]:
    """Questions from standard input, one a line, with a prompt where a person types them."""
    prompt = "> " if sys.stdin.isatty() else ""
    while True:
        try:
            line = input(prompt).strip()
        except EOFError:
            return
        if line:
            yield line


def print_json(events: Iterator[Event]) -> Answer:
    """Print the answer that ends the events as one line of JSON; returns it."""
    from rag.schema import to_dict  # only --json needs it

    *_, answer = events
    assert isinstance(answer, Answer)
    echo_json(to_dict(answer))
    return answer


def print_text(events: Iterator[Event], show_sources: bool, written: bool = False) -> Answer:
    """Print the state, the statements and the evidence.

    `written` by a chat model, which takes a while, each statement is printed at once, and the state follows them: it
    depends on what they cite.
    """
    numbers: dict[Citation, int] = {}
    for event in events:
        if isinstance(event, Statement) and written:
            echo(statement_as_text(event, numbers))
    assert isinstance(event, Answer)
    echo(one_line(heading(event)))
    for number, statement in enumerate(() if written else event.statements):
        line = statement_as_text(statement, numbers, emphasis(event, number))
        click.echo(line)  # noqa: TID251 - made printable already; the codes of bold are ours
    echo(evidence_as_text(event, show_sources=show_sources))
    return event
