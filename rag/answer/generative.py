"""The answerer that writes with a chat model: a LangChain chain of pack, write, sentences, check."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from threading import Event
from typing import TYPE_CHECKING

from index.split import count_tokens
from index.text.tokens import content
from index.types import Hit
from rag.answer.chat_client import ChatClient, ModelFailed, Usage
from rag.answer.check_sentence import SentenceCheck, check
from rag.answer.extractive import ExtractiveAnswerer
from rag.answer.prompt import NOT_FOUND, pack, question_messages
from rag.answer.reply_parser import Sentence, SentenceStream
from rag.answer.restate import restate
from rag.types import AnswerMetadata, Query, Reading, Statement, Turn

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

MOST_SENTENCES = 12
"""Sentences of a reply after which it is cut: the prompt asks for few."""

REPEATS = 2
"""Times a sentence may come again before the reply is taken for a loop and cut."""

STOPS = (".", "!", "?", "…", "”", '"', ")")
"""What a whole sentence ends with."""


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """An interpreted question and the reader's result for its hits."""

    query: Query
    reading: Reading


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What the model is shown: `sources` are numbered from 1 in this order.

    Setting `ended` ends the reply: LangChain reads a step's input to its end even when the step has returned.
    """

    request: AnswerRequest
    sources: tuple[Hit, ...]
    ended: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True)
class Truncation:
    """The reply was ended before the model ended it."""

    reason: str


Item = SourceContext | str | Sentence | SentenceCheck | Truncation | Usage


def answer_chain(client: ChatClient, source_tokens: int) -> Runnable[AnswerRequest, Item]:
    """The chain: an AnswerRequest in; a SourceContext, a SentenceCheck for each sentence written, and the Usage out."""
    from langchain_core.runnables import RunnableGenerator, RunnableLambda

    def pack_sources(request: AnswerRequest) -> SourceContext:
        return SourceContext(request, pack(request.query, request.reading, source_tokens))

    def write(inputs: Iterator[SourceContext]) -> Iterator[Item]:
        for context in inputs:
            yield context
            reply = client.stream(question_messages(context.request.query, context.sources))
            yield from takewhile(lambda _: not context.ended.is_set(), reply)  # noqa: B023 - used up before the next

    def check_each(items: Iterator[Item]) -> Iterator[Item]:
        for item in items:
            if isinstance(item, SourceContext):
                context = item
            elif isinstance(item, Sentence):
                item = check(item, context.sources, context.request.query, context.request.reading)
            yield item

    return (
        RunnableLambda(pack_sources, name="pack")
        | RunnableGenerator(write, name="write")
        | RunnableGenerator(_sentences, name="sentences")
        | RunnableGenerator(check_each, name="check")
    )


def _sentences(items: Iterator[Item]) -> Iterator[Item]:
    """The pieces of a reply as sentences, cut where it repeats itself or goes on for too long."""
    context = next(items)
    assert isinstance(context, SourceContext)
    yield context
    stream = SentenceStream(len(context.sources))
    repeats: dict[tuple[str, ...], int] = {}
    reply = ""
    for item in items:
        whole = stream.feed(item) if isinstance(item, str) else stream.close()
        reply += item if isinstance(item, str) else ""
        unfinished = isinstance(item, Usage) and item.cut
        for sentence in whole:
            if unfinished and not sentence.text.endswith(STOPS):
                # Half a sentence can say the opposite of the whole one.
                continue
            key = tuple(content(sentence.text))
            repeats[key] = repeats.get(key, -1) + 1
            if repeats[key] == 0:
                yield sentence
            if repeats[key] == REPEATS or len(repeats) == MOST_SENTENCES:
                context.ended.set()
                yield Truncation("it repeated itself" if repeats[key] else "it was too long")
                messages = question_messages(context.request.query, context.sources)
                yield Usage(sum(count_tokens(str(message.text)) for message in messages), count_tokens(reply))
                return
        if isinstance(item, Usage):
            if item.cut:
                yield Truncation("it was too long")
            yield item


class GenerativeAnswerer:
    """Writes answers with a chat model; quotes the sources where nothing it writes can be found in them."""

    def __init__(self, name: str, client: ChatClient, *, source_tokens: int, limit: int) -> None:
        self.name = name
        self._talker = client
        self.chain = answer_chain(client, source_tokens)
        self._extractive = ExtractiveAnswerer(limit)

    def restate(
        self, query: Query, turns: Sequence[Turn], read: Callable[[str], Query], ignore: Collection[str]
    ) -> tuple[Query, str, Usage]:
        """See `rag.answer.restate.restate`."""
        return restate(query, turns, self._talker, read, ignore)

    def statements(
        self, query: Query, reading: Reading, turns: Sequence[Turn] = ()
    ) -> Iterator[Statement | AnswerMetadata]:
        """The model's sentences as each is checked, unsupported ones marked; AnswerMetadata last.

        Nothing is given out before a first supported sentence that answers: until then it may yet be the extractive
        answer.
        """
        waiting: list[Statement] = []
        answers, declined, failed = False, False, ""
        unknown = moved = 0
        usage, ended = Usage(), Event()
        try:
            for item in self.chain.stream(AnswerRequest(query, reading)):
                if isinstance(item, SourceContext):
                    ended = item.ended
                elif isinstance(item, Usage):
                    usage += item
                elif isinstance(item, Truncation):
                    failed = f"was cut because {item.reason}"
                elif isinstance(item, SentenceCheck):
                    unknown += item.unknown
                    moved += item.moved
                    if item.statement.text.strip(" .").casefold() == NOT_FOUND.strip(" .").casefold():
                        declined = True
                        continue
                    waiting.append(item.statement)
                    answers = answers or item.answers
                    if answers:
                        yield from waiting
                        waiting.clear()
        except ModelFailed as error:
            failed = f"broke off: {error}" if answers else f"failed: {error}"
        finally:
            ended.set()
        notes = [f"The reply of {self.name} {failed}."] if failed else []
        if unknown:
            notes.append(f"{_count(unknown, 'citation')} of the model that name no source left out.")
        if moved:
            notes.append(f"{_count(moved, 'sentence')} of the model linked to a source that it had not named.")
        if answers:
            yield AnswerMetadata(self.name, tuple(notes), usage.tokens_in, usage.tokens_out)
            return
        if declined and not failed:
            notes.append(f"{self.name} finds no answer in these articles; shown are the sentences closest to it.")
        elif not failed or waiting:
            notes.append(
                f"Nothing that {self.name} wrote was found in the sources as an answer; "
                "shown are sentences that stand in them."
            )
        yield from self._extractive.statements(query, reading, turns)
        yield AnswerMetadata(self._extractive.name, tuple(notes), usage.tokens_in, usage.tokens_out)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"
