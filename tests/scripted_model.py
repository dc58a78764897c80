"""A server on loopback that speaks enough of the OpenAI protocol to say whatever a test has scripted.

Real sockets and real server-sent events, so that the real client meets real faults.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """What to answer one request with: pieces of text streamed as they are, or a fault."""

    pieces: tuple[str, ...] = ()
    status: int = 200
    stall: float = 0.0
    """Seconds of silence after the first piece, or before anything where there is none."""
    keep_alive: bool = False
    """Send comments while stalling, as proxies do."""
    reset: bool = False
    """Break the connection off after the pieces."""
    endless: str = ""
    """Said again and again until the client goes away."""
    raw: bytes = b""
    """Bytes put into the event stream as they are."""
    usage: bool = True
    finish: str = "stop"
    body: str = '{"error": {"message": "scripted failure", "type": "server_error"}}'
    headers: dict[str, str] = field(default_factory=dict)


class ChatServer:
    """Answers each request with the next reply, the last one again and again; keeps what it was asked."""

    def __init__(self, replies: list[Reply] | Callable[[dict], Reply]) -> None:
        self._replies = replies
        self.requests: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.stopping = threading.Event()

    def next(self, request: dict, headers: dict[str, str]) -> Reply:
        self.requests.append(request)
        self.headers.append(headers)
        if callable(self._replies):
            return self._replies(request)
        return self._replies[min(len(self.requests), len(self._replies)) - 1]

    def prompt(self, number: int = -1) -> str:
        """The whole text of a request's messages."""
        return "\n".join(message["content"] for message in self.requests[number]["messages"])


@contextmanager
def serving(*replies: Reply | str | Callable[[dict], Reply]) -> Iterator[tuple[ChatServer, str]]:
    """A running server and its base URL; a plain string is a reply streamed in pieces of a few characters."""
    scripted = replies[0] if callable(replies[0]) else [
        said(reply) if isinstance(reply, str) else reply for reply in replies
    ]  # fmt: skip
    server = ChatServer(scripted)  # type: ignore[arg-type]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                reply = server.next(request, headers)
                if not request.get("stream"):
                    message = {"role": "assistant", "content": "".join(reply.pieces)}
                    choice = {"index": 0, "message": message, "finish_reason": "stop"}
                    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "scripted"}
                    reply = Reply(status=200, body=json.dumps({**body, "choices": [choice]}))
                    _whole(self, reply)
                else:
                    _answer(self, server, reply)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{http.server_port}/v1"
    finally:
        server.stopping.set()
        http.shutdown()
        http.server_close()


def said(text: str, size: int = 5) -> Reply:
    return Reply(tuple(text[at : at + size] for at in range(0, len(text), size)))


def _whole(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    """A reply that is not streamed: a JSON body."""
    body = reply.body.encode()
    handler.send_response(reply.status)
    for name, value in {"content-type": "application/json", **reply.headers}.items():
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _answer(handler: BaseHTTPRequestHandler, server: ChatServer, reply: Reply) -> None:
    if reply.status != 200:
        _whole(handler, reply)
        return
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("connection", "close")
    handler.end_headers()

    def event(data: object) -> None:
        handler.wfile.write(b"data: " + json.dumps(data).encode() + b"\n\n")
        handler.wfile.flush()

    def delta(text: str, finish: str | None = None) -> dict:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "scripted",
            "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}],
        }

    def stall() -> None:
        until = time.monotonic() + reply.stall
        while time.monotonic() < until and not server.stopping.wait(0.1):
            if reply.keep_alive:
                handler.wfile.write(b": keep-alive\n\n")
                handler.wfile.flush()

    if not reply.pieces:
        stall()
    for number, piece in enumerate(reply.pieces):
        event(delta(piece))
        if number == 0:
            stall()
    if reply.raw:
        handler.wfile.write(reply.raw)
        handler.wfile.flush()
    while reply.endless and not server.stopping.is_set():
        event(delta(reply.endless))
    if reply.reset:
        # A zero linger time makes close() send RST instead of FIN.
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        raise ConnectionResetError
    event(delta("", reply.finish))
    if reply.usage:
        event(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "scripted",
                "choices": [],
                "usage": {"prompt_tokens": 123, "completion_tokens": 45, "total_tokens": 168},
            }
        )
    handler.wfile.write(b"data: [DONE]\n\n")
