"""Public question sets that a person has as files, turned into articles and one of our question sets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.datasets.cases import Case
from evals.datasets.files import write
from evals.datasets.importers import beir, clapnq, mtrag, multihop_rag, realtimeqa, squad
from evals.datasets.importers.types import Imported
from evals.datasets.resolve import ArticleNames, Fault, with_offsets
from index.clean import clean, clean_line
from index.errors import UserError
from index.types import Article

INNER_ORDER = "types beir clapnq mtrag multihop_rag realtimeqa squad"
"""Each may import itself and those before it."""

FORMATS: dict[str, Callable[[Path], Imported]] = {
    "squad": squad.read,
    "multihop-rag": multihop_rag.read,
    "beir": beir.read,
    "clapnq": clapnq.read,
    "mtrag": mtrag.read,
    "realtimeqa": realtimeqa.read,
}


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import wrote, and each gold sentence or article it could not tie to the other."""

    articles: int
    cases: int
    unresolved: tuple[str, ...]


def import_set(name: str, path: Path, folder: Path) -> ImportReport:
    """Write `articles.jsonl` and `questions.jsonl` of a public set into a folder.

    Raises UserError for an unknown format, or a path that does not hold it.
    """
    if name not in FORMATS:
        raise UserError(f"Unknown format {name!r}. Use one of: {', '.join(FORMATS)}")
    if not path.exists():
        raise UserError(f"Nothing at {str(path)!r}. Give the file or folder that the set was unpacked to.")
    try:
        imported = FORMATS[name](path)
        rows = [{key: value for key, value in row.items() if value} for row in imported.articles]
        cases = list(imported.cases)
    except IsADirectoryError as error:
        raise UserError(f"{str(path)!r} is a folder. Give the file of {name!r} in it.") from error
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise UserError(
            f"{str(path)!r} does not have the shape of {name!r} ({type(error).__name__}: {error}). "
            f"The shapes are described in evals/sets/README.md."
        ) from error
    return write_set(rows, cases, folder)


def write_set(rows: Sequence[dict[str, Any]], cases: Iterable[Case], folder: Path) -> ImportReport:
    """Write articles and the questions about them into a folder, gold sentences with their offsets."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "articles.jsonl").open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    faults: list[Fault] = []
    names = ArticleNames(as_stored(row) for row in rows)
    located = with_offsets(cases, names, faults.append)
    return ImportReport(len(rows), write(folder / "questions.jsonl", located), tuple(map(str, faults)))


def as_stored(row: dict[str, Any]) -> Article:
    """The article that reading a written row gives, as far as names and offsets go."""
    return Article(
        id=row["id"],
        text=clean(row["text"]),
        title=clean_line(row.get("title", "")),
        url=row.get("url", ""),
        location=f"articles.jsonl#{row['id']}",
    )
