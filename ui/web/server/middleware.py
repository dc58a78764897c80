"""What every request passes before it reaches a page: host, origin, log-in, identity; and headers on the way out.

Written against ASGI, so that streams stay streams. Knows nothing of questions.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from ui.web.pages.html import render
from ui.web.server.auth import SESSION_SECONDS, Account, Sessions
from ui.web.server.rate_limit import LOGIN_RATE, Busy, RateLimit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

VISITOR = "clippings_visitor"
LOGIN = "clippings_login"
YEAR = 365 * 24 * 3600
LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
PUBLIC_PATHS = ("/login", "/healthz", "/ui/static/")
"""Paths that need no log-in."""
LARGEST_BODY = 1_000_000
"""Bytes of a request that is no upload."""
LARGEST_FORM = 4_000


def policy(nonce: str) -> str:
    """The Content-Security-Policy: nothing from elsewhere, no inline script but the page's own.

    Gradio compiles its components' templates in the browser, which is what 'unsafe-eval' is for.
    """
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'nonce-{nonce}' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


@dataclass(slots=True)
class AccessMiddleware:
    """ASGI middleware around the whole app. `account` None lets everyone in; `hosts` empty allows any host name.

    Sets `owner` (whose conversations these are) and `client` (who is counted against limits) in the
    request's state.
    """

    app: App
    account: Account | None = None
    hosts: tuple[str, ...] = ()
    uploads: str = ""
    """Path whose requests may be as large as `largest_upload` bytes."""
    largest_upload: int = 0
    root_path: str = ""
    sessions: Sessions = field(default_factory=Sessions)
    logins: RateLimit = field(default_factory=lambda: RateLimit(LOGIN_RATE))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        if self.root_path:
            # ASGI wants the whole path; proxies differ in whether they send it.
            scope["root_path"] = self.root_path
            if not (scope["path"] + "/").startswith(self.root_path + "/"):
                scope["path"] = self.root_path + scope["path"]
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce
        request = Request(scope, receive)
        answer = self._refusal(request) or await self._login(request)
        cookie = None
        if answer is None:
            cookie = self._identify(request)
        await (answer or self.app)(scope, receive, _HeaderSender(send, nonce, cookie, _secure(request)))

    def _refusal(self, request: Request) -> Response | None:
        host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
        # A name that resolves to this machine but is not ours is how other sites reach into loopback servers.
        if self.hosts and host.lower() not in self.hosts:
            return PlainTextResponse(f"This server does not answer as {host!r}.", 421)
        origin = request.headers.get("origin")
        if origin and request.method not in ("GET", "HEAD", "OPTIONS"):
            site = urlsplit(origin).netloc.lower()
            if site not in (request.headers.get("host", "").lower(), *_forwarded(request.headers)):
                return PlainTextResponse("This request comes from another site.", 403)
        length = request.headers.get("content-length", "0")
        allowed = self.largest_upload if self.uploads and request.url.path.endswith(self.uploads) else LARGEST_BODY
        if not length.isdecimal() or int(length) > allowed:
            return PlainTextResponse(f"At most {allowed:,} bytes can be sent here.", 413)
        return None

    async def _login(self, request: Request) -> Response | None:
        """The response that stands between a request and the app; None lets it through."""
        if self.account is None:
            return None
        path = request.scope["path"].removeprefix(self.root_path)
        if path == "/logout" and request.method == "POST":
            self.sessions.close(request.cookies.get(LOGIN, ""))
            return _redirect(self.root_path + "/login")
        if path == "/login":
            return await self._log_in(request) if request.method == "POST" else _login_page()
        user = self.sessions.user(request.cookies.get(LOGIN, ""))
        if user is None:
            try:
                user = await self._basic(request)
            except Busy as error:
                return PlainTextResponse(str(error), 429, {"retry-after": str(error.seconds)})
        if user is not None:
            request.scope["state"]["user"] = user
            return None
        if path.startswith(PUBLIC_PATHS):
            return None
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return _redirect(self.root_path + "/login")
        return PlainTextResponse("Log in first.", 401, {"www-authenticate": 'Basic realm="Clippings"'})

    async def _log_in(self, request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_FORM:
                return _login_page("That is too long for a name and a password.", 413)
        fields = parse_qs(body.decode("utf-8", "replace"))
        try:
            accepted = await self._accepts(request, fields.get("user", [""])[0], fields.get("password", [""])[0])
        except Busy as error:
            return _login_page(str(error), 429)
        if not accepted:
            return _login_page("That name and password do not go together.", 401)
        assert self.account is not None
        response = _redirect(self.root_path + "/")
        response.set_cookie(
            LOGIN,
            self.sessions.open(self.account.user),
            max_age=int(SESSION_SECONDS),
            httponly=True,
            samesite="lax",
            secure=_secure(request),
        )
        return response

    async def _basic(self, request: Request) -> str | None:
        """The user of an `Authorization: Basic` header, for programs."""
        kind, _, encoded = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return user if await self._accepts(request, user, password) else None

    async def _accepts(self, request: Request, user: str, password: str) -> bool:
        """Whether both are right; only what was wrong counts against the address."""
        assert self.account is not None
        address = _address(request)
        self.logins.check(address)
        accepted = await asyncio.to_thread(self.account.accepts, user, password)
        if not accepted:
            self.logins.take(address)
        return accepted

    def _identify(self, request: Request) -> str | None:
        """Set whose request this is; returns a new visitor's identity, to be kept in a cookie."""
        state = request.scope["state"]
        if user := state.get("user"):
            state["owner"], state["client"] = f"user:{user}", _address(request)
            return None
        visitor = request.cookies.get(VISITOR, "")
        new = None
        if not 20 <= len(visitor) <= 64:
            visitor = new = secrets.token_urlsafe(24)
        state["owner"] = f"visitor:{visitor}"
        state["client"] = _address(request) if new else f"{_address(request)} {visitor}"
        return new


class _HeaderSender:
    """Adds the headers that every response has, and the visitor's cookie."""

    def __init__(self, send: Send, nonce: str, cookie: str | None, secure: bool) -> None:
        self._send, self._nonce, self._cookie, self._secure = send, nonce, cookie, secure

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", policy(self._nonce))
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "same-origin"
            headers["permissions-policy"] = "camera=(), geolocation=(), microphone=()"
            headers["cross-origin-opener-policy"] = "same-origin"
            if self._cookie:
                secure = "; Secure" if self._secure else ""
                headers.append(
                    "set-cookie",
                    f"{VISITOR}={self._cookie}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax{secure}",
                )
        await self._send(message)


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _forwarded(headers: Headers) -> list[str]:
    """Host names under which a proxy in front is reached."""
    return [headers[name].lower() for name in ("x-forwarded-host",) if name in headers]


def _secure(request: Request) -> bool:
    return request.headers.get("x-forwarded-proto", request.url.scheme) == "https"


def _redirect(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303)


def _login_page(message: str = "", status: int = 200) -> Response:
    return HTMLResponse(render("login.html", message=message), status)
