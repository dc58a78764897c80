"""Fit how a sentence's alignment with its sources is weighed: `python -m evals.lab.fit_support`.

Takes the tuning half of `evals/sets/model_sentences.jsonl`; prints what false sentences pass and true ones are marked
in cross-validation by article, at several bars, and writes `rag/verify/calibration.json`. The reported half is never
read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import click
import numpy as np

from evals.lab.model_sentences import SET, Row, articles, passage_hit, read
from index import errors
from index.terminal import echo
from index.text.tokens import content
from rag.answer.check_sentence import best_window, evidence
from rag.verify.alignment import AlignmentFeatures
from rag.verify.calibration import FILE, SupportCalibration
from rag.verify.support import Findings, findings

FOLDS = 10
PASSED = 0.025
"""The share of false sentences that may pass, in cross-validation, at the bar that is written."""
SHOWN = (0.02, 0.025, 0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2)
STRENGTH = 0.3
"""Inverse of the ridge on standardised features; between .1 and 1 the curve is the same within its noise."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A sentence of the set and what speaks against it."""

    row: Row
    found: Findings


def judged(rows: Sequence[Row]) -> list[Judged]:
    known = articles(row.article for row in rows)
    result = []
    for row in rows:
        window = best_window(set(content(row.sentence)), passage_hit(row, known[row.article]))
        result.append(Judged(row, findings(row.sentence, **evidence([window]))))
    return result


def fitted(features: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, float]:
    """The weights of the features as they are, and the bias."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    model = LogisticRegression(C=STRENGTH, max_iter=2000).fit((features - middle) / spread, true)
    weights = model.coef_[0] / spread
    return weights, float(model.intercept_[0] - weights @ middle)


def unseen_scores(every: Sequence[Judged]) -> np.ndarray:
    """The logit of each sentence from weights fitted on other articles; minus infinity where something excludes it."""
    from sklearn.model_selection import GroupKFold  # type: ignore[import-untyped]

    scores = np.full(len(every), -np.inf)
    open_ = np.array([each.found.features is not None for each in every])
    true = np.array([each.row.true for each in every])
    groups = [each.row.article for each in every]
    rows = np.array(
        [
            astuple(each.found.features) if each.found.features else (0.0,) * len(fields(AlignmentFeatures))
            for each in every
        ]
    )
    for train, test in GroupKFold(FOLDS).split(rows, true, groups):
        weights, bias = fitted(rows[train][open_[train]], true[train][open_[train]])
        held = test[open_[test]]
        scores[held] = rows[held] @ weights + bias
    return scores


@click.command()
@click.option("--set", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=SET, help="File.")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), default=FILE, help="File to write.")
def main(path: Path, to: Path) -> None:
    """Fit the weights and the bar of the check of written sentences on the tuning half."""
    every = judged([row for row in read(path) if row.half == "tuning"])
    true = np.array([each.row.true for each in every])
    scores = unseen_scores(every)
    excluded = np.isneginf(scores)
    echo(
        f"{len(every)} sentences; excluded by a rule: {excluded[~true].mean():.3f} of the false, "
        f"{excluded[true].mean():.3f} of the true"
    )
    echo("false passed  true marked (both in cross-validation)")
    false_scores = np.sort(scores[~true])[::-1]
    for share in SHOWN:
        bar = false_scores[int(share * len(false_scores))]
        echo(f"{np.mean(scores[~true] > bar):>12.3f}  {np.mean(scores[true] <= bar):.3f}")
    bar = false_scores[int(PASSED * len(false_scores))]
    usable = [each for each in every if each.found.features]
    features = np.array([astuple(each.found.features) for each in usable if each.found.features])
    weights, bias = fitted(features, np.array([each.row.true for each in usable]))
    calibration = SupportCalibration(
        AlignmentFeatures(*np.round(weights, 3).tolist()),
        bias=round(bias, 3),
        bar=round(float(1 / (1 + np.exp(-bar))), 3),
        pairs=len(every) // 2,
    )
    calibration.save(to)
    for name, weight in zip(AlignmentFeatures.__dataclass_fields__, weights, strict=True):
        echo(f"  {name:<16}{weight:+.2f}")
    echo(f"bar {calibration.bar:.3f}, written to {to.name}")


if __name__ == "__main__":
    errors.run(main)
