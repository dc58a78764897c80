"""Attacks on log-in and accounts, on the real server: guesses at once and from many addresses, sessions that ended."""

from __future__ import annotations

import os
import stat
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from chat_server import PATIENCE, Visit, serving
from page_events import Program

from ui.store.conversations import Conversations
from ui.web.server.accounts import FILE, Accounts
from ui.web.server.rate_limit import ALL_LOGINS_RATE, LOGIN_RATE

PASSWORD = "correct horse battery"
QUESTION = "What did Lankford say about the majority?"
GUESSES = 150
TRUE = "203.0.113.9"
"""Where a proxy says that guesses come from."""


@pytest.fixture
def accounts(library):
    accounts = Accounts(library / FILE)
    accounts.add("ada", PASSWORD, "editor")
    accounts.add("bob", PASSWORD, "reader")
    return accounts


def guesses(address, headers, basic=False):
    """How many of the guesses sent at once were tried, and how often a limit would have let some through by then.

    `headers` gives those of each.
    """

    def guess(number):
        password = f"guess number {number}"
        if basic:
            sent = {"auth": ("ada", password), "headers": headers(number), "timeout": 120}
            return httpx.get(address + "/config", **sent).status_code
        form = {"user": "ada", "password": password}
        return httpx.post(address + "/login", data=form, headers=headers(number), timeout=120).status_code

    started = time.monotonic()
    with ThreadPoolExecutor(50) as crowd:
        found = Counter(crowd.map(guess, range(GUESSES)))
    assert set(found) <= {401, 429}
    return found[401], 1 + int((time.monotonic() - started) / 60)


def forged(number):
    return f"198.51.{number // 250}.{number % 250}"


def test_a_forged_address_does_not_help_to_guess(library, accounts):
    with serving(library) as address:
        names = ("x-forwarded-for", "x-real-ip", "forwarded", "client-ip", "x-client-ip", "cf-connecting-ip")
        tried, minutes = guesses(address, lambda number: dict.fromkeys(names, forged(number)))
        assert LOGIN_RATE <= tried <= LOGIN_RATE * minutes
        tried, minutes = guesses(address, lambda number: {"x-forwarded-for": forged(number)}, basic=True)
        assert tried <= LOGIN_RATE * minutes


def test_behind_a_proxy_the_address_that_it_adds_counts_and_all_together_have_a_limit(library, accounts):
    with serving(library, "--behind-proxy", "127.0.0.1") as address:
        tried, minutes = guesses(address, lambda number: {"x-forwarded-for": f"{forged(number)}, {TRUE}"})
        assert LOGIN_RATE <= tried <= LOGIN_RATE * minutes
        # Some proxies add a header of their own after the one that came.
        two = guesses(address, lambda number: [("x-forwarded-for", forged(number)), ("x-forwarded-for", TRUE)])
        assert two[0] <= LOGIN_RATE * two[1]
        tried, minutes = guesses(address, lambda number: {"x-forwarded-for": forged(number)})
        assert LOGIN_RATE < tried <= ALL_LOGINS_RATE * minutes


def log_in(client, name="ada", password=PASSWORD):
    """Log in; returns the session's cookie."""
    response = client.post("/login", data={"user": name, "password": password})
    assert response.status_code == 303
    return response.cookies["clippings_login"]


def enters(address, token):
    """Whether a session's cookie opens the chat."""
    return httpx.get(address + "/config", headers={"cookie": f"clippings_login={token}"}).status_code == 200


def test_a_session_ends_when_it_should_and_none_is_taken_from_the_browser(library, accounts):
    with serving(library) as address, httpx.Client(base_url=address, timeout=60) as client:
        chosen = "a" * 43
        client.cookies.set("clippings_login", chosen)
        first = log_in(client)
        assert first != chosen and enters(address, first) and not enters(address, chosen)
        second = log_in(client)
        assert enters(address, second) and not enters(address, first)
        client.post("/logout", headers={"origin": address})
        assert not enters(address, second)

        third, other = log_in(client), log_in(httpx.Client(base_url=address, timeout=60))
        accounts.set_password("ada", PASSWORD)  # the same password again ends sessions, too
        assert not enters(address, third) and not enters(address, other)
        fourth = log_in(client)
        accounts.remove("ada")
        assert not enters(address, fourth)
        accounts.add("ada", PASSWORD, "editor")
        assert not enters(address, fourth)
        for wrong in (
            "",
            "%00",
            first[:-1],
            first + "x",
            f'"{first}"',
            "../accounts",
        ):
            assert not enters(address, wrong), wrong

        reader = log_in(client, "bob")
        assert 'data-role="reader"' in httpx.get(address, headers={"cookie": f"clippings_login={reader}"}).text
        stolen = {"cookie": f"clippings_login={reader}; clippings_login={fourth}; clippings_visitor={'x' * 32}"}
        page = httpx.get(address, headers=stolen)
        assert page.status_code != 200 or 'data-role="editor"' not in page.text


ROUTES = {
    "/api/conversations/{conversation}/export.md": 404,
    "/api/conversations/{conversation}/export.html": 404,
    "/api/conversations/{conversation}/export.json": 404,
    "/api/runs/{run}/report.html": 404,
    "/api/feedback.jsonl": 200,
}
"""What holds somebody's own things, and what it says to others."""
SHARED = {"/api/search": 200, "/api/example.yaml": 200, "/api/articles/{article_id}/{revision}": 200, "/healthz": 200}


@pytest.mark.parametrize("who", ["bob", "visitor"])
def test_every_route_gives_others_nothing_of_ones_own(library, accounts, who):
    conversations = Conversations(library)
    kept = conversations.create("user:ada", "What ada alone asked")
    known = {"conversation": kept, "run": "seeds-20240305-101500-000000", "article_id": "x", "revision": "x"}
    login = ("bob", PASSWORD) if who == "bob" else None
    options = ("--no-auth", "--host", "0.0.0.0") if who == "visitor" else ()
    with serving(library, *options) as address, Program(address, login) as stranger:
        paths = stranger.client.get("/openapi.json").json()["paths"]
        named = {path.replace("{kind}", "md") for path in ROUTES} | set(SHARED)
        known_paths = {path.replace("export.md", "export.{kind}").replace("{run}", "{name}") for path in named}
        known_paths = {
            path.replace("export.html", "export.{kind}").replace("export.json", "export.{kind}") for path in known_paths
        }
        assert {path for path, methods in paths.items() if "get" in methods} <= known_paths
        for path, status in ROUTES.items():
            answer = stranger.client.get(path.format(**known))
            assert answer.status_code == status, path
            assert "ada alone" not in answer.text
        for path in paths:
            for method in ("PUT", "PATCH", "DELETE"):
                assert stranger.client.request(
                    method, path.format_map({**known, "kind": "md", "name": "x"})
                ).status_code in (404, 405)


HOSTILE = "<img src=x onerror=window.alarmed=true>"


def test_names_of_accounts_conversations_and_sets_are_texts_in_the_page(library, accounts, browser):
    name = HOSTILE.replace("/", "")
    accounts.add(name, PASSWORD, "editor")
    with serving(library) as address, Program(address, (name, PASSWORD)) as program:
        own = program.uploaded(f"{HOSTILE}.jsonl", b'{"question": "What did Lankford say?", "answers": ["x"]}\n')
        said = program.send("own-set", "upload", {"own-set": own})
        assert "<img" not in said.replace("\\", "")
        program.send("bridge", "ask", question=f"{HOSTILE} What did Lankford say about the majority?")
        (conversation,) = Conversations(library).search(f"user:{name}")
        program.send("bridge", "rename", id=conversation.id, title=HOSTILE)
        for event, data in {
            "measure": {"set": HOSTILE},
            "forget": {"set": HOSTILE},
            "figures": {"run": HOSTILE},
            "compare": {"before": HOSTILE, "after": HOSTILE},
            "find": {"words": HOSTILE},
            "shelf": {"words": HOSTILE, "outlet": HOSTILE, "since": HOSTILE, "sort": HOSTILE, "page": HOSTILE},
            "view": {"article": HOSTILE, "revision": HOSTILE},
            "open": {"answer": HOSTILE, "number": HOSTILE, "article": HOSTILE},
            "rollback": {"version": HOSTILE},
            "take": {"address": HOSTILE},
            "pick": {"id": HOSTILE},
        }.items():
            assert "<img src=x" not in program.send("bridge", event, **data).replace("\\", ""), event
        with browser.new_context() as context:
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            page.goto(address + "/login")
            page.get_by_label("Name").fill(name)
            page.get_by_label("Password").fill(PASSWORD)
            with page.expect_navigation():
                page.get_by_role("button", name="Log in").click()
            someone = Visit(context, address)
            someone.page.wait_for_selector("#account .account")
            assert HOSTILE in someone.page.locator("#account").inner_text()
            someone.page.wait_for_selector("#conversations .pick")
            assert HOSTILE in someone.page.locator("#conversations").inner_text()
            someone.page.locator("#conversations .pick").first.click()
            someone.page.wait_for_selector(".turn[data-answer]")
            someone.tab("Evaluation")
            someone.page.wait_for_selector("#sets form")
            assert someone.page.locator("img[src=x]").count() == 0
            assert not someone.page.evaluate("window.alarmed") and not someone.errors


def modes(folder):
    """Each mode in a folder, itself included, and what has it."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            kind = "folder" if path.is_dir() else "file"
            found.setdefault((kind, oct(stat.S_IMODE(path.stat().st_mode))), []).append(str(path.relative_to(folder)))
    return found


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_all_that_a_running_chat_writes_is_its_owners_alone(library, accounts, tmp_path):
    temporary = tmp_path / "tmp"
    temporary.mkdir(mode=0o700)
    before = os.umask(0o022)
    try:
        with (
            serving(library, env={"TMPDIR": str(temporary)}) as address,
            Program(address, ("ada", PASSWORD)) as ada,
        ):
            row = b'{"question": "What did Lankford say?", "answers": ["narrow majority"]}\n'
            text = b"The harbour council of Skarholm chose Tove Lindqvist as pilot of the new ferry on Monday."
            waiting = ada.uploaded("waiting.txt", text)
            assert waiting
            assert "1 added" in ada.send("files", "upload", {"files": [ada.uploaded("ferry.txt", text)]})
            said = ada.send("own-set", "upload", {"own-set": ada.uploaded("own.jsonl", row)})
            assert "1 question, ready to run" in said
            ada.send("bridge", "ask", question=QUESTION)
            (own,) = library.glob("runs/*/own-*")
            ada.send("bridge", "measure", set=own.name)
            written = {path.relative_to(library).parts[0] for path in library.rglob("*") if path.is_file()}
            assert {"library.sqlite", "conversations.sqlite", "uploads", "runs", FILE} <= written
            assert list(library.glob("runs/*/*/run.json"))
            incoming = [path for path in temporary.rglob("*") if path.is_file() and path.stat().st_size]
            assert incoming
            for folder in (library, temporary):
                assert set(modes(folder)) == {("folder", "0o700"), ("file", "0o600")}, modes(folder)
    finally:
        os.umask(before)
