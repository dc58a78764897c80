"""Several people and one library: who may change it, whose conversations are whose; real servers, events as posted."""

from __future__ import annotations

import hashlib
import json
import stat
import subprocess
import sys

import httpx
import pytest
from chat_server import PATIENCE, ROOT, Visit, serving
from click.testing import CliRunner
from page_events import Program

from index.library import Library
from ui.cli import cli
from ui.store import people
from ui.store.conversations import Conversations
from ui.web.server.accounts import FILE, Accounts

QUESTION = "What did Lankford say about the majority?"
PASSWORDS = {"ada": "correct horse battery", "bob": "staple of the horse", "eve": "battery, staple, horse"}
ARTICLE = b"The harbour council of Skarholm chose Tove Lindqvist as pilot of the new ferry on Monday."
ROW = b'{"question": "What did Lankford say?", "answers": ["narrow majority"]}\n'
SET = f"own-own-{hashlib.sha256(ROW).hexdigest()[:8]}.jsonl"
"""What `own.jsonl` with that row is kept as."""
CHANGING = ("add files", "take", "remove", "again", "rollback", "cancel", "seeds")
KEEPING = ("add set", "measure", "forget")


def login(name):
    return name, PASSWORDS[name]


@pytest.fixture
def accounts(library):
    """Of that library: ada and eve are editors, bob is a reader."""
    accounts = Accounts(library / FILE)
    for name, password in PASSWORDS.items():
        accounts.add(name, password, "reader" if name == "bob" else "editor")
    return accounts


def state(folder):
    """What must not change: versions, where articles were read, uploads and everybody's sets and runs."""
    library = Library.open(folder)
    files = sorted(str(path.relative_to(folder)) for name in ("uploads", "runs") for path in (folder / name).rglob("*"))
    return library.version, len(library.versions()), sorted(article.id for article in library.articles()), files


def attempts(program, folder):
    """What each event that changes or keeps something says to somebody who sends it."""
    article = next(iter(Library.open(folder).articles())).id
    file, questions = program.upload("ferry.txt", ARTICLE), program.upload("own.jsonl", ROW)
    paths = [one.json()[0] if one.status_code == 200 else "/nowhere" for one in (file, questions)]
    files = [{"path": path, "meta": {"_type": "gradio.FileData"}} for path in paths]
    return {
        "add files": program.send("files", "upload", {"files": [files[0]]}),
        "take": program.send("bridge", "take", address="https://news.example/article"),
        "remove": program.send("bridge", "remove", article=article),
        "again": program.send("bridge", "again", article=article),
        "rollback": program.send("bridge", "rollback", version="1"),
        "cancel": program.send("bridge", "cancel"),
        "seeds": program.send("bridge", "seeds"),
        "add set": program.send("own-set", "upload", {"own-set": files[1]}),
        "measure": program.send("bridge", "measure", set=SET),
        "forget": program.send("bridge", "forget", set=SET),
    }


def test_a_reader_asks_and_keeps_and_changes_nothing_whatever_they_send(library, accounts):
    before = state(library)
    with serving(library) as address, Program(address, login("bob")) as bob:
        assert 'data-role="reader"' in bob.page
        said = attempts(bob, library)
        for name in CHANGING:
            assert "may read this library, not change it" in said[name], name
        assert state(library)[:3] == before[:3]
        assert not (library / "uploads").exists()
        # What is a reader's own: questions, conversations, question sets and runs.
        assert "1 question, ready to run" in said["add set"] and "own-own-" in said["measure"]
        assert "narrow majority" in bob.client.post("/api/ask", json={"question": QUESTION}).json()["text"]
        assert "narrow majority" in bob.send("bridge", "ask", question=QUESTION)
        assert "Healthy" in bob.send("bridge", "health")
        with Program(address, login("ada")) as ada:
            assert 'data-role="editor"' in ada.page
            allowed = attempts(ada, library)
            assert "1 added" in allowed["add files"] and "1 removed" in allowed["remove"]
            assert "Version 1 is what is asked now" in allowed["rollback"]
            assert not any("not change it" in text for text in allowed.values())
    assert state(library) != before


def test_every_event_there_is_leaves_the_library_as_it_is_for_a_reader(library, accounts):
    """Also those that nobody thought of when this was written: every event of the page, with all that any takes."""
    before = state(library)[:3]
    article = next(iter(Library.open(library).articles()))
    everything = {
        "article": article.id,
        "revision": article.revision,
        "address": "https://news.example/x",
        "version": "1",
        "question": QUESTION,
        "set": "own-x-0a1b2c3d.jsonl",
        "title": "x",
        "id": "x",
        "words": "",
    }
    with serving(library) as address, Program(address, login("bob")) as bob:
        file = bob.uploaded("ferry.txt", ARTICLE)
        for part, name in bob.events:
            event = bob.events[part, name]
            if event["backend_fn"] and name not in ("load", "then"):
                bob.send(part, name, {"files": [file], "own-set": file, "question": QUESTION}, **everything)
        paths = bob.client.get("/openapi.json").json()["paths"]
        assert {(path, method) for path, methods in paths.items() for method in methods if method != "get"} == {
            ("/api/ask", "post")
        }
    assert state(library)[:3] == before and not (library / "uploads").exists()


def test_visitors_of_an_open_host_ask_and_keep_conversations_and_change_nothing(library):
    before = state(library)
    with serving(library, "--host", "0.0.0.0", "--no-auth") as address, Program(address) as visitor:
        assert 'data-role="visitor"' in visitor.page
        said = attempts(visitor, library)
        for name in (*CHANGING, *KEEPING):
            assert "Visitors may ask and read here" in said[name] or "was not uploaded here" in said[name], name
        for name, content in (("ferry.txt", ARTICLE), ("own.jsonl", ROW), ("large.txt", b"x" * 3_000_000)):
            refused = visitor.upload(name, content)
            assert refused.status_code == 403 and "--allow-changes" in refused.text
        assert state(library) == before
        assert "narrow majority" in visitor.send("bridge", "ask", question=QUESTION)
        assert QUESTION in visitor.send("bridge", "find", words="lankford")
        assert visitor.client.get("/api/search", params={"text": "majority"}).status_code == 200
        token = visitor.client.cookies["clippings_visitor"]
        with Program(address) as another:
            assert QUESTION not in another.send("bridge", "find", words="lankford")
    written = b"".join(path.read_bytes() for path in library.glob("conversations.sqlite*"))
    assert token.encode() not in written
    (kept,) = Conversations(library).search(people.visitor_owner(token))
    assert kept.title == QUESTION
    with serving(library, "--host", "0.0.0.0", "--no-auth", "--allow-changes") as address, Program(address) as visitor:
        assert "1 added" in attempts(visitor, library)["add files"]
    assert state(library) != before


def test_a_chat_that_others_reach_through_a_proxy_is_nobodys_own(library):
    for options in (["--behind-proxy", "127.0.0.1"], ["--root-path", "/news"], ["--host-name", "news.example"]):
        result = CliRunner().invoke(cli, ["chat", "--library", str(library), *options])
        assert result.exit_code == 1 and "can be reached by others" in result.output, options
    with serving(library) as address:
        own = httpx.get(address + "/api/search?text=x")
        proxied = httpx.get(address + "/api/search?text=x", headers={"x-forwarded-for": "203.0.113.9"})
    assert own.status_code == 200
    assert proxied.status_code == 403 and "--behind-proxy" in proxied.text


def test_each_account_has_conversations_sets_and_feedback_of_its_own(library, accounts):
    with serving(library) as address, Program(address, login("ada")) as ada, Program(address, login("eve")) as eve:
        ada.send("bridge", "ask", question=QUESTION)
        ada.send("own-set", "upload", {"own-set": ada.uploaded("mine.jsonl", ROW)})
        conversations = Conversations(library)
        (conversation,) = conversations.search("user:ada")
        (answer,) = conversations.answers("user:ada", conversation.id)
        export = f"/api/conversations/{conversation.id}/export.json"
        assert ada.client.get(export).status_code == 200 and eve.client.get(export).status_code == 404
        assert QUESTION in ada.send("bridge", "find", words="") and QUESTION not in eve.send("bridge", "find", words="")
        eve.send("bridge", "judge", answer=answer.id, verdict="down")
        eve.send("bridge", "delete", id=conversation.id)
        eve.send("bridge", "rename", id=conversation.id, title="Eve's")
        assert conversations.answers("user:ada", conversation.id)[0].verdict == ""
        assert conversations.title("user:ada", conversation.id) == QUESTION
        ada.send("bridge", "judge", answer=answer.id, verdict="up")
        assert "verdict" in ada.client.get("/api/feedback.jsonl").text or ada.client.get("/api/feedback.jsonl").text
        assert eve.client.get("/api/feedback.jsonl").text == ""
        (own,) = people.home(library, "user:ada").glob("own-*")
        eve.send("bridge", "forget", set=own.name)
        assert own.is_file() and own.name not in eve.send("evaluation-tab", "select")
        assert own.name in ada.send("evaluation-tab", "select")


def test_what_the_one_account_of_before_kept_is_that_accounts(library, accounts):
    conversations = Conversations(library)
    conversations.create("user:ada", "Asked when there was one account")
    with serving(library) as address, Program(address, login("ada")) as ada:
        assert "Asked when there was one account" in ada.send("bridge", "find", words="")


def log_in(page, name, password=""):
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password or PASSWORDS[name])
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()


def test_the_page_says_who_is_logged_in_logs_out_and_shows_a_reader_no_button_to_change(library, accounts, browser):
    with serving(library) as address, browser.new_context() as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(address + "/")
        log_in(page, "bob")
        visit = Visit(context, address)
        visit.page.wait_for_selector("#account .account")
        assert "bob" in visit.page.locator("#account").inner_text()
        visit.tab("Library")
        visit.page.wait_for_selector("#shelf table")
        for hidden in ("#intake", "#shelf .sure", "[data-do=rollback]"):
            assert not any(one.is_visible() for one in visit.page.locator(hidden).all()), hidden
        assert visit.page.locator("#shelf .title button").first.is_visible()
        visit.tab("Ask")
        (cookie,) = [one for one in context.cookies() if one["name"] == "clippings_login"]
        with visit.page.expect_navigation():
            visit.page.get_by_role("button", name="Log out").click()
        assert visit.page.url == address + "/login"
        assert not [one for one in context.cookies() if one["name"] == "clippings_login"]
        stale = {"cookie": f"clippings_login={cookie['value']}"}
        assert httpx.get(address + "/config", headers=stale).status_code == 401
        log_in(visit.page, "ada")
        editor = Visit(context, address)
        editor.tab("Library")
        editor.page.wait_for_selector("#shelf table")
        assert editor.page.locator("#intake").is_visible() and editor.page.locator("#shelf .sure").first.is_visible()
        assert not (visit.errors or editor.errors)


def test_only_the_page_itself_logs_out(library, accounts):
    with serving(library) as address, httpx.Client(base_url=address) as client:
        client.post("/login", data={"user": "ada", "password": PASSWORDS["ada"]})
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
            assert client.post("/logout", headers=headers).status_code == 403
        client.get("/logout")
        assert client.get("/config").status_code == 200
        assert client.post("/logout", headers={"origin": address}).status_code == 303
        assert client.get("/config").status_code == 401


def command(library, *arguments, input=None):
    return CliRunner().invoke(cli, ["chat", "--library", str(library), *arguments], input=input)


def typed(password):
    return f"{password}\n{password}\n"


def test_accounts_are_added_listed_changed_and_removed(tmp_path):
    library = tmp_path / "new"
    assert "No accounts" in command(library, "--accounts").output
    added = command(library, "--add-account", "ada", input=typed(PASSWORDS["ada"]))
    assert added.exit_code == 0 and "ada, who may change the library" in added.output
    assert "logs in from now on" in added.output
    reader = command(library, "--add-account", " bob ", "--reader", input=typed(PASSWORDS["bob"]))
    assert "bob, who may ask and read" in reader.output and "from now on" not in reader.output
    listed = command(library, "--accounts").output
    assert listed.splitlines() == ["ada: may change the library", "bob: may ask and read"]
    file = library / FILE
    text = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and text.count("$argon2id$") == 2
    assert not any(password in text + listed + added.output for password in PASSWORDS.values())
    assert command(library, "--make-editor", "bob").exit_code == 0
    assert "bob: may change the library" in command(library, "--accounts").output
    assert command(library, "--change-password", "bob", input=typed("another password")).exit_code == 0
    assert Accounts(file).accepts("bob", "another password").role == "editor"
    assert Accounts(file).accepts("bob", PASSWORDS["bob"]) is None
    removed = command(library, "--remove-account", "ada")
    assert removed.exit_code == 0 and "conversations stay" in removed.output
    assert command(library, "--accounts").output.splitlines() == ["bob: may change the library"]


@pytest.mark.parametrize(
    ("arguments", "input", "code", "message"),
    [
        (["--add-account", "Ada"], typed("x" * 12), 1, "There is an account 'ada' already"),
        (["--add-account", "a:b"], None, 1, "is no name for an account"),
        (["--add-account", "a\nb"], None, 1, "is no name for an account"),
        (["--add-account", " "], None, 1, "is no name for an account"),
        (["--add-account", "cyd"], typed("short"), 1, "at least 8 characters"),
        (["--add-account", "cyd"], "one password\nanother one\n", 1, "do not match"),
        (["--remove-account", "cyd"], None, 1, "There is no account 'cyd'; these are: 'ada'"),
        (["--change-password", "cyd"], None, 1, "There is no account 'cyd'"),
        (["--make-reader", "cyd"], None, 1, "There is no account 'cyd'"),
        (["--reader"], None, 2, "--reader goes with --add-account"),
        (["--add-account", "cyd", "--accounts"], None, 2, "One change of accounts at a time"),
        (["--allow-changes"], None, 2, "--allow-changes goes with --no-auth"),
        (["--no-auth", "--auth-env"], None, 2, "--no-auth lets everyone in"),
    ],
)
def test_what_cannot_be_done_with_accounts_is_said_and_changes_nothing(tmp_path, arguments, input, code, message):
    command(tmp_path, "--add-account", "ada", input=typed(PASSWORDS["ada"]))
    before = (tmp_path / FILE).read_bytes()
    result = command(tmp_path, *arguments, input=input)
    assert result.exit_code == code and message in result.output, result.output
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ada:owner:$argon2id$x\n", "Line 1"),
        ("\nada\n", "Line 2"),
        ("ada:editor:secret\n", "no password hash|does not hold"),
    ],
)
def test_a_damaged_file_of_accounts_lets_nobody_in_and_is_named(library, text, message):
    (library / FILE).write_text(text)
    result = command(library)
    assert result.exit_code == 1 and "--add-account" in result.output
    assert any(part in result.output for part in message.split("|")), result.output


def test_a_running_chat_sees_at_once_who_was_added_removed_or_made_a_reader(library, accounts):
    with serving(library) as address, httpx.Client(base_url=address, timeout=60) as bob:
        assert bob.post("/login", data={"user": "bob", "password": PASSWORDS["bob"]}).status_code == 303
        assert 'data-role="reader"' in bob.get("/").text
        accounts.set_role("bob", "editor")
        assert 'data-role="editor"' in bob.get("/").text
        accounts.set_password("bob", "quite another one")
        assert bob.get("/config").status_code == 401
        program = httpx.Client(base_url=address, auth=login("eve"), timeout=60)
        assert program.get("/config").status_code == 200
        accounts.remove("eve")
        assert program.get("/config").status_code == 401
        accounts.add("zoe", "a password of hers", "reader")
        assert httpx.get(address + "/config", auth=("zoe", "a password of hers")).status_code == 200
        (library / FILE).write_text("broken\n")
        broken = httpx.get(address + "/config", auth=login("ada"))
        assert broken.status_code == 503 and str(library) not in broken.text
        assert httpx.get(address + "/healthz").status_code == 200
        (library / FILE).unlink()
        assert httpx.get(address + "/config", auth=login("ada")).status_code == 401


def test_accounts_added_at_the_same_time_are_all_there(tmp_path):
    script = (
        "import sys\nfrom pathlib import Path\nfrom ui.web.server.accounts import Accounts\n"
        "Accounts(Path(sys.argv[1])).add(sys.argv[2], 'a long password', 'reader')"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path / FILE), f"name{number}"], cwd=ROOT)
        for number in range(6)
    ]
    assert [process.wait(120) for process in running] == [0] * 6
    assert [account.name for account in Accounts(tmp_path / FILE).all()] == [f"name{number}" for number in range(6)]


def test_the_file_is_closed_to_others_when_it_is_read(tmp_path):
    accounts = Accounts(tmp_path / FILE)
    accounts.add("ada", PASSWORDS["ada"], "editor")
    accounts.file.chmod(0o644)
    assert Accounts(accounts.file).all()
    assert stat.S_IMODE(accounts.file.stat().st_mode) == 0o600


def test_clearing_cookies_loses_nothing_on_ones_own_machine(library, visitor):
    with serving(library) as address:
        first = visitor(address)
        first.ask(QUESTION)
        second = visitor(address)
        second.page.wait_for_selector("#conversations .pick")
        assert QUESTION in second.page.locator("#conversations").inner_text()
        assert second.page.locator("#account .account").count() == 0
    assert [item.title for item in Conversations(library).search(people.machine_owner())] == [QUESTION]


def test_the_browser_and_the_command_line_go_on_with_one_conversation(library, visitor):
    def ask(question):
        result = CliRunner().invoke(cli, ["ask", "--library", str(library), "--continue", question])
        assert result.exit_code == 0, result.output
        return result.output

    assert "narrow majority" in ask(QUESTION)
    with serving(library) as address:
        someone = visitor(address)
        someone.page.locator("#conversations .pick", has_text=QUESTION).click()
        someone.page.wait_for_selector(".turn[data-answer]")
        someone.ask("And what did he say about offers?")
        assert "Lankford" in ask("and what did he say about Ukraine?")
        someone.reload()
        assert someone.page.locator(".turn[data-answer]").count() == 3
    with serving(library, "--host", "0.0.0.0", "--no-auth") as address, Program(address) as stranger:
        assert QUESTION not in stranger.send("bridge", "find", words="")


def test_the_first_start_takes_over_what_earlier_visitors_asked(library_1, visitor):
    with serving(library_1) as address:
        someone = visitor(address)
        someone.page.wait_for_selector("html[data-ready] #conversations .pick")
        someone.page.locator("#conversations .pick").first.click()
        someone.page.wait_for_function("document.querySelectorAll('.turn[data-answer]').length === 4")


def test_on_an_open_host_an_earlier_visitor_finds_their_own_again(library_1):
    cookie = {"cookie": "clippings_visitor=i9TJF3EiyVhSIaG9ylAC3JHtRSE_SSTk"}
    with serving(library_1, "--host", "0.0.0.0", "--no-auth") as address:
        (conversation,) = Conversations(library_1).search(people.visitor_owner(cookie["cookie"].partition("=")[2]))
        export = f"{address}/api/conversations/{conversation.id}/export.json"
        assert len(json.loads(httpx.get(export, headers=cookie).text)) and httpx.get(export).status_code == 404
