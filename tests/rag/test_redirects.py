"""A model's server that redirects to another host gets nobody's key or articles there: two real servers."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from langchain_core.messages import HumanMessage

from index.engines.encoder import open_encoder
from index.split import _encoding
from rag.answer.chat_client import ChatClient, ModelFailed
from rag.answer.chat_models import open_model

SECRET = "sk-key-of-the-newsroom"
PACKAGES = {"openai": "langchain_openai", "anthropic": "langchain_anthropic", "ollama": "langchain_ollama"}
PACKAGES["google_genai"] = "langchain_google_genai"
REPLY = {
    "id": "1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Here."}, "finish_reason": "stop"}],
}


@contextmanager
def answering(respond):
    """A server that calls `respond` with each request's handler, and keeps each path, its headers and body."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            requests.append(f"{self.path} {dict(self.headers)} {body!r}")
            respond(self)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", requests
        server.shutdown()


def redirecting(status, location):
    def respond(handler):
        handler.send_response(status)
        handler.send_header("location", location(handler.path))
        handler.send_header("content-length", "0")
        handler.end_headers()

    return respond


def say_here(handler):
    body = f"data: {json.dumps(REPLY)}\n\ndata: [DONE]\n\n".encode()
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    for name in ("OPENAI", "ANTHROPIC", "GOOGLE"):
        monkeypatch.setenv(f"{name}_API_KEY", SECRET)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("provider", PACKAGES)
def test_nothing_goes_to_another_host(provider, status):
    pytest.importorskip(PACKAGES[provider])
    with answering(say_here) as (other, taken):
        with answering(redirecting(status, lambda path: other + path)) as (url, asked):
            client = ChatClient(open_model(f"{provider}:m", url=url, timeout=10), "m", timeout=10, longest=20)
            with pytest.raises(ModelFailed, match=f"HTTP {status}: it redirects to another host"):
                list(client.stream([HumanMessage("Who leads?")]))
        assert len(asked) == 1 and "Who leads?" in asked[0]
    assert taken == []


def test_what_an_embeddings_provider_is_sent_stays_there_too(monkeypatch):
    pytest.importorskip("langchain_openai")
    monkeypatch.setattr("langchain_openai.embeddings.base.tiktoken.encoding_for_model", lambda _: _encoding())
    with answering(say_here) as (other, taken):
        with answering(redirecting(307, lambda path: other + path)) as (url, asked):
            monkeypatch.setenv("OPENAI_BASE_URL", url)
            with pytest.raises(Exception, match="307"):
                open_encoder("openai:text-embedding-3-small")
        assert asked
    assert taken == []


def test_a_redirect_within_the_host_is_followed():
    pytest.importorskip("langchain_openai")

    def respond(handler):
        if handler.path.startswith("/moved"):
            say_here(handler)
        else:
            redirecting(307, lambda path: "/moved" + path)(handler)

    with answering(respond) as (url, asked):
        client = ChatClient(open_model("openai:m", url=url, timeout=10), "m", timeout=10, longest=20)
        assert "".join(str(piece) for piece in client.stream([HumanMessage("Who leads?")])).startswith("Here.")
    assert len(asked) == 2
