"""What is written to a terminal: titles, file names, questions and replies cannot steer it.

The one place that writes there (ruff's banned-api holds it), so that nothing gets past.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

if TYPE_CHECKING:
    from tqdm import tqdm

_PLAIN = "\n\t\u200c\u200d"
"""Characters without a picture that steer nothing: the last two join letters and emoji."""
# takes the "\x1b" of a colour, "\x9b", "\u202e"; not letters, blanks or line ends
_NOT_PRINTABLE = re.compile(r"[^\n\t\x20-\x7e\xa1-\xac\xae-\u02ff]")


def printable(text: str) -> str:
    """Text that cannot steer a terminal: control characters and direction marks become `�`."""
    return _NOT_PRINTABLE.sub(lambda mark: mark[0] if _is_plain(mark[0]) else "�", text)


def one_line(text: object) -> str:
    """A name or a message as one line, so that it cannot pass for lines of ours."""
    return " ".join(printable(str(text)).split())


def as_json(value: object, indent: int | None = None) -> str:
    """A value as JSON that can be read where it is printed; what could steer a terminal is escaped, nothing lost."""

    def escape(mark: re.Match[str]) -> str:
        return mark[0] if _is_plain(mark[0]) else json.dumps(mark[0])[1:-1]

    return _NOT_PRINTABLE.sub(escape, json.dumps(value, ensure_ascii=False, indent=indent))


def echo(text: object = "", *, err: bool = False) -> None:
    """Print text, on standard error with `err`; what could steer a terminal becomes `�`."""
    click.echo(printable(str(text)), err=err)


def echo_json(value: object, indent: int | None = None) -> None:
    """Print a value as JSON."""
    click.echo(as_json(value, indent))


def progress_bar(*values: Any, description: str = "", **settings: Any) -> tqdm[Any]:
    """A bar on standard error, gone when it is done; nothing where that is no terminal."""
    from tqdm import tqdm

    return tqdm(*values, desc=one_line(description), disable=None, leave=False, **settings)


def guard_standard_error() -> None:
    """Clean whatever is written to standard error from here on: tracebacks, warnings, logs, wrong usage."""
    sys.stderr = cast("TextIO", _Guard(sys.stderr))


class _Guard:
    """A stream for text whose writing is cleaned; the rest is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        # A progress bar goes back to the start of its line, which cannot hide more than that line.
        return self._stream.write("\r".join(map(printable, text.split("\r"))))

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _is_plain(mark: str) -> bool:
    return mark.isprintable() or mark in _PLAIN or unicodedata.category(mark) == "Zs"
