"""A run as one HTML file that needs nothing else: every text in it is escaped by the template engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from evals.metrics import HEADLINE, multihop_rag
from evals.metrics.scores import cites, correct, covers, gold_spans, short_answers
from evals.metrics.summary import MetricValue, by_tag, summarise
from evals.metrics.text_match import holds
from evals.report import plots
from evals.results import CONTEXT, CaseResult, CitationRecord, HitRecord
from evals.runs import Header
from evals.runs.compare import Comparison

if TYPE_CHECKING:
    from jinja2 import Environment

HITS_SHOWN = 10
CHARACTERS_SHOWN = 420
"""Of a hit's text."""


@dataclass(frozen=True, slots=True)
class ReportHit:
    rank: int
    hit: HitRecord
    text: str
    gold: bool
    answer: bool


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("evals.report", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"lead": _lead, "trail": _trail, "moment": _moment}
    return environment


def _lead(text: str) -> str:
    """Text before a citation, begun at a whole word."""
    return text if len(text) < CONTEXT else "… " + text.split(None, 1)[-1]


def _trail(text: str) -> str:
    """Text after a citation, ended at a whole word."""
    return text if len(text) < CONTEXT else text.rsplit(None, 1)[0] + " …"


def _moment(iso: str) -> str:
    """A UTC time as a person reads it; empty stays empty."""
    return f"{iso[:10]} {iso[11:16]} UTC" if iso else ""


def outcome(result: CaseResult) -> str:
    """One word for what came of a question: right, wrong, refused, wrongly refused, answered, failed."""
    if result.error:
        return "failed"
    right = correct(result)
    if result.refused:
        return "rightly refused" if not result.case.answerable else "wrongly refused"
    if right is None:
        return "answered"
    return "right" if right else "wrong"


def report_hits(result: CaseResult) -> list[ReportHit]:
    """The first hits as the report shows them, each marked where it holds gold or an expected answer."""
    places, answers = gold_spans(result), short_answers(result)
    rows = []
    for rank, hit in enumerate(result.hits[:HITS_SHOWN], start=1):
        gold = any(article == hit.article_id and covers(own, span) for article, span in places for own in hit.spans)
        text = hit.text
        cut = text if len(text) <= CHARACTERS_SHOWN else text[:CHARACTERS_SHOWN].rsplit(" ", 1)[0] + " …"
        rows.append(ReportHit(rank, hit, cut, gold, holds(text, answers)))
    return rows


def is_gold(result: CaseResult, citation: CitationRecord) -> bool:
    return any(cites([citation], span) for span in gold_spans(result))


def html(header: Header, results: Sequence[CaseResult]) -> str:
    """The report of one run; the same results give the same text."""
    figures = summarise(results, timed=header.jobs == 1)
    pictures = {
        "Accuracy by share answered": plots.risk_coverage(results),
        "Confidence and accuracy": plots.reliability(results),
        "Rank of the gold": plots.gold_ranks(results),
        "Time for a question": plots.latency(results) if header.jobs == 1 else "",
    }
    by_metric = {figure.metric: figure for figure in figures}
    groups: dict[str, list[MetricValue]] = {}
    for figure in figures:
        groups.setdefault(figure.metric.group, []).append(figure)
    template = _environment().get_template("report.html")
    return template.render(
        header=header,
        results=results,
        groups=groups,
        headline=[(label, by_metric[metric]) for metric, label in HEADLINE.items()],
        official=multihop_rag.official(results),
        tags=by_tag(results),
        plots=pictures,
        outcome=outcome,
        outcomes=sorted({outcome(result) for result in results}),
        report_hits=report_hits,
        is_gold=is_gold,
        as_json=json.dumps,
    )


def comparison_html(before: Header, after: Header, comparison: Comparison) -> str:
    """Two runs side by side: figures, and the questions whose answers got better or worse."""
    template = _environment().get_template("compare.html")
    return template.render(before=before, after=after, comparison=comparison, outcome=outcome)
