"""Articles out of files, folders, web pages and feeds, one at a time.

Knows nothing of what was read before, except what `FetchLog` says of web addresses.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import UserError
from index.sources.encoding import surprise
from index.sources.parser_process import ParserProcess
from index.sources.parsers import KINDS, shown_path
from index.types import FetchLog, Read, Skipped

if TYPE_CHECKING:
    from index.sources.fetch import Fetcher

INNER_ORDER = (
    "encoding publication_date html metadata text_files page pdf_docx records parsers parser_process "
    "ssrf_guard fetch pages_feeds"
)
"""Each may import itself and those before it."""

__all__ = ["KINDS", "read"]

MAX_BYTES = 100_000_000
"""Bytes of a file that is read whole; .jsonl and .csv are read by rows and may be longer."""
FEED_SECONDS = 1800.0
"""How long a feed may take with all its pages: 500 of them with the pauses their site asks for."""


def read(
    targets: Sequence[str],
    *,
    fetcher: Fetcher | None = None,
    seen: FetchLog | None = None,
    max_bytes: int = MAX_BYTES,
    parser: ParserProcess | None = None,
    feed_seconds: float = FEED_SECONDS,
) -> Iterator[Read]:
    """Read paths and web addresses in order, folders by name; what cannot be read is yielded as Skipped.

    A file's location is its absolute path, a row's that path with `#` and its id or number, a page's its
    address. Every target is checked before the first is read: raises UserError for a path that does not
    exist and for an address that is not http(s). Without a `fetcher` or a `parser` one is made with the default
    limits. A feed may take `feed_seconds` with all its pages; what is left then is for the next run.
    """
    for target in targets:
        # takes "https://x.example", "ftp://x"; not "C:\news", "news/a.txt"
        scheme = re.match(r"([a-z][a-z0-9+.-]+)://", target, re.I)
        if scheme and scheme[1].lower() not in ("http", "https"):
            raise UserError(f"Cannot read {target!r}: only http and https addresses, files and folders.")
        if not scheme and not os.path.lexists(target):
            raise UserError(f"There is no file or folder {target!r}. See what is there: ls {Path(target).parent}")
    return _read(targets, fetcher, seen, max_bytes, parser, feed_seconds)


def _read(
    targets: Sequence[str],
    fetcher: Fetcher | None,
    seen: FetchLog | None,
    max_bytes: int,
    parser: ParserProcess | None,
    feed_seconds: float,
) -> Iterator[Read]:
    done: set[str] = set()

    def new_files(target: str) -> Iterator[Path | Skipped]:
        # Not `resolve`: an article's location is the path the person knows, links and all.
        for path in _files(Path(os.path.abspath(target))):  # noqa: PTH100
            if isinstance(path, Skipped):
                yield path
            elif path.as_posix() not in done:
                done.add(path.as_posix())
                yield path

    with ExitStack() as own:
        if parser is None:
            parser = own.enter_context(ParserProcess())
        for target in targets:
            if not re.match(r"https?://", target, re.I):
                yield from parser.read_files(new_files(target), max_bytes)
                continue
            from index.sources.fetch import Fetcher
            from index.sources.pages_feeds import read_url

            if fetcher is None:
                fetcher = own.enter_context(Fetcher())
            try:
                yield from read_url(target, fetcher, seen, parser, feed_seconds)
            except (UserError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - one address's surprise must cost no other
                yield Skipped(target, surprise(error))


def _files(target: Path) -> Iterator[Path | Skipped]:
    """The files of a folder and its folders, by name, without hidden ones; a file is itself.

    A symbolic link met on the way is not followed: what it leads to inside the folder is found under its own
    name, and nothing outside the folder is read. So loops end.
    """
    if not target.is_dir():
        yield target
        return
    inside = target.resolve()
    closed: list[OSError] = []
    for folder, folders, names in os.walk(target, onerror=closed.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(folder, name) for name in sorted([*folders, *names]) if not name.startswith(".")):
            if not path.is_symlink():
                if path.name in names:
                    yield path
                continue
            try:
                leads_to = path.resolve(strict=True)
            except (OSError, RuntimeError):  # RuntimeError: a loop, before Python 3.13
                yield Skipped(shown_path(path), "a symbolic link that leads nowhere")
                continue
            if not leads_to.is_relative_to(inside):
                yield Skipped(shown_path(path), "a symbolic link out of the folder")
            elif leads_to.is_file() and any(p.startswith(".") for p in leads_to.relative_to(inside).parts):
                yield path
    for error in closed:
        yield Skipped(shown_path(Path(error.filename)), f"cannot be opened: {error.strerror}")
