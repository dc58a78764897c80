"""Systems that answer a case, by name, and what a run's header says of the library they answer from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from evals import runs
from evals.datasets.cases import BadRows, Case, Problem
from evals.datasets.resolve import ArticleNames, Fault, resolve
from evals.runs import Answering, Header
from evals.runs.baselines import BM25, TUTORIAL, bm25, tutorial
from evals.runs.reader_alone import BM25_READER, READER, NamedArticles, bm25_reader, reader_alone
from index.engines.encoder import encoder_label, open_encoder
from index.errors import UserError
from index.types import Filter
from rag.assistant import Assistant
from rag.read.from_settings import open_span_model
from rag.read.rules import RuleReader
from rag.types import Answer, Turn

if TYPE_CHECKING:
    from index.library import Library
    from rag.settings import Settings

OURS = "clippings"
SYSTEMS = (OURS, BM25, TUTORIAL, READER, BM25_READER)


def ours(assistant: Assistant) -> Answering:
    """The assistant, told the conversation before the case, its hidden articles kept from every search."""

    def answering(case: Case) -> Answer:
        hidden = Filter(without=case.hidden)
        turns: list[Turn] = []
        for earlier in case.conversation:
            if earlier.answer:
                turns.append(Turn(earlier.question, earlier.answer))
                continue
            answer = assistant.ask(earlier.question, turns, as_of=case.as_of, filter=hidden)
            turns.append(Turn(earlier.question, answer.text, answer))
        return assistant.ask(case.question, turns, as_of=case.as_of, filter=hidden)

    return answering


@dataclass(frozen=True, slots=True)
class System:
    """What answers cases, and what the header of its run says of it."""

    answering: Answering
    fingerprint: str
    """Of its settings."""
    models: Mapping[str, str] = field(default_factory=dict)
    """As in `Header`."""


def open_system(name: str, library: Library, settings: Settings, folder: Path) -> System:
    """The system of a name over a library.

    What it indexes of its own is kept in `folder`. Raises UserError for a name that is not in `SYSTEMS`.
    """
    if name == OURS:
        assistant = Assistant(library, settings)
        return System(ours(assistant), settings.fingerprint, assistant.models)
    if name in (READER, BM25_READER):
        if settings.reader == RuleReader.name:
            raise UserError(f"The reader {settings.reader!r} does not read alone. Name a model, or: CLIPPINGS_READER=")
        reader = open_span_model(settings.reader)
        make = reader_alone if name == READER else bm25_reader
        return System(make(library, reader), fingerprint(name, reader.name), {"reader": reader.name})
    encoder = open_encoder(settings.encoder)
    if name == BM25:
        return System(bm25(library), fingerprint(name, encoder.fingerprint))
    if name == TUTORIAL:
        answering = tutorial(library, encoder, folder / "tutorial-index")
        models = {"encoder": encoder_label(encoder.name)}
        return System(answering, fingerprint(name, encoder.fingerprint), models)
    raise UserError(f"There is no system {name!r}. There are: {', '.join(SYSTEMS)}")


def article_names(library: Library) -> ArticleNames:
    """Every name of every article of a library."""
    return ArticleNames(library.articles(), library.locations)


def tie(cases: Sequence[Case], library: Library, path: Path, skip: bool = False) -> tuple[list[Case], list[str]]:
    """The cases resolved against a library, and what could not be tied, as lines for a person.

    Raises BadRows when a gold article is not in the library, or `skip` leaves such cases out; a gold sentence
    that is not there word for word only leaves that case's sentence figures unmeasured.
    """
    problems: list[Problem] = []
    unresolved: set[str] = set()
    notes: list[str] = []

    def report(fault: Fault) -> None:
        if fault.missing:
            unresolved.add(fault.case.id)
            problems.append(Problem(path.name, 0, fault.field, f"{fault.case.id}: {fault.reason}"))
        else:
            notes.append(str(fault))

    resolved = list(resolve(cases, article_names(library), report))
    if problems and not skip:
        raise BadRows(problems)
    notes += [f"left out: {problem}" for problem in problems]
    return [case for case in resolved if case.id not in unresolved], notes


def with_articles(cases: Sequence[Case], library: Library) -> tuple[list[Case], list[str]]:
    """The cases that name an article for the reader alone to read, and a line about those left out."""
    named = NamedArticles(library)
    readable = [case for case in cases if named.of(case)]
    left_out = len(cases) - len(readable)
    return readable, [f"left out: {left_out} questions that name no article to read"] if left_out else []


def header(
    system: str,
    path: Path,
    cases: Sequence[Case],
    library: Library,
    settings_fingerprint: str,
    options: Sequence[str] = (),
    jobs: int = 1,
    models: Mapping[str, str] = MappingProxyType({}),
) -> Header:
    """The header of a run of these cases on this library by the code that is running."""
    return Header(
        system=system,
        question_set=path.name,
        questions=len(cases),
        set_hash=runs.set_hash(cases),
        settings=settings_fingerprint,
        library=str(library.folder),
        library_version=library.version,
        library_hash=runs.library_hash((article.id, article.revision) for article in library.articles()),
        code=runs.code_hash(),
        commit=runs.commit(),
        packages=runs.packages(),
        models=dict(models),
        jobs=jobs,
        options=tuple(options),
        started=runs.now(),
    )


def fingerprint(*parts: str) -> str:
    """Twelve hex digits for a system that has no Settings of ours, as a baseline and its parameters."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
