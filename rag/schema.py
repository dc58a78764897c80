"""An Answer as plain data and back: the schema of `clippings ask --json`, the API, and stored conversations.

How a later version adds a key: a field with a default in `AnswerData` (or the part it belongs to) and in the record
of `rag.types`. What was written without it reads with the default. No key is ever renamed, removed or changed in
meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    WrapSerializer,
    model_validator,
)

from index.types import Article, Hit, Passage, Rank, Span
from rag.types import Answer, Citation, Query, State, Statement
from rag.verify.find_quotation import Difference, QuotationReport, Verdict

SCHEMA = 1

Resolve = Callable[[str, str], Article | None]
"""(article id, revision) → the stored article, or None when it has been pruned."""

Rounded = Annotated[float, AfterValidator(lambda value: round(value, 4))]
RankData = Annotated[Rank, PlainSerializer(lambda at: {"rank": at.rank, "score": round(at.score, 4)})]


def _with_keys(query: Query, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
    data = serialize(query)
    chips = zip(query.interpretations, data["interpretations"], strict=True)
    return {**data, "interpretations": [{"key": chip.key, **fields} for chip, fields in chips]}


class _Data(BaseModel):
    """A part of the schema: validated from a record's attributes or from JSON values."""

    model_config = ConfigDict(from_attributes=True)


class _Place(_Data):
    article: str = Field(validation_alias=AliasChoices(AliasPath("passage", "article_id"), "article_id", "article"))
    revision: str = Field(validation_alias=AliasChoices(AliasPath("passage", "revision"), "revision"))


class CitationData(_Place):
    """`start` and `end` are in characters of the article's text."""

    start: int
    end: int
    text: str

    def citation(self) -> Citation:
        return Citation(self.article, self.revision, self.start, self.end, self.text)


class StatementData(_Data):
    text: str
    speaker: str = ""
    supported: bool = True
    citations: tuple[CitationData, ...] = ()
    span: Span | None = None

    def statement(self) -> Statement:
        return Statement(self.text, _citations(self.citations), self.speaker, self.supported, self.span)


class ArticleData(_Data):
    """What a person needs to find the article; not its text. `published` is YYYY, YYYY-MM, YYYY-MM-DD or null."""

    id: str
    revision: str
    title: str
    outlet: str
    author: str
    published: Annotated[str | None, BeforeValidator(lambda day: str(day) if day else None)]
    url: str
    location: str


def _of_passage(name: str) -> Any:
    return Field(validation_alias=AliasChoices(AliasPath("passage", name), name))


class PassageData(_Data):
    number: int = _of_passage("number")
    start: int = _of_passage("start")
    end: int = _of_passage("end")
    sentences: tuple[Span, ...] = _of_passage("sentences")
    tokens: int = _of_passage("tokens")

    def passage(self, article: Article) -> Passage:
        return Passage(article.id, article.revision, self.number, self.start, self.end, self.sentences, self.tokens)


class HitData(PassageData, _Place):
    text: str
    score: Annotated[float, AfterValidator(lambda value: round(value, 6))]
    words: RankData | None
    vectors: RankData | None
    recency: Rounded
    neighbours: tuple[PassageData, ...]

    def hit(self, article: Article) -> Hit:
        neighbours = tuple(one.passage(article) for one in self.neighbours)
        return Hit(self.passage(article), article, self.score, self.words, self.vectors, self.recency, neighbours)


class AnswerData(_Data):
    """An answer as JSON values, after `schema` (1).

    `text` is all statements, one a line, or the reason. `state` is `found`, `may_answer` or `not_found`, with its
    `probability` and the reason in words, `why`; `refused` is true exactly for the last. `closest` are the nearest
    sentences then, or other quotations of `closest_speaker` where that is given. A statement's `span` is the short
    answer in characters of its text. `query` is what was understood, each of its `interpretations` with the `key` that
    names it; `seconds` are by stage; `damaged` are the parts of the library (words, vectors) that were damaged and not
    searched. What has no state was written before there were any: it reads as `not_found` where it was refused, else as
    `may_answer`.
    """

    question: str
    text: str
    short: str = ""
    refused: bool = False
    reason: str = ""
    confidence: Rounded = 0.0
    statements: tuple[StatementData, ...]
    articles: tuple[ArticleData, ...]
    hits: tuple[HitData, ...]
    closest: tuple[CitationData, ...]
    query: Annotated[Query, WrapSerializer(_with_keys)]
    notes: tuple[str, ...] = ()
    reader: str = ""
    model: str = ""
    library_version: int = 0
    settings_fingerprint: str = ""
    seconds: dict[str, Rounded] = {}
    tokens_in: int = 0
    tokens_out: int = 0
    damaged: tuple[str, ...] = ()
    state: State = "may_answer"
    probability: Rounded = 0.0
    why: str = ""
    closest_speaker: str = ""
    reranker: str = ""

    @model_validator(mode="before")
    @classmethod
    def _state_of_earlier(cls, data: Any) -> Any:
        if isinstance(data, dict) and "state" not in data:
            return {**data, "state": "not_found" if data.get("refused") else "may_answer"}
        return data


class PlaceData(_Data):
    article: ArticleData
    citations: tuple[CitationData, ...]
    similarity: Rounded
    differences: tuple[Difference, ...]


class QuotationData(_Data):
    """The result for a quotation: where it stands, and for each place what differs."""

    quotation: str
    verdict: Verdict
    places: tuple[PlaceData, ...]


def to_dict(answer: Answer) -> dict[str, Any]:
    """An answer as JSON values: `schema`, then the keys of `AnswerData`."""
    return {"schema": SCHEMA, **_plain(AnswerData, answer)}


def from_dict(data: dict[str, Any], resolve: Resolve) -> Answer:
    """Read back what `to_dict` wrote; articles come from `resolve`, hits of pruned revisions are left out.

    Raises ValueError for another schema and for what is no answer.
    """
    if data.get("schema") != SCHEMA:
        raise ValueError(f"an answer of schema {data.get('schema')!r}, not {SCHEMA}")
    read = AnswerData.model_validate(data)
    keys = [(one.id, one.revision) for one in read.articles]
    articles = {key: article for key in keys if (article := resolve(*key))}
    fields = {name: value for name, value in read if name not in ("text", "refused")}
    records = {
        "statements": tuple(one.statement() for one in read.statements),
        "hits": tuple(one.hit(article) for one in read.hits if (article := articles.get((one.article, one.revision)))),
        "closest": _citations(read.closest),
        "articles": tuple(articles.values()),
    }
    return Answer(**(fields | records))


def quotation_to_dict(report: QuotationReport) -> dict[str, Any]:
    """A report as JSON values: the keys of `QuotationData`."""
    return _plain(QuotationData, report)


def statement_to_dict(statement: Statement) -> dict[str, Any]:
    """A statement as JSON values: the keys of `StatementData`."""
    return _plain(StatementData, statement)


def article_to_dict(article: Article) -> dict[str, Any]:
    """An article as JSON values: the keys of `ArticleData`."""
    return _plain(ArticleData, article)


def _plain(schema: type[_Data], record: object) -> dict[str, Any]:
    return schema.model_validate(record).model_dump(mode="json")


def _citations(data: tuple[CitationData, ...]) -> tuple[Citation, ...]:
    return tuple(one.citation() for one in data)
