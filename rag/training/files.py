"""The files that training and its measures read and write, and what a row of them must hold."""

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import StrictInt, TypeAdapter, ValidationError

from index.errors import UserError
from rag.training.stories import NewsArticle


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and, where it is known, the place in the passage where it starts."""

    text: str
    start: StrictInt | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What every row of a training set must hold; what else stands there is read where it is used."""

    question: str
    context: str
    answers: list[Answer | str]

    def fault(self) -> str:
        """What is wrong with the row, or nothing."""
        if not self.question.strip() or not self.context.strip():
            return "question or context is empty"
        for answer in self.answers:
            text, start = (answer, None) if isinstance(answer, str) else (answer.text, answer.start)
            there = occurrences(self.context, text) if start is None else self.context[start:].startswith(text)
            if not (text.strip() and there) or (start or 0) < 0:
                where = "" if start is None else f" at {start}"
                return f"the answer {text!r} does not stand in the context{where}"
        return ""


@dataclass(frozen=True, slots=True)
class NewsRow:
    """What every article must hold that questions are made from."""

    id: str
    title: str
    date: str
    text: str

    def fault(self) -> str:
        """What is wrong with the row, or nothing."""
        try:
            date.fromisoformat(self.date)
        except ValueError:
            return f"date: {self.date!r} is no YYYY-MM-DD"
        return "" if self.text.strip() else "text is empty"


def numbered_rows(path: Path) -> Iterator[tuple[int, dict]]:
    """Yield (line, JSON object) of a .jsonl or .jsonl.gz file; raises UserError naming a line that is none."""
    opener = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opener(path, "rt", encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise UserError(f"{str(path)!r}, line {number}: is no object, {line.strip()[:60]!r}.")
                yield number, row
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        told = f"{str(path)!r} cannot be read after line {number}: {error}. Write or download it again."
        raise UserError(told) from error
    except json.JSONDecodeError as error:
        raise UserError(f"{str(path)!r}, line {number}: is not JSON ({error.msg} at column {error.colno}).") from error


def read_rows(path: Path, kind: type[Row] | type[NewsRow] | None = None) -> Iterator[dict]:
    """Yield the JSON objects of a .jsonl or .jsonl.gz file, each with what `kind` must hold.

    Raises UserError naming the file and the line of one that is not so.
    """
    adapter = TypeAdapter(kind) if kind else None
    for number, row in numbered_rows(path):
        if adapter:
            try:
                fault = adapter.validate_python(row).fault()
            except ValidationError as error:
                first = error.errors()[0]
                fault = f"{'.'.join(map(str, first['loc'][:1]))}: {first['msg']}"
            if fault:
                told = f"{str(path)!r}, line {number}: {fault}."
                raise UserError(f"{told} What a line holds: python -m rag.training.train --help")
        yield row


def read_articles(path: Path) -> list[NewsArticle]:
    """Return the articles of a .jsonl or .jsonl.gz file."""
    rows = read_rows(path, NewsRow)
    return [NewsArticle(row["id"], row["title"], date.fromisoformat(row["date"]), row["text"]) for row in rows]


def write_rows(path: Path, rows: Iterable[dict]) -> int:
    """Write JSON lines to a .jsonl or .jsonl.gz file and return how many; after a crash the earlier file stands."""
    written = path.with_name(f"{path.name}.next")
    opener = gzip.open if path.suffix == ".gz" else open
    count = 0
    with opener(written, "wt", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    written.replace(path)
    return count


def read_json(path: Path) -> Any:
    """Return what a .json file holds; raises UserError where it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise UserError(f"{str(path)!r} is not JSON: {error}.") from error


def occurrences(text: str, answer: str) -> tuple[tuple[int, int], ...]:
    """Return every place where `answer` stands in `text` as whole words."""
    return tuple((m.start(), m.end()) for m in re.finditer(rf"(?<!\w){re.escape(answer)}(?!\w)", text))
