"""Who gets in, how much anybody may ask, and what is refused before it reaches a page: the real server."""

import re
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from chat_server import PATIENCE, Visit, serving
from click.testing import CliRunner

from index.errors import UserError
from ui.cli.chat import chat as chat_command
from ui.web.server import auth
from ui.web.server.rate_limit import REMEMBERED, Busy, RateLimit

PASSWORD = "correct horse battery"
QUESTION = "What did Lankford say about the majority?"


def write_hash(path):
    """What an earlier version wrote for `PASSWORD`: a file of one hash."""
    auth.write_private(path, auth.hash_of(PASSWORD) + "\n")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, seeds_library):
    """The chat behind a password."""
    folder = tmp_path_factory.mktemp("guarded")
    write_hash(folder / "password")
    with serving(seeds_library, "--auth", f"ada:{folder / 'password'}") as address:
        yield address


def test_nothing_is_shown_without_logging_in(guarded):
    page = httpx.get(guarded + "/", headers={"accept": "text/html"})
    assert page.status_code == 303 and page.headers["location"] == "/login"
    for path in (
        "/config",
        "/gradio_api/info",
        "/docs",
        "/openapi.json",
        "/api/search?text=x",
        "/gradio_api/mcp/schema",
    ):
        assert httpx.get(guarded + path).status_code == 401, path
    assert httpx.post(guarded + "/api/ask", json={"question": QUESTION}).status_code == 401
    assert httpx.post(guarded + "/gradio_api/queue/join", json={}).status_code == 401
    assert httpx.get(guarded + "/healthz").status_code == 200


def test_a_program_logs_in_with_every_request(guarded):
    answer = httpx.post(guarded + "/api/ask", json={"question": QUESTION}, auth=("ada", PASSWORD), timeout=60)
    assert answer.status_code == 200 and "narrow majority" in answer.json()["text"]


def test_a_person_logs_in_asks_and_logs_out(seeds_library, browser):
    environment = {auth.VARIABLE: f"ada:{PASSWORD}"}
    with serving(seeds_library, "--auth-env", env=environment) as address, browser.new_context() as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()

        def log_in(password):
            page.get_by_label("Name").fill("ada")
            page.get_by_label("Password").fill(password)
            with page.expect_navigation():
                page.get_by_role("button", name="Log in").click()

        page.goto(address + "/")
        assert page.url == address + "/login"
        log_in("wrong password")
        assert "do not go together" in page.get_by_role("alert").inner_text()
        log_in(PASSWORD)
        page.wait_for_selector("html[data-ready]")
        cookies = {cookie["name"]: cookie for cookie in context.cookies()}
        assert cookies["clippings_login"]["httpOnly"]
        someone = Visit(context, address)
        assert "narrow majority" in someone.ask(QUESTION).inner_text()
        assert context.request.post(address + "/logout", max_redirects=0).status == 303
        page.goto(address + "/")
        assert page.url == address + "/login"
        for _ in range(4):
            log_in("another guess")
            assert "do not go together" in page.get_by_role("alert").inner_text()
        log_in(PASSWORD)
        told = page.get_by_role("alert").inner_text()
        assert re.fullmatch(r"At most 5 a minute here. Try again in \d+ seconds.", told)


def test_guessing_is_slowed_down_and_says_until_when(guarded):
    answers = [
        httpx.post(guarded + "/login", data={"user": "ada", "password": f"guess {number}"}) for number in range(6)
    ]
    assert answers[0].status_code == 401
    assert answers[-1].status_code == 429
    assert "Try again in" in answers[-1].text


def test_another_address_needs_a_password_or_a_clear_word(seeds_library):
    result = CliRunner().invoke(
        chat_command, ["--host", "0.0.0.0", "--library", str(seeds_library)], standalone_mode=False
    )
    assert isinstance(result.exception, UserError)
    assert "--add-account NAME" in str(result.exception) and "--no-auth" in str(result.exception)


def test_passwords_are_kept_as_salted_hashes_only(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    write_hash(one)
    write_hash(two)
    assert one.read_text() != two.read_text() and PASSWORD not in one.read_text()
    assert one.stat().st_mode & 0o077 == 0
    account = auth.account_from_file(f"ada:{one}")
    assert account.name == "ada" and account.role == "editor"
    assert account.accepts(PASSWORD) and not account.accepts(PASSWORD + "x")


OLD_SCRYPT = (
    "scrypt$16384$8$1$HQ7sX3zLdkFCGZ7pq6YRPQ==$5syC5BWF"
    "NYl0TZqpd65WuVq0XZKyEZF5Vdu7r5EBBKdduzT6/kVjRez7Gie/yQrVoWSa08XEV2M98HvifDzGlA=="
)
"""What version 0.1 wrote for `PASSWORD`."""


def test_a_hash_of_an_earlier_version_lets_in_and_is_replaced(tmp_path):
    file = tmp_path / "password"
    file.write_text(OLD_SCRYPT + "\n")
    account = auth.account_from_file(f"ada:{file}")
    assert not account.accepts(PASSWORD + "x")
    assert file.read_text().strip() == OLD_SCRYPT
    assert account.accepts(PASSWORD)
    assert file.read_text().startswith("$argon2id$") and file.stat().st_mode & 0o077 == 0
    assert account.accepts(PASSWORD) and not account.accepts("wrong password")
    assert auth.account_from_file(f"ada:{file}").accepts(PASSWORD)
    assert list(tmp_path.iterdir()) == [file]


def test_a_hash_of_an_earlier_version_that_cannot_be_replaced_goes_on_letting_in(tmp_path):
    file = tmp_path / "folder" / "password"
    file.parent.mkdir()
    file.write_text(OLD_SCRYPT)
    account = auth.account_from_file(f"ada:{file}")
    file.unlink()
    file.parent.rmdir()
    assert account.accepts(PASSWORD) and account.accepts(PASSWORD)
    from_environment = auth.account_from_environment({auth.VARIABLE: f"ada:{OLD_SCRYPT}"})
    assert from_environment.accepts(PASSWORD) and not from_environment.accepts("wrong password")


@pytest.mark.parametrize("damaged", ["scrypt$16384$8$1$salt", "$argon2id$v=19$m=65536,t=3,p=4$short", "$argon2x$"])
def test_a_damaged_hash_is_refused(tmp_path, damaged):
    (tmp_path / "password").write_text(damaged)
    with pytest.raises(UserError, match="--add-account"):
        auth.account_from_file(f"ada:{tmp_path / 'password'}")


def test_a_password_in_plain_text_or_too_short_is_refused(tmp_path):
    (tmp_path / "plain").write_text(PASSWORD)
    with pytest.raises(UserError, match="--add-account"):
        auth.account_from_file(f"ada:{tmp_path / 'plain'}")
    for wrong in ("1234567", "x" * 1001):
        with pytest.raises(UserError, match="at least 8 characters, at most 1,000"):
            auth.long_enough(wrong)
    with pytest.raises(UserError, match="CLIPPINGS_AUTH"):
        auth.account_from_environment({})
    assert auth.account_from_environment({auth.VARIABLE: f"ada:{PASSWORD}"}).accepts(PASSWORD)


def test_every_page_carries_the_policy(chat):
    for path in ("/", "/docs", "/healthz", "/ui/static/clippings.js"):
        headers = httpx.get(chat + path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy and "http" not in policy and "unsafe-inline' 'unsafe-eval" not in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"
    page = httpx.get(chat + "/").text
    assert page.count("<script") == page.count("<script nonce=")


def test_other_sites_cannot_reach_in(chat):
    port = chat.rpartition(":")[2]
    rebound = httpx.get(chat + "/healthz", headers={"host": f"evil.example:{port}"})
    assert rebound.status_code == 421
    foreign = httpx.post(chat + "/api/ask", json={"question": "x"}, headers={"origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert "access-control-allow-origin" not in foreign.headers
    own = httpx.post(chat + "/api/ask", json={"question": "Who won?"}, headers={"origin": chat}, timeout=60)
    assert own.status_code == 200


def test_behind_a_proxy_under_a_path(seeds_library):
    """Whether the proxy strips the path or sends it whole."""
    with serving(seeds_library, "--root-path", "/news", "--no-auth") as address:
        for path in ("/", "/news/"):
            page = httpx.get(address + path).text
            assert 'src="/news/ui/static/clippings.js"' in page
        for path in (
            "/ui/static/clippings.js",
            "/news/ui/static/clippings.js",
            "/config",
            "/news/config",
            "/news/docs",
        ):
            assert httpx.get(address + path).status_code == 200, path


def test_requests_that_are_too_large_are_refused_unread(chat):
    assert httpx.post(chat + "/api/ask", content=b"x" * 1_000_001).status_code == 413
    assert httpx.post(chat + "/api/ask", json={"question": "x" * 2_001}).status_code == 422
    host, port = chat.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(
            f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 999999999\r\n\r\n".encode()
        )
        assert b" 413 " in line.recv(100)


def test_one_persons_flood_is_answered_up_to_the_limit(chat):
    def asked(_):
        cookies = {"clippings_visitor": "somebody-who-asks-a-lot"}
        return httpx.post(chat + "/api/ask", json={"question": QUESTION}, cookies=cookies, timeout=120)

    with ThreadPoolExecutor(40) as crowd:
        answers = list(crowd.map(asked, range(40)))
    assert [answer.status_code for answer in answers].count(200) == 30
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 10
    assert "Try again in" in refused[0].json()["detail"] and int(refused[0].headers["retry-after"]) >= 1


def test_guesses_sent_at_once_are_counted_before_they_are_hashed(seeds_library, tmp_path):
    write_hash(tmp_path / "password")
    with serving(seeds_library, "--auth", f"ada:{tmp_path / 'password'}") as address:

        def guess(number):
            form = {"user": "ada", "password": f"guess number {number}"}
            return httpx.post(address + "/login", data=form, timeout=60).status_code

        with ThreadPoolExecutor(40) as pool:
            answers = list(pool.map(guess, range(120)))
        assert answers.count(401) == 5
        assert set(answers) == {401, 429}


def test_a_right_password_does_not_count_and_is_not_hashed_each_time(seeds_library, tmp_path):
    write_hash(tmp_path / "password")
    with (
        serving(seeds_library, "--auth", f"ada:{tmp_path / 'password'}") as address,
        httpx.Client(base_url=address, auth=("ada", PASSWORD), timeout=60) as program,
    ):
        assert [program.get("/api/search?text=x").status_code for _ in range(20)] == [200] * 20


def test_a_limit_forgets_the_names_it_heard_of_longest_ago():
    rate = RateLimit(2)
    for number in range(REMEMBERED + 50):
        rate.take(f"client {number}")
    assert len(rate._events) == REMEMBERED
    rate.take(f"client {REMEMBERED + 49}")
    with pytest.raises(Busy, match="At most 2 a minute"):
        rate.take(f"client {REMEMBERED + 49}")


@pytest.mark.parametrize(
    "path", ["/loginx", "/login/../config", "/healthz/x", "/healthzx", "/ui/staticx", "/login.html"]
)
def test_what_only_begins_like_an_open_path_needs_a_log_in(guarded, path):
    assert httpx.get(guarded + path).status_code == 401


@pytest.mark.parametrize("path", ["/%00", "/ui/static/%00.js", "/gradio_api/file=%00", "/api/articles/%00"])
def test_a_path_with_a_nul_is_refused_in_words(chat, path):
    answer = httpx.get(chat + path)
    assert answer.status_code == 400 and "NUL" in answer.text
