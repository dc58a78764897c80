"""The records of a question and its answer, and the two seams: who reads, and who answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

from index.types import Article, Filter, Hit, Span

AnswerType = Literal["person", "number", "date", "place", "reason", "quotation", "other"]
State = Literal["found", "may_answer", "not_found"]
"""`found`: the reader is calibrated, and sure; `may_answer`: shown without emphasis; `not_found`: refused."""


@dataclass(frozen=True, slots=True)
class Interpretation:
    """One thing understood from the question, shown as a chip that can be removed.

    `key` names it for `ask(..., ignore={key})`, for example `date:last week`.
    """

    kind: Literal["date", "outlet", "author", "as-of", "follow-up"]
    phrase: str
    meaning: str

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.phrase.lower()}"


@dataclass(frozen=True, slots=True)
class Query:
    """A question understood: what is searched, where, and what kind of answer is wanted."""

    question: str
    text: str
    """The stand-alone text that is searched; equals `question` unless it was a follow-up."""
    filter: Filter = Filter()
    given: Filter = Filter()
    """The part of `filter` that a person set; the rest was read out of the question and may be given up."""
    as_of: date | None = None
    recency: float = 0.0
    """0 no preference for new articles, 1 the full prior; see `index.engines.fusion`."""
    answer_type: AnswerType = "other"
    speaker: str = ""
    """In "what did X say", X."""
    develops: bool = False
    """Asks how something developed: answers go by date."""
    favour: tuple[tuple[str, str], ...] = ()
    """(article id, revision) cited in the turn before, preferred when it was a follow-up."""
    interpretations: tuple[Interpretation, ...] = ()

    @property
    def inferred(self) -> bool:
        """Whether something of the filter was read out of the question."""
        return self.filter != self.given


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in a stored revision; valid only if `article.text[start:end] == text`."""

    article_id: str
    revision: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer and the places it rests on.

    A quotation by the extractive answerer is its citation's own text. A sentence written by a model is
    `supported` only when the texts it cites support it; otherwise it carries no citations.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    speaker: str = ""
    supported: bool = True
    span: Span | None = None
    """The shortest verbatim answer, in characters of `text`: emphasised in an answer that is found, and only there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its evidence; everything a renderer, a log or an evaluation needs.

    `confidence` is in [0, 1] and comparable between answers of one reader.
    """

    question: str
    query: Query
    statements: tuple[Statement, ...] = ()
    short: str = ""
    """A number, date, person, place or organisation that the reader is sure of, or empty; stands inside the first
    citation."""
    state: State = "may_answer"
    probability: float = 0.0
    """That the first statement is right, by the calibrated reader; 0 where the reader is not calibrated."""
    why: str = ""
    """The reason for the state in the question's words, as "London Marathon is not in this sentence"; fit to show."""
    reason: str = ""
    """Why it was refused, or why the answer is not what was asked for; fit to show."""
    confidence: float = 0.0
    hits: tuple[Hit, ...] = ()
    closest: tuple[Citation, ...] = ()
    """When refused, the sentences that came nearest to an answer, best first."""
    closest_speaker: str = ""
    """Whose quotations `closest` are, where somebody's words were asked for and others of them were found."""
    articles: tuple[Article, ...] = ()
    """Every article cited or hit, in the revision used, so that citations resolve without a library."""
    notes: tuple[str, ...] = ()
    """Things the person should know, as "no article is dated in that week: answered without the date"."""
    damaged: tuple[str, ...] = ()
    """Parts of the library ("words", "vectors") that were damaged and not searched; a note says the same in words."""
    reader: str = ""
    reranker: str = ""
    model: str = ""
    library_version: int = 0
    settings_fingerprint: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    """Seconds by stage: understand, retrieve, read, verify, total."""
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def refused(self) -> bool:
        """Whether nothing was found that answers; there are no supported statements then."""
        return self.state == "not_found"

    @property
    def text(self) -> str:
        """The statements in order, one a line; the reason when refused."""
        return "\n".join(statement.text for statement in self.statements) or self.reason

    @property
    def citations(self) -> tuple[Citation, ...]:
        return tuple(citation for statement in self.statements for citation in statement.citations)

    def article(self, citation: Citation) -> Article:
        """The article revision a citation points into; raises KeyError if the answer does not hold it."""
        for article in self.articles:
            if (article.id, article.revision) == (citation.article_id, citation.revision):
                return article
        raise KeyError((citation.article_id, citation.revision))


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange of a conversation; `answer` is None where only its text is known."""

    question: str
    text: str = ""
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer, with how strongly; `short` is a span inside it, or None."""

    hit: Hit
    sentence: Span
    score: float
    short: Span | None = None

    @property
    def text(self) -> str:
        return self.hit.article.text[self.sentence[0] : self.sentence[1]]

    @property
    def short_text(self) -> str:
        """The text of `short`, or empty."""
        return self.hit.article.text[slice(*self.short)] if self.short else ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """How sure a reader is that a sentence answers; the fields mean what they mean in an Answer."""

    state: State
    confidence: float = 0.0
    probability: float = 0.0
    why: str = ""
    short: bool = False
    """Its short answer may stand alone."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of a reader: candidates best first, and how confident it is that the first answers."""

    candidates: tuple[Candidate, ...]
    confidence: float
    answered: bool
    """False when the reader, at its calibrated bar, finds no answer in the hits."""
    reason: str = ""
    notes: tuple[str, ...] = ()
    """What the person should know of it, as "others report ..."."""
    assess: Callable[[Candidate], Assessment] | None = None
    """How sure it is of one of the candidates; never surer of another than of the first. None: not calibrated."""


class Reader(Protocol):
    """Chooses the sentences that answer; the trained reader and the rule-based one both fit here."""

    name: str

    def read(self, query: Query, hits: Sequence[Hit]) -> Reading: ...


@dataclass(frozen=True, slots=True)
class AnswerMetadata:
    """What an answerer says of its answer at the end: which model wrote it, what to note, tokens used."""

    model: str
    notes: tuple[str, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0


class Reranker(Protocol):
    """Puts the passages found for a question in a better order before they are read."""

    name: str

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]: ...


class Answerer(Protocol):
    """Turns a reading into statements; extractive by default, a chat model by setting.

    An AnswerMetadata may come last; without it `name` wrote and there is nothing to note.
    """

    name: str

    def statements(
        self, query: Query, reading: Reading, turns: Sequence[Turn]
    ) -> Iterator[Statement | AnswerMetadata]: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """A stage that `Assistant.stream` has begun: understand, retrieve, read, write."""

    stage: str


Event = Progress | Statement | Answer
