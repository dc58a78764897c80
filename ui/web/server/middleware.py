"""What every request passes before it reaches a page: host, origin, log-in, identity; and headers on the way out.

Written against ASGI, so that streams stay streams. Knows nothing of questions.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import ipaddress
import logging
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cachetools import TTLCache
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from index.errors import UserError
from ui.store.people import Role, account_owner, visitor_owner
from ui.web.pages.html import render
from ui.web.server.accounts import Accounts
from ui.web.server.auth import SESSION_SECONDS, Account, Sessions
from ui.web.server.connections import BODY_SECONDS, UPLOAD_SECONDS, LimitedBody
from ui.web.server.rate_limit import ALL_LOGINS_RATE, LOGIN_RATE, Busy, RateLimit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

VISITOR = "clippings_visitor"
LOGIN = "clippings_login"
YEAR = 365 * 24 * 3600
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PUBLIC_PATHS = ("/login", "/healthz")
STATIC = "/ui/static/"
"""What needs no log-in: these paths, and everything in that folder."""
PAGES = ("/", "/login", "/docs")
"""What a link of another site may lead to."""
FORWARDED = (b"x-forwarded-for", b"x-forwarded-host", b"forwarded")
"""Headers of a request that came through a proxy."""
UNKNOWN_PROXY = (
    "This request came through a proxy, so that it may be anybody's. Name the proxy and say who may come in: "
    "clippings chat --behind-proxy ADDRESS, with accounts (--add-account NAME) or --no-auth"
)
LARGEST_BODY = 1_000_000
"""Bytes of a request that is no upload."""
LARGEST_FORM = 4_000
RIGHT_SECONDS = 300.0
"""How long a right password is not hashed again."""
_HASHING = ThreadPoolExecutor(2, thread_name_prefix="hashing")
"""Threads of their own: guesses must not keep answers waiting."""


def policy(nonce: str) -> str:
    """The Content-Security-Policy: nothing from elsewhere, no inline script but the page's own.

    Gradio compiles its components' templates in the browser, which is what 'unsafe-eval' is for.
    """
    return (
        f"default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )


@dataclass(slots=True)
class AccessMiddleware:
    """ASGI middleware around the whole app. Without `accounts` there is no log-in.

    Then everybody is `machine_owner`, the machine's user; where there is none, visitors, each with what their cookie
    stands for, in the role `visitors`. `hosts` are the names that are answered to; addresses are too, but on loopback,
    unless `addresses` says no. What `X-Forwarded-...` headers say is believed of requests that come from one of
    `proxies`.

    Sets in the request's state: `owner` (whose conversations these are), `role` (what they may do), `account` (its
    name, where somebody logged in with the page), `client` (who is counted against limits on questions), `person`
    (against limits on uploads) and `session` (one browser, whose uploads are its own).
    """

    app: App
    accounts: Accounts | None = None
    machine_owner: str = ""
    visitors: Role = "visitor"
    hosts: tuple[str, ...] = LOOPBACK
    addresses: bool = False
    proxies: tuple[IPNetwork, ...] = ()
    uploads: str = ""
    """Path whose requests may be as large as `largest_upload` bytes."""
    largest_upload: int = 0
    root_path: str = ""
    sessions: Sessions = field(default_factory=Sessions)
    logins: RateLimit = field(default_factory=lambda: RateLimit(LOGIN_RATE))
    all_logins: RateLimit = field(default_factory=lambda: RateLimit(ALL_LOGINS_RATE))
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _right: TTLCache[bytes, None] = field(default_factory=lambda: TTLCache(100, RIGHT_SECONDS))
    """Names and passwords that were right a moment ago: programs send theirs with every request."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # nothing here speaks it
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.root_path:
            # ASGI wants the whole path; proxies differ in whether they send it.
            scope["root_path"] = self.root_path
            if not (scope["path"] + "/").startswith(self.root_path + "/"):
                scope["path"] = self.root_path + scope["path"]
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce
        through_proxy = not self._is_proxy(scope) and any(name in FORWARDED for name, _ in scope["headers"])
        if not self._is_proxy(scope):
            scope["headers"] = [item for item in scope["headers"] if not item[0].startswith(b"x-forwarded")]
        largest = self._largest(scope)
        receive = LimitedBody(receive, largest, BODY_SECONDS if largest == LARGEST_BODY else UPLOAD_SECONDS)
        request = Request(scope, receive)
        try:
            if through_proxy and self.machine_owner:
                answer: Response | None = PlainTextResponse(UNKNOWN_PROXY, 403)
            else:
                answer = self._refusal(request) or await self._login(request)
        except HTTPException as error:  # of a body that is too large or too slow, before any application
            answer = PlainTextResponse(error.detail, error.status_code, error.headers)
        cookie = self._identify(request) if answer is None else None
        await (answer or self.app)(scope, receive, _HeaderSender(send, nonce, cookie, _secure(request)))

    def _largest(self, scope: Scope) -> int:
        """How many bytes the body of a request may have."""
        return self.largest_upload if self.uploads and scope["path"].endswith(self.uploads) else LARGEST_BODY

    def _is_proxy(self, scope: Scope) -> bool:
        peer = (scope.get("client") or ("",))[0]
        return bool(self.proxies and peer) and any(ipaddress.ip_address(peer) in network for network in self.proxies)

    def _answers_as(self, host: str) -> bool:
        """Whether a `Host` names this server: a name that leads here and is not ours is how other sites reach in."""
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        written = f"[{name}]" if ":" in name else name
        if host.lower() not in (written, f"{written}:{port}"):  # a name is all it is
            return False
        return name in self.hosts or (self.addresses and _is_address(name))

    def _refusal(self, request: Request) -> Response | None:
        headers = request.headers
        host = headers.get("host", "")
        if not self._answers_as(host):
            return PlainTextResponse(
                f"This server does not answer as {host[:100]!r}. Name it: clippings chat --host-name NAME", 421
            )
        if "\0" in request.scope["path"]:
            return PlainTextResponse("No path has a NUL character.", 400)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"allow": "GET, POST"})
        if not self._from_here(request):
            return PlainTextResponse("This request comes from another site.", 403)
        length = headers.get("content-length", "0")
        allowed = self._largest(request.scope)
        if not length.isdecimal() or int(length) > allowed:
            return PlainTextResponse(f"At most {allowed:,} bytes can be sent here.", 413)
        return None

    def _from_here(self, request: Request) -> bool:
        """Whether a request comes from our own page, a program, or a link that somebody followed to a page.

        Browsers say where a request comes from in `Sec-Fetch-Site`; those that do not, and older ones, in `Origin`.
        """
        headers = request.headers
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            path = request.scope["path"].removeprefix(self.root_path) or "/"
            document = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
            return request.method == "GET" and document and path in PAGES
        if len(origins := headers.getlist("origin")) > 1:
            return False
        origin = origins[0] if origins else None
        own = (headers.get("host", "").lower(), headers.get("x-forwarded-host", "").lower())
        named = (origin or "").lower().partition("://")[2]  # empty of "null" and "file://", and "" is no name of ours
        return origin is None or (named != "" and named in own)

    async def _login(self, request: Request) -> Response | None:
        """The response that stands between a request and the app; None lets it through."""
        if self.accounts is None:
            return None
        try:
            return await self._check_login(request, self.accounts)
        except Busy as error:
            return PlainTextResponse(str(error), 429, {"retry-after": str(error.seconds)})
        except UserError as error:  # of the accounts' file; it names files, which are nobody else's business
            logging.getLogger("uvicorn.error").error(str(error))
            return PlainTextResponse("Nobody can log in: the accounts cannot be read. The server's log says why.", 503)

    async def _check_login(self, request: Request, accounts: Accounts) -> Response | None:
        path = request.scope["path"].removeprefix(self.root_path)
        if path == "/logout" and request.method == "POST":
            self.sessions.close(request.cookies.get(LOGIN, ""))
            response: Response = RedirectResponse(self.root_path + "/login", 303)
            response.delete_cookie(LOGIN, httponly=True, samesite="lax", secure=_secure(request))
            return response
        if path == "/login":
            return await self._log_in(request, accounts) if request.method == "POST" else _login_page()
        state = request.scope["state"]
        if account := self.sessions.account(request.cookies.get(LOGIN, ""), accounts.get):
            state["account"] = account.name
        else:
            account = await self._basic(request, accounts)
        if account is not None:
            state["logged_in"] = account
            return None
        if path in PUBLIC_PATHS or path.startswith(STATIC):
            return None
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(self.root_path + "/login", 303)
        return PlainTextResponse("Log in first.", 401, {"www-authenticate": 'Basic realm="Clippings"'})

    async def _log_in(self, request: Request, accounts: Accounts) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_FORM:
                return _login_page("That is too long for a name and a password.", 413)
        fields = parse_qs(body.decode("utf-8", "replace"))
        name, password = fields.get("user", [""])[0], fields.get("password", [""])[0]
        try:
            account = await self._accepts(request, accounts, name, password)
        except Busy as error:
            return _login_page(str(error), 429)
        if account is None:
            return _login_page("That name and password do not go together.", 401)
        self.sessions.close(request.cookies.get(LOGIN, ""))
        response = RedirectResponse(self.root_path + "/", 303)
        token, seconds, secure = self.sessions.open(account), int(SESSION_SECONDS), _secure(request)
        response.set_cookie(LOGIN, token, max_age=seconds, httponly=True, samesite="lax", secure=secure)
        return response

    async def _basic(self, request: Request, accounts: Accounts) -> Account | None:
        """The account of an `Authorization: Basic` header, for programs."""
        kind, _, encoded = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return await self._accepts(request, accounts, name, password)

    async def _accepts(self, request: Request, accounts: Accounts, name: str, password: str) -> Account | None:
        """The account of a name and its password; raises Busy where too many were wrong.

        Counted before the hash is made, so that guesses sent at once count too; given back where it was right.
        """
        address = _address(request)
        self.logins.take(address)
        self.all_logins.take("all")
        account = accounts.get(name)
        proof = f"{name}\0{password}\0{account.hashed if account else ''}"
        digest = hmac.digest(self._key, proof.encode(), "sha256")
        if digest not in self._right:
            loop = asyncio.get_running_loop()
            account = await loop.run_in_executor(_HASHING, accounts.accepts, name, password)
        if account is not None:
            self.logins.give_back(address)
            self.all_logins.give_back("all")
            self._right[digest] = None
        return account

    def _identify(self, request: Request) -> str | None:
        """Set whose request this is; returns a new visitor's identity, to be kept in a cookie."""
        state, address = request.scope["state"], _address(request)
        account: Account | None = state.pop("logged_in", None)
        if account is not None:
            login = request.cookies.get(LOGIN, "")
            state["owner"], state["role"] = account_owner(account.name), account.role
            state["session"] = f"login:{login}" if "account" in state else f"user:{account.name} {address}"
            state["client"], state["person"] = f"{address} {state['owner']}", state["owner"]
            return None
        visitor = request.cookies.get(VISITOR, "")
        new = None
        if not 20 <= len(visitor) <= 64:
            visitor = new = secrets.token_urlsafe(24)
        owner = self.machine_owner
        state["owner"], state["role"] = owner or visitor_owner(visitor), "editor" if owner else self.visitors
        state["session"] = f"visitor:{visitor}"
        state["client"] = address if new else f"{address} {visitor}"
        state["person"] = owner or address
        return new


class _HeaderSender:
    """Adds the headers that every response has and the visitor's cookie; no other site is told that it may read."""

    def __init__(self, send: Send, nonce: str, cookie: str | None, secure: bool) -> None:
        self._send, self._nonce, self._cookie, self._secure = send, nonce, cookie, secure

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in [name for name in headers if name.startswith("access-control-")]:
                del headers[name]
            headers.setdefault("content-security-policy", policy(self._nonce))
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "same-origin"
            headers["permissions-policy"] = "camera=(), geolocation=(), microphone=()"
            headers["cross-origin-opener-policy"] = "same-origin"
            if self._cookie:
                secure = "; Secure" if self._secure else ""
                cookie = f"{VISITOR}={self._cookie}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax{secure}"
                headers.append("set-cookie", cookie)
        await self._send(message)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _address(request: Request) -> str:
    """Who asks: the last address a proxy of ours was asked from, else where the connection comes from.

    Some proxies add a header of their own after those that came, so that the first may be anybody's.
    """
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    if _is_address(forwarded):
        return forwarded
    return request.client.host if request.client else "unknown"


def _secure(request: Request) -> bool:
    return request.headers.get("x-forwarded-proto", request.url.scheme) == "https"


def _login_page(message: str = "", status: int = 200) -> Response:
    return HTMLResponse(render("login.html", message=message), status)
