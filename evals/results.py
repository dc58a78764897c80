"""What was observed of one answer, kept as one JSON line; metrics are computed from these alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal

from evals.datasets.cases import STRICT, Case
from index.types import Article, Hit, Span
from rag.read.agreement import DISAGREEMENT
from rag.types import Answer, Citation, State

CONTEXT = 240
"""Characters kept before and after a citation, so that a report can show where it stands."""


@dataclass(frozen=True, slots=True)
class CitationRecord:
    """A citation as it was given, whether it holds, and the text around it."""

    article_id: str
    revision: str
    start: int
    end: int
    text: str
    verbatim: bool
    """The stored revision holds exactly this text at these offsets."""
    name: str = ""
    outlet: str = ""
    published: str = ""
    place: str = ""
    """The article's URL, or where it was read."""
    before: str = ""
    after: str = ""
    __pydantic_config__: ClassVar = STRICT

    @property
    def span(self) -> Span:
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class StatementRecord:
    text: str
    supported: bool
    speaker: str = ""
    citations: tuple[CitationRecord, ...] = ()
    __pydantic_config__: ClassVar = STRICT

    @property
    def shown(self) -> str:
        """What a reader sees of it: the speaker it is ascribed to, and its text."""
        return f"{self.speaker}: {self.text}" if self.speaker else self.text


@dataclass(frozen=True, slots=True)
class HitRecord:
    """A hit: the span and text of its passage, then of the neighbours folded into it."""

    article_id: str
    spans: tuple[Span, ...]
    texts: tuple[str, ...]
    score: float
    name: str = ""
    published: str = ""
    __pydantic_config__: ClassVar = STRICT

    @property
    def text(self) -> str:
        """Its passages in the article's order."""
        return "\n".join(text for _, text in sorted(zip(self.spans, self.texts, strict=True)))


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a model judge made of an answer; `score` is None when it could not be scored."""

    score: float | None
    reason: str
    __pydantic_config__: ClassVar = STRICT


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case and what came of it; with an `error` nothing else was measured."""

    case: Case
    statements: tuple[StatementRecord, ...] = ()
    short: str = ""
    refused: bool = False
    state: State | Literal[""] = ""
    """Empty in what was written before answers had one."""
    probability: float = 0.0
    why: str = ""
    span: str = ""
    """The short answer inside the first statement, whether it is emphasised or not."""
    reason: str = ""
    confidence: float = 0.0
    hits: tuple[HitRecord, ...] = ()
    notes: tuple[str, ...] = ()
    total: int | None = None
    """How many items the answer says that there are, shown or not; None where it does not say."""
    reports_differ: bool | None = None
    """Whether the answer says that reports differ; None in what was written before this was kept."""
    searched: str = ""
    """The stand-alone text that was searched, where it differs from the question."""
    seconds: dict[str, float] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    reader: str = ""
    model: str = ""
    error: str = ""
    judgement: Judgement | None = None
    __pydantic_config__: ClassVar = STRICT

    @property
    def citations(self) -> tuple[CitationRecord, ...]:
        return tuple(citation for statement in self.statements for citation in statement.citations)

    @property
    def text(self) -> str:
        return "\n".join(statement.text for statement in self.statements)


def observe(case: Case, answer: Answer) -> CaseResult:
    """What metrics and reports need of an answer."""
    return CaseResult(
        case=case,
        statements=tuple(
            StatementRecord(one.text, one.supported, one.speaker, tuple(_cited(answer, each) for each in one.citations))
            for one in answer.statements
        ),
        short=answer.short,
        refused=answer.refused,
        state=answer.state,
        probability=answer.probability,
        why=answer.why,
        span=_span(answer),
        reason=answer.reason,
        confidence=answer.confidence,
        hits=tuple(_found(hit) for hit in answer.hits),
        notes=answer.notes,
        reports_differ=any(note.startswith(DISAGREEMENT) for note in answer.notes),
        searched=answer.query.text if answer.query.text != answer.question else "",
        seconds=dict(answer.seconds),
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        reader=answer.reader,
        model=answer.model,
    )


def _span(answer: Answer) -> str:
    first = answer.statements[0] if answer.statements else None
    return first.text[slice(*first.span)] if first and first.span else ""


def _cited(answer: Answer, citation: Citation) -> CitationRecord:
    given = (citation.article_id, citation.revision, citation.start, citation.end, citation.text)
    try:
        article = answer.article(citation)
    except KeyError:
        return CitationRecord(*given, verbatim=False)
    text, start, end = article.text, citation.start, citation.end
    return CitationRecord(
        *given,
        verbatim=0 <= start < end and text[start:end] == citation.text,
        name=article.name,
        outlet=article.outlet,
        published=str(article.published or ""),
        place=place(article),
        before=text[max(0, start - CONTEXT) : start],
        after=text[end : end + CONTEXT],
    )


def place(article: Article) -> str:
    """Where a person can look the article up: its URL, or where it was read."""
    return article.url or article.location


def _found(hit: Hit) -> HitRecord:
    parts = (hit.passage, *hit.neighbours)
    return HitRecord(
        article_id=hit.article.id,
        spans=tuple((part.start, part.end) for part in parts),
        texts=tuple(hit.article.text[part.start : part.end] for part in parts),
        score=hit.score,
        name=hit.article.name,
        published=str(hit.article.published or ""),
    )


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(CaseResult)


def to_line(result: CaseResult) -> str:
    """One JSON line, without its line break."""
    written: bytes = _adapter().dump_json(result, exclude_defaults=True)
    return written.decode()


def from_line(line: str) -> CaseResult:
    """Read back what `to_line` wrote; raises pydantic's ValidationError for anything else."""
    result: CaseResult = _adapter().validate_json(line)
    return result
