"""How often verification is wrong: false sentences shown as supported, true ones marked as not found.

Measured on sentences that people judged (QAGS; Wang, Cho and Lewis 2020) and on sentences perturbed by rule
(`evals.lab.perturb`): `python -m evals.lab.verification --help`.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from evals.lab.perturb import PERTURBATIONS
from evals.metrics.statistics import interval
from index import errors
from index.split import passages, sentences
from index.terminal import echo
from index.text.tokens import content
from index.types import Article, Hit
from rag.answer.check_sentence import supporting_citations
from rag.types import Query, Reading

SEED = 6
QUERY, READING = Query("", ""), Reading((), 0.0, True)


@dataclass(frozen=True, slots=True)
class LabelledSentence:
    """A sentence, the article it is held against, and whether the article supports it."""

    text: str
    article: Article
    supported: bool
    kind: str


def qags_sentences(folder: Path) -> Iterator[LabelledSentence]:
    """The sentences of QAGS; supported where at least two of three people said so."""
    for name in ("cnndm", "xsum"):
        for line in (folder / f"mturk_{name}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            article = Article(row["article"], id=name)
            for sentence in row["summary_sentences"]:
                agreed = sum(one["response"] == "yes" for one in sentence["responses"]) >= 2
                yield LabelledSentence(sentence["sentence"], article, agreed, f"people: {name}")


def article_sentences(path: Path, most: int) -> Iterator[LabelledSentence]:
    """Sentences as they stand in articles (JSON lines with a field `text`), a chance one from each article."""
    chance = random.Random(SEED)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row in chance.sample(rows, min(most, len(rows))):
        article = Article(row["text"], title=row.get("title", ""), id=str(row.get("id", "")))
        spans = [span for span in sentences(article.text) if len(content(article.text[slice(*span)])) >= 5]
        if spans:
            yield LabelledSentence(article.text[slice(*chance.choice(spans))], article, True, "word for word")


def perturbations(labelled: Iterable[LabelledSentence], label: str) -> Iterator[LabelledSentence]:
    """Each supported sentence perturbed in every way that applies to it, and so no longer supported."""
    chance = random.Random(SEED)
    for one in (one for one in labelled if one.supported):
        for kind, perturb in PERTURBATIONS.items():
            text = perturb(one.text, one.article.text, chance)
            if text and text != one.text:
                yield LabelledSentence(text, one.article, False, f"{label}, {kind} changed")


def accepted(claim: LabelledSentence) -> bool:
    """Whether any one passage of the article bears the claim out, as for a sentence that names no source."""
    return any(
        supporting_citations(claim.text, [Hit(passage, claim.article, 1.0)], QUERY, READING)
        for passage in passages(claim.article)
    )


@click.command()
@click.option("--qags", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of QAGS.")
@click.option("--articles", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Articles, JSON lines.")
@click.option("--most", default=250, show_default=True, help="Articles to take a sentence from.")
@click.option("--show", default=0, help="Print this many wrong decisions of each kind.")
def main(qags: Path | None, articles: Path | None, most: int, show: int) -> None:
    """Measure both error rates of verification.

    \b
    Example:
      python -m evals.lab.verification --articles evals/sets/wikinews/articles.jsonl --most 100
    """
    labelled: list[LabelledSentence] = []
    if articles:
        plain = list(article_sentences(articles, most))
        labelled += [*plain, *perturbations(plain, "word for word")]
    if qags:
        people = list(qags_sentences(qags))
        labelled += [*people, *perturbations(people, "people")]
    if not labelled:
        raise click.UsageError("nothing to measure on: name a set with --qags or --articles")
    errors_by_kind: dict[tuple[str, bool], list[float]] = defaultdict(list)
    for one in labelled:
        mistakes = errors_by_kind[one.kind, one.supported]
        mistaken = accepted(one) != one.supported
        if mistaken and sum(mistakes) < show:
            echo(f"  {one.kind}, {'true' if one.supported else 'false'}: {one.text}")
        mistakes.append(float(mistaken))
    echo(f"{'sentences':<44} {'count':>6}  error")
    for (kind, supported), mistakes in errors_by_kind.items():
        low, high = interval(mistakes)
        what = "true, marked not found" if supported else "false, shown as supported"
        share = sum(mistakes) / len(mistakes)
        echo(f"{kind:<44} {len(mistakes):>6}  {share:.3f} [{low:.3f}, {high:.3f}]  {what}")


if __name__ == "__main__":
    errors.run(main)
