"""The question of an evaluation and what is expected of its answer; reads no files, knows no library."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar

from index.errors import UserError

STRICT: dict[str, Any] = {"extra": "forbid", "coerce_numbers_to_str": True}
"""How pydantic reads these records: unknown fields are errors."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question asked before, and its answer; an empty answer is asked for when the case is run."""

    question: str
    answer: str = ""
    __pydantic_config__: ClassVar = STRICT


@dataclass(frozen=True, slots=True)
class GoldSentence:
    """A place that answers the question: `article` is a reference, offsets count its cleaned text."""

    article: str
    text: str
    start: int | None = None
    end: int | None = None
    item: str = ""
    """What it states, where several things are asked for or reports differ; sentences of one item state the same."""
    published: date | None = None
    """The day of its article, where the answer must show it beside the item."""
    __pydantic_config__: ClassVar = STRICT

    @property
    def located(self) -> bool:
        return self.start is not None and self.end is not None


@dataclass(frozen=True, slots=True)
class Case:
    """One question and what is expected; see `evals/sets/README.md` for the schema of its row.

    `gold_articles`, `gold_sentences` and `context_articles` name articles by id, location, file name, row id, URL or
    title until `evals.datasets.resolve.resolve` replaces the names by article ids.
    """

    id: str
    question: str
    conversation: tuple[Exchange, ...] = ()
    answers: tuple[str, ...] = ()
    """Any one of them is right."""
    answerable: bool = True
    gold_articles: tuple[str, ...] = ()
    gold_sentences: tuple[GoldSentence, ...] = ()
    as_of: date | None = None
    tags: tuple[str, ...] = ()
    context_articles: tuple[str, ...] = ()
    """Articles the question is asked of, whether they answer it or not: what a reader without retrieval reads."""
    speaker: str = ""
    """Who the answer must be said to come from, in a question of who said what."""
    searched: tuple[str, ...] = ()
    """Wordings of the question that stand without the conversation; any one of them is right to search."""
    hidden: tuple[str, ...] = ()
    """Article ids kept from the search; set by `leave_out`, never by a question set."""
    __pydantic_config__: ClassVar = STRICT

    @property
    def held_out(self) -> bool:
        return bool(self.hidden)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row of a question set."""

    file: str
    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.reason}"


class BadRows(UserError):
    """Rows that cannot be run; carries every problem found, in the file's order."""

    def __init__(self, problems: list[Problem], shown: int = 20) -> None:
        self.problems = problems
        lines = [str(problem) for problem in problems[:shown]]
        if len(problems) > shown:
            lines.append(f"… and {len(problems) - shown} more")
        lines.append("Nothing was run. A commented example of the format: clippings eval init example.yaml")
        super().__init__("\n".join(lines))


def half(case_id: str) -> str:
    """The half of a set a question is in, `half:tuning` or `half:reported`, by its id alone.

    The rule: an even first byte of the id's SHA-256 tunes, an odd one is only ever reported.
    """
    return "half:reported" if hashlib.sha256(case_id.encode()).digest()[0] % 2 else "half:tuning"


def leave_out(cases: Iterable[Case]) -> Iterator[Case]:
    """Every case, and after each answerable one with gold articles its twin that has them hidden.

    Cases must be resolved. The twin keeps its expected answers, so that a report can tell where they
    stand in other articles too.
    """
    for case in cases:
        yield case
        gold = {*case.gold_articles, *(sentence.article for sentence in case.gold_sentences)}
        if case.answerable and gold:
            yield replace(
                case,
                id=f"{case.id}~leave-out",
                answerable=False,
                gold_articles=(),
                gold_sentences=(),
                hidden=tuple(sorted(gold)),
                tags=(*case.tags, "leave-out"),
            )


def with_tags(cases: Iterable[Case], tags: Iterable[str], without: Iterable[str] = ()) -> list[Case]:
    """The cases that carry every one of `tags` and none of `without`."""
    wanted, unwanted = set(tags), set(without)
    return [case for case in cases if wanted <= set(case.tags) and not unwanted & set(case.tags)]
