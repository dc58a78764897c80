"""JSON, JSON Lines and CSV: an article a row, read one row at a time where the format allows."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from index.clean import clean
from index.sources.encoding import (
    Unreadable,
    byte_order_mark,
    decode,
    encoding_remark,
    mostly_utf8,
    out_of_memory,
    surprise,
)
from index.sources.metadata import NAMES, Facts, facts
from index.sources.text_files import paragraphs
from index.types import Article, Read, Remark, Skipped

ROW_BYTES = 16_000_000
"""The longest line or field that is read; a longer one is no article."""
_MANY = 1000
"""Unreadable rows after which a file is given up."""
_LISTS = """
    articles items entries results docs documents stories posts news rows records data response hits
""".split()  # noqa: SIM905


@dataclass
class _Tally:
    """Which fields a file's rows used, the rows' ids so far, and how many rows could not be read."""

    location: str
    fields: dict[str, Counter[str]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    read: int = 0
    skipped: int = 0

    def skip(self, reason: str, line: int | None) -> Skipped:
        self.skipped += 1
        return Skipped(self.location, reason, line)

    def place(self, number: int, id: str) -> str:
        """`path#id`, or `path#number` for a row without an id of its own; an id used before gets both."""
        name = id or str(number)
        if name in self.ids:
            name = f"{name}:{number}"
        self.ids.add(name)
        return f"{self.location}#{name}"

    def remark(self) -> Remark:
        used = [
            f"{fact} from {' or '.join(repr(name) for name, _ in names.most_common())}"
            for fact, names in self.fields.items()
        ]
        missing = [fact for fact in NAMES if fact not in self.fields and fact != "id"]
        lacking = f"; no {', '.join(missing)}" if missing else ""
        return Remark(self.location, f"{self.read} rows: {', '.join(used)}{lacking}")


def read_json(data: bytes, location: str, left_out: Mapping[int, str] | None = None) -> Iterator[Read]:
    """Articles of a JSON file: one object, a list, or a list under a name such as `articles`.

    Here and below `left_out` holds rows, counted from 1, that are not looked into, with the reasons.
    """
    text, _ = decode(data)
    try:
        top = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"not valid JSON: {error.msg}", error.lineno) from error
    except (RecursionError, ValueError) as error:  # nested too deeply, a number of too many digits
        raise Unreadable(f"not readable JSON: {_brief(error)}") from error
    rows, single = _rows(top)
    if single:
        article, _ = _article(rows[0][1])
        yield replace(article, location=location)
        yield _remark_of_one(rows[0][1], location)
        return
    numbered = ((None, number, name, row) for number, (name, row) in enumerate(rows, 1))
    yield from _read_rows(numbered, location, left_out)


def read_json_lines(file: BinaryIO, location: str, left_out: Mapping[int, str] | None = None) -> Iterator[Read]:
    """Articles of a JSON Lines file, one a line; reads no line longer than `ROW_BYTES`."""

    def rows() -> Iterator[tuple[int | None, int, str, Any]]:
        for number, line in enumerate(_lines(file), 1):
            if line is None:
                yield number, number, "", Unreadable(f"longer than the limit of {ROW_BYTES:,} bytes")
            elif line.strip(b" \t\r\n\xef\xbb\xbf"):
                yield number, number, "", _parse(line)

    yield from _read_rows(rows(), location, left_out)


def read_csv(
    path: Path, location: str, delimiter: str = "", left_out: Mapping[int, str] | None = None
) -> Iterator[Read]:
    """Articles of a CSV file, one a row under a line of column names; the delimiter is found if not given."""
    with path.open("rb") as binary:
        sample = binary.read(1_000_000)
    if len(sample) == 1_000_000:
        sample = sample[: sample.rfind(b"\n") + 1]
    encoding = byte_order_mark(sample) or ("utf-8" if mostly_utf8(sample) else decode(sample)[1])
    if not encoding.startswith("utf"):
        yield encoding_remark(location, encoding)
    csv.field_size_limit(ROW_BYTES)
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        lines = _Bounded(file)
        columns, delimiter = _columns(next(lines, ""), delimiter)
        # Strict, because a quotation mark that is never closed would make one article of all that follows.
        reader = csv.reader(lines, delimiter=delimiter, strict=True)

        def rows() -> Iterator[tuple[int | None, int, str, Any]]:
            for number in itertools.count(1):
                line = lines.number + 1
                row: Any
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    row = Unreadable(f"not valid CSV: {error}")
                except Unreadable as error:
                    row = error
                else:
                    row = dict(zip(columns, cells, strict=False))
                    if len(cells) > len(columns):
                        row = Unreadable(f"{len(cells)} fields under {len(columns)} column names")
                    elif any(re.search("[\udc80-\udcff]", cell) for cell in cells):
                        row = Unreadable(f"broken encoding: not {encoding} throughout")
                if row:
                    yield line, number, "", row

        yield from _read_rows(rows(), location, left_out)


class _Bounded:
    """The lines of a text file, raising Unreadable for one longer than `ROW_BYTES` and going on after it."""

    def __init__(self, file: TextIO):
        self._file = file
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = self._file.readline(ROW_BYTES + 1)
            long = len(line) > ROW_BYTES
            rest = line
            while long and rest and not rest.endswith("\n"):
                rest = self._file.readline(ROW_BYTES)
        except UnicodeError as error:
            self._file.seek(0, io.SEEK_END)
            raise Unreadable("broken encoding; the rest of the file is left out") from error
        self.number += 1
        if not line:
            raise StopIteration
        if long:
            raise Unreadable(f"longer than the limit of {ROW_BYTES:,} characters")
        return line


def _columns(head: str, delimiter: str) -> tuple[list[str], str]:
    names = set(NAMES["text"])
    for candidate in [delimiter] if delimiter else [",", ";", "\t", "|"]:
        columns = next(csv.reader(io.StringIO(head), delimiter=candidate), [])
        if names & {re.sub(r"[^a-z]", "", column.lower()) for column in columns}:
            return columns, candidate
    shown = ", ".join(repr(name) for name in NAMES["text"][:4])
    raise Unreadable(f"no text column: the first line names none of {shown}", 1)


def _read_rows(
    rows: Iterable[tuple[int | None, int, str, Any]], location: str, left_out: Mapping[int, str] | None
) -> Iterator[Read]:
    """Each of (line, number, id, row) as an article; a row may be why it could not be parsed."""
    tally = _Tally(location)
    last = 0
    for count, (line, number, name, row) in enumerate(rows, 1):
        last = number
        try:
            if left_out and count in left_out:
                raise Unreadable(left_out[count])
            if isinstance(row, Unreadable):
                raise row
            article, said = _article(row)
        except Exception as error:  # one row's surprise must cost one row
            if out_of_memory(error):
                raise MemoryError from error
            reason = str(error) if isinstance(error, Unreadable) else surprise(error)
            yield tally.skip(reason if line else f"row {number}: {reason}", line)
            if tally.skipped >= _MANY:
                yield Skipped(location, f"more than {_MANY:,} rows could not be read; the rest is left out", line)
                break
            continue
        tally.read += 1
        for fact, used in said.used:
            tally.fields.setdefault(fact, Counter())[used] += 1
        yield replace(article, location=tally.place(number, said.id or name))
    if tally.read:
        yield tally.remark()
    elif not last:
        raise Unreadable("no rows")


def _remark_of_one(row: Any, location: str) -> Remark:
    tally = _Tally(location, read=1)
    for fact, used in facts(row).used:
        tally.fields[fact] = Counter([used])
    return replace(tally.remark(), text=tally.remark().text.replace("1 rows", "1 row"))


def _article(row: Any) -> tuple[Article, Facts]:
    if not isinstance(row, dict):
        raise Unreadable(f"not an object with fields but {type(row).__name__}")
    said = facts(row)
    if not said.text:
        shown = ", ".join(repr(str(name)[:40]) for name in list(row)[:8])
        raise Unreadable(f"no text field among {shown}" if row else "an empty object")
    text = said.text
    # takes "<p>Text</p>", "a<br>b"; not "a < b", "<b>"
    if re.search(r"</(?:p|div|span|a|em|strong|ul|li|h[1-6])\s*>|<br\s*/?>|<p>", text, re.I):
        from index.sources.html import fragment_text

        text = fragment_text(text)
    text = paragraphs(clean(text))
    if not text:
        raise Unreadable("its text is empty")
    return Article(text, said.title, said.outlet, said.author, said.published, said.url), said


def _rows(top: Any, depth: int = 0) -> tuple[list[tuple[str, Any]], bool]:
    """The rows of a JSON value with their ids, and whether the value itself is the one row."""
    if isinstance(top, list):
        return [("", row) for row in top], False
    if isinstance(top, dict):
        if facts(top).text:
            return [("", top)], True
        for name in _LISTS:
            if isinstance(top.get(name), list):
                return [("", row) for row in top[name]], False
            if isinstance(top.get(name), dict) and depth < 3:
                return _rows(top[name], depth + 1)
        if top and all(isinstance(row, dict) for row in top.values()):
            return list(top.items()), False
        shown = ", ".join(repr(str(name)[:40]) for name in list(top)[:8])
        raise Unreadable(f"no text field among {shown}" if top else "no rows")
    raise Unreadable(f"no articles: the file holds a single {type(top).__name__}")


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Lines of at most `ROW_BYTES`; None for a longer one, which is passed over piece by piece."""
    while line := file.readline(ROW_BYTES + 1):
        if len(line) <= ROW_BYTES:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(ROW_BYTES)
        yield None


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Unreadable(f"broken encoding: not UTF-8 at byte {error.start + 1}")
    except json.JSONDecodeError as error:
        return Unreadable(f"not valid JSON: {error.msg} at character {error.colno}")
    except (RecursionError, ValueError) as error:  # nested too deeply, a number of too many digits
        return Unreadable(f"not readable JSON: {_brief(error)}")


def _brief(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error).split(";")[0]
