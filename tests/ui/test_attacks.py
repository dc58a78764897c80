"""Attacks on the real server, each a row: what is sent, and what must come back. Found by hand, kept so."""

from __future__ import annotations

import re
import socket
import uuid
from pathlib import Path

import httpx
import pytest

from ui.web.pages.html import without_folders

FOLDERS = re.compile(rf"{re.escape(str(Path(__file__).parents[2]))}|/tmp/|/home/|/root/|site-packages|[A-Z]:\\\\")
LOADED = ("/", "/config", "/gradio_api/info", "/gradio_api/openapi.json", "/openapi.json", "/gradio_api/mcp/schema")


@pytest.fixture
def visit(chat):
    opened = []

    def come():
        opened.append(httpx.Client(base_url=chat, timeout=60))
        opened[-1].get("/")
        return opened[-1]

    yield come
    for client in opened:
        client.close()


def raw(chat, data):
    """The status of what the server answers to these bytes."""
    with socket.create_connection(("127.0.0.1", int(chat.rpartition(":")[2])), timeout=60) as connection:
        connection.sendall(data)
        answer = connection.recv(4096)
    return int(answer.split()[1]) if answer else 0


HOST = b"Host: 127.0.0.1\r\n"
HEADS = {
    "another host": (b"Host: evil.example\r\n", 421),
    "no host": (b"", 400),
    "two hosts": (HOST + b"Host: evil.example\r\n", 400),
    "a host after a name": (b"Host: 127.0.0.1@evil.example\r\n", 421),
    "a name before the host": (b"Host: evil.example@127.0.0.1\r\n", 421),
    "a host with a path": (b"Host: 127.0.0.1/evil.example\r\n", 421),
    "an address with a name after it": (b"Host: [::1]evil.example\r\n", 421),
    "a site in capital letters": (HOST + b"Sec-Fetch-Site: CROSS-SITE\r\n", 403),
    "a site that nobody knows yet": (HOST + b"Sec-Fetch-Site: near-site\r\n", 403),
    "a host with a dot at its end": (b"Host: localhost.\r\n", 421),
    "a host as a number": (b"Host: 2130706433\r\n", 421),
    "any address": (b"Host: 0.0.0.0\r\n", 421),
    "a host that leads here": (b"Host: 127.0.0.1.nip.io\r\n", 421),
    "no origin": (HOST + b"Origin: null\r\n", 403),
    "another port": (b"Host: 127.0.0.1:1\r\nOrigin: http://127.0.0.1:2\r\n", 403),
    "a forwarded host": (HOST + b"X-Forwarded-Host: evil.example\r\nOrigin: http://evil.example\r\n", 403),
    "a forwarded header": (HOST + b"Forwarded: host=evil.example\r\nOrigin: http://evil.example\r\n", 403),
    "the same site": (HOST + b"Sec-Fetch-Site: same-site\r\n", 403),
    "another site": (HOST + b"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n", 403),
    "a link to what is no page": (
        HOST + b"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n",
        403,
    ),
    "capital letters": (HOST + b"Sec-Fetch-Site: CROSS-SITE\r\nOrigin: http://evil.example\r\n", 403),
    "no site, another origin": (HOST + b"Sec-Fetch-Site: none\r\nOrigin: http://evil.example\r\n", 403),
    "two origins": (HOST + b"Origin: http://127.0.0.1\r\nOrigin: http://evil.example\r\n", 403),
    "an origin with a name": (HOST + b"Origin: http://127.0.0.1@evil.example\r\n", 403),
    "an origin without a host": (HOST + b"Origin: file://\r\n", 403),
    "an origin of an extension": (HOST + b"Origin: chrome-extension://abcdefgh\r\n", 403),
    "an empty origin": (HOST + b"Origin: \r\n", 403),
    "an origin that is no address": (HOST + b"Origin: http://[evil\r\n", 403),
    "a large header": (HOST + b"X: " + b"a" * 200_000 + b"\r\n", 400),
}


@pytest.mark.parametrize("name", HEADS)
def test_heads(chat, name):
    head, status = HEADS[name]
    assert raw(chat, b"GET /api/search?text=x HTTP/1.1\r\n" + head + b"Connection: close\r\n\r\n") == status


POST = b"POST /api/ask HTTP/1.1\r\n" + HOST + b"Connection: close\r\n"
REQUESTS = {
    "two lengths": (POST + b"Content-Length: 4\r\nContent-Length: 9\r\n\r\nabcd", 400),
    "a length below nothing": (POST + b"Content-Length: -1\r\n\r\n", 400),
    "a length beyond counting": (POST + b"Content-Length: 99999999999999999999\r\n\r\n", 413),
    "a length in other digits": (POST + "Content-Length: ٣\r\n\r\nabc".encode(), 400),
    "length and chunks": (POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /", 422),
    "a chunk that is none": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "a tunnel": (b"CONNECT evil.example:80 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "another site's address": (b"GET http://evil.example/healthz HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "a WebSocket": (
        b"GET /gradio_api/queue/join HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        403,
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_requests(chat, name):
    data, status = REQUESTS[name]
    assert raw(chat, data) == status


PATHS = {
    "/gradio_api/proxy=http://127.0.0.1:22/": 404,
    "/gradio_api/proxy=https://a.hf.space/x": 404,
    "/proxy=https://a.hf.space/x": 404,
    "/gradio_api/custom_component/x/y/z/w.js": 404,
    "/gradio_api/vibe-code": 404,
    "/gradio_api/monitoring/summary": 404,
    "/monitoring": 404,
    "/gradio_api/profiling/traces": 404,
    "/gradio_api/deep_link?session_hash=x": 404,
    "/gradio_api/run-history/buckets": 404,
    "/gradio_api/dev/reload": 404,
    "/gradio_api/token": 404,
    "/gradio_api/user": 404,
    "/gradio_api/stream/x/1/2/playlist.m3u8": 404,
    "/gradio_api/file=/etc/passwd": 403,
    "/gradio_api/file=%2e%2e/%2e%2e/etc/passwd": 403,
    "/gradio_api/file=%252fetc%252fpasswd": 403,
    "/gradio_api/file=file:///etc/passwd": 403,
    "/gradio_api/file=http://127.0.0.1:1/": 403,
    "/gradio_api/file/etc/passwd": 403,
    "/gradio_api/file=/etc/passwd%00.txt": 400,
    "/gradio_api/file=/proc/self/environ": 403,
    "/gradio_api/file=": 403,
    "/file=/etc/passwd": 404,
    "/api/runs/..%2f..%2flibrary/report.html": 404,
    "/api/runs/%2e%2e/report.html": 404,
    "/api/runs/a%00b/report.html": 400,
    "/api/runs/..%252f/report.html": 404,
    "/api/conversations/..%2f..%2fx/export.json": 404,
    "/api/conversations/x/export.exe": 422,
    "/api/articles/%2e%2e%2f/x": 404,
    "/ui/static/..%2f..%2fpages/html.py": 404,
    "/ui/static/..\\..\\app.py": 404,
    "/static/..%2f..%2froutes.py": 403,
    "/assets/..%2f..%2froutes.py": 403,
    "/svelte/..%2f..%2fx": 403,
    "/ui/swagger/..%2f..%2f__init__.py": 404,
    "/login%2f..%2fapi/search?text=x": 404,
    "//api/search?text=x": 404,
    "/loginx": 404,
    "/healthz2": 404,
}


@pytest.mark.parametrize("path", PATHS)
def test_paths(visit, path):
    answer = visit().get(path)
    assert answer.status_code == PATHS[path], answer.text[:200]
    assert "root:" not in answer.text


POSTS = (
    "process_recording vibe-edit vibe-code component_server run/ask api/ask run-history/connect profiling/clear login"
)


@pytest.mark.parametrize("name", POSTS.split())
def test_routes_that_the_page_does_not_need_are_closed(visit, name):
    body = {"data": ["x"], "fn_name": "x", "component_id": 1, "session_hash": "q", "prompt": "x", "code": "x"}
    assert visit().post(f"/gradio_api/{name}", json=body).status_code == 404


BODIES = {
    "an escaped key": b'{"data":[{"p\\u0061th":"/etc/hostname"}],"fn_index":0,"session_hash":"a"}',
    "a byte order mark": b'\xef\xbb\xbf{"data":[{"path":"/etc/hostname"}],"fn_index":0,"session_hash":"a"}',
    "UTF-16": '{"data":[{"path":"/etc/hostname"}],"fn_index":0,"session_hash":"a"}'.encode("utf-16"),
    "UTF-32": '{"data":[{"path":"/etc/hostname"}],"fn_index":0,"session_hash":"a"}'.encode("utf-32"),
    "no number": b'{"data":[NaN,{"path":"/etc/hostname"}],"fn_index":0,"session_hash":"a"}',
    "in the event": b'{"data":[],"event_data":{"a":[{"path":"/etc/hostname"}]},"fn_index":0,"session_hash":"a"}',
    "the last of two": b'{"data":[{"path":1,"path":"/etc/hostname"}],"fn_index":0,"session_hash":"a"}',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_foreign_file_is_refused_however_it_is_written(visit, name):
    headers = {"content-type": "application/json"}
    assert visit().post("/gradio_api/queue/join", content=BODIES[name], headers=headers).status_code == 403


def test_nobody_reads_or_ends_what_anothers_page_awaits(visit):
    owner, other, page = visit(), visit(), f"page{uuid.uuid4().hex}"
    events = owner.get("/config").json()["dependencies"]
    load = next(event for event in events if event["targets"] and event["targets"][0][1] == "load")
    body = {"data": [None] * len(load["inputs"]), "fn_index": load["id"], "session_hash": page}
    assert owner.post("/gradio_api/queue/join", json=body).status_code == 200
    of_page = {"session_hash": page, "fn_index": load["id"], "event_id": "x"}
    assert other.get("/gradio_api/queue/data", params={"session_hash": page}).status_code == 403
    assert other.get("/gradio_api/queue/data", params={"session_hash": ["q", page]}).status_code == 403
    assert other.get(f"/gradio_api/heartbeat/{page}").status_code == 403
    for route in ("queue/join", "cancel", "reset"):
        assert other.post(f"/gradio_api/{route}", json={**body, **of_page}).status_code == 403
    program = {"x-gradio-user": "mcp"}
    assert other.get("/gradio_api/queue/data", params={"session_hash": page}, headers=program).status_code == 403
    assert httpx.get(f"{owner.base_url}/gradio_api/queue/data?session_hash={page}", timeout=60).status_code == 403
    with owner.stream("GET", "/gradio_api/queue/data", params={"session_hash": page}) as mine:
        assert mine.status_code == 200
        assert any("process_completed" in line for line in mine.iter_lines())


def test_what_leaves_names_files_and_no_folder(visit):
    client = visit()
    answers = [client.get(path) for path in LOADED]
    question = {"question": "What did Lankford say about the majority?"}
    found = client.get("/api/search", params={"text": "Lankford majority"})
    asked = client.post("/api/ask", json=question)
    streamed = client.post("/api/ask", json={**question, "stream": True})
    cited = asked.json()["articles"][0]
    stored = client.get(f"/api/articles/{cited['id']}/{cited['revision']}")
    for answer in (*answers, found, asked, streamed, stored):
        assert answer.status_code == 200
        assert not FOLDERS.search(answer.text), FOLDERS.search(answer.text)
    assert cited["location"].endswith(".txt") and "/" not in cited["location"]
    assert stored.json()["location"] == cited["location"] == found.json()[0]["location"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Another build is writing in '/home/ada/News/lib'.", "Another build is writing in 'lib'."),
        ("Repair: clippings library check --library=/srv/news/lib", "Repair: clippings library check --library=lib"),
        ("'C:\\\\Users\\\\ada\\\\a.txt' is empty", "'a.txt' is empty"),
        ("C:\\Users\\ada\\a.txt is empty", "a.txt is empty"),
        ("See https://news.example/a/b and either/or", "See https://news.example/a/b and either/or"),
    ],
)
def test_messages_name_no_folder(message, shown):
    assert without_folders(message) == shown
