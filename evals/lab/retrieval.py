"""Words, vectors, their fusion and the recency prior side by side: where does a passage with the answer stand?

Run: `python -m evals.lab.retrieval LIBRARY QUESTIONS`. Knows nothing of reading or of answers.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from evals.datasets.cases import Case
from evals.datasets.files import read
from evals.metrics.statistics import interval
from evals.metrics.text_match import holds
from index import errors
from index.engines.fusion import Scored, order
from index.library import DEPTH, Library
from index.types import Hit

TOPS = (1, 4, 10, 20)
RRF = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009)."""


def reciprocal(lists: Sequence[Scored]) -> Scored:
    """Plain reciprocal rank fusion of several lists, the baseline that others use."""
    scores: dict[str, float] = {}
    for found in lists:
        for number, (key, _) in enumerate(found, start=1):
            scores[key] = scores.get(key, 0.0) + 1 / (RRF + number)
    return sorted(scores.items(), key=lambda item: -item[1])


def rankings(library: Library, case: Case) -> Iterator[tuple[str, list[Hit]]]:
    """Each way of ranking, by name, and its passages, best first."""
    words, vectors = library.lists(case.question, k=DEPTH)
    found = library.passages_by_id([key for key, _ in (*words, *vectors)])
    day: date | None = case.as_of
    yield "words", order(words, [], found)
    yield "vectors", order(vectors, [], found)
    yield "rank fusion", order(reciprocal([words, vectors]), [], found)
    yield "fusion", order(words, vectors, found)
    yield "words, full recency", order(words, [], found, as_of=day, recency=1.0)
    yield "fusion, mild recency", order(words, vectors, found, as_of=day, recency=0.3)
    yield "fusion, full recency", order(words, vectors, found, as_of=day, recency=1.0)


def place_of_answer(hits: Sequence[Hit], answers: Sequence[str]) -> int | None:
    """The rank, from 1, of the first of the top passages that holds an answer."""
    places = (place for place, hit in enumerate(hits[: max(TOPS)], start=1) if holds(hit.text, answers))
    return next(places, None)


def measure(library: Library, cases: Sequence[Case]) -> dict[str, dict[str, list[float]]]:
    """For each ranking and top k, 1.0 or 0.0 a question."""
    scores: dict[str, dict[str, list[float]]] = {}
    for case in cases:
        for name, hits in rankings(library, case):
            place = place_of_answer(hits, case.answers)
            for top in TOPS:
                scores.setdefault(name, {}).setdefault(f"top {top}", []).append(
                    float(place is not None and place <= top)
                )
    return scores


def main() -> None:
    """Print a Markdown table, or with --json the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--json", action="store_true", help="print figures with intervals as JSON")
    arguments = parser.parse_args()
    cases = [case for case in read(arguments.questions) if case.answers and not case.conversation]
    scores = measure(Library.open(arguments.library), cases)
    table = {
        name: {top: (sum(values) / len(values), interval(values)) for top, values in row.items()}
        for name, row in scores.items()
    }
    if arguments.json:
        print(json.dumps({"questions": len(cases), "rankings": table}, indent=2))
        return
    print(f"{len(cases)} questions; share with a passage that holds an answer, 95% interval\n")
    print("| | " + " | ".join(f"top {top}" for top in TOPS) + " |")
    print("|---" * (len(TOPS) + 1) + "|")
    for name, row in table.items():
        cells = [f"{value:.2f} ({low:.2f}-{high:.2f})" for value, (low, high) in row.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    errors.run(main)
