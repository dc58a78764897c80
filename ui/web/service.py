"""What the chat's pages and its API share: the library as it stands, who may ask how much, stored conversations."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.datasets.suggest import suggest
from index.errors import UserError
from index.library import Library
from index.quotes.attribution import attributions_near
from index.text.names import INSTITUTION
from index.types import Article
from rag.assistant import Assistant
from ui.store.conversations import Conversations
from ui.web.server.rate_limit import ADDRESS_RATE, QUESTION_RATE, AnswerQueue, RateLimit

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.types import Event, Turn

LONGEST_QUESTION = 2_000
SUGGESTIONS = 4
SUGGESTION_ARTICLES = 60
"""Newest articles that suggestions are made from."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question is waiting for its turn, with so many before it."""

    ahead: int


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """An article as the table of the library shows it; no text."""

    id: str
    revision: str
    name: str
    outlet: str
    author: str
    published: str


@dataclass(frozen=True, slots=True)
class LibraryOverview:
    """What is shown of one version of the library: its articles, newest first, and questions about them."""

    version: int
    articles: tuple[ArticleRow, ...] = ()
    suggestions: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    newest: str = ""


@dataclass(slots=True)
class ChatService:
    """One library served to many people at once."""

    settings: Settings
    machine_owner: str = ""
    """The machine's user where they alone use the chat."""
    conversations: Conversations = field(init=False)
    queue: AnswerQueue = field(default_factory=AnswerQueue)
    client_rate: RateLimit = field(default_factory=lambda: RateLimit(QUESTION_RATE))
    address_rate: RateLimit = field(default_factory=lambda: RateLimit(ADDRESS_RATE))
    _assistant: Assistant | None = None
    _overview: LibraryOverview = field(default_factory=lambda: LibraryOverview(0))
    _assistant_lock: threading.Lock = field(default_factory=threading.Lock)
    _overview_lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.conversations = Conversations(self.folder, self.machine_owner)

    @property
    def folder(self) -> Path:
        return Path(self.settings.library)

    def library(self) -> Library | None:
        """The library at its published version, or None while there is none."""
        assistant = self.assistant()
        return assistant.library if assistant else None

    def assistant(self) -> Assistant | None:
        """The assistant over the published version; questions under way go on with the version they began with."""
        with self._assistant_lock:
            if self._assistant is None:
                if not Library.exists(self.folder):
                    return None
                self._assistant = Assistant(Library.open(self.folder), self.settings)
            elif (current := self._assistant.library.current()) is not self._assistant.library:
                self._assistant = self._assistant.with_library(current)
            return self._assistant

    def warm(self) -> None:
        """Load what the first question would have to wait for; a chat model, which may cost, is sent nothing."""
        if assistant := self.assistant():
            state = assistant.retrieve(assistant.understand("What happened?"))
            assistant.reader.read(state.query, state.hits)
            self.overview()

    def article(self, article_id: str, revision: str) -> Article | None:
        """One stored revision; None when there is none."""
        library = self.library()
        return library.article(article_id, revision) if library else None

    def overview(self) -> LibraryOverview:
        """The articles of the published version; read once a version."""
        library = self.library()
        if library is None:
            return LibraryOverview(0)
        if self._overview.version != library.version:
            with self._overview_lock:
                if self._overview.version != library.version:
                    self._overview = _read_overview(library)
        return self._overview

    def count(self, client: str) -> None:
        """Count a question or a search of a client; raises Busy when that is too many."""
        self.address_rate.take(client.partition(" ")[0])
        self.client_rate.take(client)

    def ready_overview(self) -> LibraryOverview | None:
        """The overview if it was read for the published version; None until then."""
        library = self.library()
        version = library.version if library else 0
        return self._overview if self._overview.version == version else None

    async def ask(
        self, client: str, question: str, turns: Sequence[Turn] = (), **options: Any
    ) -> AsyncIterator[Event | Waiting]:
        """What `Assistant.stream` yields, once it is this question's turn.

        Raises UserError for an empty or overlong question and for an empty library, Busy when the client
        or all together ask too much.
        """
        question = check_question(question)
        self.count(client)
        if self.queue.ahead:
            yield Waiting(self.queue.ahead)
        async with self.queue.turn():
            assistant = await asyncio.to_thread(self.assistant)
            if assistant is None:
                raise UserError("The library is empty. Add articles in the Library tab, or: clippings index FOLDER")
            events = assistant.stream(question, turns, **options)
            while (event := await asyncio.to_thread(next, events, None)) is not None:
                yield event


def check_question(question: str) -> str:
    """The question without blanks around it; raises UserError when it is empty or too long."""
    question = question.strip()
    if not question:
        raise UserError("There is no question. Type one and press Enter.")
    if len(question) > LONGEST_QUESTION:
        raise UserError(
            f"A question may have {LONGEST_QUESTION:,} characters, this one has {len(question):,}. Ask less at once."
        )
    return question


def ignored_keys(keys: Collection[str]) -> frozenset[str]:
    """Keys of interpretations as `Assistant.ask` takes them, whatever a page sent."""
    return frozenset(key for key in keys if isinstance(key, str) and len(key) <= LONGEST_QUESTION)


def _read_overview(library: Library) -> LibraryOverview:
    newest: list[Article] = []
    rows = []
    for article in library.articles():
        published = str(article.published or "")
        rows.append(ArticleRow(article.id, article.revision, article.name, article.outlet, article.author, published))
        newest.append(article)
        if len(newest) > 4 * SUGGESTION_ARTICLES:
            newest = _newest(newest)
    rows.sort(key=lambda row: (row.published, row.name), reverse=True)
    questions = suggest_questions(_newest(newest))
    outlets, day = tuple(sorted(library.outlets)), str(library.newest or "")
    return LibraryOverview(library.version, tuple(rows), tuple(questions), outlets, day)


def _newest(articles: list[Article]) -> list[Article]:
    return sorted(articles, key=lambda article: str(article.published or ""), reverse=True)[:SUGGESTION_ARTICLES]


def suggest_questions(articles: Sequence[Article]) -> list[str]:
    """One question of each of the newest articles that have one, then what those quoted in them said."""
    questions: dict[str, None] = {}
    for article in articles:
        readable = (case.question for case in suggest([article]) if _reads_well(case.question))
        if question := next(readable, ""):
            questions[question] = None
        if len(questions) == SUGGESTIONS:
            return list(questions)
    for article in articles:
        names = (quote.speaker for quote in attributions_near(article, 0).values() if quote.how == "name")
        proposals = (f"What did {name} say?" for name in names if " " in name and not INSTITUTION.search(name))
        if question := next((question for question in proposals if question not in questions), ""):
            questions[question] = None
        if len(questions) == SUGGESTIONS:
            break
    return list(questions)


def _reads_well(question: str) -> bool:
    """Whether it reads well as a suggestion: short, not about a quotation or a headline.

    Questions that begin with Why are left out: the rule that writes them often puts words in the wrong order.
    """
    return len(question) <= 90 and not set(question) & set('“”"') and not question.startswith("Why ")
