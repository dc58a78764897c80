"""What every adapter yields, and reading the JSON files that public sets come in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.datasets.cases import Case
from index.errors import UserError


@dataclass(frozen=True, slots=True)
class Imported:
    """Article rows (id, text; title, outlet, author, date, url if known) and cases that name them by id."""

    articles: Iterable[dict[str, Any]]
    cases: Iterable[Case]


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def needed(folder: Path, *names: str) -> list[Path]:
    """The named files of a folder; raises UserError naming those that are missing."""
    paths = [folder / name for name in names]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise UserError(f"{str(folder)!r} lacks {', '.join(missing)}. Give the folder that holds {', '.join(names)}.")
    return paths
