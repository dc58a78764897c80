"""The near misses that ship: pairs, one half each, gold sentences that stand in the articles."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache

from evals.datasets import files
from evals.datasets.cases import Case, half
from evals.sets import DEMO, articles_of, set_path

KINDS = {"place", "year", "person", "number", "event", "property", "role", "outcome"}


@cache
def cases() -> tuple[Case, ...]:
    return tuple(files.read(set_path("near_misses.jsonl")))


@cache
def texts() -> dict[str, str]:
    rows = (json.loads(line) for line in DEMO.read_text(encoding="utf-8").splitlines())
    return {row["id"]: row["text"] for row in rows}


def tagged(case: Case, kind: str) -> list[str]:
    return [tag.removeprefix(f"{kind}:") for tag in case.tags if tag.startswith(f"{kind}:")]


def pairs() -> list[tuple[Case, Case]]:
    return list(zip(cases()[::2], cases()[1::2], strict=True))


def test_they_are_asked_of_the_wikinews_articles():
    assert articles_of(set_path("near_misses.jsonl")) == (DEMO,)
    assert len(cases()) >= 200
    assert len({article for case in cases() for article in case.gold_articles}) >= 80


def test_every_pair_is_complete():
    for number, (answered, twin) in enumerate(pairs(), 1):
        name = f"near-{number:03}"
        assert (answered.id, twin.id) == (f"{name}a", f"{name}b")
        assert answered.answerable and answered.answers and answered.gold_articles and answered.gold_sentences
        assert not (twin.answerable or twin.answers or twin.gold_articles or twin.gold_sentences)
        assert answered.question != twin.question
        for case in (answered, twin):
            assert "near-miss" in case.tags
            assert ("unanswerable" in case.tags) == (case is twin)
            assert tagged(case, "pair") == [f"{number:03}"]
            assert tagged(case, "differs") == tagged(answered, "differs")
    assert len({case.question for case in cases()}) == len(cases())


def test_both_of_a_pair_are_in_the_half_of_the_pair():
    for answered, twin in pairs():
        for case in (answered, twin):
            assert [f"half:{name}" for name in tagged(case, "half")] == [half(answered.id[:-1])]
    assert min(Counter(tag for case in cases() for tag in case.tags if tag.startswith("half:")).values()) >= 100


def test_every_kind_of_difference_is_there():
    kinds = Counter(kind for answered, _ in pairs() for kind in tagged(answered, "differs"))
    assert kinds.keys() == KINDS
    assert min(kinds.values()) >= 10
    assert kinds.total() == len(pairs())


def test_gold_sentences_stand_where_they_say():
    for answered, _ in pairs():
        assert {sentence.article for sentence in answered.gold_sentences} == set(answered.gold_articles)
        for sentence in answered.gold_sentences:
            assert texts()[sentence.article][sentence.start : sentence.end] == sentence.text
        stands = " ".join(sentence.text for sentence in answered.gold_sentences).casefold()
        assert any(answer.casefold() in stands for answer in answered.answers), answered.id
