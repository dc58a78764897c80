"""`clippings eval quotes`: how well the program finds who said what."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from evals.datasets.quotations import ANNOTATIONS, read_quotations
from evals.metrics.quotations import ArticleScores, QuotationFigure, figures, metric_named, score
from evals.metrics.summary import requirement
from evals.runs.quotations import extracted
from index.errors import UserError
from index.terminal import echo
from ui.cli.eval_common import exit_code


@click.command()
@click.argument("annotations", metavar="[SET]", type=click.Path(path_type=Path), default=ANNOTATIONS)
@click.option("--half", type=click.Choice(("tuning", "reported")), help="Only this half of the articles.")
@click.option("--group", help="Only this group of articles: gum, political or other.")
@click.option("--list", "listing", is_flag=True, help="Show what was missed and what is wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON, with --list the errors too.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write figures and errors here, as JSON.")
@click.option("--require", "required", multiple=True, metavar="METRIC>=X", help="Exit with 1 unless met.")
def quotes(
    annotations: Path,
    half: str | None,
    group: str | None,
    listing: bool,
    as_json: bool,
    out: Path | None,
    required: tuple[str, ...],
) -> None:
    """Measure who is said to have said what, on articles whose quotations were marked by reading them.

    SET is a file like evals/sets/quotes/quotations.jsonl, which is the default.

    \b
    Examples:
      clippings eval quotes --half tuning --list
      clippings eval quotes --require 'labels.wrong<=0.01'
    """
    requirements = [requirement(text, metric_named) for text in required]
    if not annotations.is_file():
        raise UserError(f"No annotated articles at {str(annotations)!r}. Those that ship: clippings eval quotes")
    every = read_quotations(annotations)
    wanted = [one for one in every if half in (None, one.half) and group in (None, one.group)]
    if not wanted:
        groups = ", ".join(sorted({one.group for one in every}))
        raise UserError(f"No article of the group {group!r} is in that half. The groups: {groups or 'none'}")
    scores = [score(one, extracted(one.article)) for one in wanted]
    found = figures(scores)
    if out:
        out.write_text(_json(scores, found, errors=True) + "\n", encoding="utf-8")
    if as_json:
        echo(_json(scores, found, errors=listing))
    else:
        for one in scores if listing else ():
            for error in one.errors:
                echo(str(error))
        for figure in found:
            echo(f"{figure.metric.name:<23}{figure!s:<22} n={figure.count:<6} {figure.metric.meaning}")
        echo(f"\n{len(wanted)} articles{f', the {half} half' if half else ''}; intervals by article")
    exit_code([], found, requirements, only_errors=as_json)


def _json(scores: list[ArticleScores], found: list[QuotationFigure], *, errors: bool) -> str:
    """The figures by name, how many articles they are of, and if wanted what went wrong."""
    record: dict[str, Any] = {
        "articles": len(scores),
        "figures": {
            one.metric.name: {"value": one.value, "low": one.low, "high": one.high, "count": one.count} for one in found
        },
    }
    if errors:
        record["errors"] = [asdict(error) for one in scores for error in one.errors]
    return json.dumps(record, ensure_ascii=False, indent=2)
