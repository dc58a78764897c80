"""The conversations that ship: each last question has its answer in the articles and wordings that stand alone."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from evals.datasets import files
from evals.datasets.cases import Case, half
from evals.sets import DEMO, articles_of, set_path
from index.clean import clean

CASES = files.read(set_path("follow_ups.jsonl"))
LEANING = [case for case in CASES if "needs-context" in case.tags]
KINDS = (
    "complete",
    "new-topic",
    "follow-up:bare-name",
    "follow-up:correction",
    "follow-up:other-one",
    "follow-up:person",
    "follow-up:place",
    "follow-up:pronoun",
    "follow-up:time",
    "follow-up:what-else",
    "follow-up:why",
)
NAME = re.compile(r"(?<=[ (])[^\W\d_a-zß-ÿ][\w'’.-]*|\b\d+\b")
"""A capitalised word that does not begin the text, or a number."""
PRONOUN = re.compile(r"\b(?:he|she|him|his|her|they|them|their|it|its|there)\b", re.I)


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    rows = map(json.loads, DEMO.read_text(encoding="utf-8").splitlines())
    return {row["id"]: clean(row["text"]) for row in rows}


def words(text: str) -> set[str]:
    """Words of more than three letters, and numbers, without a possessive ending."""
    found = (re.sub(r"['’]s?$", "", word) for word in re.findall(r"[\w'’.-]*\w['’]?", text.lower()))
    return {word for word in found if len(word) > 3 or word.isdigit()}


def said(case: Case) -> str:
    return " ".join(f"{turn.question} {turn.answer}" for turn in case.conversation)


def carried(case: Case, wording: str) -> set[str]:
    """What a wording takes from the turns before: in them and in it, not in the question."""
    return words(wording) & words(said(case)) - words(case.question)


def test_it_holds_conversations_of_two_to_four_turns_over_the_shipped_articles():
    assert len(CASES) >= 120
    assert articles_of(set_path("follow_ups.jsonl")) == (DEMO,)
    assert {len(case.conversation) + 1 for case in CASES} == {2, 3, 4}
    assert all(turn.question and turn.answer for case in CASES for turn in case.conversation)


def test_every_kind_of_question_is_there_and_a_quarter_need_nothing_from_before():
    tags = Counter(tag for case in CASES for tag in case.tags)
    assert all(tags[kind] >= 3 for kind in KINDS)
    assert tags["needs-context"] + tags["stands-alone"] == len(CASES)
    assert 0.2 <= tags["stands-alone"] / len(CASES) <= 0.3
    assert 5 <= sum(not case.answerable for case in CASES) <= 20


def test_both_halves_by_the_rule():
    assert all([tag for tag in case.tags if tag.startswith("half:")] == [half(case.id)] for case in CASES)
    halves = Counter(half(case.id) for case in CASES)
    assert min(halves.values()) >= 0.4 * len(CASES)


def test_gold_sentences_and_earlier_answers_are_verbatim(texts: dict[str, str]):
    for case in CASES:
        for sentence in case.gold_sentences:
            assert texts[sentence.article][sentence.start : sentence.end] == sentence.text, case.id
        for turn in case.conversation:
            assert any(turn.answer in text for text in texts.values()), (case.id, turn.answer)


def test_an_answer_stands_in_its_gold_sentences():
    for case in CASES:
        gold = " ".join(sentence.text for sentence in case.gold_sentences).casefold()
        assert not case.answerable or any(answer.casefold() in gold for answer in case.answers), case.id


def test_complete_questions_are_searched_as_they_are():
    for case in CASES:
        if case not in LEANING:
            assert case.searched == (case.question,), case.id


@pytest.mark.parametrize("case", LEANING, ids=lambda case: case.id)
def test_the_wordings_of_a_follow_up_stand_alone(case: Case):
    assert 1 <= len(case.searched) <= 3
    assert case.question not in case.searched
    for wording in case.searched:
        taken = carried(case, wording)
        assert taken, wording
        if "follow-up:pronoun" in case.tags:
            # The name that the pronoun stood for, before any pronoun that is left.
            names = {name for found in NAME.findall(wording) for name in words(found)}
            assert names & taken, wording
        pronoun, name = PRONOUN.search(wording), NAME.search(wording)
        assert pronoun is None or (name is not None and name.start() < pronoun.start()), wording
