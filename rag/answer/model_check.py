"""A test of a chat model on an invented article: does it answer, stream, cite, decline, and how fast."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from index.split import passages
from index.types import Article, Hit, Published
from rag.answer.chat_client import ChatClient, ModelFailed, Usage
from rag.answer.check_sentence import check
from rag.answer.prompt import NOT_FOUND, question_messages
from rag.answer.reply_parser import split_reply
from rag.types import Candidate, Query, Reading

if TYPE_CHECKING:
    from rag.settings import Settings

ARTICLE = Article(
    text=(
        "The town council of Harrow Bay voted 7 to 2 on Tuesday to close the old ferry pier.\n\n"
        "“The pier is no longer safe,” said Mayor Ada Lindqvist. Repairs would have cost 4.5 million "
        "dollars, she said. Fishermen protested outside the hall."
    ),
    title="Harrow Bay closes its ferry pier",
    outlet="Harrow Bay Courier",
    published=Published(date(2024, 3, 5)),
    id="trial",
)
ANSWERABLE = "How did the council of Harrow Bay vote, and why?"
UNANSWERABLE = "Who won the ice hockey final?"


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """What a test showed; `first` and `seconds` are seconds to the first words and to the whole reply."""

    answers: bool
    fault: str = ""
    first: float = 0.0
    seconds: float = 0.0
    pieces: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    sentences: int = 0
    cited: int = 0
    supported: int = 0
    declines: bool = False
    reply: str = ""

    @property
    def streams(self) -> bool:
        return self.pieces > 1

    @property
    def cites(self) -> bool:
        return self.sentences > 0 and self.cited == self.sentences

    @property
    def rate(self) -> float:
        """Tokens written a second once the first words had come."""
        return self.tokens_out / max(self.seconds - self.first, 0.001)


def check_model(settings: Settings) -> ModelCheck:
    """Ask the settings' model one question the article answers and one it does not, past the cache."""
    from rag.answer.from_settings import open_chat_client

    client = open_chat_client(settings, cached=False)
    hit = Hit(passages(ARTICLE)[0], ARTICLE, 1.0)
    try:
        pieces, usage, first, seconds = _ask(client, hit, ANSWERABLE)
        other, *_ = _ask(client, hit, UNANSWERABLE)
    except ModelFailed as error:
        return ModelCheck(answers=False, fault=str(error))
    reading = Reading(tuple(Candidate(hit, span, 1.0) for span, _ in hit.sentences()), 1.0, True)
    query = Query(ANSWERABLE, ANSWERABLE)
    replied = list(split_reply(pieces, 1))
    return ModelCheck(
        answers=True,
        first=first,
        seconds=seconds,
        pieces=len(pieces),
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        sentences=len(replied),
        cited=sum(bool(sentence.numbers) for sentence in replied),
        supported=sum(check(sentence, (hit,), query, reading).statement.supported for sentence in replied),
        declines=NOT_FOUND.strip(".").casefold() in "".join(other).casefold(),
        reply="".join(pieces),
    )


def _ask(client: ChatClient, hit: Hit, question: str) -> tuple[list[str], Usage, float, float]:
    """The pieces of a reply, its usage, and the seconds to its first and its last."""
    started, first, pieces, usage = time.monotonic(), 0.0, [], Usage()
    for piece in client.stream(question_messages(Query(question, question), (hit,))):
        if isinstance(piece, Usage):
            usage = piece
        else:
            first = first or time.monotonic() - started
            pieces.append(piece)
    return pieces, usage, first, time.monotonic() - started
