"""Attacks that take minutes, on the real server; `make attack` runs them. What gets in becomes a short test."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import re
import socket
import sys
import threading
import time
import zipfile
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from chat_server import serving
from costly_files import docx_of_empty_paragraphs, html_of_attributes, pdf_of_one_stream, processes_under
from page_events import Program

from index.library import Library
from ui.web.server.connections import BODY_SECONDS, HEAD_SECONDS

pytestmark = pytest.mark.attack

QUESTION = "What did Lankford say about the majority?"
SEED = 16
COMBINATIONS = 3000
CROWD = 300
FORGED = {
    "origin": ("https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1@evil.example", "file://"),
    "sec-fetch-site": ("cross-site", "same-site", "CROSS-SITE"),
    "host": ("evil.example", "127.0.0.1.evil.example", "127.0.0.1:1@evil.example", "[::1]evil", "127.1"),
}
"""Headers that each alone must be enough to be refused."""
BESIDE = {
    "x-forwarded-host": ("evil.example", "127.0.0.1"),
    "x-forwarded-for": ("127.0.0.1", "203.0.113.9, 127.0.0.1"),
    "x-forwarded-proto": ("https", "javascript"),
    "forwarded": ("host=evil.example;for=127.0.0.1",),
    "x-original-url": ("/healthz",),
    "x-rewrite-url": ("/healthz",),
    "x-http-method-override": ("GET",),
    "sec-fetch-mode": ("navigate", "cors", "no-cors", "websocket"),
    "sec-fetch-dest": ("document", "empty", "iframe", "image"),
    "referer": ("http://127.0.0.1/", "https://evil.example/"),
    "content-type": ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json"),
    "access-control-request-method": ("POST",),
    "x-gradio-user": ("api", "mcp"),
}
"""Headers that must help nobody."""


def everything(library):
    """What an event may be given, by the names that the page uses."""
    article = next(iter(Library.open(library).articles()))
    return {
        "article": article.id,
        "revision": article.revision,
        "address": "https://news.example/x",
        "version": "1",
        "question": QUESTION,
        "set": "seeds.jsonl",
        "title": "x",
        "id": "x",
        "words": "",
    }


def state(library):
    opened = Library.open(library)
    return opened.version, len(opened.versions()), sorted(article.id for article in opened.articles())


def combinations():
    """Every forged header alone, then random ones with others beside them."""
    alone = [{name: value} for name, values in FORGED.items() for value in values]
    chosen = random.Random(SEED)
    for _ in range(COMBINATIONS):
        name = chosen.choice(list(FORGED))
        headers = {name: chosen.choice(FORGED[name])}
        for other in chosen.sample(list(BESIDE), chosen.randint(1, 5)):
            headers[other] = chosen.choice(BESIDE[other])
        alone.append(headers)
    return alone


def test_every_event_under_every_forged_header_and_thousands_of_combinations_is_refused(library):
    before, data = state(library), everything(library)
    with serving(library) as address, Program(address) as own:
        events = [event for event in own.events.values() if event["backend_fn"]]
        bodies = [
            {
                "data": [None] * len(event["inputs"]),
                "fn_index": event["id"],
                "session_hash": f"page{event['id']}",
                "event_data": data,
            }
            for event in events
        ]
        plain = own.client.post("/gradio_api/queue/join", json=bodies[0])
        assert plain.status_code == 200  # what is refused below is refused for its headers
        headers = combinations()
        alone = len(headers) - COMBINATIONS
        chosen = random.Random(SEED)
        tries = [
            *itertools.product(bodies, headers[:alone]),
            *((chosen.choice(bodies), one) for one in headers[alone:]),
        ]
        for body, forged in tries:
            sent = {"content-type": "application/json", **forged}
            answer = own.client.post("/gradio_api/queue/join", content=json.dumps(body), headers=sent)
            assert answer.status_code in (403, 421), (body["fn_index"], forged, answer.status_code)
            assert not [name for name in answer.headers if name.startswith("access-control-")]
        for forged in headers:
            for method, path in (("POST", "/api/ask"), ("GET", "/api/search?text=x"), ("POST", "/gradio_api/upload")):
                sent = {**forged, "sec-fetch-mode": "cors"}
                assert own.client.request(method, path, headers=sent).status_code in (403, 421), (path, forged)
    assert state(library) == before


def test_random_events_of_a_visitor_change_nothing_and_end_in_no_error_of_ours(library):
    """Values of the wrong kind, length and place, for every event; whatever is said, nothing is changed."""
    before, known = state(library), everything(library)
    chosen = random.Random(SEED)
    values = [
        None,
        "",
        "x" * 5000,
        -1,
        10**400,
        1.5,
        True,
        [],
        {},
        [[]],
        {"a": {"b": []}},
        "\0",
        "\ud800",
        "../../x",
        "1",
    ]
    with serving(library, "--host", "0.0.0.0", "--no-auth") as address, Program(address) as visitor:
        for event in [event for event in visitor.events.values() if event["backend_fn"]]:
            for number in range(12):
                data = {name: chosen.choice([value, *values]) for name, value in known.items()}
                page = f"page{event['id']}x{number}"
                body = {
                    "data": [chosen.choice(values) for _ in event["inputs"]],
                    "fn_index": event["id"],
                    "session_hash": page,
                    "event_data": chosen.choice([data, *values]),
                }
                joined = visitor.client.post("/gradio_api/queue/join", content=json.dumps(body), timeout=120)
                assert joined.status_code in (200, 400, 403, 422), (event["id"], joined.status_code, joined.text[:300])
        found = visitor.client.get("/api/search", params={"text": "majority"})
        assert found.status_code == 200
    assert state(library) == before


def drip(connection, data, seconds):
    """Send a byte every half second until the server closes."""
    end = time.monotonic() + seconds
    for byte in itertools.cycle(data):
        try:
            connection.sendall(bytes([byte]))
            connection.settimeout(0.5)
            if connection.recv(100) in (b"",):
                return True
        except TimeoutError:
            pass
        except OSError:
            return True
        if time.monotonic() > end:
            return False


HALVES = {
    "silent": b"",
    "half a line": b"POST /api/ask HT",
    "half a head": b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le",
    "no body": b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\n",
    "half a body": b'POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\n{"question":',
    "half a chunk": b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nabc",
}


def test_three_hundred_slow_senders_are_closed_and_others_are_served_meanwhile(library):
    with serving(library) as address:
        place = urlsplit(address)
        assert httpx.post(address + "/api/ask", json={"question": QUESTION}, timeout=120).status_code == 200
        connections = []
        for _, data in zip(range(CROWD), itertools.cycle(HALVES.values()), strict=False):
            connections.append(socket.create_connection((place.hostname, place.port)))
            connections[-1].sendall(data)
        slow = [socket.create_connection((place.hostname, place.port)) for _ in range(20)]
        closed = {}

        def send_slowly(number, connection):
            data = b"X-A: b\r\n" if number % 2 else b"a"
            head = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" if number % 2 else HALVES["no body"]
            connection.sendall(head)
            closed[number] = drip(connection, data, BODY_SECONDS + HEAD_SECONDS)

        threads = [threading.Thread(target=send_slowly, args=pair) for pair in enumerate(slow)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            asked = httpx.post(address + "/api/ask", json={"question": QUESTION}, timeout=120)
            assert asked.status_code == 200
        for thread in threads:
            thread.join()
        assert closed == dict.fromkeys(range(20), True)
        for connection in connections:
            connection.settimeout(BODY_SECONDS + 60)
            said = b""
            try:
                while part := connection.recv(65536):
                    said += part
            except ConnectionResetError:
                pass
            assert said == b"" or said.split()[1] in (b"408", b"400", b"413"), said[:200]
            connection.close()
        assert httpx.post(address + "/api/ask", json={"question": QUESTION}, timeout=120).status_code == 200


def resident(pid):
    """Bytes of memory that a process holds (Linux)."""
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1]) * 1000


def stuffed_zip(names, size):
    """A zip archive of small packed size whose parts are so many bytes of one letter."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name in names:
            with out.open(name, "w") as part:
                for _ in range(size // 1_000_000):
                    part.write(b" " * 1_000_000)
    return packed.getvalue()


WORD = ("[Content_Types].xml", "word/document.xml")
SHEET = ("[Content_Types].xml", "xl/workbook.xml")
BOMBS = {
    "empty-paragraphs.docx": lambda: docx_of_empty_paragraphs(6_600_000),
    "more-paragraphs.docx": lambda: docx_of_empty_paragraphs(32_000_000),
    "spaces.docx": lambda: stuffed_zip(WORD, 2_000_000_000),
    "many-parts.docx": lambda: stuffed_zip([f"word/{number}.xml" for number in range(20_000)], 0),
    "one-stream.pdf": lambda: pdf_of_one_stream(1900),
    "attributes.html": lambda: html_of_attributes().encode(),
    "brackets.json": lambda: b"[" * 5_000_000,
    "commas.csv": lambda: b"text\n" + b"," * 20_000_000,
    "entities.html": lambda: b"<p>" + b"&amp;" * 200_000,
    "nested.html": lambda: b"<div>" * 1_000_000 + b"x",
    "laughs.html": lambda: (
        b'<!DOCTYPE a [<!ENTITY a "ha">'
        + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 9) for n in range(1, 9))
        + b"]><p>&a8;</p>"
    ),
}


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory and /proc are Linux's")
def test_bombs_that_are_uploaded_are_skipped_by_name_and_others_are_answered_meanwhile(library):
    others = set(processes_under(os.getpid()))
    with serving(library) as address, Program(address) as editor:
        (server,) = set(processes_under(os.getpid())) - others
        editor.client.timeout = 900
        assert editor.client.post("/api/ask", json={"question": QUESTION}).status_code == 200
        before = resident(server)
        sheet = editor.uploaded("sheet.xlsx", stuffed_zip(SHEET, 300_000_000))
        assert "Invalid file type" in editor.send("files", "upload", {"files": [sheet]})
        files = [editor.uploaded(name, made()) for name, made in BOMBS.items()]
        reports = []
        adding = threading.Thread(target=lambda: reports.append(editor.send("files", "upload", {"files": files})))
        adding.start()
        asked = 0
        with httpx.Client(base_url=address, timeout=120) as other:
            while adding.is_alive():
                assert other.post("/api/ask", json={"question": QUESTION}).status_code == 200
                asked += 1
                adding.join(5)
        assert asked and reports
        for name in BOMBS:
            assert name.partition(".")[0] in reports[0], name
        assert "Traceback" not in reports[0]
        assert resident(server) - before < 150_000_000
        assert editor.client.post("/api/ask", json={"question": QUESTION}).status_code == 200
    assert state(library)[2] == sorted(article.id for article in Library.open(library).articles())


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_four_hundred_megabytes_in_chunks_leave_no_memory_behind(library):
    others = set(processes_under(os.getpid()))
    with serving(library) as address:
        (server,) = set(processes_under(os.getpid())) - others
        assert httpx.post(address + "/api/ask", json={"question": QUESTION}, timeout=120).status_code == 200
        before = resident(server)
        place = urlsplit(address)
        for path in ("/api/ask", "/gradio_api/queue/join", "/gradio_api/upload", "/login", "/nowhere"):
            for _ in range(3):
                connection = http.client.HTTPConnection(place.hostname, place.port, timeout=120)
                kind = "multipart/form-data; boundary=x" if path.endswith("upload") else "application/json"
                start = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
                body = itertools.chain([start], itertools.repeat(b" " * 1_000_000, 400))
                try:
                    connection.request("POST", path, body, {"content-type": kind}, encode_chunked=True)
                    assert connection.getresponse().status in (404, 405, 413)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # closed before it was whole
                connection.close()
        assert httpx.post(address + "/api/ask", json={"question": QUESTION}, timeout=120).status_code == 200
        assert resident(server) - before < 100_000_000
