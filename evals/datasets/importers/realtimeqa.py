"""A slice of RealTime QA: `questions.jsonl` with the day each was asked, and `articles.jsonl` to search."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from evals.datasets.cases import Case
from evals.datasets.importers.types import Imported, json_lines, needed


def read(path: Path) -> Imported:
    """Gold articles are those in which an answer stands as a string: weak evidence for short answers."""
    questions, articles = needed(path, "questions.jsonl", "articles.jsonl")
    rows = (
        {
            "id": row["id"],
            "url": row.get("url"),
            "title": row.get("title"),
            "outlet": row.get("source"),
            "date": row.get("published_at"),
            "text": row["text"],
        }
        for row in json_lines(articles)
    )
    cases = [
        Case(
            id=row["id"],
            question=row["question"],
            answers=tuple(row["answers"]),
            as_of=date.fromisoformat(row["asked_on"]),
            gold_articles=tuple(row["gold_articles"]),
        )
        for row in json_lines(questions)
    ]
    return Imported(rows, cases)
