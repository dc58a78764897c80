"""One question asked in the chat, from Enter to the stored answer, as HTML that grows; knows nothing of gradio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from index.errors import UserError
from rag.types import Answer, Progress, Statement, Turn
from ui.store.conversations import CONTEXT_TURNS, StoredAnswer
from ui.web.pages import html
from ui.web.service import ChatService, Waiting, ignored_keys

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ChatQuestion:
    """A question as the page sends it.

    `ignored` are keys of interpretations not to make. `replaces` is the id of the answer that this one takes the
    place of (an edited question); `before` is the number of the answer whose chip was removed, so that only what
    came before it is followed up.
    """

    text: str
    conversation: str = ""
    ignored: frozenset[str] = frozenset()
    replaces: str = ""
    before: int | None = None


@dataclass(frozen=True, slots=True)
class ThreadView:
    """What the page shows now: the conversation's id, and as HTML its earlier exchanges and the one under way."""

    conversation: str
    earlier: str
    current: str


@dataclass(slots=True)
class StopSignals:
    """Which pages asked to stop; a page is named by its owner and its session."""

    _events: dict[tuple[str, str], asyncio.Event] = field(default_factory=dict)

    def begin(self, owner: str, session: str) -> asyncio.Event:
        event = self._events[owner, session] = asyncio.Event()
        return event

    def stop(self, owner: str, session: str) -> None:
        """Stop what that page asked last, if it is still being answered."""
        if event := self._events.get((owner, session)):
            event.set()

    def end(self, owner: str, session: str) -> None:
        self._events.pop((owner, session), None)


async def answer(
    service: ChatService, owner: str, client: str, question: ChatQuestion, stop: asyncio.Event
) -> AsyncIterator[ThreadView]:
    """Ask, and yield the page after each step; the answer is stored when it is whole.

    A question that fails or is stopped is shown as such and not stored.
    """
    answers = resolve_answers(service, owner, question.conversation)
    conversation = question.conversation if answers else ""
    earlier = [(stored, answer) for stored, answer in answers if stored.id != question.replaces]
    above = html.thread(earlier)
    turns = [
        Turn(stored.question, stored.data["text"], answer)
        for stored, answer in earlier
        if question.before is None or stored.number < question.before
    ]
    statements: list[Statement] = []

    def view(current: str) -> ThreadView:
        return ThreadView(conversation, above, current)

    yield view(html.pending(question.text, "understand"))
    events = service.ask(client, question.text, turns[-CONTEXT_TURNS:], ignore=question.ignored)
    try:
        async for event in _until(stop, events):
            if isinstance(event, Waiting):
                yield view(html.pending(question.text, "wait", ahead=event.ahead))
            elif isinstance(event, Progress):
                yield view(html.pending(question.text, event.stage, statements))
            elif isinstance(event, Statement):
                statements.append(event)
                yield view(html.pending(question.text, "write", statements))
            else:
                conversation = conversation or service.conversations.create(owner, question.text)
                stored = service.conversations.add(owner, conversation, event, question.ignored, question.replaces)
                yield view(html.turn(event, stored))
                return
        yield view(html.unfinished(question.text, statements, "Stopped."))
    except UserError as error:
        yield view(html.unfinished(question.text, statements, str(error)))


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


def resolve_answers(service: ChatService, owner: str, conversation: str) -> list[tuple[StoredAnswer, Answer]]:
    """The answers of a conversation with their citations resolved; none when it is not the owner's."""
    answers = service.conversations.answers(owner, conversation) if conversation else []
    article = cache(service.article)  # the answers of a conversation cite the same few articles
    return [(stored, stored.resolve(article)) for stored in answers]


def without_interpretation(service: ChatService, owner: str, answer_id: str, key: str) -> ChatQuestion:
    """The question of a stored answer, to be asked with one more interpretation ignored; KeyError if not theirs."""
    stored = service.conversations.answer(owner, answer_id)
    ignored = ignored_keys({*stored.ignored, key})
    return ChatQuestion(stored.question, stored.conversation, ignored, before=stored.number)
