"""The lists and the differing reports that ship: their sentences, items, days, halves, and what was drawn by rule."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from functools import cache

from evals.datasets import files
from evals.datasets.cases import Case, half
from evals.sets import DEMO, EARLIER, articles_of, set_path
from index.clean import clean
from index.text.tokens import content
from rag.training.stories import kept_out


@cache
def cases(name: str) -> tuple[Case, ...]:
    return tuple(files.read(set_path(name)))


@cache
def rows() -> dict[str, dict[str, str]]:
    lines = [line for path in (DEMO, EARLIER) for line in path.read_text(encoding="utf-8").splitlines()]
    return {row["id"]: {**row, "text": clean(row["text"])} for row in map(json.loads, lines)}


def differing() -> list[Case]:
    return [case for case in cases("conflicts.jsonl") if "conflict" in case.tags]


def items(case: Case) -> set[str]:
    return {gold.item for gold in case.gold_sentences}


def test_there_are_enough_and_each_is_in_the_half_of_its_id():
    lists, conflicts = cases("lists.jsonl"), cases("conflicts.jsonl")
    assert articles_of(set_path("lists.jsonl")) == (DEMO,)
    assert articles_of(set_path("conflicts.jsonl")) == (DEMO, EARLIER)
    assert len(lists) >= 60
    assert len(differing()) >= 40
    assert sum("no-conflict" in case.tags for case in conflicts) == 100 == len(conflicts) - len(differing())
    for case in (*lists, *conflicts):
        assert half(case.id) in case.tags
        assert case.answerable
    for group in (lists, differing()):
        counted = Counter(tag for case in group for tag in case.tags if tag.startswith("half:"))
        assert min(counted.values()) >= 0.4 * len(group)


def test_every_gold_sentence_stands_in_its_article():
    for case in (*cases("lists.jsonl"), *cases("conflicts.jsonl")):
        assert {gold.article for gold in case.gold_sentences} == set(case.gold_articles), case.id
        for gold in case.gold_sentences:
            assert rows()[gold.article]["text"][gold.start : gold.end] == gold.text, case.id


def test_a_list_has_two_to_twelve_items_and_no_sentence_twice_for_one():
    for case in cases("lists.jsonl"):
        assert all(gold.item and gold.published is None for gold in case.gold_sentences)
        assert 2 <= len(items(case)) <= 12, case.id
        places = Counter((gold.item, gold.article, gold.start) for gold in case.gold_sentences)
        assert set(places.values()) == {1}, case.id
        assert ("articles:one" in case.tags) == (len(case.gold_articles) == 1)


def test_a_conflict_has_two_values_of_two_articles_each_with_its_day():
    kinds = Counter()
    for case in differing():
        assert len(items(case)) >= 2 and len(case.gold_articles) >= 2, case.id
        for gold in case.gold_sentences:
            assert str(gold.published) == rows()[gold.article]["date"], case.id
        kinds.update(tag for tag in case.tags if tag in ("conflict:differ", "conflict:update"))
    assert sum(kinds.values()) == len(differing())
    assert min(kinds.values()) >= 10


def test_older_stories_are_kept_out_of_training():
    older = [case for case in differing() if "stories:2004-2018" in case.tags]
    assert {gold for case in older for gold in case.gold_articles} == {
        json.loads(line)["id"] for line in EARLIER.read_text(encoding="utf-8").splitlines()
    }
    for case in older:
        (story,) = [tag.removeprefix("story:") for tag in case.tags if tag.startswith("story:")]
        assert kept_out(story), case.id


def test_questions_use_other_words_than_the_sentences():
    for case in (*cases("lists.jsonl"), *differing()):
        # names have no other word, so only words in lower case count
        own = set(content(" ".join(word for word in case.question.split() if word[0].islower())))
        for gold in case.gold_sentences:
            assert len(own) < 3 or len(own & set(content(gold.text))) / len(own) <= 0.5, (case.question, gold.text)


def test_questions_without_a_conflict_are_drawn_by_the_rule_in_the_readme():
    busy = {article for case in differing() for article in case.gold_articles}
    pool = [
        case
        for case in files.read(set_path("wikinews.jsonl"))
        if case.answerable
        and not {"two-article", "development", "follow-up"} & set(case.tags)
        and len(case.gold_articles) == 1
        and not busy & set(case.gold_articles)
    ]
    pool.sort(key=lambda case: hashlib.sha256(case.id.encode()).hexdigest())
    drawn = [case for case in cases("conflicts.jsonl") if "no-conflict" in case.tags]
    assert [case.id for case in drawn] == [f"no-{case.id}" for case in pool[:100]]
    for one, source in zip(drawn, pool, strict=False):
        assert (one.question, one.answers, one.gold_sentences) == (
            source.question,
            source.answers,
            source.gold_sentences,
        )


def test_attribution_names_every_older_article():
    attribution = (EARLIER.parent / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for line in EARLIER.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert f"| {row['id']} | {row['date']} | [{row['title']}](<{row['url']}>)" in attribution
        assert row["licence"] in ("public domain", "CC BY 2.5")
