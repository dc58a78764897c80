"""Comparisons and reports: what they say, that they repeat, and that no text in them becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from eval_answers import CHAIRED, COLD, COST, COUNCIL, FLOOD, answer, hit, quote

from evals.datasets.cases import Case, Exchange, GoldSentence
from evals.report import comparison_html, html, outcome, report_hits
from evals.results import CaseResult, observe
from evals.runs import Header
from evals.runs.compare import compare
from index.errors import UserError
from index.types import Article

SLY = '<script>alert("x")</script><img src=x onerror=alert(1)>&amp;'
HEADER = Header(
    system="by hand",
    question_set=f"set {SLY}.jsonl",
    questions=4,
    set_hash="1",
    settings="s",
    library=f"lib {SLY}",
    library_version=4,
    library_hash="2",
    code="3",
    started="2024-05-04T10:00:00+00:00",
)
GOLD = (GoldSentence("a1", COUNCIL.text[:31], *CHAIRED),)
WHO = Case(
    id="a",
    question="Who chaired?",
    answers=("Ada Moreno",),
    gold_articles=("a1",),
    gold_sentences=GOLD,
    tags=("who",),
)
COSTS = Case(id="b", question="How much?", answers=("40 euros",), gold_articles=("a1",), tags=("number",))
NEVER = Case(id="c", question="When?", answerable=False, tags=("near-miss",))
HELD = Case(id="d", question="What now?", conversation=(Exchange(SLY, SLY),), tags=(SLY,), answers=("x",))


def before() -> list[CaseResult]:
    return [
        observe(WHO, answer(quote(COUNCIL, *CHAIRED), confidence=0.9, short="Ada Moreno")),
        observe(COSTS, answer(quote(COUNCIL, *COLD), confidence=0.4)),
        observe(NEVER, answer(quote(COUNCIL, *COLD), confidence=0.3)),
        observe(HELD, answer(refused=True)),
    ]


def after() -> list[CaseResult]:
    return [
        observe(WHO, answer(quote(COUNCIL, *COLD), confidence=0.9, short="Ada Moreno")),
        observe(COSTS, answer(quote(COUNCIL, *COST), confidence=0.4)),
        observe(NEVER, answer(refused=True, confidence=0.3)),
        observe(HELD, answer(refused=True)),
    ]


def test_a_comparison_pairs_questions_and_names_what_changed():
    found = compare(before(), after())
    assert [pair[0].case.id for pair in found.better] == ["b", "c"]
    assert [pair[0].case.id for pair in found.worse] == ["a"]
    changes = {change.metric.name: change.difference for change in found.changes}
    correct = changes["answer.correct"]
    assert correct is not None
    assert (correct.before, correct.after, correct.questions) == (1 / 3, 1 / 3, 3)
    assert correct.p == 1
    assert changes["judge.score"] is None
    assert changes["refusal.wrong_answers"] is not None
    assert changes["refusal.wrong_answers"].value == -1


def test_questions_of_one_run_only_and_failed_ones_are_named():
    failed = CaseResult(case=COSTS, error="ValueError: no")
    found = compare(before(), [*after()[2:], failed])
    assert found.only_before == ("a",)
    assert found.failed == ("b",)
    assert [pair[0].case.id for pair in found.better] == ["c"]


def test_runs_that_cannot_be_compared():
    with pytest.raises(UserError, match="share no question"):
        compare(before()[:1], after()[1:])
    other = replace(before()[0], case=replace(WHO, answers=("Somebody",)))
    with pytest.raises(UserError, match="'a' is not the same question"):
        compare(before(), [other])


def test_runs_of_libraries_with_other_article_ids_can_be_compared():
    elsewhere = replace(WHO, gold_articles=("z9",), gold_sentences=(replace(GOLD[0], article="z9"),))
    assert len(compare(before()[:1], [replace(before()[0], case=elsewhere)]).pairs) == 1


@pytest.mark.parametrize(
    ("result", "word"),
    [
        (before()[0], "right"),
        (before()[1], "wrong"),
        (before()[2], "wrong"),
        (before()[3], "wrongly refused"),
        (after()[2], "rightly refused"),
        (CaseResult(case=WHO, error="x"), "failed"),
        (
            observe(Case(id="e", question="?", gold_articles=("a1",)), answer(quote(COUNCIL, *COLD))),
            "answered",
        ),
    ],
)
def test_outcomes(result: CaseResult, word: str):
    assert outcome(result) == word


class Tags(HTMLParser):
    """Collects elements, what they fetch, and the text of the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.fetched: list[str] = []
        self.handlers: list[str] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        for name, value in attrs:
            if name in ("src", "action", "srcset") or (name.endswith("href") and not str(value).startswith("#")):
                self.fetched.append(str(value))
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_data(self, data: str) -> None:
        self.words += data


def sly_results() -> list[CaseResult]:
    article = Article(
        id="s", text=f"{SLY} {COUNCIL.text}", title=SLY, outlet=SLY, location=SLY, url="javascript:alert(1)"
    )
    statement = quote(article, 0, len(SLY))
    made = answer(statement, short=SLY, hits=(hit(article, (0, len(SLY))),), question=SLY)
    made = replace(made, articles=(article,), notes=(SLY,))
    case = Case(id=SLY, question=SLY, answers=(SLY,), tags=(SLY,), conversation=(Exchange(SLY, SLY),))
    return [observe(case, made), CaseResult(case=replace(HELD, id="f"), error=SLY)]


@pytest.mark.parametrize(
    "page",
    [html(HEADER, sly_results()), comparison_html(HEADER, HEADER, compare(sly_results(), sly_results()))],
)
def test_no_text_becomes_markup_and_nothing_is_fetched(page: str):
    seen = Tags(page)
    assert "img" not in seen.names
    assert seen.fetched == []
    assert seen.handlers == []
    assert "alert" not in "".join(re.findall(r"<script>(.*?)</script>", page, re.S))
    assert "onerror=alert(1)" in seen.words
    assert "default-src 'none'" in page


def test_the_report_repeats_and_shows_every_question_with_its_answer():
    page = html(HEADER, before())
    assert page == html(HEADER, before())
    words = Tags(page).words
    for text in (
        "Who chaired?",
        "Ada Moreno chaired the meeting.",
        "wrongly refused",
        "not measured",
        "a gold sentence",
    ):
        assert text in words
    assert page.count("<svg") == 4
    assert "citations.precision" in words


def test_the_report_of_a_run_with_nothing_to_judge_says_so():
    bare = observe(Case(id="e", question="?", gold_articles=("zz",)), replace(answer(), seconds={}))
    page = html(HEADER, [bare, CaseResult(case=WHO, error="ValueError: no")])
    assert page.count("<svg") == 1  # only the rank of the gold can be drawn
    assert "the run is not finished" in page


def test_hits_are_marked_where_they_hold_gold_or_the_answer():
    result = observe(WHO, answer(hits=(hit(FLOOD, (0, 29)), hit(COUNCIL, CHAIRED, COST))))
    assert [(one.gold, one.answer) for one in report_hits(result)] == [(False, False), (True, True)]
