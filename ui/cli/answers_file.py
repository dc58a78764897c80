"""Answers to a file of questions, as CSV, JSONL or Markdown with citations; nothing is scored."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from evals.results import CaseResult, CitationRecord
from index.errors import UserError
from rag.schema import to_dict
from rag.types import Answer
from ui import answer_text
from ui.answer_text import escape_markdown

COLUMNS = (
    *("id", "question", "answer", "short", "refused", "reason", "confidence", "citations", "error"),
    *("state", "probability", "why"),
)
FORMULA = frozenset("=+-@\t\n")
"""What a formula may begin with, or the cell after a break."""


def citation_line(citation: CitationRecord) -> str:
    """A citation on one line: title, outlet, day, where it stands, and its words."""
    source = ", ".join(part for part in (citation.name, citation.outlet, citation.published, citation.place) if part)
    return f"“{citation.text}” ({source}, characters {citation.start}–{citation.end})"


def as_jsonl(result: CaseResult, answer: Answer | None) -> str:
    """The whole answer in the schema of `clippings ask --json`, with the question's id; or what failed."""
    fields = {"question": result.case.question, "error": result.error} if answer is None else to_dict(answer)
    return json.dumps({"id": result.case.id, **fields}, ensure_ascii=False) + "\n"


def as_csv(result: CaseResult, answer: Answer | None) -> str:
    """One row of `COLUMNS`; citations stand one a line in their cell."""
    citations = "\n".join(citation_line(one) for one in result.citations)
    confidence = "" if result.error else f"{result.confidence:.4f}"
    answered = (result.case.id, result.case.question, result.text, result.short, result.refused, result.reason)
    sure = ("", "", "") if result.error else (result.state, f"{result.probability:.4f}", result.why)
    return _csv_line([_cell(cell) for cell in (*answered, confidence, citations, result.error, *sure)])


def _csv_line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _cell(value: object) -> str:
    """A cell that a spreadsheet will not run: text that begins like a formula gets an apostrophe (OWASP).

    Wide forms of the signs and spaces before them count as well: some spreadsheets take both for a formula. A lone
    carriage return becomes a line feed, which is quoted: Python's csv leaves the other bare, where a row seems to end.
    """
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    begins = (text[:1], unicodedata.normalize("NFKC", text.lstrip()[:1]))
    return "'" + text if FORMULA.intersection(begins) else text


def as_markdown(result: CaseResult, answer: Answer | None) -> str:
    """The question, its answer and its numbered sources."""
    if answer is None:
        return f"**{escape_markdown(result.case.question)}**\n\nFailed: {escape_markdown(result.error)}\n\n"
    return answer_text.as_markdown(answer) + "\n"


Writer = Callable[[CaseResult, Answer | None], str]

FORMATS: dict[str, Writer] = {".csv": as_csv, ".jsonl": as_jsonl, ".md": as_markdown}


def writer(path: Path) -> Writer:
    """How to write answers into a file of this name; raises UserError for a kind that is not offered."""
    if path.suffix not in FORMATS:
        kinds = ", ".join(FORMATS)
        raise UserError(f"Cannot write answers as {path.suffix or path.name!r}. Use --out with one of: {kinds}")
    return FORMATS[path.suffix]


def lines(path: Path, results: Iterable[tuple[CaseResult, Answer | None]]) -> Iterator[str]:
    """The text of an answers file, piece by piece, as the answers come; None stands for a failed one."""
    write = writer(path)
    if path.suffix == ".csv":
        yield _csv_line(list(COLUMNS))
    for result, answer in results:
        yield write(result, answer)
