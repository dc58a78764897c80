"""End to end: the chat with a chat model behind it, scripted so that a test decides what it says and when."""

import os
import re
import threading
from contextlib import ExitStack
from functools import partial

import httpx
import pytest
from chat_server import serving
from scripted_model import said
from scripted_model import serving as modelling

if not os.environ.get("CI"):
    pytest.importorskip("langchain_openai")

from rag.settings import Settings
from ui.web.server.rate_limit import PARALLEL_ANSWERS, QUEUE_LENGTH
from ui.web.service import ChatService

MIXED = "What did Lankford say about the majority?"
INVENTED = "What did Lankford say about the House?"
HELD = "What did Thune say about the vote?"
TRUE = 'Lankford said, "We\'ve got a narrow majority in the House" [1].'
FALSE = "Lankford said the <b>majority</b> in the House was 312 to 4 [1]."
QUOTED = "We've got a narrow majority in the House, we're in a minority in the Senate"
MARK = "not found in the sources"


@pytest.fixture(scope="module")
def released():
    """What the model waits for before it answers `HELD`."""
    return threading.Event()


@pytest.fixture
def held(released):
    """The same while a test runs with the model silent; whoever still waits is answered afterwards."""
    released.clear()
    yield released
    released.set()


@pytest.fixture(scope="module")
def written(seeds_library, released):
    """Address of a chat whose answers a model writes."""

    def reply(request):
        question = request["messages"][-1]["content"]
        if HELD in question:
            released.wait(120)
        return said(f"{TRUE} {FALSE}" if INVENTED not in question else f"{FALSE} He also praised 17 judges [2].")

    with modelling(reply) as (_, url):
        environment = {
            "CLIPPINGS_MODEL": "openai:scripted",
            "CLIPPINGS_MODEL_URL": url,
            "CLIPPINGS_MODEL_CACHE": "false",
        }
        with serving(seeds_library, env=environment) as address:
            yield address


@pytest.fixture
def visit(visitor, written):
    return partial(visitor, written)


def test_a_model_is_sent_nothing_before_anybody_asks(seeds_library):
    with modelling(TRUE) as (server, url):
        ChatService(Settings(library=str(seeds_library), model="openai:scripted", model_url=url)).warm()
        assert server.requests == []


def test_what_the_sources_bear_out_is_linked_and_what_they_do_not_is_marked(visit):
    someone = visit()
    answer = someone.ask(MIXED)
    true, false = answer.locator(".statement").all()
    assert true.locator(".words").inner_text() == TRUE.removesuffix(" [1].") + "."
    assert MARK not in true.inner_text()
    assert false.locator(".words").inner_text() == FALSE.removesuffix(" [1].") + "."
    assert false.locator(".doubt").inner_text() == MARK
    assert false.locator("button, a").count() == 0
    assert QUOTED in someone.cite(1)
    assert someone.page.locator("#article .facts").inner_text().startswith("7 December 2023")
    assert "Written by openai:scripted." in answer.locator(".written").inner_text()
    answer.locator(".found summary").click()
    assert "123 in · 45 out" in answer.locator(".found dl").inner_text()
    assert not someone.errors


def test_where_everything_is_invented_the_quotation_stands_instead_and_the_page_says_so(visit):
    someone = visit()
    answer = someone.ask(INVENTED)
    assert "312 to 4" not in answer.inner_text() and "17 judges" not in answer.inner_text()
    told = "Nothing that openai:scripted wrote was found in the sources"
    assert answer.locator(".aside", has_text=told).count() == 1
    assert answer.locator(".written").count() == 0
    first = answer.locator(".statement").first
    assert first.locator(".doubt").count() == 0
    assert someone.cite(1) == first.locator(".words").inner_text()


def test_marks_and_chips_are_there_after_a_reload_and_in_exports(visit):
    someone = visit()
    someone.ask(MIXED)
    someone.reload()
    assert someone.last.locator(".doubt").inner_text() == MARK
    assert QUOTED in someone.cite(1)
    conversation = someone.page.url.partition("?c=")[2]
    for kind in ("md", "html"):
        address = f"{someone.address}/api/conversations/{conversation}/export.{kind}"
        exported = someone.context.request.get(address).text().replace("\\", "")
        assert MARK in exported and "Written by openai:scripted." in exported


def begin(someone):
    someone.box.fill(HELD)
    someone.box.press("Enter")
    someone.page.wait_for_selector("#live [data-busy] :text('Writing the answer')")


@pytest.mark.parametrize("stop", ["Escape", "button"])
def test_an_answer_is_stopped_and_the_next_one_comes(visit, held, stop):
    someone = visit()
    begin(someone)
    if stop == "Escape":
        someone.page.keyboard.press("Escape")
    else:
        someone.page.get_by_role("button", name="Stop", exact=True).click()
    someone.page.wait_for_selector("#live .ended:text('Stopped.')")
    assert someone.page.locator(".turn[data-answer]").count() == 0
    assert someone.page.get_by_role("button", name="Ask", exact=True).is_visible()
    assert someone.ask(MIXED).locator(".cite").count() == 1
    someone.open("/")
    someone.page.wait_for_selector("#conversations .pick")
    assert HELD not in someone.page.locator("#conversations").inner_text(), "what was stopped is not kept"


def test_a_full_queue_says_when_to_come_back(visit, written, held):
    someone = visit()
    with ExitStack() as opened:
        client = opened.enter_context(httpx.Client(timeout=180, limits=httpx.Limits(max_connections=None)))
        crowd = []
        for number in range(PARALLEL_ANSWERS + QUEUE_LENGTH):
            response = opened.enter_context(
                client.stream(
                    "POST",
                    written + "/api/ask",
                    json={"question": HELD, "stream": True},
                    headers={"cookie": f"clippings_visitor=one-of-a-crowd-number-{number}"},
                )
            )
            lines = response.iter_lines()
            assert next(lines) == ("event: progress" if number < PARALLEL_ANSWERS else "event: waiting")
            crowd.append(lines)
        someone.box.fill(MIXED)
        someone.box.press("Enter")
        told = someone.page.locator("#live .ended")
        told.wait_for()
        assert re.fullmatch(r"Many people are asking at the moment\. Try again in \d+ seconds\.", told.inner_text())
        held.set()
        assert all(any(line == "event: answer" for line in lines) for lines in crowd), "nobody else lost a turn"
    assert someone.ask(MIXED).locator(".cite").count() == 1
