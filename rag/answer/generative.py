"""The answerer that writes with a chat model: pack, write, sentences, check; LangChain runnables in a row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from threading import Event
from typing import TYPE_CHECKING

from index.split import count_tokens
from index.text.tokens import content
from index.types import Hit
from rag.answer.chat_client import ModelFailed, Spent, Talker
from rag.answer.check_sentence import Checked, check
from rag.answer.extractive import Extractive
from rag.answer.prompt import NOT_FOUND, pack, question_messages
from rag.answer.reply_parser import Sentence, SentenceStream
from rag.answer.restate import restate
from rag.retrieve import spread
from rag.types import Query, Reading, Remarks, Statement, Turn

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

MOST_SENTENCES = 12
"""Sentences after which a reply is cut: the prompt asks for few."""

REPEATS = 2
"""Times a sentence may come again before the reply is taken for a loop and cut."""


STOPS = (".", "!", "?", "…", "”", '"', ")")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question understood, and what the reader made of its hits."""

    query: Query
    reading: Reading


@dataclass(frozen=True, slots=True)
class Packed:
    """What the model is shown: `sources` are numbered from 1 in this order.

    Setting `ended` ends the reply: LangChain reads a step's input to its end even when the step has returned.
    """

    asked: Asked
    sources: tuple[Hit, ...]
    ended: Event = field(default_factory=Event)


@dataclass(frozen=True, slots=True)
class Cut:
    """The reply was ended before the model ended it."""

    reason: str


Item = Packed | str | Sentence | Checked | Cut | Spent


def answering(talker: Talker, source_tokens: int) -> Runnable[Asked, Item]:
    """The chain: an Asked in; Packed, then each Checked sentence as it is written, then what it Spent, out."""
    from langchain_core.runnables import RunnableGenerator, RunnableLambda

    def packed(asked: Asked) -> Packed:
        return Packed(asked, pack(asked.query, asked.reading, source_tokens))

    def write(inputs: Iterator[Packed]) -> Iterator[Item]:
        for shown in inputs:
            yield shown
            reply = talker.talk(question_messages(shown.asked.query, shown.sources))
            yield from takewhile(lambda _: not shown.ended.is_set(), reply)  # noqa: B023 - used up before the next

    def sentences(items: Iterator[Item]) -> Iterator[Item]:
        shown = next(items)
        assert isinstance(shown, Packed)
        yield shown
        yield from _sentences(items, shown)

    def checked(items: Iterator[Item]) -> Iterator[Item]:
        for item in items:
            if isinstance(item, Packed):
                shown = item
            yield (
                check(item, shown.sources, shown.asked.query, shown.asked.reading)
                if isinstance(item, Sentence)
                else item
            )

    return (
        RunnableLambda(packed, name="pack")
        | RunnableGenerator(write, name="write")
        | RunnableGenerator(sentences, name="sentences")
        | RunnableGenerator(checked, name="check")
    )


def _sentences(items: Iterator[Item], shown: Packed) -> Iterator[Item]:
    """The pieces of a reply as sentences, cut where it repeats itself or goes on for too long."""
    stream = SentenceStream(len(shown.sources))
    seen: dict[tuple[str, ...], int] = {}
    written = ""
    for item in items:
        whole = stream.feed(item) if isinstance(item, str) else stream.close()
        written += item if isinstance(item, str) else ""
        unfinished = isinstance(item, Spent) and item.cut
        for sentence in whole:
            if unfinished and not sentence.text.endswith(STOPS):
                # Half a sentence can say the opposite of the whole one.
                continue
            key = tuple(content(sentence.text))
            seen[key] = seen.get(key, -1) + 1
            if seen[key] == 0:
                yield sentence
            if seen[key] == REPEATS or len(seen) == MOST_SENTENCES:
                shown.ended.set()
                yield Cut("it repeated itself" if seen[key] else "it was too long")
                messages = question_messages(shown.asked.query, shown.sources)
                yield Spent(sum(count_tokens(str(message.text)) for message in messages), count_tokens(written))
                return
        if isinstance(item, Spent):
            if item.cut:
                yield Cut("it was too long")
            yield item


class ChatWriter:
    """Writes answers with a chat model; where nothing it writes can be found in the sources, quotes them instead."""

    def __init__(self, name: str, talker: Talker, *, source_tokens: int, limit: int) -> None:
        self.name = name
        self._talker = talker
        self.chain = answering(talker, source_tokens)
        self._extractive = Extractive(limit)

    def restate(
        self, query: Query, turns: Sequence[Turn], read: Callable[[str], Query], ignore: Collection[str]
    ) -> tuple[Query, str, Spent]:
        """See `rag.answer.restate.restate`."""
        return restate(query, turns, self._talker, read, ignore)

    def spread(self, query: Query, hits: Sequence[Hit], search: Callable[[Query], Sequence[Hit]]) -> Sequence[Hit]:
        """See `rag.retrieve.spread`; as many hits as there were."""
        return spread(query, hits, search, len(hits))

    def statements(self, query: Query, reading: Reading, turns: Sequence[Turn] = ()) -> Iterator[Statement | Remarks]:
        """The model's sentences as each is checked, unsupported ones marked; Remarks last.

        Nothing is given out before a first supported sentence that answers: until then it may yet be the extractive
        answer.
        """
        waiting: list[Statement] = []
        found, declined, failed = False, False, ""
        unknown = moved = 0
        spent, ended = Spent(), Event()
        try:
            for item in self.chain.stream(Asked(query, reading)):
                if isinstance(item, Packed):
                    ended = item.ended
                elif isinstance(item, Spent):
                    spent += item
                elif isinstance(item, Cut):
                    failed = f"was cut because {item.reason}"
                elif isinstance(item, Checked):
                    unknown += item.unknown
                    moved += item.moved
                    if item.statement.text.strip(" .").casefold() == NOT_FOUND.strip(" .").casefold():
                        declined = True
                        continue
                    waiting.append(item.statement)
                    found = found or item.answers
                    if found:
                        yield from waiting
                        waiting.clear()
        except ModelFailed as error:
            failed = f"broke off: {error}" if found else f"failed: {error}"
        finally:
            ended.set()
        notes = [f"The reply of {self.name} {failed}."] if failed else []
        if unknown:
            notes.append(f"{_count(unknown, 'citation')} of the model that name no source left out.")
        if moved:
            notes.append(f"{_count(moved, 'sentence')} of the model linked to a source that it had not named.")
        if found:
            yield Remarks(self.name, tuple(notes), spent.tokens_in, spent.tokens_out)
            return
        if declined and not failed:
            notes.append(f"{self.name} finds no answer in these articles; shown are the sentences closest to it.")
        elif not failed or waiting:
            notes.append(
                f"Nothing that {self.name} wrote was found in the sources as an answer; "
                "shown are sentences that stand in them."
            )
        yield from self._extractive.statements(query, reading, turns)
        yield Remarks(self._extractive.name, tuple(notes), spent.tokens_in, spent.tokens_out)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"
