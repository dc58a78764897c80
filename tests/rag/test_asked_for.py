"""What a question asks for, looked for in sentences of articles: there, as a variant, beside, missing, contradicted."""

from __future__ import annotations

import pytest
from libraries import article

from index.split import sentences
from index.types import Hit, Passage
from rag.read.asked_for import asked_terms, focus
from rag.types import Query
from rag.understand import understand

MARATHON = (
    "Yesterday, Brigid Kosgei of Kenya won the 2019 Chicago Marathon and broke the record.",
    "She is 25.",
    "The world's governing body met in Monaco.",
)


def terms(question: str, texts: tuple[str, ...], at: int = 0, title: str = "") -> dict[str, tuple[str, str]]:
    """Presence, and what stands instead, by the words of the question, of the sentence `at`."""
    text = " ".join(texts)
    spans = tuple(sentences(text))
    assert len(spans) == len(texts)
    one = article("/news/one.txt", text, "2020-05-01", id="1", title=title)
    hit = Hit(Passage(one.id, one.revision, 0, 0, len(text), spans, 20), one, 1.0)
    query = understand(question, as_of=None, newest=None, outlets=(), authors=())
    return {term.text: (term.presence, term.instead) for term in asked_terms(query, hit, spans[at])}


def test_another_city_s_marathon_contradicts():
    found = terms("When did Kosgei win the London Marathon?", MARATHON)
    assert found["Kosgei"] == ("there", "")
    assert found["London Marathon"] == ("contradicted", "Chicago Marathon")


def test_the_right_one_does_not():
    assert terms("When did Kosgei win the Chicago Marathon?", MARATHON)["Chicago Marathon"] == ("there", "")


def test_a_name_in_the_sentence_before_is_beside_and_one_two_sentences_away_is_missing():
    assert terms("How old is Brigid Kosgei?", MARATHON, at=1)["Brigid Kosgei"] == ("beside", "")
    assert terms("Where did Brigid Kosgei meet them?", MARATHON, at=2)["Brigid Kosgei"] == ("missing", "")


def test_demonyms_and_spellings_are_the_same_name():
    texts = ("The American delegation met Zelenskyy.",)
    found = terms("Did the United States meet Zelensky?", texts)
    assert found["United States"] == found["Zelensky"] == ("variant", "")
    assert terms("Did China meet Zelensky?", texts)["China"] == ("missing", "")


@pytest.mark.parametrize(
    ("question", "presence"),
    [
        ("What share of officers were women in 2016?", ("there", "")),
        ("What share of officers were women in 2006?", ("contradicted", "2016")),
    ],
)
def test_another_year_contradicts(question, presence):
    texts = ("In 2016, 18% of officers were women.",)
    one = article("/news/one.txt", texts[0], "2020-05-01", id="1")
    hit = Hit(Passage(one.id, one.revision, 0, 0, len(texts[0]), ((0, len(texts[0])),), 20), one, 1.0)
    found = asked_terms(Query(question, question), hit, (0, len(texts[0])))
    assert [(term.presence, term.instead) for term in found if term.kind == "year"] == [presence]


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("How old is Donald Trump?", "old"),
        ("In which prison was he kept?", "prison"),
        ("How many pages of messages are there?", "pages"),
        ("What is the price of the house?", "price"),
        ("Who won?", ""),
        ("When did it end?", ""),
    ],
)
def test_the_property_word_of_a_question(question, word):
    assert focus(question) == word


@pytest.mark.parametrize(
    ("question", "text", "instead"),
    [
        ("How old is Donald Trump?", "Officials said the Trumps' 14-year-old son Barron tested negative.", "Barron"),
        ("How old is Ukraine's president Zelensky?", "Zelensky spoke of his six-year-old son.", "a son"),
        ("How old is Donald Trump?", "President Donald Trump and Joe Biden, 77, met.", "Joe Biden"),
    ],
)
def test_somebody_else_s_age_contradicts(question, text, instead):
    assert ("contradicted", instead) in terms(question, (text,)).values()


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How old is Barron Trump?", "Officials said the Trumps' 14-year-old son Barron Trump tested negative."),
        ("How old is Joe Biden?", "President Donald Trump and Joe Biden, 77, met."),
        ("How old is Barron Trump?", "The Trumps' 14-year-old son Barron tested negative as did Ivanka Trump."),
        ("How old was the man suspected in Croydon?", "Ann Lee, 54, was shot by a 23-year-old man in Croydon."),
        ("How old is Zelensky's son?", "Zelensky spoke of his six-year-old son."),
    ],
)
def test_one_s_own_age_does_not(question, text):
    assert "contradicted" not in {presence for presence, _ in terms(question, (text,)).values()}


def test_another_outcome_contradicts():
    texts = ("Six people were injured when the bus fell.",)
    assert terms("How many people were killed?", texts)["killed"] == ("contradicted", "injured")
    assert terms("How many people were hurt?", texts)["hurt"] == ("there", "")
