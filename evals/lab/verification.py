"""How often verification is wrong: false sentences shown as supported, true ones marked as not found.

`python -m evals.lab.verification --qags FOLDER --articles FILE.jsonl` measures it on sentences that people judged
(QAGS; Wang, Cho and Lewis 2020) and on sentences made wrong by rule (`evals.lab.corrupt`).
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from evals.lab import corrupt
from evals.metrics.statistics import interval
from index import errors
from index.split import passages, sentences
from index.text.tokens import content
from index.types import Article, Hit
from rag.answer.check_sentence import supporting_citations
from rag.types import Query, Reading

SEED = 6
QUERY, READING = Query("", ""), Reading((), 0.0, True)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence, the article it is held against, and whether the article says it."""

    text: str
    article: Article
    true: bool
    kind: str


def judged(folder: Path) -> Iterator[Claim]:
    """The sentences of QAGS; true where at least two of three people said so."""
    for name in ("cnndm", "xsum"):
        for line in (folder / f"mturk_{name}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            article = Article(row["article"], id=name)
            for sentence in row["summary_sentences"]:
                agreed = sum(said["response"] == "yes" for said in sentence["responses"]) >= 2
                yield Claim(sentence["sentence"], article, agreed, f"people: {name}")


def stated(path: Path, most: int) -> Iterator[Claim]:
    """Sentences as they stand in articles (JSON lines with a field `text`), a chance one from each article."""
    chance = random.Random(SEED)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row in chance.sample(rows, min(most, len(rows))):
        article = Article(row["text"], title=row.get("title", ""), id=str(row.get("id", "")))
        spans = [span for span in sentences(article.text) if len(content(article.text[slice(*span)])) >= 5]
        if spans:
            yield Claim(article.text[slice(*chance.choice(spans))], article, True, "word for word")


def corrupted(claims: Iterable[Claim], label: str) -> Iterator[Claim]:
    """Each true claim made false in every way that applies to it."""
    chance = random.Random(SEED)
    for claim in claims:
        for kind, change in corrupt.KINDS.items():
            text = change(claim.text, claim.article.text, chance)
            if claim.true and text and text != claim.text:
                yield Claim(text, claim.article, False, f"{label}, {kind} changed")


def accepted(claim: Claim) -> bool:
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
    """Measure both error rates of verification."""
    claims: list[Claim] = []
    if articles:
        plain = list(stated(articles, most))
        claims += [*plain, *corrupted(plain, "word for word")]
    if qags:
        people = list(judged(qags))
        claims += [*people, *corrupted((claim for claim in people if claim.true), "people")]
    wrong: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    shown: dict[tuple[str, bool], int] = defaultdict(int)
    for claim in claims:
        key = (claim.kind, claim.true)
        mistaken = accepted(claim) != claim.true
        wrong[key].append(mistaken)
        if mistaken and shown[key] < show:
            shown[key] += 1
            click.echo(f"  {claim.kind}, {'true' if claim.true else 'false'}: {claim.text}")
    click.echo(f"{'sentences':<44} {'count':>6}  error")
    for (kind, true), mistakes in wrong.items():
        low, high = interval([float(mistake) for mistake in mistakes])
        what = "true, marked not found" if true else "false, shown as supported"
        share = sum(mistakes) / len(mistakes)
        click.echo(f"{kind:<44} {len(mistakes):>6}  {share:.3f} [{low:.3f}, {high:.3f}]  {what}")


if __name__ == "__main__":
    errors.run(main)
