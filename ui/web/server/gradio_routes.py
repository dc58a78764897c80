"""Which of Gradio's routes are open, and whose page is whose: no visitor reads or ends what another one's page awaits.

Gradio has many routes that this page never asks for (proxies, recordings, reloading, code editing), and more with each
version. Written against ASGI.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from cachetools import LRUCache
from starlette.responses import PlainTextResponse

from ui.web.server.middleware import App, Receive, Scope, Send
from ui.web.server.upload_owners import FILE, OLD_FILE, UPLOAD

API = "/gradio_api/"
HEARTBEAT = f"{API}heartbeat/"
OWN = ("/api/", "/ui/", "/docs", "/openapi.json", "/healthz", "/login", "/logout")
"""Routes of ours; `/api/` of Gradio stands under `/gradio_api/`."""
PAGE = ("/config", "/theme.css", "/assets/", "/static/", "/svelte/", "/favicon.ico", "/robots.txt", "/manifest.json")
"""What Gradio's page itself loads."""
EVENTS = ("queue/join", "queue/data", "run/predict", "startup-events", "reset", "cancel", "upload_progress", "app_id")
PROGRAMS = ("info", "openapi.json", "call/", "mcp")
"""What programs use: the description of the tools, a call, and the MCP server."""
OPEN = (*OWN, *PAGE, UPLOAD, FILE, OLD_FILE, HEARTBEAT, *(API + name for name in (*EVENTS, *PROGRAMS)))
"""What an open path begins with; the page itself is `/`."""
REMEMBERED = 20_000
"""Pages whose owner is known; the one heard of least lately is forgotten first."""


@dataclass(slots=True)
class GradioRoutes:
    """ASGI middleware: answers 404 for routes that are not open, 403 for events of somebody else's page.

    Stands behind UploadOwners, which has read the event.
    """

    app: App
    _pages: LRUCache[str, str] = field(default_factory=lambda: LRUCache(REMEMBERED))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        if path != "/" and not path.startswith(OPEN):
            await PlainTextResponse("Not found.", 404)(scope, receive, send)
            return
        pages = (
            parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", []) if path.startswith(API) else []
        )
        if path.startswith(HEARTBEAT):
            pages = [path.removeprefix(HEARTBEAT)]
        elif path.startswith(API) and path != UPLOAD and scope["method"] == "POST":
            pages += _named_page(scope["state"]["event"])
        if any(not self._may_use(page, scope) for page in pages):
            refusal = PlainTextResponse("This page is somebody else's. Load it again.", 403)
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _may_use(self, page: str, scope: Scope) -> bool:
        """Whether a page is this browser's; one that nobody has is its own from now on.

        Programs keep no cookie and are somebody new each time, and the MCP server sends everybody's calls as one page
        of its own, so their pages are nobody's. The names of both are random, and known to them alone.
        """
        state = scope["state"]
        known = state["owner"].startswith("user:") or " " in state["client"]
        program = dict(scope["headers"]).get(b"x-gradio-user") in (b"api", b"mcp")
        if known and not program:
            self._pages.setdefault(page, state["session"])
        return self._pages.get(page, state["session"]) == state["session"]


def _named_page(event: Any) -> list[str]:
    page = event.get("session_hash") if isinstance(event, dict) else None
    return [page] if isinstance(page, str) else []
