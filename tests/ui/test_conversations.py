"""Stored conversations: nobody reaches another's, and what comes back is what was stored."""

import threading

import pytest

from rag.schema import to_dict
from ui.store.conversations import Conversations

QUESTION = "What did Lankford say about the majority?"


@pytest.fixture
def conversations(tmp_path):
    return Conversations(tmp_path)


@pytest.fixture(scope="module")
def answer(assistant):
    return assistant.ask(QUESTION)


def test_an_answer_comes_back_whole(conversations, answer, assistant):
    conversation = conversations.create("ada", QUESTION)
    key = conversations.add("ada", conversation, answer, {"date:last week"}).id
    back = conversations.answer("ada", key)
    assert to_dict(back.resolve(assistant.library.article)) == to_dict(answer)
    assert back.ignored == ("date:last week",) and back.number == 1


def test_nobody_reaches_what_is_anothers(conversations, answer):
    conversation = conversations.create("ada", QUESTION)
    key = conversations.add("ada", conversation, answer).id
    assert conversations.search("eve") == [] and conversations.answers("eve", conversation) == []
    for call in (
        lambda: conversations.answer("eve", key),
        lambda: conversations.set_verdict("eve", key, "up"),
        lambda: conversations.add("eve", conversation, answer),
        lambda: conversations.title("eve", conversation),
    ):
        with pytest.raises(KeyError):
            call()
    conversations.rename("eve", conversation, "mine now")
    conversations.delete("eve", conversation)
    assert conversations.title("ada", conversation) == QUESTION


def test_an_edited_question_takes_the_place_of_the_first(conversations, answer):
    conversation = conversations.create("ada", QUESTION)
    first = conversations.add("ada", conversation, answer).id
    second = conversations.add("ada", conversation, answer, replaces=first).id
    assert [(item.id, item.number) for item in conversations.answers("ada", conversation)] == [(second, 1)]


def test_search_takes_every_word_literally(conversations, answer):
    conversation = conversations.create("ada", "100% of _votes_")
    conversations.add("ada", conversation, answer)
    conversations.create("ada", "100 votes")
    assert [item.title for item in conversations.search("ada", "100% _VOTES_")] == ["100% of _votes_"]
    assert [item.title for item in conversations.search("ada", "narrow majority")] == ["100% of _votes_"]
    assert conversations.search("ada", "walrus") == []


def test_deleting_takes_the_answers_along(conversations, answer):
    conversation = conversations.create("ada", QUESTION)
    key = conversations.add("ada", conversation, answer).id
    conversations.delete("ada", conversation)
    with pytest.raises(KeyError):
        conversations.answer("ada", key)


def test_many_threads_keep_answers_in_order(conversations, answer):
    conversation = conversations.create("ada", QUESTION)
    threads = [threading.Thread(target=conversations.add, args=("ada", conversation, answer)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [item.number for item in conversations.answers("ada", conversation)] == list(range(1, 9))
