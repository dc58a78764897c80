"""The questions of who said what that ship: their sentences, speakers, halves, and what is not answered."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache

from evals.datasets import files
from evals.datasets.cases import Case, half
from evals.datasets.quotations import read_quotations
from evals.metrics.text_match import holds, tokens
from evals.sets import DEMO, articles_of, set_path
from index.clean import clean


@cache
def cases() -> tuple[Case, ...]:
    return tuple(files.read(set_path("said.jsonl")))


@cache
def texts() -> dict[str, str]:
    rows = (json.loads(line) for line in DEMO.read_text(encoding="utf-8").splitlines())
    return {row["id"]: clean(row["text"]) for row in rows}


def answered() -> list[Case]:
    return [case for case in cases() if case.answerable]


def test_there_are_enough_and_a_quarter_is_not_answered():
    assert articles_of(set_path("said.jsonl")) == (DEMO,)
    assert len(answered()) >= 150
    assert 0.2 <= 1 - len(answered()) / len(cases()) <= 0.3
    asked = Counter(tag for case in cases() for tag in case.tags)
    assert min(asked[f"asks:{kind}"] for kind in ("about", "who", "when")) >= 8
    assert asked["swapped:speaker"] + asked["swapped:topic"] == asked["unanswerable"]
    assert len({case.question for case in cases()}) == len(cases())


def test_every_gold_sentence_stands_in_its_article_and_holds_the_answer():
    for case in answered():
        (article,), (gold,) = case.gold_articles, case.gold_sentences
        assert gold.article == article
        assert texts()[article][gold.start : gold.end] == gold.text
        if "asks:about" in case.tags:
            assert holds(gold.text, case.answers), case.id
        if "asks:who" in case.tags:
            assert holds(case.speaker, case.answers), case.id


def test_every_speaker_is_the_one_of_a_marked_quotation():
    marked = {one.name: one.quotations for one in read_quotations()}
    for case in answered():
        gold = case.gold_sentences[0]
        speakers = {
            quotation.name or re.sub(r"^(?:the|an?) ", "", quotation.source.text, flags=re.I)
            for quotation in marked[gold.article]
            if any(place.start < gold.end and gold.start < place.end for place in quotation.content)
            and (quotation.name or quotation.source)
        }
        assert case.speaker in speakers, case.id


def test_a_question_is_in_the_half_of_its_article():
    for case in cases():
        (article,) = case.gold_articles or case.context_articles
        assert half(article) in case.tags


def test_questions_use_other_words_than_the_sentence():
    for case in answered():
        if "asks:who" in case.tags:
            own, gold = tokens(case.question), set(tokens(case.gold_sentences[0].text))
            assert sum(word in gold for word in own) / len(own) < 0.7, case.id


def test_a_swapped_speaker_stands_in_the_article_that_somebody_else_speaks_in():
    for case in cases():
        if "swapped:speaker" in case.tags:
            name = re.match(r"What did (.+?) say about", case.question)
            (article,) = case.context_articles
            assert name and name[1].split()[-1] in texts()[article], case.id
            assert not (case.answers or case.gold_articles or case.gold_sentences or case.speaker)
