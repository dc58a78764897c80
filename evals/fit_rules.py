"""Fit the weights and the refusal bar of `rag.rules` on tuning halves: `python -m evals.fit_rules`.

Takes pairs LIBRARY QUESTIONS; prints weights, what they reach on the same half, and the bar. The reported halves
are never read.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from evals.cases import Case, half, leave_out
from evals.files import read
from evals.resolve import Names, resolve
from evals.text import holds
from index.library import Library
from index.types import Filter, Hit, Span
from rag.retrieve import retrieve
from rag.rules import Features, describe, evidence
from rag.types import Query, Turn
from rag.understand import understand

HITS = 20
Row = tuple[Hit, Span, Features]


def tuning(library: Library, path: Path) -> list[Case]:
    """The tuning half of a set, resolved, with a twin for each answerable case whose gold is hidden."""
    names = Names(library.articles(), library.locations)
    cases = [case for case in read(path) if half(case.id) == "half:tuning"]
    return list(leave_out(resolve(cases, names, lambda fault: None)))


def query_of(library: Library, case: Case) -> Query:
    turns = [Turn(exchange.question, exchange.answer) for exchange in case.conversation]
    return understand(
        case.question,
        turns,
        as_of=case.as_of,
        newest=library.newest,
        outlets=library.outlets,
        authors=library.authors,
        filter=Filter(without=case.hidden),
    )


def right(case: Case, row: Row) -> bool:
    """Whether a sentence is gold, or holds an expected answer in a gold article."""
    hit, (start, end), _ = row
    gold = [
        sentence
        for sentence in case.gold_sentences
        if sentence.article == hit.article.id and sentence.start is not None and sentence.end is not None
    ]
    if any(start < (sentence.end or 0) and (sentence.start or 0) < end for sentence in gold):
        return True
    return hit.article.id in case.gold_articles and holds(hit.article.text[start:end], case.answers)


def matrix(rows: Sequence[Row]) -> np.ndarray:
    """Features, float [sentences, features]."""
    return np.array([[getattr(row[2], field.name) for field in fields(Features)] for row in rows])


def main() -> None:
    """Print fitted weights and the calibration of refusal."""
    from scipy.optimize import minimize

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", nargs="+", metavar="LIBRARY QUESTIONS", type=Path)
    arguments = parser.parse_args()
    asked: list[tuple[Case, Query, list[Row]]] = []
    for folder, path in zip(arguments.pairs[::2], arguments.pairs[1::2], strict=True):
        library = Library.open(folder)
        for case in tuning(library, path):
            query = query_of(library, case)
            hits, _ = retrieve(library, query, HITS)
            asked.append((case, query, describe(query, hits)))
    groups = [
        (matrix(rows), gold)
        for case, _, rows in asked
        if case.answerable and rows and (gold := np.array([right(case, row) for row in rows])).any()
    ]

    def loss(weights: np.ndarray) -> float:
        """Listwise softmax loss (Cao et al. 2007) with a little ridge."""
        total = 0.0
        for features, gold in groups:
            scores = features @ weights
            total += float(np.logaddexp.reduce(scores) - np.logaddexp.reduce(scores[gold]))
        return total / len(groups) + 0.002 * float(weights @ weights)

    weights = minimize(loss, np.ones(len(fields(Features))), method="L-BFGS-B").x
    print(
        "weights",
        {field.name: round(float(w), 2) for field, w in zip(fields(Features), weights, strict=True)},
    )
    for top in (1, 3):
        reached = [gold[np.argsort(-(features @ weights))[:top]].any() for features, gold in groups]
        print(
            f"gold in the first {top}: {np.mean(reached):.3f} of {len(groups)} with gold among the candidates"
        )

    strength, answered = [], []
    for case, query, rows in asked:
        if not rows:
            continue
        best = rows[int(np.argmax(matrix(rows) @ weights))]
        strength.append(evidence(query, best))
        answered.append(case.answerable)
    x, y = np.array(strength), np.array(answered, dtype=float)

    def logistic(pair: np.ndarray) -> float:
        z = pair[0] + pair[1] * x
        return float(np.mean(np.logaddexp(0, z) - y * z))

    bias, slope = minimize(logistic, np.zeros(2)).x
    print(f"BIAS, SLOPE = {bias:.2f}, {slope:.2f}")
    confidence = 1 / (1 + np.exp(-(bias + slope * x)))
    for wrong_refusals in (0.05, 0.1, 0.2):
        bar = float(np.quantile(confidence[y == 1], wrong_refusals))
        wrong = float(np.mean(confidence[y == 0] >= bar))
        print(f"at {wrong_refusals:.0%} wrong refusals: bar {bar:.3f}, wrong answers {wrong:.1%}")


if __name__ == "__main__":
    main()
