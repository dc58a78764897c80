"""Fit the weights and refusal bars of both readers on tuning halves: `python -m evals.lab.fit_readers`.

Takes pairs LIBRARY QUESTIONS, among them the questions held out of training (`evals.lab.reader_data`); prints for each
reader its weights, what they reach in five-fold cross-validation, and the bar, and writes those of the combined
reader beside its weights. The reported halves are never read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import click
import numpy as np

from evals.datasets.cases import Case, leave_out
from evals.datasets.files import read
from evals.datasets.resolve import resolve
from evals.metrics.text_match import holds
from evals.runs.query import query_of
from evals.runs.systems import article_names
from index import errors
from index.errors import UserError
from index.library import Library
from index.terminal import echo
from index.types import Hit
from rag.read.calibration import Calibration
from rag.read.features import (
    AnswerabilityFeatures,
    Row,
    SentenceFeatures,
    answerability_features,
    sentence_features,
    sentence_key,
)
from rag.read.reader import WEIGHTS, CombinedReader, SpanPrediction, answerability_with_model
from rag.retrieve import retrieve
from rag.training.weights import write_checksums
from rag.types import Query

HITS = 20
FOLDS = 5
WRONG_REFUSALS = 0.1
LEAST = 30
"""Questions of either kind below which figures of folds mean nothing."""
AGREES = 0.5
"""What another article with the same short answer weighs. Set, not fitted: few tuning questions have one."""


@dataclass(frozen=True, slots=True)
class ReadCase:
    """A case with the sentences found for it, and what the span model predicts for each (None without it)."""

    library: Path
    case: Case
    query: Query
    hits: Sequence[Hit]
    rows: Sequence[Row]
    predictions: Sequence[SpanPrediction | None]

    @property
    def gold(self) -> np.ndarray:
        """Which sentences answer, bool [sentences]."""
        return np.array([right(self.case, row) for row in self.rows])

    @property
    def matrix(self) -> np.ndarray:
        """SentenceFeatures of the sentences, float [sentences, features]."""
        pairs = zip(self.rows, self.predictions, strict=True)
        return np.array([[*values(row[2]), *([one.span, one.relevance] if one else [])] for row, one in pairs])

    def answerability(self, weights: np.ndarray) -> list[float]:
        """What speaks for the best sentence."""
        best = self.rows[int(np.argmax(self.matrix @ weights))]
        if None in self.predictions:
            return values(answerability_features(self.query, best, self.hits))
        pairs = zip(self.rows, self.predictions, strict=True)
        predictions = {sentence_key(hit, span): one for (hit, span, _), one in pairs if one}
        return values(answerability_with_model(self.query, self.hits, best, predictions))


def values(known: SentenceFeatures | AnswerabilityFeatures) -> list[float]:
    return [getattr(known, field.name) for field in fields(known)]


def tuning(library: Library, path: Path) -> list[Case]:
    """The tuning half of a set, resolved, with a twin for each answerable case whose gold is hidden."""
    cases = [case for case in read(path) if "half:tuning" in case.tags]
    return list(leave_out(resolve(cases, article_names(library), lambda fault: None)))


def right(case: Case, row: Row) -> bool:
    """Whether a sentence is gold, or holds an expected answer in a gold article."""
    hit, (start, end), _ = row
    gold = (one for one in case.gold_sentences if one.article == hit.article.id and one.located)
    if any(start < (one.end or 0) and (one.start or 0) < end for one in gold):
        return True
    return hit.article.id in case.gold_articles and holds(hit.article.text[start:end], case.answers)


def elsewhere(case: Case, rows: Sequence[Row]) -> bool:
    """Whether a case counts as unanswerable though its expected words stand in what was found."""
    found = (hit.article.text[slice(*span)] for hit, span, _ in rows)
    return not case.answerable and any(holds(text, case.answers) for text in found)


def ask(pairs: Sequence[Path], reader: CombinedReader) -> Iterator[ReadCase]:
    """Every tuning case of every pair with something found for it, unless nobody can say whether it is answerable."""
    for folder, path in zip(pairs[::2], pairs[1::2], strict=True):
        library = Library.open(folder)
        for case in tuning(library, path):
            query = query_of(library, case)
            hits, _ = retrieve(library, query, HITS)
            rows = sentence_features(query, hits)
            found = reader.predict(query, hits, rows, stop=False)
            if rows and not elsewhere(case, rows):
                predictions = [found[sentence_key(hit, span)] for hit, span, _ in rows]
                yield ReadCase(folder, case, query, hits, rows, predictions)


def fit_order(groups: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Weights that minimise the listwise softmax loss (Cao et al. 2007) with a little ridge."""
    from scipy.optimize import minimize

    def loss(weights: np.ndarray) -> float:
        total = 0.0
        for features, gold in groups:
            scores = features @ weights
            total += float(np.logaddexp.reduce(scores) - np.logaddexp.reduce(scores[gold]))
        return total / len(groups) + 0.002 * float(weights @ weights)

    return np.asarray(minimize(loss, np.zeros(groups[0][0].shape[1]), method="L-BFGS-B").x)


def fit(title: str, read_cases: Sequence[ReadCase]) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Print what a reader's weights reach on folds they were not fitted on.

    Returns the weights of the order, those of answerability, their bias, and the bar of refusal.
    """
    from scipy.special import expit
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.model_selection import cross_val_predict  # type: ignore[import-untyped]

    groups = [(one.matrix, one.gold) for one in read_cases if one.case.answerable and one.gold.any()]
    answerable = np.array([one.case.answerable for one in read_cases], dtype=bool)
    unanswerable = int(np.sum(~answerable))
    if min(len(groups), unanswerable) < LEAST:
        raise UserError(
            f"{len(groups)} tuning questions with gold found, {unanswerable} without: weights take {LEAST} of each. "
            "Add a set that ships, such as evals/sets/wikinews.jsonl with its demo-library."
        )
    weights = fit_order(groups)
    reached = np.zeros((len(groups), 2))
    for fold in range(FOLDS):
        fitted = fit_order([group for index, group in enumerate(groups) if index % FOLDS != fold])
        for index in range(fold, len(groups), FOLDS):
            features, gold = groups[index]
            order = np.argsort(-(features @ fitted))
            reached[index] = gold[order[0]], gold[order[:3]].any()
    echo(f"{title}: order {weights.round(2).tolist()}")
    echo(f"  gold first {reached[:, 0].mean():.3f}, in the first 3 {reached[:, 1].mean():.3f} of {len(groups)}")

    found = np.array([one.answerability(weights) for one in read_cases])
    known_features, agreement = found[:, :-1], found[:, -1]
    model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000)
    unseen = cross_val_predict(model, known_features, answerable, cv=2 * FOLDS, method="decision_function")
    model.fit(known_features, answerable)
    echo(f"  answerability {model.coef_[0].round(2).tolist()}, bias {model.intercept_[0]:.2f}")
    unseen, known = (expit(logit + AGREES * agreement) for logit in (unseen, model.decision_function(known_features)))
    for wrong_refusals in (0.05, 0.1, 0.2):
        wrong = np.mean(unseen[~answerable] >= np.quantile(unseen[answerable], wrong_refusals))
        bar = np.quantile(known[answerable], wrong_refusals)
        echo(f"  at {wrong_refusals:.0%} wrong refusals: bar {bar:.3f}, wrong answers {wrong:.1%}")
    libraries = np.array([str(one.library) for one in read_cases])
    sets = [libraries == library for library in dict.fromkeys(libraries)]
    # Each set counts the same, however many questions it has.
    shares = np.sum([own / np.sum(own & answerable) for own in sets], axis=0)[answerable]
    refusal = float(np.quantile(known[answerable], WRONG_REFUSALS, weights=shares, method="inverted_cdf"))
    echo(f"  bar where a tenth of each set's answerable questions is refused, on average: {refusal:.3f}")
    for own in sets:
        refused, wrong = np.mean(known[own & answerable] < refusal), np.mean(known[own & ~answerable] >= refusal)
        echo(f"  {libraries[own][0]}: {own.sum()} questions, refused {refused:.1%}, wrong answers {wrong:.1%}")
    return weights, np.append(model.coef_[0], AGREES), float(model.intercept_[0]), refusal


@click.command()
@click.argument("pairs", nargs=-1, required=True, metavar="LIBRARY QUESTIONS ...", type=click.Path(path_type=Path))
@click.option(
    "--weights",
    "folder",
    default=WEIGHTS,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the trained reader's weights.  [default: those that ship]",
)
def main(pairs: tuple[Path, ...], folder: Path) -> None:
    """Fit the weights and the refusal bar of each reader on the tuning halves of pairs LIBRARY QUESTIONS.

    Prints them, and writes those of the combined reader beside its WEIGHTS.

    \b
    Example:
      python -m evals.lab.fit_readers --weights WEIGHTS seeds-library evals/sets/seeds.jsonl \\
          demo-library evals/sets/wikinews.jsonl
    """
    if len(pairs) % 2:
        raise click.UsageError(f"{str(pairs[-1])!r} has no QUESTIONS beside it")
    features = SentenceFeatures(*[1] * len(fields(SentenceFeatures)))
    answerability = AnswerabilityFeatures(*[1] * len(fields(AnswerabilityFeatures)))
    unfitted = Calibration(features, 1, 1, answerability, bias=0, refusal=0, questions=0)
    read_cases = list(ask(pairs, CombinedReader(folder, unfitted)))
    fit("rules", [replace(one, predictions=[None] * len(one.rows)) for one in read_cases])
    order, weights, bias, refusal = (np.round(part, 3).tolist() for part in fit("combined", read_cases))
    calibration = Calibration(
        features=SentenceFeatures(*order[:-2]),
        span=order[-2],
        relevance=order[-1],
        answerability=AnswerabilityFeatures(*weights),
        bias=bias,
        refusal=refusal,
        questions=len(read_cases),
    )
    calibration.save(folder)
    write_checksums(folder)


if __name__ == "__main__":
    errors.run(main)
