"""Sentences and passages: offsets hold for any text, and news abbreviations do not break sentences."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.split import LONGEST_SENTENCE, count_tokens, paragraphs, passages, sentences
from index.types import Article

newsy = st.text(
    alphabet=st.one_of(st.sampled_from(list(" \n\t.!?\"'“”‘’…()[]—-AaBbZz09")), st.characters(codec="utf-8")),
    max_size=400,
)


def texts(text):
    return [text[start:end] for start, end in sentences(text)]


@given(newsy)
@settings(max_examples=300, deadline=None)
def test_sentences_hold_every_visible_character_once_and_in_order(text):
    spans = sentences(text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)
    assert "".join("".join(text[s:e].split()) for s, e in spans) == "".join(text.split())


@given(newsy, st.integers(1, 60))
@settings(max_examples=200, deadline=None)
def test_passages_are_runs_of_the_sentences(text, budget):
    article = Article(text=text, id="a")
    made = passages(article, tokens=budget)
    assert [span for passage in made for span in passage.sentences] == sentences(text)
    for number, passage in enumerate(made):
        assert passage.number == number
        assert (passage.start, passage.end) == (passage.sentences[0][0], passage.sentences[-1][1])
        assert passage.revision == article.revision


@pytest.mark.parametrize(
    "text",
    [
        "Sens. James Lankford, R-Okla., and Chris Murphy, D-Conn., were back.",
        "He went to the U.S. Army base in Washington, D.C. on Jan. 6 at 5 p.m. sharp.",
        "“We need to fix it. It is broken,” he said.",
        '"No!" said Gov. Lee.',
        "Prop. 205 would regulate marijuana.",
        "Apple Inc. rose 3.5% to $4.2 billion, Mr. J. R. Smith said.",
    ],
)
def test_one_sentence_stays_one(text):
    assert texts(text) == [text]


def test_sentences_break_where_a_reader_would():
    assert texts("He moved to the U.S. He left in May. Why? Nobody knew.\n\nA new paragraph") == [
        "He moved to the U.S.",
        "He left in May.",
        "Why?",
        "Nobody knew.",
        "A new paragraph",
    ]


def test_quote_and_attribution_stay_together():
    text = "“It is broken,” Graham said. “He is responsible for this situation.”"
    assert texts(text) == ["“It is broken,” Graham said.", "“He is responsible for this situation.”"]


def test_text_without_sentence_ends_is_cut_at_spaces():
    text = "word " * 2000
    assert all(len(piece) <= LONGEST_SENTENCE for piece in texts(text))
    assert {piece.replace("word", "").strip() for piece in texts(text)} == {""}


def test_paragraphs_that_fit_stay_together():
    text = "One two three. Four five.\n\nSix seven eight.\n\nNine ten."
    first = count_tokens("One two three.") + count_tokens("Four five.")
    made = passages(Article(text=text, id="a"), tokens=first + 1)
    assert text[made[0].start : made[0].end] == "One two three. Four five."
    assert len(paragraphs(text)) == 3


def test_a_budget_below_one_is_refused():
    with pytest.raises(ValueError, match="0"):
        passages(Article(text="x"), tokens=0)
