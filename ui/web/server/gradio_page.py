"""Changes to Gradio's page: our style and script in its head, a nonce on each script, its own metadata removed."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import MutableHeaders

from ui.store.people import Role
from ui.web.server.middleware import App, Receive, Scope, Send

PAGES = ("/", "/docs")
"""The only HTML pages whose inline scripts may run."""

HEAD = """
<link rel="icon" href="{root}/ui/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{root}/ui/static/clippings.css">
<script src="{root}/ui/static/clippings.js" defer></script>
"""
# takes <meta property="og:title" …>, <meta name="twitter:card" …> and <link rel="manifest" …>; not
# <meta name="viewport" …> or <link rel="stylesheet" …>
_FOREIGN = re.compile(
    r"<meta\s[^>]*(?:property|name)=\"(?:og|twitter):[^>]*>|<link rel=\"manifest\"[^>]*>", re.IGNORECASE
)


@dataclass(slots=True)
class PageMiddleware:
    """ASGI middleware that changes Gradio's HTML pages on their way out."""

    app: App

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").removeprefix(scope.get("root_path", "")) or "/"
        if scope["type"] != "http" or path not in PAGES:
            await self.app(scope, receive, send)
            return
        # Compressed HTML could not be changed, and on loopback nothing is gained by it.
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        state = scope["state"]
        page = _PageSender(send, state["nonce"], state["role"], path, scope.get("root_path", ""))
        await self.app(scope, receive, page)


class _PageSender:
    def __init__(self, send: Send, nonce: str, role: Role, path: str, root: str) -> None:
        self._send, self._nonce, self._role, self._path, self._root = send, nonce, role, path, root
        self._start: MutableMapping[str, Any] = {}
        self._body = b""

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        headers = MutableHeaders(scope=self._start)
        if headers.get("content-type", "").startswith("text/html") and self._body:
            self._body = self._rewrite(self._body.decode()).encode()
            headers["content-length"] = str(len(self._body))
            headers["cache-control"] = "no-store"
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": self._body})

    def _rewrite(self, html: str) -> str:
        html = _FOREIGN.sub("", html)
        if self._path == "/":
            html = html.replace("</head>", HEAD.format(root=self._root) + "</head>", 1)
            # The style hides what this person may not do; that they may not is seen to where it is done.
            html = html.replace("<html", f'<html data-role="{self._role}"', 1)
        # Without quotes, so that the text stays valid where a script holds "<script" in a string.
        return html.replace("<script", f"<script nonce={self._nonce}")
