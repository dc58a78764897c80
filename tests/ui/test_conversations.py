"""Stored conversations: nobody reaches another's, and what comes back is what was stored."""

import asyncio
import hashlib
import sqlite3
import threading

import pytest
from mounts import read_only

from index.errors import UserError
from index.library import Library
from rag.schema import to_dict
from rag.settings import Settings
from ui.store import people
from ui.store.conversations import FILE, FORMAT, UPGRADES, Conversations
from ui.store.people import machine_owner, visitor_owner
from ui.web.pages import html
from ui.web.service import ChatService
from ui.web.tabs.answering import ChatQuestion, StopSignals
from ui.web.tabs.answering import answer as answer_in_chat

TOKEN_1 = "i9TJF3EiyVhSIaG9ylAC3JHtRSE_SSTk"
"""The token of the cookie of who asked the four questions in it."""
OWNER_1 = visitor_owner(TOKEN_1)
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


def version(folder):
    connection = sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return number


def resolved(conversations, library, owner=OWNER_1):
    """The four answers of format 1, each citation checked against its article."""
    (conversation,) = conversations.search(owner)
    answers = [(stored, stored.resolve(library.article)) for stored in conversations.answers(owner, conversation.id)]
    assert [stored.number for stored, _ in answers] == [1, 2, 3, 4]
    citations = [(answer, citation) for _, answer in answers for citation in answer.citations]
    for answer, citation in citations:
        assert answer.article(citation).text[citation.start : citation.end] == citation.text
    assert citations and all(
        text in html.thread(answers) for text in ("narrow majority", "Nothing found that answers this")
    )
    return conversation, answers


def test_conversations_without_a_format_number_open_and_go_on_being_written(library_1, answer):
    assert version(library_1) == 0
    library = Library.open(library_1)
    conversations = Conversations(library_1)
    assert version(library_1) == FORMAT
    conversation, _ = resolved(conversations, library)
    assert conversations.add(OWNER_1, conversation.id, answer).number == 5
    again = Conversations(library_1)
    assert [stored.question for stored in again.answers(OWNER_1, conversation.id)][-1] == QUESTION


def content(folder):
    """Everything in the conversations file, as SQL."""
    connection = sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)
    text = "\n".join(connection.iterdump())
    connection.close()
    return text


def own_set(library, owner, name="own-mine-0a1b2c3d.jsonl"):
    """A question set in an owner's home, as an earlier version put it there."""
    home = library / "runs" / hashlib.sha256(owner.encode()).hexdigest()[:16]
    home.mkdir(parents=True, exist_ok=True)
    (home / name).write_text(f"of {owner}")
    return home / name


def test_tokens_are_hashed_and_their_owners_keep_conversations_and_question_sets(library_1):
    token = TOKEN_1
    assert token in content(library_1)
    kept = own_set(library_1, f"visitor:{token}")
    conversations = Conversations(library_1)
    resolved(conversations, Library.open(library_1))
    assert token not in content(library_1) and token not in OWNER_1
    assert people.home(library_1, OWNER_1) / kept.name == kept and kept.is_file()


def test_the_machines_user_takes_over_what_earlier_visitors_left(library_1):
    connection = sqlite3.connect(library_1 / FILE)
    day = "2026-11-24T00:00:00.000+00:00"
    rows = [("c2", "visitor:another-token-of-24-letters", "Second", day, day), ("c3", "user:ada", "Ada's", day, day)]
    connection.executemany("INSERT INTO conversations VALUES (?, ?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    silent, hers = own_set(library_1, "visitor:who-never-asked-anything"), own_set(library_1, "user:ada", "own-x.yaml")
    me = machine_owner()
    conversations = Conversations(library_1, me)
    assert {item.title for item in conversations.search(me)} >= {"Second"}
    assert len(conversations.search(me)) == 2 and conversations.search(OWNER_1) == []
    assert [item.title for item in conversations.search("user:ada")] == ["Ada's"]
    assert (people.home(library_1, me) / silent.name).is_file() and not silent.exists()
    assert hers.is_file()
    # Only what was there before: a visitor of a chat for everyone who comes later stays who they are.
    later = Conversations(library_1)
    later.create(visitor_owner("a-token-of-today-with-32-letters"), "Later")
    again = Conversations(library_1, me)
    assert len(again.search(me)) == 2
    assert [item.title for item in again.search(visitor_owner("a-token-of-today-with-32-letters"))] == ["Later"]


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("me", ["", "local:ada"])
def test_where_nothing_can_be_written_conversations_are_read_in_place(library_1, answer, log, me):
    if log:  # as another process leaves it: the last answers are in the write-ahead log only
        writer = sqlite3.connect(library_1 / FILE)
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("UPDATE conversations SET title = 'Renamed'")
        writer.commit()
        assert (library_1 / (FILE + "-wal")).stat().st_size > 0
    with read_only(library_1.parent):
        conversations = Conversations(library_1, me)
        conversation, _ = resolved(conversations, Library.open(library_1), me or OWNER_1)
        assert (conversation.title == "Renamed") == log
        for change in (
            lambda: conversations.add(me or OWNER_1, conversation.id, answer),
            lambda: conversations.create(me or OWNER_1, "another"),
            lambda: conversations.rename(me or OWNER_1, conversation.id, "another"),
            lambda: conversations.delete(me or OWNER_1, conversation.id),
            lambda: Conversations(library_1.parent),
        ):
            with pytest.raises(UserError, match="--library FOLDER"):
                change()
    assert version(library_1) == 0


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(library_1, monkeypatch):
    before = list(sqlite3.connect(library_1 / FILE).iterdump())
    monkeypatch.setattr(
        "ui.store.conversations.UPGRADES", ((*UPGRADES[0], "DELETE FROM answers", "no SQL"), *UPGRADES[1:])
    )
    with pytest.raises(UserError, match="no"):
        Conversations(library_1)
    assert version(library_1) == 0
    assert list(sqlite3.connect(library_1 / FILE).iterdump()) == before


def test_conversations_of_a_newer_clippings_are_left_alone(tmp_path):
    Conversations(tmp_path)
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()
    with pytest.raises(UserError, match="pip install -U clippings"):
        Conversations(tmp_path)


def test_an_answer_is_shown_from_what_is_in_hand(seeds_library, tmp_path):
    """Nothing is read from SQLite once it is stored, and a conversation is read once a question."""
    service = ChatService(Settings(library=str(seeds_library)))
    service.conversations = Conversations(tmp_path)
    statements = []
    service.conversations._connection().set_trace_callback(statements.append)

    async def ask(question):
        stop = StopSignals().begin("ada", "page")
        return [view async for view in answer_in_chat(service, "ada", "client", question, stop)]

    first = asyncio.run(ask(ChatQuestion(QUESTION)))
    stored = next(n for n, statement in enumerate(statements) if statement.startswith("INSERT INTO answers"))
    assert not [statement for statement in statements[stored + 1 :] if statement.startswith("SELECT")]
    (item,) = service.conversations.answers("ada", first[-1].conversation)
    assert first[-1].current == html.turn(item.resolve(service.article), item)
    asyncio.run(ask(ChatQuestion(QUESTION, first[-1].conversation)))
    statements.clear()
    asyncio.run(ask(ChatQuestion("And what did he say about Ukraine?", first[-1].conversation)))
    assert len([statement for statement in statements if "FROM answers a" in statement]) == 1
