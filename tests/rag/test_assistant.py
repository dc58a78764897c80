"""The pipeline over the seed articles with the real encoder and engines: answers, refusals, follow-ups."""

import json
from datetime import date

import pytest

from index.library import Library
from index.quotes.attribution import attributions_near
from index.types import Filter
from rag.assistant import Assistant
from rag.schema import from_dict, to_dict
from rag.settings import Settings
from rag.types import Answer, Progress, Statement, Turn

MAJORITY = "what did Lankford say about the majority?"
QUOTE = (
    "\"We've got a narrow majority in the House, we're in a minority in the Senate and we don't have the White "
    'House," he said.'
)


def test_the_lankford_question_leads_with_his_words(assistant):
    answer = assistant.ask(MAJORITY)
    first = answer.statements[0]
    assert (first.text, first.speaker) == (QUOTE, "James Lankford")
    article = answer.article(first.citations[0])
    assert str(article.published) == "2023-12-07"
    assert {statement.speaker for statement in answer.statements} == {"James Lankford"}


@pytest.mark.parametrize(
    "question",
    [
        MAJORITY,
        "How many border patrol agents would the bill add?",
        "What did McConnell tell reporters?",
        "Why did the Senate bill fail?",
        "how did the border talks develop",
    ],
)
def test_every_citation_is_verbatim_in_the_stored_revision(assistant, question):
    answer = assistant.ask(question)
    assert answer.citations
    for citation in answer.citations:
        stored = assistant.library.article(citation.article_id, citation.revision)
        assert stored.text[citation.start : citation.end] == citation.text


@pytest.mark.parametrize("question", ["Who won the 2022 World Cup?", "What is the capital of Mongolia?", "¿?", "zxqv"])
def test_what_the_articles_do_not_hold_is_refused(assistant, question):
    answer = assistant.ask(question)
    assert answer.refused
    assert not answer.statements


def test_a_follow_up_carries_the_name_over(assistant):
    first = assistant.ask(MAJORITY)
    second = assistant.ask("and what did he say about take-it-or-leave-it?", [Turn(MAJORITY, first.text, first)])
    assert "Lankford" in second.query.text
    assert "take-it-or-leave-it" in second.statements[0].text


def test_how_something_developed_goes_by_date(assistant):
    answer = assistant.ask("how did the border talks develop over time?")
    days = [str(answer.article(citation).published or "") for citation in answer.citations]
    assert days == sorted(days)


def test_an_inferred_date_that_nothing_matches_is_given_up_with_a_note(assistant):
    answer = assistant.ask("What did Lankford say about the majority in March 2019?")
    assert answer.hits
    assert any("March 2019" in note for note in answer.notes)


def test_a_date_the_person_set_is_never_given_up(assistant):
    answer = assistant.ask(MAJORITY, filter=Filter(since=date(2024, 1, 1)))
    assert answer.refused
    assert not answer.hits


def test_removing_a_chip_asks_without_it(assistant):
    question = "What did Mark Kelly tell Semafor in November 2023?"
    with_date = assistant.ask(question)
    (chip,) = [chip for chip in with_date.query.interpretations if chip.kind == "date"]
    without = assistant.ask(question, ignore={chip.key})
    assert with_date.query.filter.since
    assert without.query.filter == Filter()


def test_stream_ends_with_the_answer_that_ask_gives(assistant):
    events = list(assistant.stream(MAJORITY))
    assert [event.stage for event in events if isinstance(event, Progress)] == [
        "understand", "retrieve", "read", "write",
    ]  # fmt: skip
    answer = events[-1]
    assert isinstance(answer, Answer)
    assert tuple(event for event in events if isinstance(event, Statement)) == answer.statements
    assert answer.statements == assistant.ask(MAJORITY).statements


def test_the_same_question_gives_the_same_answer(assistant):
    first, second = assistant.ask(MAJORITY), assistant.ask(MAJORITY)
    assert (first.statements, first.confidence, first.hits) == (
        second.statements,
        second.confidence,
        second.hits,
    )


def test_json_and_back(assistant):
    for question in (MAJORITY, "Who won the 2022 World Cup?"):
        answer = assistant.ask(question)
        data = json.loads(json.dumps(to_dict(answer)))
        again = from_dict(data, assistant.library.article)
        assert to_dict(again) == data
        assert again.statements == answer.statements


def test_runnable_and_retriever_call_langchain_callbacks(assistant):
    from langchain_core.callbacks import BaseCallbackHandler

    from rag.langchain import HybridRetriever

    seen = []

    class Watch(BaseCallbackHandler):
        def on_chain_start(self, serialized, inputs, *, name=None, **kwargs):
            seen.append(name)

        def on_retriever_start(self, serialized, query, **kwargs):
            seen.append(("retriever", query))

    answer = assistant.as_runnable().invoke(MAJORITY, {"callbacks": [Watch()]})
    assert answer.statements[0].text == QUOTE
    assert {"understand", "retrieve", "answer"} <= set(seen)
    documents = HybridRetriever(library=assistant.library, k=3).invoke(MAJORITY, {"callbacks": [Watch()]})
    assert ("retriever", MAJORITY) in seen
    article = assistant.library.article(documents[0].metadata["article_id"], documents[0].metadata["revision"])
    assert article.text[documents[0].metadata["start"] : documents[0].metadata["end"]] == documents[0].page_content


def test_a_question_with_bytes_that_are_no_utf_8_is_asked_all_the_same(assistant):
    answer = assistant.ask("what did \udcff Lankford say about the majority?")
    assert "narrow majority" in answer.text and answer.question == "what did ? Lankford say about the majority?"


def test_what_somebody_else_is_quoted_with_is_shown_where_they_said_nothing_on_it(assistant):
    answer = assistant.ask("What did Lankford say about whales?")
    assert (answer.state, answer.closest_speaker) == ("not_found", "Lankford")
    assert answer.why == "Lankford is quoted in 1 article, nowhere on whales"
    for citation in answer.closest:
        stored = assistant.library.article(citation.article_id, citation.revision)
        assert stored.text[citation.start : citation.end] == citation.text
        attribution = attributions_near(stored, citation.start)[citation.start, citation.end]
        assert "Lankford" in attribution.speaker and attribution.direct


def test_what_is_not_found_says_what_is_missing(assistant):
    answer = assistant.ask("Who won the 2022 World Cup?")
    assert (answer.state, answer.probability < 0.5, answer.closest_speaker) == ("not_found", True, "")
    assert answer.why == answer.reason == "World Cup is not in the nearest passage"
    assert answer.closest


def test_another_bar_of_refusal_leaves_the_other_states(seeds_library):
    library = Library.open(seeds_library)
    shown = Assistant(library, Settings(refusal=0.0)).ask("Who won the 2022 World Cup?")
    assert shown.state == "may_answer" and shown.statements
    assert Assistant(library, Settings(refusal=1.0)).ask(MAJORITY).state == "not_found"
