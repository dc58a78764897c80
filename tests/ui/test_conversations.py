"""Kept conversations: nobody reaches another's, and what comes back is what was kept."""

import threading

import pytest

from rag.schema import to_dict
from ui.store.conversations import Conversations

QUESTION = "What did Lankford say about the majority?"


@pytest.fixture
def kept(tmp_path):
    return Conversations(tmp_path)


@pytest.fixture(scope="module")
def answer(assistant):
    return assistant.ask(QUESTION)


def test_an_answer_comes_back_whole(kept, answer, assistant):
    conversation = kept.begin("ada", QUESTION)
    key = kept.keep("ada", conversation, answer, {"date:last week"})
    back = kept.answer("ada", key)
    assert to_dict(back.answer(assistant.library.article)) == to_dict(answer)
    assert back.ignored == ("date:last week",) and back.number == 1


def test_nobody_reaches_what_is_anothers(kept, answer):
    conversation = kept.begin("ada", QUESTION)
    key = kept.keep("ada", conversation, answer)
    assert kept.listed("eve") == [] and kept.answers("eve", conversation) == []
    for call in (
        lambda: kept.answer("eve", key),
        lambda: kept.judge("eve", key, "up"),
        lambda: kept.keep("eve", conversation, answer),
        lambda: kept.title("eve", conversation),
    ):
        with pytest.raises(KeyError):
            call()
    kept.rename("eve", conversation, "mine now")
    kept.delete("eve", conversation)
    assert kept.title("ada", conversation) == QUESTION


def test_an_edited_question_takes_the_place_of_the_first(kept, answer):
    conversation = kept.begin("ada", QUESTION)
    first = kept.keep("ada", conversation, answer)
    second = kept.keep("ada", conversation, answer, replaces=first)
    assert [(item.id, item.number) for item in kept.answers("ada", conversation)] == [(second, 1)]


def test_search_takes_every_word_literally(kept, answer):
    conversation = kept.begin("ada", "100% of _votes_")
    kept.keep("ada", conversation, answer)
    kept.begin("ada", "100 votes")
    assert [item.title for item in kept.listed("ada", "100% _VOTES_")] == ["100% of _votes_"]
    assert [item.title for item in kept.listed("ada", "narrow majority")] == ["100% of _votes_"]
    assert kept.listed("ada", "walrus") == []


def test_deleting_takes_the_answers_along(kept, answer):
    conversation = kept.begin("ada", QUESTION)
    key = kept.keep("ada", conversation, answer)
    kept.delete("ada", conversation)
    with pytest.raises(KeyError):
        kept.answer("ada", key)


def test_many_threads_keep_answers_in_order(kept, answer):
    conversation = kept.begin("ada", QUESTION)
    threads = [threading.Thread(target=kept.keep, args=("ada", conversation, answer)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [item.number for item in kept.answers("ada", conversation)] == list(range(1, 9))
