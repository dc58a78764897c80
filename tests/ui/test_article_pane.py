"""The article beside the chat, from a real library: wire copies, newer revisions, hits, what is gone."""

import json

import pytest

from rag.settings import Settings
from ui.library_access import build_library
from ui.web.events import PageEvent
from ui.web.service import ChatService
from ui.web.tabs.ask import evidence

WIRE = (
    "The harbour of Varberg will be closed to ferries from Monday while divers look for a lost anchor. "
    "Harbour master Signe Aas said that the search would take nine days at the most. "
    "Two cruise ships have been sent to Gothenburg, and their passengers will be taken home by bus. "
    "The anchor, which weighs four tonnes, was lost by a tanker during the storm of last Thursday night. "
    "Fishermen may use the northern quay until the search has ended, the harbour board decided on Friday."
)


def write(folder, **texts):
    rows = [
        {
            "id": name,
            "title": f"Anchor lost, says {name}",
            "outlet": name,
            "text": text,
            "published": "2024-03-0" + str(number),
        }
        for number, (name, text) in enumerate(texts.items(), start=1)
    ]
    path = folder / "wire.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wire")
    settings = Settings(library=str(folder / "library"))
    build_library(settings, [str(write(folder, Kuriren=WIRE, Posten=WIRE + " Kuriren was first to tell of it."))])
    return ChatService(settings)


@pytest.fixture(scope="module")
def answer_id(service):
    """The id of an answer of ada's."""
    answer = service.assistant().ask("Who said that the search would take nine days?")
    assert answer.citations
    conversation = service.conversations.create("ada", "Anchor")
    return service.conversations.add("ada", conversation, answer).id


def event(**data):
    return PageEvent("ada", "client", "session", data=data)


def test_wire_copies_are_named(service, answer_id):
    pane = evidence(service, event(answer=answer_id, number="1"))
    assert "Also in" in pane
    assert "Kuriren" in pane and "Posten" in pane


def test_a_hit_is_marked_whole(service, answer_id):
    pane = evidence(service, event(answer=answer_id, hit="0"))
    assert 'class="active"' in pane and "A passage that was found" in pane


def test_what_a_page_sends_is_never_trusted(service, answer_id):
    for data in (
        {"answer": answer_id, "number": "99"},
        {"answer": answer_id, "number": "-1"},
        {"answer": answer_id, "hit": "99"},
        {"answer": "nobody", "number": "1"},
        {"article": "../../etc/passwd", "revision": "0"},
        {"article": {"a": 1}, "at": "x"},
        {},
    ):
        assert 'role="alert"' in evidence(service, event(**data)), data


def test_an_old_answer_shows_the_revision_it_cited(service, answer_id):
    folder = service.folder.parent
    changed = WIRE.replace("nine days", "twelve days")
    build_library(service.settings, [str(write(folder, Kuriren=changed, Posten=changed + " Kuriren was first."))])
    pane = evidence(service, event(answer=answer_id, number="1"))
    assert "nine days" in pane and "twelve days" not in pane
    assert "newer revision" in pane or "no longer in the library" in pane
