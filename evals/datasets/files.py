"""Question sets as files: JSONL, CSV and YAML in one schema, checked row by row before anything runs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from evals.datasets.cases import BadRows, Case, Problem
from index.errors import UserError

LISTS = ("conversation", "searched", "answers", "gold_articles", "gold_sentences", "context_articles", "tags")
KINDS = (".jsonl", ".csv", ".yaml", ".yml")
LONGEST_CELL = 131_072
"""Characters of one cell of a CSV file."""


Row = tuple[int, dict[str, Any]]


def read(path: Path, expecting: bool = True) -> list[Case]:
    """The cases of a question set; `expecting=False` reads questions that have no expected answers.

    Raises BadRows with every bad row's file, line, field and reason, UserError for a file that cannot
    be read at all.
    """
    from pydantic import TypeAdapter, ValidationError

    adapter = TypeAdapter(Case)
    cases: list[Case] = []
    problems: list[Problem] = []
    first_seen: dict[str, int] = {}
    for line, row in rows(path, problems):
        row.setdefault("id", f"{path.stem}-{line}")
        try:
            case = adapter.validate_python(row)
        except ValidationError as error:
            for fault in error.errors():
                field = ".".join(str(part) for part in fault["loc"]) or "row"
                problems.append(Problem(path.name, line, field, _plainly(fault)))
            continue
        problems += [Problem(path.name, line, *fault) for fault in _faults(case, expecting)]
        if case.id in first_seen:
            problems.append(Problem(path.name, line, "id", f"{case.id!r} is line {first_seen[case.id]}'s id too"))
        first_seen.setdefault(case.id, line)
        cases.append(case)
    if problems:
        raise BadRows(sorted(problems, key=lambda problem: problem.line))
    if not cases:
        raise UserError(f"No questions in {str(path)!r}. A commented example: clippings eval init example.yaml")
    return cases


def _plainly(fault: Any) -> str:
    shape = {
        "tuple_type": "must be a list",
        "unexpected_keyword_argument": "is not a field of a question set",
        "missing": "is missing",
        "dataclass_type": "must be an object with fields",
    }
    value = "" if fault["type"] == "missing" else f" (found {fault['input']!r})"
    return f"{shape.get(fault['type'], fault['msg'])}{value}"


def _faults(case: Case, expecting: bool) -> Iterator[tuple[str, str]]:
    if not case.question.strip():
        yield "question", "is empty"
    if case.hidden:
        yield "hidden", "is set by --leave-out-gold, not by a question set"
    for number, sentence in enumerate(case.gold_sentences):
        if (sentence.start is None) != (sentence.end is None):
            yield f"gold_sentences.{number}", "needs both start and end, or neither"
        if not sentence.text:
            yield f"gold_sentences.{number}.text", "is empty"
    if any(not answer.strip() for answer in case.answers):
        yield "answers", "holds an empty answer"
    if any(not wording.strip() for wording in case.searched):
        yield "searched", "holds an empty wording"
    if not expecting:
        return
    if case.answerable and not (case.answers or case.gold_sentences or case.gold_articles):
        yield ("answers", "nothing is expected: give answers, gold_sentences, gold_articles or answerable: false")
    if not case.answerable and (case.answers or case.gold_sentences):
        yield "answerable", "is false, but an answer is expected"


def rows(path: Path, problems: list[Problem]) -> Iterator[Row]:
    """Each row of a file with its line number; unreadable rows are added to `problems`."""
    if not path.is_file():
        raise UserError(f"No question set at {str(path)!r}. Start one: clippings eval init my-questions.yaml")
    if path.suffix not in KINDS:
        raise UserError(f"{str(path)!r} is no question set: use one of {', '.join(KINDS)}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{str(path)!r} is not UTF-8 text ({error.reason}). Save it as UTF-8.") from error
    read_rows = {".jsonl": _jsonl, ".csv": _csv}.get(path.suffix, _yaml)
    yield from read_rows(path.name, text, problems)


def _jsonl(name: str, text: str, problems: list[Problem]) -> Iterator[Row]:
    # Not str.splitlines(): that also breaks a row at U+2028, which JSON allows inside a string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            problems.append(Problem(name, number, "row", f"is not JSON: {error.msg} at column {error.colno}"))
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            problems.append(Problem(name, number, "row", "must be an object with fields"))


def _readable(name: str, reader: csv.DictReader[str]) -> Iterator[dict[str, Any]]:
    """The rows of a CSV file; raises UserError at one that is none."""
    try:
        yield from reader
    except csv.Error as error:
        raise UserError(
            f"{name}:{reader.line_num + 1}: cannot be read as CSV: {error}. A commented example of a set: "
            "clippings eval init example.yaml"
        ) from error


def _csv(name: str, text: str, problems: list[Problem]) -> Iterator[Row]:
    """Lists are written `one|two`, or as JSON where a cell begins with a bracket."""
    csv.field_size_limit(LONGEST_CELL)  # the reader of articles sets its own for the whole process
    reader = csv.DictReader(text.splitlines(keepends=True))
    for cells in _readable(name, reader):
        number = reader.line_num
        if None in cells:
            problems.append(Problem(name, number, "row", "has more cells than the header has columns"))
            continue
        row: dict[str, Any] = {key: value for key, value in cells.items() if value not in (None, "")}
        for field in LISTS:
            cell = row.get(field)
            if cell is None:
                continue
            if not cell.lstrip().startswith("["):
                row[field] = [part.strip() for part in cell.split("|")]
                continue
            try:
                row[field] = json.loads(cell)
            except json.JSONDecodeError as error:
                problems.append(Problem(name, number, field, f"begins like a JSON list, but: {error.msg}"))
                del row[field]
        yield number, row


def _yaml(name: str, text: str, problems: list[Problem]) -> Iterator[Row]:
    import yaml

    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return
        if not isinstance(root, yaml.SequenceNode):
            problems.append(Problem(name, root.start_mark.line + 1, "row", "the file must be a list of questions"))
            return
        for node in root.value:
            line = node.start_mark.line + 1
            row = loader.construct_object(node, deep=True)
            if isinstance(row, dict):
                yield line, {str(key): value for key, value in row.items() if value is not None}
            else:
                problems.append(Problem(name, line, "row", "must have fields, as question: …"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = f"is not YAML: {getattr(error, 'problem', None) or error}"
        problems.append(Problem(name, mark.line + 1 if mark else 1, "row", reason))
    finally:
        loader.dispose()


def to_row(case: Case) -> dict[str, Any]:
    """The row of a case, without the fields that say nothing."""
    from pydantic import TypeAdapter

    row: dict[str, Any] = TypeAdapter(Case).dump_python(case, mode="json", exclude_defaults=True)
    return row


def write(path: Path, cases: Iterable[Case]) -> int:
    """Write a question set as JSONL; returns the number of rows."""
    lines = [json.dumps(to_row(case), ensure_ascii=False) for case in cases]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return len(lines)


EXAMPLE = """\
# A question set for Clippings. Each entry is one question; only `question` and what is expected
# of its answer are needed. Run it:  clippings eval {name} --library LIBRARY

- question: Who chaired the meeting of 3 May?
  answers: [Ada Moreno, Moreno]          # any one of them is right
  gold_articles: [council.txt]           # id, URL, title, file name or row id of the article
  gold_sentences:                        # where the answer stands, word for word (optional)
    - article: council.txt
      text: The meeting was chaired by Ada Moreno.
  tags: [who]                            # the report can be filtered by them

- question: And what did she say about the budget?
  conversation:                          # what was asked before; leave `answer` out to have it asked
    - question: Who chaired the meeting of 3 May?
      answer: Ada Moreno.
  answers: ["there is nothing left to cut"]
  as_of: 2024-05-04                      # the day the question is asked, for "last week" and the like
  tags: [follow-up, who-said-what]

- question: What did the mayor of Springfield say about the budget?
  answerable: false                      # these articles do not say: the right answer is to say so
  tags: [near-miss]
"""
