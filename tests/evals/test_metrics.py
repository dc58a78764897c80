"""Metrics against figures reckoned by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from eval_answers import CHAIRED, COLD, COST, COUNCIL, FLOOD, NOBODY, STORM, answer, hit, quote
from hypothesis import given
from hypothesis import strategies as st

from evals.datasets.cases import Case, GoldSentence
from evals.datasets.importers.multihop_rag import TAG
from evals.metrics import multihop_rag, score, score_all, text_match
from evals.metrics.scores import correct, first_ranks, overlaps, ranked_passages
from evals.metrics.summary import summarise
from evals.results import observe

ASKED = Case(
    id="q1",
    question="Who chaired the meeting?",
    answers=("Ada Moreno", "Moreno"),
    gold_articles=("a1",),
    gold_sentences=(GoldSentence("a1", COUNCIL.text[:31], *CHAIRED),),
)
NOWHERE = Case(id="q2", question="Who was absent?", answerable=False)


def test_words_are_compared_as_squad_does():
    assert text_match.tokens("The “Bahn”, an S-Bahn!") == ["bahn", "sbahn"]
    assert text_match.exact("the Ada Moreno.", ["Ada Moreno"]) == 1
    assert text_match.exact("Ada", ["Ada Moreno"]) == 0
    # one of two words given, both right: precision 1, recall 1/2
    assert text_match.f1("Moreno", ["Ada Moreno"]) == pytest.approx(2 / 3)
    assert text_match.f1("", ["Ada"]) == 0


def test_an_answer_is_held_as_whole_words_in_order():
    assert text_match.holds("It cost 40 euros, they said.", ["40 Euros"])
    assert not text_match.holds("It cost 140 euros.", ["40 euros"])
    assert not text_match.holds("Euros: 40", ["40 euros"])
    assert not text_match.holds("anything", ["the"])  # nothing is left of it to look for


@given(st.text(), st.text())
def test_f1_is_symmetric_and_between_0_and_1(one: str, other: str):
    value = text_match.f1(one, [other])
    assert 0 <= value <= 1
    assert value == pytest.approx(text_match.f1(other, [one]))


def test_spans_overlap_from_half_of_the_shorter():
    assert overlaps((0, 10), (5, 30))
    assert not overlaps((0, 10), (6, 30))
    assert not overlaps((0, 10), (10, 20))


def test_retrieval_by_article_and_sentence():
    hits = (hit(FLOOD, (0, 29)), hit(COUNCIL, COST, NOBODY), hit(COUNCIL, CHAIRED, number=1))
    scores = score(observe(ASKED, answer(hits=hits)))
    # articles in order: a2, a1
    assert (scores["article.hit@1"], scores["article.hit@4"]) == (0, 1)
    assert scores["article.mrr"] == pytest.approx(1 / 2)
    assert scores["article.ndcg@10"] == pytest.approx(1 / math.log2(3))
    # the sentence is first held by the third hit
    assert (scores["passage.hit@1"], scores["passage.hit@4"]) == (0, 1)
    assert scores["passage.mrr"] == pytest.approx(1 / 3)
    assert scores["passage.ndcg@10"] == pytest.approx(1 / math.log2(4))
    assert (scores["context.answer@1"], scores["context.answer@4"]) == (0, 1)


def test_two_gold_sentences_found_and_missed():
    case = Case(
        id="q3",
        question="What did it cost?",
        answers=("40 euros",),
        gold_articles=("a1", "a3"),
        gold_sentences=(
            GoldSentence("a1", "It cost 40 euros.", *COST),
            GoldSentence("a3", "A storm came.", 0, 13),
        ),
    )
    result = observe(case, answer(hits=(hit(FLOOD, (0, 29)), hit(COUNCIL, COST))))
    assert first_ranks(ranked_passages(result.hits), [("a1", COST), ("a3", (0, 13))]) == [2, None]
    scores = score(result)
    assert (scores["passage.recall@1"], scores["passage.recall@4"]) == (0, 1 / 2)
    assert (scores["article.recall@20"], scores["article.all-gold@20"]) == (1 / 2, 0)
    # gain at rank 2 of two wanted passages: (1/log2 3) / (1 + 1/log2 3)
    assert scores["passage.ndcg@10"] == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))


def test_a_passage_with_two_gold_sentences_counts_once_in_the_order():
    case = Case(
        id="q4",
        question="What happened?",
        gold_sentences=(GoldSentence("a1", "x", *COST), GoldSentence("a1", "y", *NOBODY)),
        gold_articles=("a1",),
    )
    scores = score(observe(case, answer(hits=(hit(COUNCIL, COST, NOBODY),))))
    assert scores["passage.ndcg@10"] == 1
    assert scores["passage.recall@1"] == 1


def test_neighbours_folded_into_a_hit_have_ranks_of_their_own():
    folded = replace(hit(FLOOD, (0, 29)), neighbours=(hit(FLOOD, (30, 51), number=1).passage,))
    scores = score(observe(ASKED, answer(hits=(folded, hit(COUNCIL, CHAIRED)))))
    assert scores["passage.mrr"] == pytest.approx(1 / 3)
    assert scores["article.mrr"] == pytest.approx(1 / 2)


def test_nothing_found_scores_0_and_no_gold_is_not_measured():
    scores = score(observe(ASKED, answer(refused=True)))
    assert scores["article.mrr"] == scores["passage.recall@20"] == scores["context.answer@20"] == 0
    bare = score(observe(Case(id="q5", question="?", answers=("Ada",)), answer()))
    assert not any(name.startswith(("article.", "passage.", "citations.")) for name in bare)


def test_answers_are_scored_short_and_whole():
    result = observe(ASKED, answer(quote(COUNCIL, *COST), quote(COUNCIL, *CHAIRED), short="Ada"))
    scores = score(result)
    assert (scores["answer.holds@1"], scores["answer.holds@3"], scores["answer.correct"]) == (0, 1, 1)
    assert scores["answer.em"] == 0
    assert scores["answer.f1"] == pytest.approx(2 / 3)


def test_the_speaker_a_quotation_is_ascribed_to_is_part_of_the_answer():
    spoken = replace(quote(COUNCIL, *COLD), speaker="Ada Moreno")
    scores = score(observe(ASKED, answer(spoken)))
    assert (scores["answer.holds@1"], scores["answer.correct"]) == (1, 1)


def test_the_fourth_statement_comes_too_late():
    statements = [quote(COUNCIL, *span) for span in (COST, NOBODY, COLD, CHAIRED)]
    assert correct(observe(ASKED, answer(*statements))) == 0


def test_short_answers_are_not_measured_where_none_are_given():
    results = [observe(ASKED, answer(quote(COUNCIL, *CHAIRED)))]
    assert "answer.em" not in score_all(results)[0]
    also = observe(ASKED, answer(quote(COUNCIL, *CHAIRED), short="Moreno"))
    assert [scores["answer.em"] for scores in score_all([*results, also])] == [0, 1]


def test_long_expected_answers_are_judged_by_the_gold_sentence():
    case = Case(
        id="q6",
        question="Describe the meeting.",
        answers=("It was a long meeting that somebody chaired and that many people went to",),
        gold_articles=("a1",),
        gold_sentences=ASKED.gold_sentences,
    )
    good = score(observe(case, answer(quote(COUNCIL, *CHAIRED))))
    assert good["answer.correct"] == 1
    assert "answer.holds@1" not in good
    assert "context.answer@1" not in good
    assert score(observe(case, answer(quote(COUNCIL, *COLD))))["answer.correct"] == 0


def test_citations_against_gold_sentences():
    case = Case(
        id="q7",
        question="What about the meeting?",
        answers=("Ada Moreno",),
        gold_articles=("a1",),
        gold_sentences=(GoldSentence("a1", "x", *CHAIRED), GoldSentence("a1", "y", *NOBODY)),
    )
    scores = score(observe(case, answer(quote(COUNCIL, *CHAIRED), quote(COUNCIL, *COST), quote(STORM, 0, 13))))
    assert scores["citations.precision"] == pytest.approx(1 / 3)
    assert scores["citations.recall"] == 1 / 2
    assert scores["citations.verbatim"] == 1


def test_a_citation_that_is_not_verbatim_is_seen():
    wrong = quote(COUNCIL, *CHAIRED, text="Ada Moreno chaired the meeting!")
    assert score(observe(ASKED, answer(quote(COUNCIL, *COST), wrong)))["citations.verbatim"] == 1 / 2


def test_a_citation_of_an_article_that_the_answer_does_not_hold_is_not_verbatim():
    other = COUNCIL.__class__(id="gone", text=COUNCIL.text)
    assert score(observe(ASKED, answer(quote(other, *CHAIRED))))["citations.verbatim"] == 0


def test_a_gold_sentence_that_could_not_be_located_is_not_measured():
    case = Case(
        id="q8",
        question="?",
        answers=("Ada",),
        gold_articles=("a1",),
        gold_sentences=(GoldSentence("a1", "x", *CHAIRED), GoldSentence("a1", "lost")),
    )
    scores = score(observe(case, answer(quote(COUNCIL, *CHAIRED))))
    assert "citations.recall" not in scores
    assert "passage.hit@1" not in scores


def test_refusals_are_right_or_wrong():
    assert score(observe(ASKED, answer(refused=True)))["refusal.wrong_refusals"] == 1
    assert score(observe(NOWHERE, answer(refused=True)))["refusal.wrong_answers"] == 0
    given_anyway = observe(NOWHERE, answer(quote(COUNCIL, *COLD)))
    assert score(given_anyway)["refusal.wrong_answers"] == 1
    assert correct(given_anyway) == 0
    assert "refusal.wrong_refusals" not in score(given_anyway)
    assert "refusal.left_out_answered" not in score(given_anyway)


def test_a_left_out_question_tells_where_its_answer_still_stands():
    case = Case(id="q9", question="Cost?", answers=("40 euros",), answerable=False, hidden=("a1",))
    scores = score(observe(case, answer(quote(STORM, 14, 31), hits=(hit(STORM, (0, 13), (14, 31)),))))
    assert scores["refusal.left_out_answered"] == 1
    assert scores["refusal.left_out_elsewhere"] == 1
    assert scores["refusal.left_out_right"] == 1


def test_hidden_answers_that_stand_elsewhere_are_not_counted_as_missing():
    twin = Case(id="q9", question="Cost?", answers=("40 euros",), answerable=False, hidden=("a1",))
    found = hit(STORM, (0, 13), (14, 31))
    given = [
        observe(ASKED, answer(quote(COUNCIL, *CHAIRED), confidence=0.5)),
        observe(twin, answer(quote(STORM, 14, 31), hits=(found,), confidence=0.9)),
        observe(NOWHERE, answer(quote(COUNCIL, *COLD), confidence=0.1)),
    ]
    figures = {figure.metric.name: figure.value for figure in summarise(given)}
    assert figures["refusal.wrong_answers@10"] == 0.5
    assert figures["refusal.missing_answered@10"] == 0
    assert figures["refusal.false_answers@10"] == 0


def test_a_hidden_answer_found_elsewhere_but_not_said_is_a_false_answer():
    twin = Case(id="q9", question="Cost?", answers=("40 euros",), answerable=False, hidden=("a1",))
    given = [
        observe(ASKED, answer(quote(COUNCIL, *CHAIRED), confidence=0.5)),
        observe(twin, answer(quote(STORM, 0, 13), hits=(hit(STORM, (0, 13), (14, 31)),), confidence=0.9)),
    ]
    figures = {figure.metric.name: figure.value for figure in summarise(given)}
    assert (figures["refusal.left_out_right"], figures["refusal.false_answers@10"]) == (0, 1)


def test_tokens_are_measured_only_of_chat_models():
    assert "tokens.in" not in score(observe(ASKED, answer()))
    assert score(observe(ASKED, answer(model="some/model")))["tokens.in"] == 12


def test_multihop_rag_by_its_scripts_definitions():
    facts = ["Fact one.", "Fact two.", "Fact three."]
    passages = ["nothing", "…Fact\none. and Fact  two.…", "Fact two.", "nothing", "Fact three."]
    scores = multihop_rag.retrieval(passages, facts)
    # two new facts at rank 2, none new at 3, one at 5, over three facts
    assert scores["MAP@10"] == pytest.approx((2 / 2 + 0 + 1 / 5) / 3)
    assert scores["MRR@10"] == 1 / 2
    assert (scores["Hits@4"], scores["Hits@10"]) == (1, 1)
    assert multihop_rag.retrieval(["x"] * 10 + ["Fact one."], facts)["Hits@10"] == 0
    # its defects, kept: one shared word is enough, and a full stop makes a word another
    assert multihop_rag.accuracy("The court met", "The Verge") == 1
    assert multihop_rag.accuracy("Google.", "Google") == 0


def test_multihop_rag_is_reported_for_its_own_set_only():
    case = Case(
        id="m1",
        question="?",
        answers=("Ada Moreno",),
        gold_articles=("a1",),
        tags=(TAG,),
        gold_sentences=(GoldSentence("a1", COUNCIL.text[:31], *CHAIRED),),
    )
    null = Case(id="m2", question="?", answerable=False, tags=(TAG, "null"))
    results = [
        observe(case, answer(quote(COUNCIL, *COLD), hits=(hit(COUNCIL, CHAIRED),))),
        observe(null, answer(refused=True)),
    ]
    table = multihop_rag.official(results)
    assert table["Hits@4"] == (1, 1)
    assert table["Accuracy (shares a word)"] == (1 / 2, 2)
    assert multihop_rag.official([observe(ASKED, answer())]) == {}


@pytest.mark.parametrize(
    ("speakers", "right", "wrong"),
    [
        (("Ada Moreno",), 1, 0),
        (("Mayor Moreno",), 1, 0),
        (("Eva Moreno",), 0, 1),
        (("Moreno",), 1, 0),
        (("",), 0, 0),
        (("the mayor",), 0, 0),  # a description is not the speaker, and nobody else either
        (("Bo Lund",), 0, 1),
        (("Bo Lund", "Ada Moreno"), 1, 1),
        ((), 0, 0),
    ],
)
def test_a_gold_sentence_must_be_under_its_speaker(speakers, right, wrong):
    said = replace(ASKED, speaker="Ada Moreno")
    statements = [replace(quote(COUNCIL, *CHAIRED), speaker=speaker) for speaker in speakers]
    scores = score(observe(said, answer(*statements, quote(COUNCIL, *COST))))
    assert (scores["answer.speaker@3"], scores["answer.wrong_speaker"]) == (right, wrong)


def test_the_speaker_of_another_sentence_is_none_of_the_gold_ones():
    other = replace(quote(COUNCIL, *COST), speaker="Ada Moreno")
    assert score(observe(replace(ASKED, speaker="Ada Moreno"), answer(other)))["answer.speaker@3"] == 0


def test_without_an_expected_speaker_none_is_scored():
    assert "answer.speaker@3" not in score(observe(ASKED, answer(quote(COUNCIL, *CHAIRED))))
