"""One question asked in the chat, from Enter to the kept answer, as HTML that grows; knows nothing of gradio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from index.errors import UserError
from rag.types import Answer, Progress, Statement, Turn
from ui.store.conversations import FOLLOWED, Kept
from ui.web.pages import html
from ui.web.service import Desk, Waiting, without

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the page sends it.

    `replaces` is the kept answer that this one takes the place of (an edited question); `before` is the
    number of the answer whose chip was removed, so that only what came before it is followed up.
    """

    question: str
    conversation: str = ""
    ignored: frozenset[str] = frozenset()
    replaces: str = ""
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows now: the conversation, its earlier exchanges, and the one under way."""

    conversation: str
    earlier: str
    current: str


@dataclass(slots=True)
class Stops:
    """Which pages asked to stop; a page is named by its owner and its session."""

    _asked: dict[tuple[str, str], asyncio.Event] = field(default_factory=dict)

    def begin(self, owner: str, session: str) -> asyncio.Event:
        event = self._asked[owner, session] = asyncio.Event()
        return event

    def stop(self, owner: str, session: str) -> None:
        """Stop what that page asked last, if it is still being answered."""
        if event := self._asked.get((owner, session)):
            event.set()

    def end(self, owner: str, session: str) -> None:
        self._asked.pop((owner, session), None)


async def answer(desk: Desk, owner: str, client: str, asked: Asked, stop: asyncio.Event) -> AsyncIterator[Shown]:
    """Ask, and yield the page after each step; the answer is kept when it is whole.

    A question that fails or is stopped is shown as such and not kept.
    """
    conversations = desk.conversations
    conversation = asked.conversation if conversations.owns(owner, asked.conversation) else ""
    earlier = [item for item in exchanges(desk, owner, conversation) if item[0].id != asked.replaces]
    above = html.thread(earlier)
    turns = [
        Turn(kept.question, kept.data["text"], made)
        for kept, made in earlier
        if asked.before is None or kept.number < asked.before
    ]
    statements: list[Statement] = []

    def shown(current: str) -> Shown:
        return Shown(conversation, above, current)

    yield shown(html.pending(asked.question, "understand"))
    events = desk.ask(client, asked.question, turns[-FOLLOWED:], ignore=asked.ignored)
    try:
        async for event in _until(stop, events):
            if isinstance(event, Waiting):
                yield shown(html.pending(asked.question, "wait", ahead=event.ahead))
            elif isinstance(event, Progress):
                yield shown(html.pending(asked.question, event.stage, statements))
            elif isinstance(event, Statement):
                statements.append(event)
                yield shown(html.pending(asked.question, "write", statements))
            else:
                conversation = conversation or conversations.begin(owner, asked.question)
                key = conversations.keep(owner, conversation, event, asked.ignored, asked.replaces)
                yield shown(html.turn(event, conversations.answer(owner, key)))
                return
        yield shown(html.ended(asked.question, statements, "Stopped."))
    except UserError as error:
        yield shown(html.ended(asked.question, statements, str(error)))


async def _until(stop: asyncio.Event, events: AsyncIterator[T]) -> AsyncIterator[T]:
    """The events until somebody asks to stop, at once even in the middle of a step."""
    stopped = asyncio.ensure_future(stop.wait())
    step: asyncio.Future[T] | None = None
    try:
        while True:
            step = asyncio.ensure_future(anext(events))
            await asyncio.wait({step, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if stopped.done():
                return
            try:
                yield step.result()
            except StopAsyncIteration:
                return
    finally:
        stopped.cancel()
        if step and not step.done():
            step.cancel()


def exchanges(desk: Desk, owner: str, conversation: str) -> list[tuple[Kept, Answer]]:
    """The kept answers of a conversation with their citations resolved; none when it is not the owner's."""
    kept = desk.conversations.answers(owner, conversation) if conversation else []
    return [(item, item.answer(desk.article)) for item in kept]


def asked_again(desk: Desk, owner: str, kept: str, dropped: str) -> Asked:
    """The question of a kept answer, to be asked without one more thing understood; KeyError if not theirs."""
    item = desk.conversations.answer(owner, kept)
    ignored: Collection[str] = {*item.ignored, dropped}
    return Asked(item.question, item.conversation, without(ignored), before=item.number)
