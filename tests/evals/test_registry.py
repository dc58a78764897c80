"""The registry of metrics against the functions, the documentation, the report and the table."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from eval_answers import CHAIRED, COLD, COST, COUNCIL, STORM, answer, hit, quote

from evals.datasets.cases import Case, GoldSentence
from evals.metrics import (
    COMPARED,
    HEADLINE,
    METRICS,
    items,
    markdown_table,
    metric,
    quotations,
    run_statistics,
    scores,
)
from evals.metrics.run_statistics import RunStatistic
from evals.metrics.summary import by_tag, summarise
from evals.report import html
from evals.results import CaseResult, Judgement, observe
from evals.runs import Header
from index.errors import UserError
from ui.cli.eval_common import figure_table

WHO = Case(
    id="a",
    question="Who chaired?",
    answers=("Ada Moreno",),
    gold_articles=("a1",),
    gold_sentences=(GoldSentence("a1", COUNCIL.text[:31], *CHAIRED),),
    speaker="Ada Moreno",
    tags=("who",),
)
NEVER = Case(id="c", question="When?", answerable=False)
FACTS = Case(
    id="e", question="List it all.", gold_sentences=(GoldSentence("a1", COUNCIL.text[:31], *CHAIRED, "chair"),)
)
TWO = Case(
    id="f",
    question="Which is it?",
    gold_sentences=tuple(
        GoldSentence("a1", COUNCIL.text[slice(*span)], *span, item, date(2024, 5, 3))
        for item, span in (("chair", CHAIRED), ("cost", COST))
    ),
)
CALM = Case(id="g", question="Who chaired?", answers=("Ada Moreno",), tags=("no-conflict",))
HIDDEN = Case(id="d", question="How much?", answers=("40 euros",), answerable=False, hidden=("a1",))


def everything() -> list[CaseResult]:
    """A run to which every metric applies."""
    right = answer(
        quote(COUNCIL, *CHAIRED), short="Ada Moreno", hits=(hit(COUNCIL, CHAIRED, COST),), model="some/model"
    )
    return [
        replace(observe(WHO, right), judgement=Judgement(1.0, "as expected"), state="found", probability=0.9),
        observe(NEVER, answer(quote(COUNCIL, *COLD), confidence=0.2)),
        replace(observe(FACTS, answer(quote(COUNCIL, *CHAIRED))), total=1),
        observe(TWO, answer(quote(COUNCIL, *CHAIRED), quote(COUNCIL, *COST))),
        observe(CALM, answer(quote(COUNCIL, *CHAIRED))),
        observe(HIDDEN, answer(quote(STORM, 14, 31), hits=(hit(STORM, (14, 31)),), confidence=0.4)),
    ]


def functions(module: object, parameter: str) -> set[object]:
    """The public functions of a module that take one argument of this type."""
    return {
        function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_")
        and [str(one.annotation) for one in inspect.signature(function).parameters.values()] == [parameter]
    }


def test_every_metric_is_measured_where_it_applies():
    assert [figure.metric.name for figure in summarise(everything()) if figure.value is None] == []


def test_names_differ_and_every_group_has_a_title():
    assert len({one.name for one in METRICS}) == len(METRICS)
    assert all(one.group for one in METRICS)


def test_every_scoring_function_is_some_metric_s():
    used = {one.function for one in METRICS}
    columns = {one.columns for one in used if isinstance(one, RunStatistic)}
    of_question, of_run = functions(scores, "ScoredResult"), functions(run_statistics, "Run")
    assert len(of_question) > 10 and len(of_run) > 5
    assert of_question | functions(items, "ScoredResult") <= used
    assert of_run == columns


def test_the_documentation_lists_the_registry():
    text = (Path(__file__).parents[2] / "evals" / "METRICS.md").read_text(encoding="utf-8")
    assert text.endswith(markdown_table()), f"Put this at the end of evals/METRICS.md:\n{markdown_table()}"
    # takes "answer.em" and "wrong_answers@10" in backticks; not "results.jsonl"
    prose = set(re.findall(r"`([a-z_]+\.)?([a-z_-]+@\d+|[a-z]+_[a-z_]+)`", text))
    assert len(prose) > 5
    known = {one.name.partition(".")[2] for one in (*METRICS, *quotations.METRICS)}
    assert {name for _, name in prose} <= known


def test_the_report_and_the_table_hold_every_metric_of_theirs():
    figures = summarise(everything())
    header = Header("by hand", "set.jsonl", 3, "1", "s", "lib", 4, "2", "3")
    page = html(header, everything())
    assert [one.name for one in METRICS if f"<td>{one.name}</td>" not in page] == []
    assert [label for label in HEADLINE.values() if label not in page] == []
    rows = figure_table({"ours": figures}).splitlines()[2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [one.name for one in COMPARED]


def test_a_name_that_is_not_registered_raises():
    with pytest.raises(UserError, match="There is no metric 'beauty'"):
        metric("beauty")
    with pytest.raises(UserError, match=r"There is no metric .answer\.beauty."):
        by_tag(everything(), ["answer.correct", "answer.beauty"])
