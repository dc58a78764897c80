"""Questions read without a model: dates, outlets, authors, the answer wanted, and follow-ups."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.types import Article, Filter
from rag.types import Answer, Citation, Query, Statement, Turn
from rag.understand import understand

OUTLETS = [
    "The Guardian",
    "Semafor",
    "theweek.co.uk",
    "CNN",
    "nytimes.com",
    "USA Today",
    "The Independent - Sports",
    "The Independent - Travel",
]
AUTHORS = ["Kyle Wiggers", "Sarah Perez, Kyle Wiggers"]
DAY = date(2023, 12, 7)


def ask(question: str, *turns: Turn, **given: object) -> Query:
    settings: dict = {"as_of": None, "newest": DAY, "outlets": OUTLETS, "authors": AUTHORS} | given
    return understand(question, turns, **settings)


def said(question: str, *quotes: tuple[str, str], short: str = "", text: str = "") -> Turn:
    """A turn answered by quotations, each a speaker and the words."""
    statements = tuple(
        Statement(words, (Citation(f"a{n}", f"r{n}", 0, len(words), words),), speaker)
        for n, (speaker, words) in enumerate(quotes)
    )
    article = Article(quotes[0][1] if quotes else "", id="a0")
    return Turn(question, text, Answer(question, Query(question, question), statements, short, articles=(article,)))


# Dates.


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("what did Lankford say on December 6?", date(2023, 12, 5), date(2023, 12, 9)),
        ("What happened in November?", date(2023, 10, 31), date(2023, 12, 3)),
        ("What happened in October 2022?", date(2022, 9, 30), date(2022, 11, 3)),
        ("What has Biden done since November?", date(2023, 10, 31), None),
        ("What did Biden say yesterday?", date(2023, 12, 5), date(2023, 12, 9)),
        ("What did Murphy say before December 7?", None, date(2023, 12, 9)),
    ],
)
def test_dates_bound_publication_with_room_for_late_reports(question, since, until):
    query = ask(question)
    assert (query.filter.since, query.filter.until) == (since, until)
    assert query.inferred
    assert query.recency == 0.0
    assert query.interpretations[0].kind == "date"


@pytest.mark.parametrize(
    "question",
    [
        "Who won the 2020 election?",
        "What did the September 11 attacks cost?",
        "What has happened since Thanksgiving?",
        "Which team won the World Cup for the first time since 1998?",
        "Which company is set to release a new console on November 16?",
        "Yellowstone reopened in March 2021. Why was it closed?",
        "May the Senate still pass the bill?",
        "Which country dropped its quarantine rules after closing its borders in March 2020?",
        "What did Biden say this week?",
    ],
)
def test_what_does_not_bound_publication_hides_nothing(question):
    query = ask(question)
    assert not query.filter
    assert not query.inferred


def test_relative_dates_count_from_the_as_of_date_or_the_newest_article():
    assert ask("what did Biden say last month?").filter.since == date(2023, 10, 31)
    assert ask("what did Biden say last month?", as_of=date(2022, 7, 10)).filter.since == date(2022, 5, 31)
    unknown = ask("what did Biden say last month?", newest=None)
    assert unknown.filter == Filter() and unknown.as_of is None


def test_the_assumed_as_of_date_is_shown_and_can_be_removed():
    query = ask("what did Biden say last month?")
    assert "as-of:newest article" in {chip.key for chip in query.interpretations}
    assert ask("what did Biden say last month?", ignore=["as-of:newest article"]).filter == Filter()
    given = ask("what did Biden say last month?", as_of=DAY)
    assert {chip.kind for chip in given.interpretations} == {"date"}


def test_what_the_person_set_wins():
    mine = Filter(since=date(2020, 1, 1), outlets=("CNN",))
    query = ask("what did the Guardian report last month?", filter=mine)
    assert query.filter == mine
    assert not query.inferred


@pytest.mark.parametrize(
    ("question", "as_of", "weight"),
    [
        ("who leads the talks?", None, 0.3),
        ("who leads the talks?", DAY, 1.0),
        ("what is the latest on the talks?", None, 1.0),
        ("what happened this week?", None, 1.0),
        ("who works for USA TODAY?", None, 0.3),
        ("what happened in October 2022?", DAY, 0.0),
    ],
)
def test_recency_follows_the_time_asked_about(question, as_of, weight):
    assert ask(question, as_of=as_of).recency == weight


# Outlets and authors.


@pytest.mark.parametrize(
    ("question", "outlets"),
    [
        ("What happened, according to the Guardian?", ("The Guardian",)),
        ("according to the guardian, what happened?", ("The Guardian",)),
        ("what did The Week report on inflation?", ("theweek.co.uk",)),
        ("What did cnn.com say about the strike?", ("CNN",)),
        ("NYT report on migrants", ("nytimes.com",)),
        ("What did Senator Kelly say in Semafor?", ("Semafor",)),
        ("Do the Guardian and Semafor agree?", ()),
        ("Do the Guardian article and the Semafor article agree?", ("The Guardian", "Semafor")),
        ("What did usatoday.com publish in its report?", ("USA Today",)),
        ("a story by the Independent", ("The Independent - Sports", "The Independent - Travel")),
        ("a story in The Independent - Travel", ("The Independent - Travel",)),
    ],
)
def test_outlets_named_as_sources(question, outlets):
    assert ask(question).filter.outlets == outlets


@pytest.mark.parametrize(
    "question",
    [
        "Did CNN fire Don Lemon?",
        "Who was fired by CNN?",
        "What did the NBC News poll show?",
        "Who owns the Guardian?",
        "According to a new USA TODAY/Suffolk University poll, whom do Republicans favor?",
        "what happened this week?",
        "Which celebration did USA Today hold?",
        "How many CNN employees were laid off?",
    ],
)
def test_outlets_that_are_the_topic_hide_nothing(question):
    assert ask(question).filter.outlets == ()


def test_authors_are_filtered_only_when_their_writing_is_asked_for():
    assert ask("articles by Kyle Wiggers about AI").filter.authors == (
        "Kyle Wiggers",
        "Sarah Perez, Kyle Wiggers",
    )
    assert ask("What did Kyle Wiggers write about AI?").filter.authors
    assert not ask("What did Kyle Wiggers say?").filter.authors


def test_a_chip_removed_is_a_phrase_not_understood():
    question = "According to the Guardian, what did Murphy say on December 6?"
    both = ask(question)
    assert both.filter.outlets and both.filter.until
    keys = [chip.key for chip in both.interpretations if chip.kind in ("outlet", "date")]
    neither = ask(question, ignore=keys)
    assert neither.filter == Filter() and not neither.inferred and neither.recency == 0.3
    only_date = ask(question, ignore=[key for key in keys if key.startswith("outlet:")])
    assert only_date.filter == Filter(since=both.filter.since, until=both.filter.until)


# The answer wanted.


@pytest.mark.parametrize(
    ("question", "kind", "speaker"),
    [
        ("what did Lankford say about the majority?", "quotation", "Lankford"),
        ("what did lankford say about the majority?", "quotation", "lankford"),
        ("what has Joe Biden said about Ukraine?", "quotation", "Joe Biden"),
        (
            "what did the White House press secretary say on Ukraine?",
            "quotation",
            "White House press secretary",
        ),
        ("What did White House press secretary Karine Jean-Pierre say?", "quotation", "Karine Jean-Pierre"),
        ("What did Sen. Lindsey Graham say?", "quotation", "Lindsey Graham"),
        ("how did Graham describe the talks?", "quotation", "Graham"),
        ("what is needed, according to Murphy?", "quotation", "Murphy"),
        ("Lankford's comment on the deal", "quotation", "Lankford"),
        ("What was Biden's response to the vote?", "quotation", "Biden"),
        ("what happened, according to the Guardian?", "other", ""),
        ("who said the border is broken?", "person", ""),
        ("which senator blocked the bill?", "person", ""),
        ("how many people did Biden say would come?", "number", "Biden"),
        ("How old is the president?", "number", ""),
        ("When did the Senate vote?", "date", ""),
        ("In which city is the menorah located?", "place", ""),
        ("Where was the rocket headed?", "place", ""),
        ("Why did Republicans block the bill?", "reason", ""),
        ("What is the measure called?", "other", ""),
        ("Which retailer cut its prices?", "other", ""),
        ("Nichelle Nichols, who played Uhura, died. How old was she?", "number", ""),
    ],
)
def test_answer_type_and_speaker(question, kind, speaker):
    query = ask(question)
    assert (query.answer_type, query.speaker) == (kind, speaker)


@pytest.mark.parametrize(
    ("question", "develops"),
    [
        ("How did the border talks develop?", True),
        ("How has his position on asylum changed over time?", True),
        ("Give me a timeline of the negotiations", True),
        ("What happened next?", True),
        ("How many votes changed hands?", False),
        ("what did Lankford say?", False),
    ],
)
def test_questions_about_a_development(question, develops):
    assert ask(question).develops is develops


# Follow-ups.

LANKFORD = said("what did Lankford say about the majority?", ("James Lankford", "We've got a narrow majority"))


@pytest.mark.parametrize(
    ("question", "text", "speaker"),
    [
        ("and what did he say about Ukraine?", "what did Lankford say about Ukraine?", "Lankford"),
        ("what about Ukraine?", "what did Lankford say about Ukraine?", "Lankford"),
        ("and Murphy?", "what did Murphy say about the majority?", "Murphy"),
        ("and about Ukraine?", "what did Lankford say about Ukraine?", "Lankford"),
    ],
)
def test_names_are_carried_over(question, text, speaker):
    query = ask(question, LANKFORD)
    assert query.text == text
    assert query.speaker == speaker
    assert query.question == question
    chip = query.interpretations[0]
    assert (chip.kind, chip.meaning) == ("follow-up", text)


def test_follow_ups_favour_what_was_cited_and_can_be_refused():
    assert ask("why?", LANKFORD).favour == (("a0", "r0"),)
    alone = ask("why?", LANKFORD, ignore=["follow-up:why?"])
    assert (alone.text, alone.favour, alone.interpretations) == ("why?", (), ())


def test_he_can_be_the_person_of_the_answer():
    turn = said("Who leads the talks?", ("", "James Lankford leads the talks"), short="James Lankford")
    assert ask("what did he say?", turn).text == "what did James Lankford say?"
    quoted = said("What happened in the talks?", ("Chris Murphy", "We will get there"))
    assert ask("what did he say about asylum?", quoted).text == "what did Chris Murphy say about asylum?"
    plain = Turn("What happened in the talks?", "Chris Murphy: “We will get there”")
    assert ask("what did he say about asylum?", plain).text == "what did Chris Murphy say about asylum?"


@pytest.mark.parametrize(
    ("before", "question", "text"),
    [
        ("Did Republicans block the bill?", "why?", "why did Republicans block the bill?"),
        ("How many people died in Syria in 2019?", "and in 2020?", "How many people died in Syria in 2020?"),
        ("How many people died in Turkey?", "and in Syria?", "How many people died in Syria?"),
        ("How many people died in Turkey?", "what about Syria?", "How many people died in Syria?"),
        (
            "What caused the fire in Chico?",
            "when did it start?",
            "when did it start? (caused, fire in Chico)",
        ),
    ],
)
def test_ellipsis_is_filled_from_the_question_before(before, question, text):
    assert ask(question, Turn(before)).text == text


@pytest.mark.parametrize(
    "question",
    [
        "What did the Federal Reserve decide about interest rates?",
        "Did Biden say he would sign the bill?",
        "Is it true that the Senate rejected the bill on Wednesday?",
        "What does Graham want from Biden?",
        "How many people were killed in the Maui fires?",
    ],
)
def test_a_question_that_stands_alone_is_not_touched(question):
    query = ask(question, LANKFORD)
    assert query.text == question
    assert query.favour == ()


def test_a_chain_of_follow_ups_keeps_its_subject():
    first, second = Turn("what did Lankford say about the majority?"), Turn("and what about the border?")
    assert ask("what did he say about Ukraine?", first, second).text == "what did Lankford say about Ukraine?"


@given(st.text(max_size=200), st.lists(st.text(max_size=80), max_size=2))
def test_any_text_is_understood_as_something(question, before):
    query = ask(question, *(Turn(text, text) for text in before))
    assert query.question == question
    assert all(outlet in OUTLETS for outlet in query.filter.outlets)
    assert before or query.text == question
