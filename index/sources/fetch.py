"""Pages of the web, fetched politely: robots.txt, one request at a time, pauses, conditional requests.

Knows nothing of what a page holds. Which addresses may be reached is checked in `index.sources.ssrf_guard`.
"""

from __future__ import annotations

import math
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

from index.errors import STOPPED, Stopped
from index.sources.page import Page
from index.sources.ssrf_guard import CheckedConnections, FetchError, Resolver, resolve
from index.types import FetchRecord, Unchanged

if TYPE_CHECKING:
    from protego import Protego
    from tenacity import RetryCallState

ROBOT = "Clippings"
USER_AGENT = f"{ROBOT}/0.1 (news archive reader; honours robots.txt)"
_TYPES = ("text/html", "application/xhtml+xml", "application/xml", "text/xml", "text/plain")
_ACCEPT = "text/html, application/xhtml+xml, application/*+xml, application/xml;q=0.9, text/*;q=0.8"
_REDIRECTS = (301, 302, 303, 307, 308)
_BUSY = (429, 500, 502, 503, 504)


class OutOfTime(FetchError):
    """The time that was given for a fetch is over."""


class _Busy(FetchError):
    """The server is busy; `wait` is how many seconds it asks for, if it says."""

    wait: float | None = None


class Fetcher:
    """Fetches http(s) pages, one at a time, with the pauses each host asks for.

    Limits: `max_bytes` of unpacked content, `max_seconds` for one request from name to last byte (the
    system's name lookup has a limit of its own), five redirects, `tries` requests to a busy server, pauses of
    at most `max_pause` seconds. When `stopped` is set, whatever it does ends with Stopped, a request at its next bytes.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        max_bytes: int = 10_000_000,
        max_seconds: float = 30.0,
        min_delay: float = 1.0,
        max_pause: float = 30.0,
        tries: int = 3,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
        stopped: threading.Event | None = None,
    ):
        self._connections = CheckedConnections(allow_private, resolver or resolve, ssl_context)
        self._max_bytes, self._max_seconds = max_bytes, max_seconds
        self._min_delay, self._max_pause, self._tries = min_delay, max_pause, tries
        self._robots: dict[str, Protego | FetchError] = {}
        self._last: dict[str, float] = {}
        self._turn = threading.Lock()
        self._stopped = stopped or threading.Event()
        self._until = math.inf

    def close(self) -> None:
        self._connections.close()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def fetch(self, url: str, known: FetchRecord | None = None, *, until: float = math.inf) -> Page | Unchanged:
        """Fetch a page, or learn that it is as it was when `known` was recorded; raises FetchError.

        `until` is when `time.monotonic()` says that it is too late, pauses and redirects counted: OutOfTime.
        """
        with self._turn:
            self._until = until
            return self._follow(url, known)

    def _follow(self, url: str, known: FetchRecord | None, *, for_robots: bool = False) -> Page | Unchanged:
        here = urldefrag(url).url
        for _ in range(6):
            host = _host(here)
            if not for_robots:
                self._ask_robots(here)
            status, headers, content = self._patiently(here, host, known, for_robots)
            if status in _REDIRECTS and headers.get("location"):
                here = urldefrag(urljoin(here, headers["location"])).url  # `known` is of the last address
                continue
            if status == 304 and known:
                return Unchanged(url)
            if status != 200:
                raise FetchError(f"the server answered {status}", status)
            kind, _, options = headers.get("content-type", "").lower().partition(";")
            charset = options.partition("charset=")[2].partition(";")[0].strip(" \"'")
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            seen = FetchRecord(headers.get("etag", ""), headers.get("last-modified", ""), now)
            return Page(here, content, kind.strip(), charset, seen)
        raise FetchError("more than five redirects")

    def _patiently(self, *request: object) -> tuple[int, dict[str, str], bytes]:
        """One request, repeated while the server is busy."""
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

        again = Retrying(
            retry=retry_if_exception_type(_Busy),
            stop=stop_after_attempt(self._tries),
            wait=self._pause,
            sleep=self._sleep,
            reraise=True,
        )
        return again(self._once, *request)

    def _pause(self, state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        asked = failure.wait if isinstance(failure, _Busy) else None
        return min(self._max_pause, self._min_delay * 2**state.attempt_number if asked is None else asked)

    def _once(
        self, url: str, host: str, known: FetchRecord | None, for_robots: bool
    ) -> tuple[int, dict[str, str], bytes]:
        self._wait_turn(url, host)
        try:
            seconds = min(self._max_seconds, self._until - time.monotonic())
            with self._connections.get(url, _headers(known), seconds) as (status, headers, chunks):
                if status in _BUSY:
                    busy = _Busy(f"the server answered {status}", status)
                    busy.wait = _seconds(headers.get("retry-after", ""))
                    if (busy.wait or 0) > self._max_pause:
                        raise FetchError(f"{busy}, and asks to wait {busy.wait:.0f} seconds", status)
                    raise busy
                if status != 200:
                    return status, headers, b""
                kind = headers.get("content-type", "").partition(";")[0].strip().lower()
                if not (for_robots or kind in _TYPES or kind.endswith("+xml")):
                    raise FetchError(f"its content type is {kind!r}, not that of a page or a feed")
                return status, headers, _read(headers, self._unless_stopped(chunks), self._max_bytes)
        except FetchError as error:
            if time.monotonic() >= self._until:
                raise OutOfTime(str(error)) from error
            raise
        finally:
            self._last[host] = time.monotonic()

    def _wait_turn(self, url: str, host: str) -> None:
        rules = self._robots.get(_origin(url))
        asked = 0.0 if rules is None or isinstance(rules, FetchError) else float(rules.crawl_delay(ROBOT) or 0)
        due = self._last.get(host, float("-inf")) + max(self._min_delay, min(asked, self._max_pause))
        self._sleep(max(0.0, due - time.monotonic()))

    def _sleep(self, seconds: float) -> None:
        if time.monotonic() + seconds >= self._until:
            raise OutOfTime("there was no time left to fetch it")
        if self._stopped.wait(seconds):
            raise Stopped(STOPPED)

    def _unless_stopped(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if self._stopped.is_set():
                raise Stopped(STOPPED)
            yield chunk

    def _ask_robots(self, url: str) -> None:
        """Raises FetchError where robots.txt forbids the URL or cannot be read.

        RFC 9309: a missing file (4xx) allows everything, an unreachable one nothing.
        """
        from protego import Protego

        origin = _origin(url)
        if origin not in self._robots:
            try:
                page = self._follow(origin + "/robots.txt", None, for_robots=True)
                text = page.content[:500_000].decode("utf-8", "replace") if isinstance(page, Page) else ""
                self._robots[origin] = Protego.parse(text)
            except OutOfTime:
                raise
            except FetchError as error:
                missing = 400 <= error.status < 500 and not isinstance(error, _Busy)
                self._robots[origin] = Protego.parse("") if missing else error
        rules = self._robots[origin]
        if isinstance(rules, FetchError):
            raise FetchError(f"its robots.txt cannot be read: {rules}", rules.status) from rules
        if not rules.can_fetch(url, ROBOT):
            raise FetchError("the site's robots.txt forbids it")


def _host(url: str) -> str:
    """The host of a URL that may be asked for at all; raises FetchError."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise FetchError(f"not a web address: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise FetchError(f"only http and https are read, not {parts.scheme!r}")
    if not host:
        raise FetchError("the address names no host")
    if parts.username is not None:
        raise FetchError("the address holds a user name")
    return host


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _headers(known: FetchRecord | None) -> dict[str, str]:
    headers = {"User-Agent": USER_AGENT, "Accept": _ACCEPT, "Accept-Encoding": "gzip", "Connection": "close"}
    if known and known.etag:
        headers["If-None-Match"] = known.etag
    if known and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def _seconds(retry_after: str) -> float | None:
    """`Retry-After` as seconds from now; None where it says nothing."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        then = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (then - datetime.now(UTC)).total_seconds()) if then.tzinfo else None


def _read(headers: dict[str, str], chunks: Iterator[bytes], limit: int) -> bytes:
    """The unpacked body; raises FetchError as soon as it passes `limit` bytes.

    Unpacked here because httpx unpacks all of a network read at once, which a bomb makes a thousand times
    larger.
    """
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise FetchError(f"the content is packed as {encoding!r}, which was not asked for")
    content = bytearray()
    unpack = None if encoding == "identity" else zlib.decompressobj(wbits=31)
    for chunk in chunks:
        try:
            content += chunk if unpack is None else unpack.decompress(chunk, limit + 1 - len(content))
        except zlib.error as error:
            raise FetchError("the packed content is damaged") from error
        if len(content) > limit:
            raise FetchError(f"larger than the limit of {limit:,} bytes")
    if unpack is not None and (not unpack.eof or unpack.unused_data):
        raise FetchError("the packed content is damaged")
    return bytes(content)
