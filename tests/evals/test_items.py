"""Scores of lists and of reports that differ, against figures reckoned by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from eval_answers import CHAIRED, COLD, COST, COUNCIL, NOBODY, answer, quote

from evals.datasets.cases import Case, GoldSentence
from evals.metrics import score
from evals.results import CaseResult, CitationRecord, StatementRecord, from_line, observe, to_line
from index.types import Article, Hit, Passage
from rag.read.agreement import disagreement_note
from rag.types import Candidate, Query

FACTS = Case(
    id="facts",
    question="List all that is known of the meeting.",
    gold_articles=("a1",),
    gold_sentences=tuple(
        GoldSentence("a1", COUNCIL.text[slice(*span)], *span, item=item)
        for item, span in (("chair", CHAIRED), ("cost", COST), ("vote", NOBODY), ("money", COST))
    ),
)
"""Four items in three sentences: the cost is also the money."""

TOLL = Case(
    id="toll",
    question="How many died?",
    gold_articles=("early", "late"),
    gold_sentences=(
        GoldSentence("early", "Nine died.", 0, 10, "nine", date(2024, 5, 3)),
        GoldSentence("late", "Twelve died.", 0, 12, "twelve", date(2024, 5, 5)),
        GoldSentence("late", "The toll is 12.", 13, 28, "twelve", date(2024, 5, 5)),
    ),
)
QUIET = Case(id="quiet", question="Who chaired?", answers=("Ada Moreno",), tags=("no-conflict",))


def said(article: str, start: int, end: int, published: str) -> StatementRecord:
    return StatementRecord("…", True, "", (CitationRecord(article, "r", start, end, "…", True, published=published),))


NINE, TWELVE = said("early", 0, 10, "2024-05-03"), said("late", 0, 12, "2024-05-05")


def scores_of(*statements: StatementRecord, case: Case = TOLL) -> dict[str, float]:
    return score(CaseResult(case, statements))


def test_a_list_is_scored_by_items_and_statements():
    # chair, and the sentence of two items; the room's temperature is no item
    scored = score(observe(FACTS, answer(quote(COUNCIL, *CHAIRED), quote(COUNCIL, *COST), quote(COUNCIL, *COLD))))
    assert scored["list.recall"] == 3 / 4
    assert scored["list.precision"] == pytest.approx(2 / 3)
    assert not any(name.startswith("conflict.") for name in scored)


def test_the_same_item_twice_is_one_item():
    twice = score(observe(FACTS, answer(quote(COUNCIL, *NOBODY), quote(COUNCIL, *NOBODY))))
    assert (twice["list.recall"], twice["list.precision"]) == (1 / 4, 1)


def test_a_refused_list_shows_nothing_and_has_no_precision():
    refused = score(observe(FACTS, answer(refused=True)))
    assert refused["list.recall"] == 0
    assert "list.precision" not in refused


def test_a_count_is_measured_only_where_an_answer_gives_one():
    silent = observe(FACTS, answer(quote(COUNCIL, *CHAIRED)))
    assert "list.true_count" not in score(silent)
    assert score(replace(silent, total=4))["list.true_count"] == 1
    assert score(replace(silent, total=3))["list.true_count"] == 0
    assert score(from_line(to_line(replace(silent, total=4))))["list.true_count"] == 1


def test_a_list_whose_sentences_were_not_all_located_is_not_measured():
    lost = replace(FACTS, gold_sentences=(*FACTS.gold_sentences, GoldSentence("a1", "Gone.", item="lost")))
    assert not any(name.startswith("list.") for name in score(observe(lost, answer(quote(COUNCIL, *CHAIRED)))))


def test_both_values_must_be_shown():
    assert scores_of(NINE, TWELVE)["conflict.both"] == 1
    assert scores_of(TWELVE)["conflict.both"] == 0
    assert scores_of(TWELVE, said("late", 13, 28, "2024-05-05"))["conflict.both"] == 0
    assert scores_of()["conflict.both"] == 0
    assert "list.recall" not in scores_of(NINE)


def test_a_value_without_the_day_of_its_report_is_not_shown():
    assert scores_of(TWELVE, said("early", 0, 10, ""))["conflict.both"] == 0
    assert scores_of(TWELVE, said("early", 0, 10, "2024-05-05"))["conflict.both"] == 0


def test_the_later_report_comes_first():
    assert scores_of(TWELVE, NINE)["conflict.later_first"] == 1
    assert scores_of(NINE, TWELVE)["conflict.later_first"] == 0
    assert "conflict.later_first" not in scores_of(TWELVE)


def test_alarms_are_measured_only_where_it_is_known_whether_there_was_one():
    assert not {"conflict.told", "conflict.false_alarms"} & {*scores_of(NINE), *scores_of(case=QUIET)}
    for told in (True, False):
        assert score(CaseResult(TOLL, reports_differ=told))["conflict.told"] == told
        alarm = score(CaseResult(QUIET, reports_differ=told))
        assert alarm["conflict.false_alarms"] == told
        assert "conflict.told" not in alarm
    # other questions than those marked to be without a conflict are none of its
    assert "conflict.false_alarms" not in score(CaseResult(replace(QUIET, tags=()), reports_differ=True))


def test_an_alarm_is_read_off_the_reader_s_own_note():
    def candidate(number: int, text: str) -> Candidate:
        article = Article(id=f"b{number}", text=text, title=f"Report {number}")
        span = (0, len(text))
        hit = Hit(Passage(article.id, article.revision, 0, *span, (span,), 10), article, 1.0)
        return Candidate(hit, span, 1.0, (0, text.index(" ")))

    found = [candidate(1, "40 died."), candidate(2, "12 died."), candidate(3, "12 died.")]
    note = disagreement_note(Query("How many died?", "How many died?", answer_type="number"), found)
    given = answer(quote(COUNCIL, *CHAIRED))
    assert observe(QUIET, replace(given, notes=(note,))).reports_differ is True
    assert observe(QUIET, replace(given, notes=("No article is dated in that week.",))).reports_differ is False
