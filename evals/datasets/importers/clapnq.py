"""ClapNQ: JSON lines of a question, its passage, and long answers with the sentences they rest on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from evals.datasets.cases import Case, GoldSentence
from evals.datasets.importers.types import Imported, json_lines
from index.errors import UserError


def read(path: Path) -> Imported:
    """A file, or every `.jsonl` of a folder.

    The long answers of all annotators are kept; gold sentences are those of the first.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise UserError(f"{str(path)!r} holds no .jsonl files. Give ClapNQ's dev or train files.")
    articles: dict[str, dict[str, Any]] = {}
    cases = []
    for row in (row for file in files for row in json_lines(file)):
        passage = row["passages"][0]
        article_id = hashlib.sha256(f"{passage['title']}\n{passage['text']}".encode()).hexdigest()[:16]
        articles[article_id] = {"id": article_id, "title": passage["title"], "text": passage["text"]}
        given = [one for one in row["output"] if one["answer"].strip()]
        cases.append(
            Case(
                id=row["id"],
                question=row["input"],
                answers=tuple(dict.fromkeys(one["answer"].strip() for one in given)),
                answerable=bool(given),
                gold_articles=(article_id,) if given else (),
                gold_sentences=tuple(
                    GoldSentence(article_id, text.strip())
                    for text in dict.fromkeys(given[0]["selected_sentences"] if given else [])
                ),
                context_articles=(article_id,),
                tags=("answerable" if given else "unanswerable",),
            )
        )
    return Imported(articles.values(), cases)
