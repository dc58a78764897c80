"""Pages of other sites cannot drive the chat: tried in a real browser on other origins, and as they would send it."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager

import httpx
import pytest
from chat_server import PATIENCE, serving

QUESTION = {"question": "What did Lankford say about the majority?"}
ATTACK = """async (address) => {
    const tried = {};
    const attempts = {
        ask: [address + "/api/ask", {method: "POST", headers: {"content-type": "application/json"},
              body: '{"question": "What did Lankford say about the majority?"}', credentials: "include"}],
        simple: [address + "/api/ask", {method: "POST", headers: {"content-type": "text/plain"},
                 body: '{"question": "What did Lankford say about the majority?"}', credentials: "include"}],
        join: [address + "/gradio_api/queue/join", {method: "POST", headers: {"content-type": "application/json"},
               body: '{"data": [], "fn_index": 0, "session_hash": "x"}', credentials: "include"}],
        read: [address + "/api/search?text=majority", {credentials: "include"}],
        config: [address + "/config", {credentials: "include"}],
    };
    for (const [name, [url, options]] of Object.entries(attempts)) {
        try { const response = await fetch(url, options); tried[name] = [response.status, await response.text()]; }
        catch (error) { tried[name] = String(error); }
    }
    return tried;
}"""


@contextmanager
def foreign_site(host, page="<!doctype html><title>elsewhere</title>"):
    """A page of another origin; yields its address."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = page.encode()
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer((host, 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{host}:{server.server_port}"
        server.shutdown()


@pytest.fixture
def opened(browser):
    with browser.new_context() as context:
        context.set_default_timeout(PATIENCE)
        yield context


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_page_of_another_port_or_name_learns_and_changes_nothing(chat, opened, host):
    page = opened.new_page()
    page.goto(chat + "/")  # cookies are there, as in a person's browser
    with foreign_site(host) as elsewhere:
        page.goto(elsewhere)
        tried = page.evaluate(ATTACK, chat)
    assert all("TypeError" in str(outcome) for outcome in tried.values()), tried
    history = httpx.get(chat + "/healthz")
    assert history.status_code == 200


def test_a_page_without_an_origin_learns_and_changes_nothing(chat, opened):
    page = opened.new_page()
    with foreign_site("127.0.0.1", '<!doctype html><iframe sandbox="allow-scripts" srcdoc="x"></iframe>') as elsewhere:
        page.goto(elsewhere)
        frame = page.frames[-1]
        tried = frame.evaluate(ATTACK, chat)
    assert all("TypeError" in str(outcome) for outcome in tried.values()), tried


def test_a_form_of_another_site_is_refused_and_a_link_is_followed(chat, opened):
    page = opened.new_page()
    forms = f"""<!doctype html><a href="{chat}/">to the chat</a>
        <form method="post" action="{chat}/logout"><button>send</button></form>"""
    with foreign_site("127.0.0.1", forms) as elsewhere:
        page.goto(elsewhere)
        with page.expect_navigation() as sent:
            page.get_by_role("button").click()
        assert sent.value.status == 403
        page.goto(elsewhere)
        page.get_by_role("link").click()
        page.wait_for_selector("html[data-ready]")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://evil.example", "x-forwarded-host": "evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
    ],
    ids=str,
)
def test_what_another_site_would_send_is_refused(chat, headers):
    assert httpx.post(chat + "/api/ask", json=QUESTION, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"origin": "null"}], ids=str)
def test_reading_from_another_site_is_refused_too(chat, headers):
    assert httpx.get(chat + "/api/search?text=x", headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/", "/api/ask", "/gradio_api/queue/join", "/nowhere"])
def test_a_preflight_allows_nothing(chat, path):
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    for headers in (asked, {**asked, "origin": chat}):
        response = httpx.options(chat + path, headers=headers)
        assert not [name for name in response.headers if name.startswith("access-control-")]
    own = httpx.get(chat + "/config", headers={"origin": chat})
    assert own.status_code == 200
    assert not [name for name in own.headers if name.startswith("access-control-")]


def test_a_program_without_these_headers_is_served(chat):
    assert httpx.post(chat + "/api/ask", json=QUESTION, timeout=60).status_code == 200


def test_off_loopback_only_addresses_and_known_names_are_answered(seeds_library):
    import socket

    with serving(seeds_library, "--host", "0.0.0.0", "--no-auth", "--host-name", "news.example") as address:
        port = address.rpartition(":")[2]
        here = f"http://127.0.0.1:{port}/healthz"

        def status(name):
            return httpx.get(here, headers={"host": name}).status_code

        for name in ("192.168.1.7", "[::1]", "localhost", socket.gethostname(), "news.example", "NEWS.example"):
            assert status(f"{name}:{port}") == 200, name
        for name in ("evil.example", "news.example.evil", "127.0.0.1.evil.example", ""):
            assert status(name) == 421, name


def test_forwarded_headers_are_believed_only_from_the_proxy_that_was_named(seeds_library):
    forwarded = {"origin": "https://news.example", "x-forwarded-host": "news.example", "x-forwarded-proto": "https"}
    with serving(seeds_library, "--root-path", "https://news.example/clips", "--no-auth") as address:
        assert httpx.post(address + "/api/ask", json=QUESTION, headers=forwarded).status_code == 403
    proxied = ("--root-path", "https://news.example/clips", "--behind-proxy", "127.0.0.1", "--no-auth")
    with serving(seeds_library, *proxied) as address:
        answer = httpx.post(address + "/api/ask", json=QUESTION, headers=forwarded, timeout=60)
        assert answer.status_code == 200
        assert "Secure" in answer.headers["set-cookie"]
        evil = {**forwarded, "origin": "https://evil.example"}
        assert httpx.post(address + "/api/ask", json=QUESTION, headers=evil).status_code == 403
    with serving(seeds_library, "--behind-proxy", "192.0.2.7", "--no-auth") as address:
        plain = httpx.get(address + "/", headers=forwarded | {"origin": address})
        assert "Secure" not in plain.headers["set-cookie"]
