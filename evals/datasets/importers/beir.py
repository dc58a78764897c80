"""BEIR folders: `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv` (or dev, or train)."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

from evals.datasets.cases import Case
from evals.datasets.importers.types import Imported, json_lines, needed
from index.errors import UserError


def read(path: Path) -> Imported:
    """Queries with at least one relevant article; BEIR expects no answers, only articles."""
    corpus, queries = needed(path, "corpus.jsonl", "queries.jsonl")
    judged = next(
        (file for name in ("test", "dev", "train") if (file := path / "qrels" / f"{name}.tsv").is_file()), None
    )
    if judged is None:
        raise UserError(f"{str(path)!r} has no qrels/test.tsv, dev.tsv or train.tsv. Give the unpacked BEIR folder.")
    relevant: dict[str, list[str]] = defaultdict(list)
    with judged.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if float(row["score"]) > 0:
                relevant[row["query-id"]].append(row["corpus-id"])
    articles = (
        {
            "id": row["_id"],
            "title": row.get("title", ""),
            "text": row["text"],
            "url": row.get("metadata", {}).get("url"),
        }
        for row in json_lines(corpus)
        if row["text"].strip()
    )
    cases = [
        Case(id=row["_id"], question=row["text"], gold_articles=tuple(relevant[row["_id"]]), tags=(judged.stem,))
        for row in json_lines(queries)
        if relevant.get(row["_id"])
    ]
    return Imported(articles, cases)
