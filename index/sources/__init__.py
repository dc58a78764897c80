"""Articles out of files, folders, web pages and feeds, one at a time.

Knows nothing of what was read before, except what `FetchLog` says of web addresses.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from index.errors import UserError
from index.sources import html, pdf_docx, records, text_files
from index.sources.encoding import Unreadable, decode, encoding_remark, surprise
from index.sources.fetch import Fetcher
from index.sources.pages_feeds import read_url
from index.types import Article, FetchLog, Read, Skipped

INNER_ORDER = "encoding publication_date html metadata ssrf_guard fetch text_files pages_feeds pdf_docx records"
"""Each may import itself and those before it."""

MAX_BYTES = 100_000_000
"""Bytes of a file that is read whole; .jsonl and .csv are read by rows and may be longer."""


def read(
    targets: Sequence[str], *, fetcher: Fetcher | None = None, seen: FetchLog | None = None, max_bytes: int = MAX_BYTES
) -> Iterator[Read]:
    """Read paths and web addresses in order, folders by name; what cannot be read is yielded as Skipped.

    A file's location is its absolute path, a row's that path with `#` and its id or number, a page's its
    address. Every target is checked before the first is read: raises UserError for a path that does not
    exist and for an address that is not http(s). Without a `fetcher` one is made with the default limits.
    """
    for target in targets:
        # takes "https://x.example", "ftp://x"; not "C:\news", "news/a.txt"
        scheme = re.match(r"([a-z][a-z0-9+.-]+)://", target, re.I)
        if scheme and scheme[1].lower() not in ("http", "https"):
            raise UserError(f"Cannot read {target!r}: only http and https addresses, files and folders.")
        if not scheme and not os.path.lexists(target):
            raise UserError(f"There is no file or folder {target!r}. See what is there: ls {Path(target).parent}")
    return _read(targets, fetcher, seen, max_bytes)


def _read(targets: Sequence[str], fetcher: Fetcher | None, seen: FetchLog | None, max_bytes: int) -> Iterator[Read]:
    own: Fetcher | None = None
    done: set[str] = set()
    try:
        for target in targets:
            if re.match(r"https?://", target, re.I):
                if fetcher is None:
                    fetcher = own = Fetcher()
                yield from _guarded(read_url(target, fetcher, seen), target)
                continue
            # Not `resolve`: an article's location is the path the person knows, links and all.
            for path in _files(Path(os.path.abspath(target))):  # noqa: PTH100
                if isinstance(path, Skipped):
                    yield path
                elif path.as_posix() not in done:
                    done.add(path.as_posix())
                    yield from _read_file(path, path.as_posix(), max_bytes)
    finally:
        if own:
            own.close()


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
                yield Skipped(_shown(path), "a symbolic link that leads nowhere")
                continue
            if not leads_to.is_relative_to(inside):
                yield Skipped(_shown(path), "a symbolic link out of the folder")
            elif leads_to.is_file() and any(p.startswith(".") for p in leads_to.relative_to(inside).parts):
                yield path
    for error in closed:
        yield Skipped(_shown(Path(error.filename)), f"cannot be opened: {error.strerror}")


def _shown(path: Path) -> str:
    """A location that can be stored and printed even where the name is not UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _read_file(path: Path, location: str, max_bytes: int) -> Iterator[Read]:
    shown = _shown(path)
    try:
        if shown != location:
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
        yield from _guarded(READERS[kind](path, location), location)
    except Unreadable as error:
        yield Skipped(shown, str(error), error.line)
    except OSError as error:
        yield Skipped(shown, f"cannot be opened: {error.strerror or error}")


def _guarded(items: Iterator[Read], location: str) -> Iterator[Read]:
    """The items of one file or address; a surprise ends that file, with its reason, and no other."""
    try:
        yield from items
    except (Unreadable, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - files are untrusted, and the libraries that read them raise anything
        yield Skipped(location, surprise(error))


def _plain(path: Path, location: str, to_article: Callable[[str], Article]) -> Iterator[Read]:
    text, encoding = decode(path.read_bytes())
    article = to_article(text)
    if not article.text:
        raise Unreadable("empty")
    if not encoding.startswith("utf"):
        yield encoding_remark(location, encoding)
    yield replace(article, location=location)


def _whole(path: Path, location: str, to_article: Callable[[Path], Article]) -> Iterator[Read]:
    yield replace(to_article(path), location=location)


def _json_lines(path: Path, location: str) -> Iterator[Read]:
    with path.open("rb") as file:
        yield from records.read_json_lines(file, location)


READERS: dict[str, Callable[[Path, str], Iterator[Read]]] = {
    ".txt": partial(_plain, to_article=text_files.read_text),
    ".md": partial(_plain, to_article=text_files.read_markdown),
    **dict.fromkeys((".html", ".htm"), partial(_whole, to_article=lambda path: html.read_html(path.read_bytes()))),
    ".json": lambda path, location: records.read_json(path.read_bytes(), location),
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".csv": records.read_csv,
    ".tsv": partial(records.read_csv, delimiter="\t"),
    ".pdf": partial(_whole, to_article=pdf_docx.read_pdf),
    ".docx": partial(_whole, to_article=pdf_docx.read_docx),
}
"""How a file of each kind is read: (path, location) to what stands in it. The one place for a new format."""

KINDS = tuple(READERS)
BY_ROWS = (".jsonl", ".ndjson", ".csv", ".tsv")
"""Kinds that are never held in memory whole."""
