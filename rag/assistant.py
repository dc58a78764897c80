"""The pipeline in one screen: understand, retrieve, read, write, verify."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from index.engines.encoder import encoder_label
from index.errors import UserError
from index.types import Filter, Hit
from rag import retrieve as retrieval
from rag.answer.extractive import ExtractiveAnswerer, to_citation
from rag.answer.outcome import assess, on_other_subjects, other_quotations, short_answer
from rag.read.rules import RuleReader
from rag.rerank import CrossEncoderReranker
from rag.types import Answer, Answerer, AnswerMetadata, Candidate, Event, Progress, Query, Reader, Statement, Turn
from rag.understand import understand
from rag.verify import verify_citations

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from index.library import Library
    from rag.answer.generative import GenerativeAnswerer
    from rag.settings import Settings


CLOSEST = 3
"""Sentences shown when nothing is found that answers."""


@dataclass(frozen=True, slots=True)
class PipelineState:
    """A question on its way through the pipeline; each stage returns it with more filled in."""

    query: Query
    turns: tuple[Turn, ...] = ()
    hits: tuple[Hit, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0


class Assistant:
    """Answers questions of one library; safe to call from several threads."""

    def __init__(
        self, library: Library, settings: Settings, reader: Reader | None = None, answerer: Answerer | None = None
    ) -> None:
        self.library = library
        self.settings = settings
        self._opened_reader, self._reader_notes = (reader, ()) if reader else open_reader(settings)
        self.reranker = CrossEncoderReranker(settings.reranker) if settings.reranker else None
        self.reader, self._notes = self._calibrated()
        self.writer = None if answerer else open_writer(settings)
        self.answerer = answerer or self.writer or ExtractiveAnswerer(settings.limit)

    @property
    def models(self) -> dict[str, str]:
        """What searches, orders and reads, each by what tells its weights from others'."""
        reranker = {"reranker": self.reranker.name} if self.reranker else {}
        return {"encoder": encoder_label(self.library.encoder_name), **reranker, "reader": self._opened_reader.name}

    def with_library(self, library: Library) -> Assistant:
        """The same assistant, with what it has loaded, over another library or version."""
        other = copy(self)
        other.library = library
        other.reader, other._notes = other._calibrated()
        return other

    def _calibrated(self) -> tuple[Reader, tuple[str, ...]]:
        """The reader with the calibration that holds for the models and this library, and what is to be noted of it."""
        opened, notes = self._opened_reader, self._reader_notes
        if isinstance(opened, RuleReader):
            return opened, notes
        from rag.read.from_settings import calibrated
        from rag.read.reader import CombinedReader

        if not isinstance(opened, CombinedReader):
            return opened, notes
        reader, note = calibrated(opened, self.library.folder, self.models)
        return reader, (*notes, *note)

    def ask(self, question: str, turns: Sequence[Turn] = (), **options: Any) -> Answer:
        """The verified answer to a question.

        Takes `as_of` (a date), `filter` (a Filter the person set) and `ignore` (keys of interpretations not
        to make) as `understand` does.
        """
        return self.answer(self.retrieve(self.understand(question, turns, **options)))

    def stream(self, question: str, turns: Sequence[Turn] = (), **options: Any) -> Iterator[Event]:
        """Progress, then each verified statement as it is written, then the whole Answer."""
        yield Progress("understand")
        state = self.understand(question, turns, **options)
        yield Progress("retrieve")
        state = self.retrieve(state)
        yield Progress("read")
        yield from self._write(state)

    def as_runnable(self) -> Runnable[Any, Answer]:
        """The same pipeline as a LangChain Runnable: a question or a dict of `ask`'s arguments in."""
        from rag.langchain import as_runnable

        return as_runnable(self)

    def understand(
        self,
        question: str,
        turns: Sequence[Turn] = (),
        *,
        as_of: date | None = None,
        filter: Filter = Filter(),
        ignore: Collection[str] = (),
    ) -> PipelineState:
        """What the question asks, with the library's outlets, authors and newest date known."""
        started = time.perf_counter()
        # A terminal may give bytes that are no UTF-8; Python carries them as characters that nothing else takes.
        question = question.encode("utf-8", "replace").decode()

        def read(text: str, earlier: Sequence[Turn] = ()) -> Query:
            return understand(
                text,
                earlier,
                as_of=as_of or (date.fromisoformat(self.settings.as_of) if self.settings.as_of else None),
                newest=self.library.newest,
                outlets=self.library.outlets,
                authors=self.library.authors,
                filter=filter,
                ignore=ignore,
            )

        state = PipelineState(read(question, turns), tuple(turns), notes=self._notes)
        if self.writer and turns:
            query, note, usage = self.writer.restate(state.query, turns, read, ignore)
            notes = state.notes + ((note,) if note else ())
            state = replace(state, query=query, notes=notes, tokens_in=usage.tokens_in, tokens_out=usage.tokens_out)
        return replace(state, seconds={"understand": time.perf_counter() - started})

    def retrieve(self, state: PipelineState) -> PipelineState:
        """The state with its hits filled in."""
        started = time.perf_counter()

        hits, notes = retrieval.retrieve(self.library, state.query, self.settings.hits, self.reranker)
        if self.writer:
            hits = list(retrieval.interleave_subqueries(state.query, hits, self._hits_of, len(hits)))
        seconds = {**state.seconds, "retrieve": time.perf_counter() - started}
        notes += retrieval.damage_notes(self.library)
        return replace(state, hits=tuple(hits), notes=state.notes + notes, seconds=seconds)

    def answer(self, state: PipelineState) -> Answer:
        """The verified answer to a question that has its hits."""
        *_, last = self._write(state)
        assert isinstance(last, Answer)
        return last

    def _hits_of(self, query: Query) -> Sequence[Hit]:
        """The hits for another query of the same question."""
        return retrieval.retrieve(self.library, query, self.settings.hits, self.reranker)[0]

    def _write(self, state: PipelineState) -> Iterator[Event]:
        query, seconds = state.query, dict(state.seconds)
        started = time.perf_counter()
        reading = self.reader.read(query, state.hits)
        if self.settings.refusal >= 0:
            answered = bool(reading.candidates) and reading.confidence >= self.settings.refusal
            reading = replace(reading, answered=answered)
        seconds["read"] = time.perf_counter() - started
        statements: list[Statement] = []
        metadata = AnswerMetadata(self.answerer.name)
        notes = [*state.notes, *reading.notes]
        if reading.answered:
            yield Progress("write")
            for item in self.answerer.statements(query, reading, state.turns):
                if isinstance(item, AnswerMetadata):
                    metadata = item
                    continue
                verified, faults = verify_citations([item], self.library.article)
                notes += faults
                statements += verified
                yield from verified
        seconds["write" if self.writer else "verify"] = time.perf_counter() - started - seconds["read"]
        seconds["total"] = sum(seconds.values())
        result = assess(reading, statements)
        closest: Sequence[Candidate] = ()
        quoted: Sequence[Candidate] = ()
        if result.state == "not_found":
            quoted = other_quotations(query, reading, self._hits_of)
            closest = (quoted or reading.candidates)[:CLOSEST]
            result = replace(result, why=on_other_subjects(query, quoted)) if quoted else result
        articles = {(hit.passage.article_id, hit.passage.revision): hit.article for hit in state.hits}
        articles |= {(one.hit.article.id, one.hit.article.revision): one.hit.article for one in closest}
        yield Answer(
            question=query.question,
            query=query,
            statements=tuple(statements),
            short=short_answer(reading, statements) if result.short else "",
            state=result.state,
            probability=result.probability,
            why=result.why,
            reason=result.why if result.state == "not_found" else "",
            confidence=result.confidence,
            hits=state.hits,
            closest=tuple(map(to_citation, closest)),
            closest_speaker=query.speaker if quoted else "",
            articles=tuple(articles.values()),
            notes=(*notes, *metadata.notes),
            damaged=tuple(self.library.damage),
            reader=self.reader.name,
            reranker=self.reranker.name if self.reranker else "",
            model=metadata.model,
            tokens_in=state.tokens_in + metadata.tokens_in,
            tokens_out=state.tokens_out + metadata.tokens_out,
            library_version=self.library.version,
            settings_fingerprint=self.settings.fingerprint,
            seconds=seconds,
        )


def open_reader(settings: Settings) -> tuple[Reader, tuple[str, ...]]:
    """The reader that the settings name and, where our weights are not to be had, the rule-based one with the reason.

    Raises UserError where a model in Hugging Face's format is named that cannot be read with.
    """
    if settings.reader == RuleReader.name:
        return RuleReader(), ()
    from rag.read.from_settings import is_named, open_combined_reader

    try:
        return open_combined_reader(settings.reader), ()
    except UserError as error:
        if is_named(settings.reader):
            raise
        return RuleReader(), (f"Read by rule alone, which finds fewer answers: {error}",)


def open_writer(settings: Settings) -> GenerativeAnswerer | None:
    """The answerer that writes with the chat model the settings name, if they name one."""
    if not settings.model:
        return None
    from rag.answer.from_settings import open_writer as open_chat_writer

    return open_chat_writer(settings)
