"""Requests that are too large, too long or never end: asked of the real server over plain sockets."""

from __future__ import annotations

import select
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from ui.web.server.connections import HEAD_SECONDS

QUESTION = {"question": "What did Lankford say about the majority?"}
HALF = b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le"


@pytest.fixture
def connect(chat):
    """Opens plain connections to the chat."""
    address = urlsplit(chat)
    opened = []

    def come():
        connection = socket.create_connection((address.hostname, address.port))
        connection.settimeout(30)
        opened.append(connection)
        return connection

    yield come
    for connection in opened:
        connection.close()


def response(connection):
    """What comes back until the server closes."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def sent_without_end(connection, path, most):
    """Send a chunked body until the server has had enough; returns the bytes sent and its response."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    connection.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    total = 0
    try:
        while total < most and not select.select([connection], [], [], 0)[0]:
            connection.sendall(chunk)
            total += 65536
    except (BrokenPipeError, ConnectionResetError):
        pass
    return total, response(connection)


@pytest.mark.parametrize("path", ["/api/ask", "/gradio_api/queue/join", "/login", "/nowhere"])
def test_a_body_without_a_length_has_a_limit_all_the_same(connect, path):
    total, received = sent_without_end(connect(), path, most=100_000_000)
    assert total < 50_000_000
    assert received.split(b"\r\n")[0].split()[1] in (b"413", b"404", b"405")


def test_an_endless_head_is_refused(connect):
    connection = connect()
    connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    total = 0
    try:
        while total < 20_000_000 and not select.select([connection], [], [], 0)[0]:
            connection.sendall(b"X-Padding: " + b"a" * 60_000 + b"\r\n")
            total += 60_000
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert total < 5_000_000
    assert response(connection)[:12] in (b"HTTP/1.1 400", b"")


def test_requests_that_stay_half_sent_are_closed_and_others_are_served_meanwhile(chat, connect):
    silent = [connect() for _ in range(200)]
    for number, connection in enumerate(silent):
        connection.sendall(HALF if number % 2 else b"")
    assert httpx.post(chat + "/api/ask", json=QUESTION, timeout=60).status_code == 200
    for connection in silent:
        connection.settimeout(HEAD_SECONDS * 4)
        assert response(connection) == b""


def test_an_ordinary_connection_is_used_again(chat):
    with httpx.Client(base_url=chat, timeout=60) as client:
        for _ in range(3):
            assert client.get("/healthz").status_code == 200
        assert client.post("/api/ask", json=QUESTION).status_code == 200
