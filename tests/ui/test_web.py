"""End to end: the real chat on the seed articles, driven in a real browser."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest
from chat_server import file, serving

LANKFORD = "What did Lankford say about the majority?"
QUOTATION = (
    "\"We've got a narrow majority in the House, we're in a minority in the Senate and we don't have the "
    'White House," he said.'
)


@pytest.fixture
def visit(visitor, chat):
    return partial(visitor, chat)


def test_the_lankford_question_and_its_exact_source(visit):
    someone = visit()
    answer = someone.ask(LANKFORD)
    assert answer.locator(".statement .words").first.inner_text() == QUOTATION
    assert someone.cite(1) == QUOTATION
    assert someone.page.locator("#article .facts").inner_text().startswith("7 December 2023")
    box = someone.page.locator("#article mark.active").first.bounding_box()
    assert 0 < box["y"] < 900, "the cited sentence is scrolled into view"
    assert someone.page.evaluate("document.activeElement.className") == "active"
    assert not someone.errors


def test_next_and_previous_citation(visit):
    someone = visit()
    for question in ("How many votes are needed in the Senate?", "What did Biden say?", "What did Thune say?"):
        answer = someone.ask(question)
        statements = answer.locator(".statement .words").all_inner_texts()
        if len(statements) > 1:
            break
    assert len(statements) > 1, "none of these questions is answered by more than one sentence"
    assert someone.cite(1) == statements[0]
    someone.page.get_by_role("button", name="Next citation").click()
    someone.page.wait_for_selector('#article mark.active[data-number="2"]')
    assert someone.marked() == statements[1]
    someone.page.get_by_role("button", name="Previous citation").click()
    someone.page.wait_for_selector('#article mark.active[data-number="1"]')
    someone.page.keyboard.press("Escape")
    assert not someone.page.locator("#article").is_visible()


def test_the_page_asks_nothing_of_anybody_else(visit):
    someone = visit()
    someone.ask(LANKFORD)
    someone.cite(1)
    someone.tab("Library")
    someone.page.wait_for_selector("#shelf table")
    elsewhere = [url for url in someone.requests if not url.startswith((someone.address, "data:", "blob:"))]
    assert elsewhere == []


def test_a_follow_up_is_understood_and_a_refusal_shows_the_closest_passages(visit):
    someone = visit()
    someone.ask(LANKFORD)
    answer = someone.ask("What else did he say?")
    assert "Lankford" in answer.locator(".found dd").first.text_content()
    refused = someone.ask("Who won the 2022 World Cup?")
    assert refused.locator(".refused").inner_text().startswith("Nothing found that answers this.")
    assert refused.locator(".statement").count() == 0
    card = refused.locator(".cards button").first
    opening = card.locator(".quote").inner_text().removesuffix(" …")
    card.click()
    someone.page.wait_for_selector("#article mark.active")
    assert someone.marked().replace("\n", " ").startswith(opening[:60])


def test_removing_a_chip_asks_again_without_it(visit):
    someone = visit()
    first = someone.ask("What did Lankford say last week?")
    chip = first.locator(".understood").first
    assert "last week" in chip.inner_text()
    before = someone.page.locator(".turn[data-answer]").count()
    chip.click()
    someone.settled(before)
    again = someone.last
    assert "Asked without “last week”" in again.inner_text()
    assert again.locator('.understood[data-key="date:last week"]').count() == 0


def test_how_it_was_found_lists_hits_with_their_ranks(visit):
    someone = visit()
    answer = someone.ask(LANKFORD)
    answer.locator(".found summary").click()
    assert LANKFORD.rstrip("?") in answer.locator(".found dd").first.inner_text()
    rows = answer.locator(".found tbody tr")
    assert rows.count() > 0
    assert re.search(r"#\d+", rows.first.inner_text())
    assert re.search(r"total \d+\.\d\d", answer.locator(".found dl").inner_text())


def test_a_reload_and_another_day_find_the_conversation_with_its_citations(visit):
    someone = visit()
    someone.ask(LANKFORD)
    someone.reload()
    assert someone.cite(1) == QUOTATION
    someone.open("/")
    someone.page.locator("#conversations .pick").first.click()
    someone.page.wait_for_selector("#thread .turn[data-answer]")
    assert someone.cite(1) == QUOTATION


def test_conversations_are_renamed_found_exported_and_deleted(visit):
    someone = visit()
    someone.ask(LANKFORD)
    menu = someone.page.locator("#conversations .menu").first
    menu.locator("summary").first.click()
    menu.get_by_label("Name").fill("Senate maths <b>now</b>")
    menu.get_by_role("button", name="Rename").click()
    someone.page.wait_for_selector("#conversations .pick:has-text('Senate maths <b>now</b>')")
    someone.page.get_by_placeholder("Search conversations").fill("walrus")
    someone.page.wait_for_selector("#conversations .empty")
    someone.page.get_by_placeholder("Search conversations").fill("narrow majority")
    someone.page.wait_for_selector("#conversations .pick:has-text('Senate maths')")
    someone.page.get_by_placeholder("Search conversations").fill("")
    someone.page.wait_for_selector("#conversations .menu")
    exported = {}
    for kind in ("md", "html", "json"):
        someone.page.locator("#conversations .menu summary").first.click()
        with someone.page.expect_download() as download:
            menu.locator(f'a[href$="export.{kind}"]').click()
        exported[kind] = download.value.path().read_text(encoding="utf-8")
        someone.page.locator("body").click(position={"x": 900, "y": 400})
    data = json.loads(exported["json"])
    assert data["answers"][0]["statements"][0]["citations"][0]["text"] == QUOTATION
    assert "narrow majority" in exported["md"] and "2023-12-07" in exported["html"]
    assert "<b>now</b>" not in exported["html"]
    someone.page.locator("#conversations .menu summary").first.click()
    menu.locator(".sure summary").click()
    menu.get_by_role("button", name="Delete for good").click()
    someone.page.wait_for_selector("#conversations .pick:has-text('Senate maths')", state="detached")
    someone.page.wait_for_selector("#thread .start")


def test_two_visitors_of_an_open_host_never_see_each_other(library, visitor):
    with serving(library, "--host", "0.0.0.0", "--no-auth") as address:
        one, other = visitor(address), visitor(address)
        one.ask(LANKFORD)
        one.page.wait_for_url("**/?c=*")
        conversation = one.page.url.partition("?")[2]
        other.open("/?" + conversation)
        assert other.page.locator(".turn").count() == 0
        assert other.page.locator("#conversations .pick").count() == 0
        key = one.last.get_attribute("data-answer")
        stolen = other.page.evaluate(
            """async key => { document.querySelector('#thread .html-container > div').innerHTML =
            `<button data-do="open" data-answer="${key}" data-number="1" id="steal">x</button>`;
            document.getElementById('steal').click(); }""",
            key,
        )
        assert stolen is None
        other.page.wait_for_selector("#article :text('no longer kept')")
        exported = other.context.request.get(
            f"{other.address}/api/conversations/{conversation.removeprefix('c=')}/export.json"
        )
        assert exported.status == 404


def test_keys_alone(visit):
    someone = visit()
    assert someone.page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    someone.page.keyboard.type("What did Lankford")
    someone.page.keyboard.press("Shift+Enter")
    someone.page.keyboard.type("say about the majority?")
    assert someone.box.input_value() == "What did Lankford\nsay about the majority?"
    someone.page.keyboard.press("Enter")
    someone.settled()
    someone.page.wait_for_function("document.querySelector('#question textarea').value === ''")
    someone.box.focus()
    someone.page.keyboard.press("ArrowUp")
    someone.page.wait_for_function("document.querySelector('#question textarea').value !== ''")
    assert someone.box.input_value() == "What did Lankford\nsay about the majority?"
    someone.box.fill(LANKFORD)
    someone.page.keyboard.press("Enter")
    someone.page.wait_for_function(
        "text => document.querySelectorAll('.turn[data-answer]').length === 1"
        " && document.querySelector('.turn[data-answer] .question').textContent === text",
        arg=LANKFORD,
    )
    for _ in range(30):
        someone.page.keyboard.press("Shift+Tab")
        if someone.page.evaluate("document.activeElement.classList.contains('cite')"):
            break
    someone.page.keyboard.press("Enter")
    someone.page.wait_for_selector("#article mark.active")


def test_everything_that_can_be_pressed_has_a_name(visit):
    someone = visit()
    someone.ask(LANKFORD)
    someone.cite(1)
    nameless = someone.page.evaluate(
        """[...document.querySelectorAll('button, a, input, textarea, summary')].filter(e =>
        e.offsetParent && !(e.textContent.trim() || e.ariaLabel || e.labels?.length || e.title))
        .map(e => e.outerHTML)"""
    )
    assert nameless == []


def test_a_verdict_with_a_reason_becomes_an_evaluation_set(visit, tmp_path):
    from evals.datasets import files

    someone = visit()
    someone.ask(LANKFORD)
    someone.last.get_by_role("button", name="Good answer").click()
    someone.last.locator(".reason").wait_for()
    someone.last.get_by_label("In your words").fill("exactly the quote")
    someone.last.get_by_role("button", name="Save").click()
    someone.last.locator(".saved").wait_for()
    someone.ask("Who won the 2022 World Cup?")
    someone.last.get_by_role("button", name="Good answer").click()
    someone.last.locator(".reason").wait_for()
    path = tmp_path / "feedback.jsonl"
    path.write_bytes(someone.context.request.get(someone.address + "/api/feedback.jsonl").body())
    cases = files.read(path)
    assert [case.question for case in cases] == [LANKFORD, "Who won the 2022 World Cup?"]
    assert cases[0].gold_sentences[0].text == QUOTATION
    assert cases[0].answerable and not cases[1].answerable
    assert cases[1].conversation[0].question == LANKFORD


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["wide", "phone"])
def test_nothing_runs_over_the_side(visit, size):
    someone = visit(viewport={"width": size[0], "height": size[1]})
    someone.ask(LANKFORD)
    someone.cite(1)
    assert someone.page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_api_answers_as_json_and_as_a_stream(chat):
    answer = httpx.post(chat + "/api/ask", json={"question": LANKFORD}, timeout=30).json()
    citation = answer["statements"][0]["citations"][0]
    article = httpx.get(f"{chat}/api/articles/{citation['article']}/{citation['revision']}").json()
    assert article["text"][citation["start"] : citation["end"]] == citation["text"] == QUOTATION
    with httpx.stream(
        "POST",
        chat + "/api/ask",
        json={"question": LANKFORD},
        headers={"accept": "text/event-stream"},
        timeout=30,
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = [line.removeprefix("event: ") for line in response.iter_lines() if line.startswith("event: ")]
    assert events[0] == "progress" and events[-1] == "answer" and "statement" in events
    assert httpx.get(chat + "/healthz").json()["library_version"] >= 1
    assert httpx.get(chat + "/api/articles/0/0").status_code == 404
    assert httpx.post(chat + "/api/ask", json={"question": "x", "colour": 1}).status_code == 422
    assert "/api/ask" in httpx.get(chat + "/openapi.json").json()["paths"]


def test_the_api_page_needs_nothing_from_elsewhere(visit):
    someone = visit()
    someone.page.goto(someone.address + "/docs")
    someone.page.wait_for_selector(".opblock")
    assert all(url.startswith((someone.address, "data:", "blob:")) for url in someone.requests)
    assert not someone.errors


def test_other_programs_find_and_call_the_tools(chat):
    import asyncio

    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def called():
        async with (
            streamablehttp_client(chat + "/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name for tool in (await session.list_tools()).tools}
            answer = await session.call_tool("ask", {"question": LANKFORD})
            found = await session.call_tool("search", {"text": "border talks", "limit": 2})
            return tools, answer.content[0].text, found.content[0].text

    # The browser's own event loop runs in this thread.
    with ThreadPoolExecutor(1) as thread:
        tools, answer, found = thread.submit(lambda: asyncio.run(called())).result(120)
    assert tools == {"ask", "search"}
    assert "narrow majority" in answer and "revision" in answer
    assert "article" in found or "title" in found


def test_a_set_is_run_shown_and_compared(visit):
    someone = visit()
    someone.ask(LANKFORD)
    someone.last.get_by_role("button", name="Good answer").click()
    someone.last.locator(".reason").wait_for()
    for number in (1, 2):
        someone.tab("Evaluation")
        someone.page.locator("#sets select").select_option("verdicts")
        someone.page.get_by_role("button", name="Run", exact=True).click()
        someone.page.wait_for_function(
            "n => document.querySelectorAll('#runs tbody tr').length === n"
            " && document.querySelector('#measure [data-running=false]')",
            arg=number,
        )
        someone.page.wait_for_selector("#summary .figures")
    assert "1.00" in someone.page.locator("#summary .numbers-row").inner_text()
    someone.page.get_by_role("button", name="Compare before with after").click()
    someone.page.wait_for_selector("#summary :text('Got worse: 0')")
    with someone.context.expect_page() as opened:
        someone.page.get_by_role("link", name="Report").first.click()
    opened.value.wait_for_load_state()
    assert LANKFORD in opened.value.content()
    again = visit()  # without cookies: on one's own machine that is the same person
    assert again.context.request.get(opened.value.url).status == 200


def test_an_address_inside_this_network_is_not_fetched(visit, chat):
    someone = visit()
    someone.tab("Library")
    someone.page.get_by_label("Or paste the address").fill(chat + "/healthz")
    someone.page.get_by_role("button", name="Add", exact=True).click()
    report = someone.worked()
    assert "0 added" in report and "1 skipped" in report


def test_a_set_of_ones_own_is_checked_row_by_row_then_run(visit):
    someone = visit()
    someone.tab("Evaluation")
    bring = someone.page.locator("#own input[type=file]")
    rows = [
        '{"question": "What did Lankford say about the majority?"}',
        '{"question": "Who <b>won</b>?", "answers": "nobody"}',
        "no row at all",
    ]
    name = "my ../<i>set.jsonl"
    bring.set_input_files([file(name, "\n".join(rows))])
    someone.page.wait_for_selector("#measure .error")
    told = someone.page.locator("#measure tbody tr").all_inner_texts()
    assert [line.split("\t")[:2] for line in told] == [["1", "answers"], ["2", "answers"], ["3", "row"]]
    assert "must be a list (found 'nobody')" in told[1]
    assert someone.page.locator("#sets option[value^=own-]").count() == 0

    bring.set_input_files([file(name, rows[0].replace("}", ', "answers": ["narrow majority"]}'))])
    someone.page.wait_for_selector("#measure :text('1 question, ready to run')")
    assert someone.page.locator("#sets select").input_value().startswith("own-")
    someone.page.get_by_role("button", name="Run", exact=True).click()
    someone.page.wait_for_selector("#summary .figures")
    assert "1 question ·" in someone.page.locator("#summary h2").inner_text()
    assert "1.00" in someone.page.locator("#summary .numbers-row").inner_text()
    again = visit()  # without cookies: on one's own machine that is the same person
    again.tab("Evaluation")
    again.page.wait_for_selector("#sets select")
    assert again.page.locator("#sets option[value^=own-]").count() == 1
    someone.page.locator("#sets .removed summary").click()
    someone.page.locator("#sets .removed button").click()
    someone.page.wait_for_function("!document.querySelector('#sets option[value^=own-]')")
