"""What the chat's pages and its API share: the library as it stands, who may ask how much, kept conversations."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import UserError
from index.types import Article
from ui.store.conversations import Conversations
from ui.web.server.rate_limit import ADDRESS, QUESTIONS, Gate, Rate

if TYPE_CHECKING:
    from index.library import Library
    from rag.assistant import Assistant
    from rag.settings import Settings
    from rag.types import Event, Turn

LONGEST_QUESTION = 2_000
SUGGESTED = 4
LOOKED_AT = 60
"""Newest articles that suggestions are made from."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question is waiting for its turn, with so many before it."""

    ahead: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An article as the table of the library shows it; no text."""

    id: str
    revision: str
    name: str
    outlet: str
    author: str
    published: str
    location: str
    characters: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is shown of one version of the library: its articles, newest first, and questions about them."""

    version: int
    entries: tuple[Entry, ...] = ()
    suggestions: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    newest: str = ""


@dataclass(slots=True)
class Desk:
    """One library served to many people at once."""

    settings: Settings
    conversations: Conversations = field(init=False)
    gate: Gate = field(default_factory=Gate)
    questions: Rate = field(default_factory=lambda: Rate(QUESTIONS))
    addresses: Rate = field(default_factory=lambda: Rate(ADDRESS))
    _assistant: Assistant | None = None
    _shelf: Shelf = field(default_factory=lambda: Shelf(0))
    _opening: threading.Lock = field(default_factory=threading.Lock)
    _shelving: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.conversations = Conversations(self.folder)

    @property
    def folder(self) -> Path:
        return Path(self.settings.library)

    def library(self) -> Library | None:
        """The library at its published version, or None while there is none."""
        assistant = self.assistant()
        return assistant.library if assistant else None

    def assistant(self) -> Assistant | None:
        """Who answers, for the published version; the version before goes on for those still asking it."""
        from index.library import Library
        from rag.assistant import Assistant

        with self._opening:
            if self._assistant is None:
                if not Library.exists(self.folder):
                    return None
                self._assistant = Assistant(Library.open(self.folder), self.settings)
            else:
                current = self._assistant.library.current()
                if current is not self._assistant.library:
                    self._assistant = self._assistant.with_library(current)
            return self._assistant

    def warm(self) -> None:
        """Load what the first question would have to wait for; a chat model, which may cost, is sent nothing."""
        assistant = self.assistant()
        if assistant is not None:
            state = assistant.retrieve(assistant.understand("What happened?"))
            assistant.reader.read(state.query, state.hits)
            self.shelf()

    def article(self, article_id: str, revision: str) -> Article | None:
        """One stored revision; None when there is none."""
        library = self.library()
        return library.article(article_id, revision) if library else None

    def shelf(self) -> Shelf:
        """The articles of the published version; read once a version."""
        library = self.library()
        if library is None:
            return Shelf(0)
        if self._shelf.version != library.version:
            with self._shelving:
                if self._shelf.version != library.version:
                    self._shelf = _shelf(library)
        return self._shelf

    def count(self, client: str) -> None:
        """Count a question or a search of a client; raises Busy when that is too many."""
        self.addresses.take(client.partition(" ")[0])
        self.questions.take(client)

    def ready(self) -> Shelf | None:
        """The shelf if it stands ready for the published version; None while it is being filled."""
        library = self.library()
        version = library.version if library else 0
        return self._shelf if self._shelf.version == version else None

    async def ask(
        self, client: str, question: str, turns: Sequence[Turn] = (), **understood: Any
    ) -> AsyncIterator[Event | Waiting]:
        """What `Assistant.stream` yields, once it is this question's turn.

        Raises UserError for an empty or overlong question and for an empty library, Busy when the client
        or all together ask too much.
        """
        question = checked_question(question)
        self.count(client)
        if self.gate.ahead:
            yield Waiting(self.gate.ahead)
        async with self.gate.turn():
            assistant = await asyncio.to_thread(self.assistant)
            if assistant is None:
                raise UserError("The library is empty. Add articles in the Library tab, or: clippings index FOLDER")
            events = assistant.stream(question, turns, **understood)
            while (event := await asyncio.to_thread(next, events, None)) is not None:
                yield event


def checked_question(question: str) -> str:
    """The question without blanks around it; raises UserError when it is empty or too long."""
    question = question.strip()
    if not question:
        raise UserError("There is no question. Type one and press Enter.")
    if len(question) > LONGEST_QUESTION:
        raise UserError(
            f"A question may have {LONGEST_QUESTION:,} characters, this one has {len(question):,}. Ask less at once."
        )
    return question


def without(ignored: Collection[str]) -> frozenset[str]:
    """Keys of interpretations as `Assistant.ask` takes them, whatever a page sent."""
    return frozenset(key for key in ignored if isinstance(key, str) and len(key) <= LONGEST_QUESTION)


def _shelf(library: Library) -> Shelf:
    newest: list[Article] = []
    entries = []
    for article in library.articles():
        entries.append(
            Entry(
                article.id,
                article.revision,
                article.name,
                article.outlet,
                article.author,
                str(article.published or ""),
                article.location,
                len(article.text),
            )
        )
        newest.append(article)
        if len(newest) > 4 * LOOKED_AT:
            newest = _newest(newest)
    entries.sort(key=lambda entry: (entry.published, entry.name), reverse=True)
    questions = _suggested(_newest(newest))
    return Shelf(
        library.version,
        tuple(entries),
        tuple(questions),
        tuple(sorted(library.outlets)),
        library.newest.isoformat() if library.newest else "",
    )


def _newest(articles: list[Article]) -> list[Article]:
    return sorted(articles, key=lambda article: str(article.published or ""), reverse=True)[:LOOKED_AT]


def _suggested(articles: Sequence[Article]) -> list[str]:
    """One question of each of the newest articles that have one, then what those quoted in them said."""
    from evals.datasets.suggest import suggest
    from index.quotes.attribution import attributions_near
    from index.text.names import INSTITUTION

    chosen: dict[str, None] = {}
    for article in articles:
        inviting = (case.question for case in suggest([article]) if _inviting(case.question))
        if question := next(inviting, ""):
            chosen[question] = None
        if len(chosen) == SUGGESTED:
            return list(chosen)
    for article in articles:
        named = (said.speaker for said in attributions_near(article, 0).values() if said.how == "name")
        asked = (f"What did {name} say?" for name in named if " " in name and not INSTITUTION.search(name))
        if question := next((question for question in asked if question not in chosen), ""):
            chosen[question] = None
        if len(chosen) == SUGGESTED:
            break
    return list(chosen)


def _inviting(question: str) -> bool:
    """Whether it reads well as a suggestion: short, not about a quotation or a headline.

    The rule behind questions of reason inverts clauses too boldly to be shown unread.
    """
    return len(question) <= 90 and not set(question) & set('“”"') and not question.startswith("Why ")
