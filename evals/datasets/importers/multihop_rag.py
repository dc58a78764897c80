"""MultiHop-RAG: `MultiHopRAG.json` and `corpus.json`; facts are gold sentences where they stand verbatim."""

from __future__ import annotations

import json
from pathlib import Path

from evals.datasets.cases import Case, GoldSentence
from evals.datasets.importers.types import Imported, needed

TAG = "multihop-rag"
"""On every question of this set, so that its own metrics are reported."""


def read(path: Path) -> Imported:
    """Articles are named by URL; questions of type `null_query` are unanswerable."""
    queries, corpus = needed(path, "MultiHopRAG.json", "corpus.json")
    articles = [
        {
            "id": row["url"],
            "url": row["url"],
            "title": row["title"],
            "outlet": row["source"],
            "author": row.get("author"),
            "date": row["published_at"],
            "text": row["body"],
        }
        for row in json.loads(corpus.read_text(encoding="utf-8"))
    ]
    cases = []
    for number, row in enumerate(json.loads(queries.read_text(encoding="utf-8"))):
        evidence, kind = row["evidence_list"], row["question_type"]
        answerable = kind != "null_query"
        cases.append(
            Case(
                id=f"multihop-{number:04d}",
                question=row["query"],
                answers=(row["answer"],) if answerable else (),
                answerable=answerable,
                gold_articles=tuple(dict.fromkeys(fact["url"] for fact in evidence)) if answerable else (),
                gold_sentences=tuple(GoldSentence(one["url"], one["fact"]) for one in evidence) if answerable else (),
                tags=(TAG, kind.removesuffix("_query")),
            )
        )
    return Imported(articles, cases)
