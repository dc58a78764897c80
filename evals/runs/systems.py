"""Systems that answer a case: ours, and what a run's header says of the library they answer from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evals import runs
from evals.datasets.cases import BadRows, Case, Problem
from evals.datasets.resolve import Fault, Names, resolve
from evals.runs import Answering, Header
from index.types import Filter
from rag.types import Answer, Query, Turn
from rag.understand import understand

if TYPE_CHECKING:
    from index.library import Library
    from rag.assistant import Assistant

OURS = "clippings"


def ours(assistant: Assistant) -> Answering:
    """The assistant, told the conversation before the case, its hidden articles kept from every search."""

    def answering(case: Case) -> Answer:
        hidden = Filter(without=case.hidden)
        turns: list[Turn] = []
        for earlier in case.conversation:
            if earlier.answer:
                turns.append(Turn(earlier.question, earlier.answer))
                continue
            made = assistant.ask(earlier.question, turns, as_of=case.as_of, filter=hidden)
            turns.append(Turn(earlier.question, made.text, made))
        return assistant.ask(case.question, turns, as_of=case.as_of, filter=hidden)

    return answering


def query_of(library: Library, case: Case) -> Query:
    """What a case asks, understood without a chat model; its hidden articles are kept from every search."""
    turns = [Turn(exchange.question, exchange.answer) for exchange in case.conversation]
    return understand(
        case.question,
        turns,
        as_of=case.as_of,
        newest=library.newest,
        outlets=library.outlets,
        authors=library.authors,
        filter=Filter(without=case.hidden),
    )


def names(library: Library) -> Names:
    """Every name of every article of a library."""
    return Names(library.articles(), library.locations)


def tied(cases: Sequence[Case], library: Library, path: Path, skip: bool = False) -> tuple[list[Case], list[str]]:
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

    resolved = list(resolve(cases, names(library), report))
    if problems and not skip:
        raise BadRows(problems)
    notes += [f"left out: {problem}" for problem in problems]
    return [case for case in resolved if case.id not in unresolved], notes


def header(
    system: str,
    path: Path,
    cases: Sequence[Case],
    library: Library,
    settings_fingerprint: str,
    options: Sequence[str] = (),
    jobs: int = 1,
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
        library_hash=runs.library_hash(_revisions(library)),
        code=runs.code_hash(),
        commit=runs.commit(),
        packages=runs.packages(),
        jobs=jobs,
        options=tuple(options),
        started=runs.now(),
    )


def _revisions(library: Library) -> Iterator[tuple[str, str]]:
    return ((article.id, article.revision) for article in library.articles())


def fingerprint(*parts: str) -> str:
    """Twelve hex digits for a system that has no Settings of ours, as a baseline and its parameters."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
