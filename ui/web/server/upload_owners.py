"""Which files came through an upload, and whose: no event may name another file, and nobody may fetch another's.

Gradio checks this only in apps that it launches itself, and there for all visitors together. A page knows an upload by
a name made here, never by its path. Written against ASGI, so that it stands before anything that opens a file.
"""

from __future__ import annotations

import json
import secrets
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from index.errors import UserError
from ui.store.people import require_reader
from ui.web.server.middleware import App, Receive, Scope, Send
from ui.web.server.upload_space import CountedBody, UploadSpace

UPLOAD = "/gradio_api/upload"
"""The path that takes files in; it answers with a JSON list of where they are."""
FILE = "/gradio_api/file="
OLD_FILE = "/gradio_api/file/"
"""How Gradio once named a file; it still answers, and no page of ours asks so."""
REMEMBERED = 20_000
"""Uploads remembered; the oldest are forgotten first, and cannot be used any more."""


@dataclass(slots=True)
class UploadOwners:
    """ASGI middleware: remembers who uploaded what, how much, and refuses requests that name any other file.

    What a request names is replaced by the path before Gradio reads it, what Gradio answers by the name. What its body
    holds as JSON, None for any other body, is left in the scope's state as `event`.
    """

    app: App
    space: UploadSpace
    _uploads: OrderedDict[tuple[str, str], str] = field(default_factory=OrderedDict)
    """The path of each upload, by its session and its name."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        session = scope["state"]["session"]
        if path == UPLOAD:
            await self._upload(scope, receive, send)
        elif path.startswith((FILE, OLD_FILE)):
            named = path.removeprefix(FILE)  # as the application sees it: decoded once, by the server
            if place := self._uploads.get((session, named)):
                scope["path"] = scope.get("root_path", "") + FILE + place
                await self.app(scope, receive, send)
            else:
                await _refusal(named)(scope, receive, send)
        elif scope["method"] in ("POST", "PUT", "PATCH"):
            try:
                body = await _whole_body(receive)
            except HTTPException as error:
                await PlainTextResponse(error.detail, error.status_code, error.headers)(scope, receive, send)
                return
            value = scope["state"]["event"] = _json(body)
            for file in _files(value):
                if (place := self._uploads.get((session, file["path"]))) is None:
                    await _refusal(file["path"])(scope, receive, send)
                    return
                file["path"] = place
                body = b""
            await self.app(scope, _replay(body or json.dumps(value).encode(), receive), send)
        else:
            await self.app(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let an upload pass, counted; one that may not come is read to its end all the same.

        Browsers show what is wrong with a request only once they have sent it.
        """
        state, length = scope["state"], dict(scope["headers"]).get(b"content-length", b"0")
        try:
            require_reader(state["role"])
            await self.space.begin(state["person"], int(length))
        except UserError as error:
            try:
                while (await receive()).get("more_body"):
                    pass
            except HTTPException as broken:
                await PlainTextResponse(broken.detail, broken.status_code, broken.headers)(scope, receive, send)
                return
            await PlainTextResponse(str(error), 403 if state["role"] == "visitor" else 413)(scope, receive, send)
            return
        counted = CountedBody(receive, self.space, state["person"])
        await self.app(scope, counted, _UploadResponse(send, self, state["session"]))

    def remember(self, session: str, path: str) -> str:
        """Note where an upload of a session was put; returns the name it has in pages."""
        name = secrets.token_urlsafe(16)
        self._uploads[session, name] = path
        if len(self._uploads) > REMEMBERED:
            self._uploads.popitem(last=False)
        return name


@dataclass(slots=True)
class _UploadResponse:
    """Puts the names of uploads in place of their paths, in the answer that Gradio gives to an upload."""

    send: Send
    uploads: UploadOwners
    session: str
    _start: Any = None
    _body: bytes = b""

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        if self._start["status"] == 200:
            names = [self.uploads.remember(self.session, path) for path in json.loads(self._body)]
            self._body = json.dumps(names).encode()
            MutableHeaders(scope=self._start)["content-length"] = str(len(self._body))
        await self.send(self._start)
        await self.send({"type": "http.response.body", "body": self._body})


async def _whole_body(receive: Receive) -> bytes:
    """The body of a request, as long as it may be."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """What gives the application a body that was read before, then whatever comes after it."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Any:
        return messages.pop() if messages else await receive()

    return again


def _json(body: bytes) -> Any:
    """What a JSON body holds; None for any other body."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None  # nobody behind this reads anything but JSON


def _files(value: Any) -> Iterator[dict[str, Any]]:
    """Everything in a JSON value that Gradio would take for a file; where it lies is its `path`."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
            if isinstance(value.get("path"), str):
                yield value
        elif isinstance(value, list):
            waiting.extend(value)


def _refusal(path: str) -> PlainTextResponse:
    return PlainTextResponse(f"{path[:200]!r} was not uploaded here. Choose the file in the page again.", 403)
