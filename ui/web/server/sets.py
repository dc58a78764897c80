"""Question sets that people bring: what is let in, what is wrong with it, and where each person's are kept.

A file's name is only shown; where it is kept is decided here.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import UserError
from ui.web.server.uploads import shown_name

if TYPE_CHECKING:
    from evals.datasets.cases import Problem

LARGEST_SET = 2_000_000
"""Bytes of one question set."""
MOST_QUESTIONS = 2_000
"""A run asks each of them, and only one run goes on at a time."""
MOST_SETS = 20
"""Question sets one person may keep."""
PREFIX = "own-"
_NAME = re.compile(rf"{PREFIX}[A-Za-z0-9-]{{1,60}}\.(?:jsonl|csv|ya?ml)")


@dataclass(frozen=True, slots=True)
class Added:
    """A set that was brought: `name` is what it is kept under, or empty, and then `problems` or `error` say why."""

    title: str
    name: str = ""
    questions: int = 0
    problems: tuple[Problem, ...] = ()
    error: str = ""


def add(home: Path, file: Path) -> Added:
    """Keep a copy of a question set in a person's folder, if every row of it can be run."""
    from evals.datasets.cases import BadRows
    from evals.datasets.files import read

    title = shown_name(file.name)
    try:
        copy = _copied(home, file)
    except UserError as error:
        return Added(title, error=str(error))
    try:
        cases = read(copy)
        if len(cases) > MOST_QUESTIONS:
            raise UserError(f"{len(cases):,} questions; at most {MOST_QUESTIONS:,} are run here. Use: clippings eval")
    except BadRows as error:
        copy.unlink()
        return Added(title, problems=tuple(error.problems))
    except UserError as error:
        copy.unlink()
        return Added(title, error=str(error).replace(str(copy), title))
    except RecursionError as error:  # a nesting deeper than any question
        copy.unlink()
        return Added(title, error=f"It cannot be read: {error}.")
    return Added(title, copy.name, len(cases))


def _copied(home: Path, file: Path) -> Path:
    """The copy under a name of our own; raises UserError for what is no question set, too large or one too many."""
    from evals.datasets.files import KINDS

    suffix, size = file.suffix.lower(), file.stat().st_size
    if suffix not in KINDS:
        raise UserError(f"{suffix or 'It'} is no kind of question set. These are: {', '.join(KINDS)}")
    if size > LARGEST_SET:
        raise UserError(f"{size:,} bytes; a question set may have {LARGEST_SET:,}. Use: clippings eval")
    content = file.read_bytes()
    if suffix in (".yaml", ".yml") and _aliased(content):
        raise UserError("It uses YAML aliases (*name), which can stand for endless text. Write the values out.")
    stem = re.sub(r"[^A-Za-z0-9]+", "-", file.stem)[:40].strip("-") or "set"
    copy = home / f"{PREFIX}{stem}-{hashlib.sha256(content).hexdigest()[:8]}{suffix}"
    if copy not in kept(home) and len(kept(home)) >= MOST_SETS:
        raise UserError(f"You keep {MOST_SETS} question sets already. Remove one, then add this one again.")
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, copy)
    return copy


def _aliased(content: bytes) -> bool:
    import yaml

    try:
        return any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(content, yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError):
        return False  # what is wrong with it is said when it is read


def kept(home: Path) -> list[Path]:
    """A person's own sets by name."""
    return sorted(path for path in home.glob(f"{PREFIX}*") if _NAME.fullmatch(path.name))


def remove(home: Path, name: str) -> None:
    """Delete one of a person's own sets; what was run with it stays."""
    for path in kept(home):
        if path.name == name:
            path.unlink()


def title(name: str) -> str:
    """How a set is shown: its name without its kind, and a person's own without what makes it unique."""
    stem = Path(name).stem
    return re.sub(r"-[0-9a-f]{8}$", "", stem.removeprefix(PREFIX)) if _NAME.fullmatch(name) else stem
