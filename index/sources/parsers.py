"""How a file of each kind is read, bytes to Articles: what the child process of `parser_process` runs."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from index.sources.encoding import Unreadable, decode, encoding_remark
from index.types import Article, Read


def read_file(path: Path, max_bytes: int, left_out: Mapping[int, str]) -> Iterator[Read]:
    """The articles of a file; its location is its path. Raises Unreadable, OSError, and whatever damaged files raise.

    `left_out` holds rows, counted from 1, that must not be looked into, with the reasons.
    """
    location = path.as_posix()
    if shown_path(path) != location:
        raise Unreadable("its name is not UTF-8; rename it")
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise Unreadable(f"not a kind of file that is read: {kind!r} is none of {' '.join(KINDS)}")
    facts = path.stat()
    if not stat.S_ISREG(facts.st_mode):
        raise Unreadable("not a regular file")
    if not facts.st_size:
        raise Unreadable("empty")
    if facts.st_size > max_bytes and kind not in BY_ROWS:
        raise Unreadable(f"{facts.st_size:,} bytes, more than the limit of {max_bytes:,}")
    yield from READERS[kind](path, location, **({"left_out": left_out} if left_out else {}))


def shown_path(path: Path) -> str:
    """A location that can be stored and printed even where the name is not UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


# Each reader's libraries are imported by the first file that needs them.


def _plain(path: Path, location: str, to_article: Callable[[str], Article]) -> Iterator[Read]:
    text, encoding = decode(path.read_bytes())
    article = to_article(text)
    if not article.text:
        raise Unreadable("empty")
    if not encoding.startswith("utf"):
        yield encoding_remark(location, encoding)
    yield replace(article, location=location)


def _text(path: Path, location: str) -> Iterator[Read]:
    from index.sources.text_files import read_text

    yield from _plain(path, location, read_text)


def _markdown(path: Path, location: str) -> Iterator[Read]:
    from index.sources.text_files import read_markdown

    yield from _plain(path, location, read_markdown)


def _html(path: Path, location: str) -> Iterator[Read]:
    from index.sources.html import read_html

    yield replace(read_html(path.read_bytes()), location=location)


def _json(path: Path, location: str, left_out: Mapping[int, str] | None = None) -> Iterator[Read]:
    from index.sources.records import read_json

    yield from read_json(path.read_bytes(), location, left_out)


def _json_lines(path: Path, location: str, left_out: Mapping[int, str] | None = None) -> Iterator[Read]:
    from index.sources.records import read_json_lines

    with path.open("rb") as file:
        yield from read_json_lines(file, location, left_out)


def _csv(
    path: Path, location: str, left_out: Mapping[int, str] | None = None, *, delimiter: str = ""
) -> Iterator[Read]:
    from index.sources.records import read_csv

    yield from read_csv(path, location, delimiter, left_out)


def _pdf(path: Path, location: str) -> Iterator[Read]:
    from index.sources.pdf_docx import read_pdf

    yield replace(read_pdf(path), location=location)


def _docx(path: Path, location: str) -> Iterator[Read]:
    from index.sources.pdf_docx import read_docx

    yield replace(read_docx(path), location=location)


READERS: dict[str, Callable[..., Iterator[Read]]] = {
    ".txt": _text,
    ".md": _markdown,
    ".html": _html,
    ".htm": _html,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".csv": _csv,
    ".tsv": partial(_csv, delimiter="\t"),
    ".pdf": _pdf,
    ".docx": _docx,
}
"""How a file of each kind is read: (path, location) to what stands in it. The one place for a new format.

Those of `ROWS` also take `left_out`, as `read_file` does.
"""

KINDS = tuple(READERS)
BY_ROWS = (".jsonl", ".ndjson", ".csv", ".tsv")
"""Kinds that are never held in memory whole."""
ROWS = (".json", *BY_ROWS)
"""Kinds of many articles."""
