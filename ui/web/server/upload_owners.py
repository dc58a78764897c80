"""Which files came through an upload, and whose: no event may name another file, and nobody may fetch another's.

Gradio checks this only in apps that it launches itself, and there for all visitors together. Written against ASGI, so
that it stands before anything that opens a file.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

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
    """ASGI middleware: remembers who uploaded what, how much, and refuses requests that name any other file."""

    app: App
    space: UploadSpace
    _uploads: OrderedDict[tuple[str, str], None] = field(default_factory=OrderedDict)

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
            await (self.app if self.is_from(session, named) else _refusal(named))(scope, receive, send)
        elif scope["method"] in ("POST", "PUT", "PATCH"):
            try:
                body = await whole_body(receive)
            except HTTPException as error:
                await PlainTextResponse(error.detail, error.status_code, error.headers)(scope, receive, send)
                return
            foreign = [named for named in _files(body) if not self.is_from(session, named)]
            if foreign:
                await _refusal(foreign[0])(scope, receive, send)
            else:
                await self.app(scope, replay(body, receive), send)
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

    def is_from(self, session: str, path: str) -> bool:
        """Whether exactly this path is where an upload of this session was put."""
        return (session, path) in self._uploads

    def remember(self, session: str, path: str) -> None:
        """Note where an upload of a session was put."""
        self._uploads[session, path] = None
        if len(self._uploads) > REMEMBERED:
            self._uploads.popitem(last=False)


@dataclass(slots=True)
class _UploadResponse:
    """Reads the answer to an upload as it passes by."""

    send: Send
    uploads: UploadOwners
    session: str
    _ok: bool = False
    _body: bytes = b""

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._ok = message["status"] == 200
        elif self._ok:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                for path in json.loads(self._body):
                    self.uploads.remember(self.session, path)
        await self.send(message)


async def whole_body(receive: Receive) -> bytes:
    """The body of a request, as long as it may be."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """What gives the application a body that was read before, then whatever comes after it."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Any:
        return messages.pop() if messages else await receive()

    return again


def _files(body: bytes) -> Iterator[str]:
    """The path of everything in a JSON body that Gradio would take for a file."""
    try:
        waiting = [json.loads(body)]
    except (ValueError, RecursionError):
        return  # nobody behind this reads anything but JSON
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("path"), str):
                yield value["path"]
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _refusal(path: str) -> PlainTextResponse:
    return PlainTextResponse(f"{path[:200]!r} was not uploaded here. Choose the file in the page again.", 403)
