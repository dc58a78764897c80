"""Files and addresses that people give: articles for the library, and question sets for the evaluation.

A file's name is only read for its kind and shown; where it is stored is decided here.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from evals.datasets import files as question_files
from evals.datasets.cases import BadRows
from index.errors import UserError
from index.sources import KINDS
from index.types import Skipped

if TYPE_CHECKING:
    from evals.datasets.cases import Problem

LARGEST_UPLOAD = 50_000_000
"""Bytes of one file."""
LARGEST_BATCH = 200_000_000
"""Bytes of all files sent at once."""
MOST_FILES = 200
FOLDER = "uploads"
"""Inside the library's folder; articles name it as where they were read."""
LONGEST_ADDRESS = 2_000
LARGEST_SET = 2_000_000
"""Bytes of one question set."""
MOST_QUESTIONS = 2_000
"""A run asks each of them, and only one run goes on at a time."""
MOST_SETS = 20
"""Question sets one person may keep."""
PREFIX = "own-"
# takes "own-my-set-0a1b2c3d.yaml"; not "seeds.jsonl", "own-../x.jsonl" or "own-set.exe"
_SET_NAME = re.compile(rf"{PREFIX}[A-Za-z0-9-]{{1,60}}\.(?:jsonl|csv|ya?ml)")
# takes the "-0a1b2c3d" at the end of "my-set-0a1b2c3d"; not the "-2023" of "my-set-2023"
_HASH_SUFFIX = re.compile(r"-[0-9a-f]{8}$")
# takes "https://example.org" and "HTTP://example.org/a"; not "https://", "ftp://example.org" or "example.org"
_ADDRESS = re.compile(r"https?://[^\s/]+", re.IGNORECASE)
# takes the "../" and " " of "../my set", to be replaced by one "-"; not letters and digits
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")


def save_articles(folder: Path, files: Sequence[Path]) -> tuple[list[Path], list[Skipped]]:
    """Copy files into the library's folder; returns the copies, and which files were refused and why.

    Raises UserError for too many at once.
    """
    if len(files) > MOST_FILES:
        raise UserError(f"{len(files)} files at once; at most {MOST_FILES} fit. Drop fewer, or: clippings index FOLDER")
    total = sum(file.stat().st_size for file in files)
    if total > LARGEST_BATCH:
        raise UserError(
            f"{total:,} bytes at once; at most {LARGEST_BATCH:,} fit. Drop fewer files, or: clippings index FOLDER"
        )
    target = folder / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    copies, rejected = [], []
    for file in files:
        name = display_name(file.name)
        if file.suffix.lower() not in KINDS:
            rejected.append(Skipped(name, f"not a kind that is read; these are: {', '.join(KINDS)}"))
        elif file.stat().st_size > LARGEST_UPLOAD:
            rejected.append(Skipped(name, f"larger than {LARGEST_UPLOAD:,} bytes"))
        else:
            copy = target / _stored_name(file, "file", 60)
            shutil.copyfile(file, copy)
            copies.append(copy)
    return copies, rejected


def _stored_name(file: Path, default: str, longest: int) -> str:
    """A name of letters, digits and a hash of the content.

    So two files of one name stay two, and the same file sent twice is one.
    """
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()[:8]
    stem = _NOT_IN_NAMES.sub("-", file.stem)[:longest].strip("-") or default
    return f"{stem}-{digest}{file.suffix.lower()}"


def display_name(name: str) -> str:
    """A file's name fit to show: without folders and at most 120 characters."""
    return name.replace("\\", "/").rsplit("/", 1)[-1][:120] or "file"


def require_address(text: str) -> str:
    """An address to fetch; raises UserError for what is not one. Where it leads is checked by `index.sources.fetch`."""
    text = text.strip()
    if len(text) > LONGEST_ADDRESS:
        raise UserError(f"An address may have {LONGEST_ADDRESS:,} characters. Paste a shorter one.")
    if not _ADDRESS.match(text):
        raise UserError(f"{text[:80]!r} is not a web address. Paste one that begins with https://")
    return text


@dataclass(frozen=True, slots=True)
class SetUpload:
    """What became of a question set: `name` is what it is stored under; where empty, `problems` or `error` say why."""

    title: str
    name: str = ""
    questions: int = 0
    problems: tuple[Problem, ...] = ()
    error: str = ""


def save_question_set(home: Path, file: Path) -> SetUpload:
    """Keep a copy of a question set in a person's folder, if every row of it can be run."""
    title = display_name(file.name)
    try:
        copy = _copy_question_set(home, file)
    except UserError as error:
        return SetUpload(title, error=str(error))
    try:
        cases = question_files.read(copy)
        if len(cases) > MOST_QUESTIONS:
            raise UserError(f"{len(cases):,} questions; at most {MOST_QUESTIONS:,} are run here. Use: clippings eval")
    except BadRows as error:
        result = SetUpload(title, problems=tuple(error.problems))
    except UserError as error:
        result = SetUpload(title, error=str(error).replace(str(copy), title))
    except RecursionError as error:  # a nesting deeper than any question
        result = SetUpload(title, error=f"It cannot be read: {error}.")
    else:
        return SetUpload(title, copy.name, len(cases))
    copy.unlink()
    return result


def _copy_question_set(home: Path, file: Path) -> Path:
    """The copy under a name of our own; raises UserError for what is no question set, too large or one too many."""
    suffix, size = file.suffix.lower(), file.stat().st_size
    if suffix not in question_files.KINDS:
        raise UserError(f"{suffix or 'It'} is no kind of question set. These are: {', '.join(question_files.KINDS)}")
    if size > LARGEST_SET:
        raise UserError(f"{size:,} bytes; a question set may have {LARGEST_SET:,}. Use: clippings eval")
    if suffix in (".yaml", ".yml") and _has_aliases(file.read_bytes()):
        raise UserError("It uses YAML aliases (*name), which can stand for endless text. Write the values out.")
    copy = home / (PREFIX + _stored_name(file, "set", 40))
    if copy not in question_sets(home) and len(question_sets(home)) >= MOST_SETS:
        raise UserError(f"You keep {MOST_SETS} question sets already. Remove one, then add this one again.")
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, copy)
    return copy


def _has_aliases(content: bytes) -> bool:
    try:
        return any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(content, yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError):
        return False  # what is wrong with it is said when it is read


def question_sets(home: Path) -> list[Path]:
    """A person's own question sets by name."""
    return sorted(path for path in home.glob(f"{PREFIX}*") if _SET_NAME.fullmatch(path.name))


def remove_question_set(home: Path, name: str) -> None:
    """Delete one of a person's own question sets; what was run with it stays."""
    for path in question_sets(home):
        if path.name == name:
            path.unlink()


def set_title(name: str) -> str:
    """How a question set is shown: its name without its kind, and a person's own without what makes it unique."""
    stem = Path(name).stem
    return _HASH_SUFFIX.sub("", stem.removeprefix(PREFIX)) if _SET_NAME.fullmatch(name) else stem
