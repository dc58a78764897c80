"""Words, vectors, their fusion and the recency prior side by side: where does a passage with the answer stand?

Run: `python -m evals.lab.retrieval --help`. Knows nothing of reading or of answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from evals.datasets.cases import Case
from evals.datasets.files import read
from evals.metrics.statistics import interval
from evals.metrics.text_match import holds
from index import errors
from index.engines.fusion import Scored, order
from index.library import DEPTH, Library
from index.terminal import echo, echo_json
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
    yield "words", order(words, [], found)
    yield "vectors", order(vectors, [], found)
    yield "rank fusion", order(reciprocal([words, vectors]), [], found)
    yield "fusion", order(words, vectors, found)
    yield "words, full recency", order(words, [], found, as_of=case.as_of, recency=1.0)
    yield "fusion, mild recency", order(words, vectors, found, as_of=case.as_of, recency=0.3)
    yield "fusion, full recency", order(words, vectors, found, as_of=case.as_of, recency=1.0)


def answer_rank(hits: Sequence[Hit], answers: Sequence[str]) -> int | None:
    """The rank, from 1, of the first of the top passages that holds an answer."""
    ranks = (rank for rank, hit in enumerate(hits[: max(TOPS)], start=1) if holds(hit.text, answers))
    return next(ranks, None)


def measure(library: Library, cases: Sequence[Case]) -> dict[str, dict[str, list[float]]]:
    """For each ranking and top k, 1.0 or 0.0 a question."""
    scores: dict[str, dict[str, list[float]]] = {}
    for case in cases:
        for name, hits in rankings(library, case):
            rank = answer_rank(hits, case.answers)
            for top in TOPS:
                scores.setdefault(name, {}).setdefault(f"top {top}", []).append(float(rank is not None and rank <= top))
    return scores


@click.command()
@click.argument("library", type=click.Path(path_type=Path))
@click.argument("questions", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print figures with intervals as JSON, not as a Markdown table.")
def main(library: Path, questions: Path, as_json: bool) -> None:
    """Measure each ranking of LIBRARY on QUESTIONS: the share with a passage that holds an answer.

    \b
    Example:
      python -m evals.lab.retrieval demo-library evals/sets/wikinews.jsonl
    """
    cases = [case for case in read(questions) if case.answers and not case.conversation]
    scores = measure(Library.open(library), cases)
    table = {
        name: {top: (sum(values) / len(values), interval(values)) for top, values in row.items()}
        for name, row in scores.items()
    }
    if as_json:
        echo_json({"questions": len(cases), "rankings": table}, indent=2)
        return
    echo(f"{len(cases)} questions; share with a passage that holds an answer, 95% interval\n")
    echo("| | " + " | ".join(f"top {top}" for top in TOPS) + " |")
    echo("|---" * (len(TOPS) + 1) + "|")
    for name, row in table.items():
        cells = [f"{value:.2f} ({low:.2f}-{high:.2f})" for value, (low, high) in row.values()]
        echo(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    errors.run(main)
