"""MTRAG generation tasks: the last turn of a conversation, its reference passages and a long answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evals.datasets.cases import Case, Exchange
from evals.datasets.importers.types import Imported, json_lines


def read(path: Path) -> Imported:
    """Reference passages become the articles, so there is no search among others than those of other tasks.

    Underspecified questions count as unanswerable, partly answerable ones as answerable; tags tell which.
    """
    articles: dict[str, dict[str, Any]] = {}
    cases = []
    for task in json_lines(path):
        for passage in task["contexts"]:
            name = passage["document_id"]
            articles[name] = {"id": name, "title": passage.get("title", "").strip(), "text": passage["text"]}
        *earlier, last = task["input"]
        kind = task["answerability"][0].lower()
        answerable = kind in ("answerable", "partial")
        articles_read = tuple(dict.fromkeys(passage["document_id"] for passage in task["contexts"]))
        cases.append(
            Case(
                id=task["task_id"],
                question=last["text"].strip(),
                conversation=tuple(_exchanges(earlier)),
                answers=tuple(target["text"].strip() for target in task["targets"]) if answerable else (),
                answerable=answerable,
                gold_articles=articles_read if answerable else (),
                context_articles=articles_read,
                tags=(kind, task["Collection"], *(word.lower() for word in task.get("Multi-Turn", []))),
            )
        )
    return Imported(articles.values(), cases)


def _exchanges(turns: list[dict[str, Any]]) -> list[Exchange]:
    """User and agent turns in pairs; an agent turn without a question before it is left out."""
    found: list[Exchange] = []
    for turn in turns:
        if turn["speaker"] == "user":
            found.append(Exchange(turn["text"].strip()))
        elif found and not found[-1].answer:
            found[-1] = Exchange(found[-1].question, turn["text"].strip())
    return found
