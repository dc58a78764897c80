"""How much one client, and all together, may ask at once; says when to try again."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cachetools import TTLCache

from index.errors import UserError

QUESTION_RATE = 30
"""Questions of one client in a minute."""
ADDRESS_RATE = 300
"""Questions of one address in a minute, whoever is behind it: a client can throw its cookie away."""
LOGIN_RATE = 5
"""Wrong log-ins of one address in a minute."""
ALL_LOGINS_RATE = 60
"""Wrong log-ins of all addresses together in a minute."""
UPLOAD_RATE = 20
"""Files or addresses that one client adds in a minute."""
REMEMBERED = 20_000
"""Clients that a limit remembers; the one heard of least lately goes first."""

PARALLEL_ANSWERS = 2
"""Answers made at the same time: more would only share the processor."""
QUEUE_LENGTH = 48
"""Questions that may wait for their turn; the next one is told when to try again."""
EXPECTED_SECONDS = 0.5
"""What an answer is taken to last before one was measured."""


class Busy(UserError):
    """Raised when one client, or all together, ask too much; `seconds` says when to try again."""

    def __init__(self, message: str, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        super().__init__(f"{message} Try again in {self.seconds} seconds.")


class RateLimit:
    """Limits each client to `most` events in a moving window of `seconds`; safe to use from several threads.

    By hand, for the storages of the library `limits` keep every name they ever heard: here the names used last are
    remembered, at most `REMEMBERED`.
    """

    def __init__(self, most: int, seconds: float = 60.0) -> None:
        self._most, self._seconds = most, seconds
        self._events: TTLCache[str, deque[float]] = TTLCache(REMEMBERED, seconds, time.monotonic)
        self._lock = threading.Lock()

    def take(self, client: str) -> None:
        """Count one more; raises Busy when that is too many."""
        now = time.monotonic()
        with self._lock:
            events = self._events.get(client) or deque()
            while events and events[0] <= now - self._seconds:
                events.popleft()
            if len(events) >= self._most:
                window = "minute" if self._seconds == 60 else f"{self._seconds:g} seconds"
                raise Busy(f"At most {self._most} a {window} here.", events[0] + self._seconds - now)
            events.append(now)
            self._events[client] = events

    def give_back(self, client: str) -> None:
        """Count one less: what was taken last turned out not to count."""
        with self._lock:
            if events := self._events.get(client):
                events.pop()


class AnswerQueue:
    """Lets `running` questions be answered at a time; up to `waiting` more queue in the order they came."""

    def __init__(self, running: int = PARALLEL_ANSWERS, waiting: int = QUEUE_LENGTH) -> None:
        self._running, self._waiting = running, waiting
        self._turns = asyncio.Semaphore(running)
        self._inside = 0
        self._seconds = EXPECTED_SECONDS

    @property
    def ahead(self) -> int:
        """How many have to end before the next one's turn."""
        return max(0, self._inside - self._running + 1)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn; raises Busy at once when too many wait already."""
        if self._inside >= self._running + self._waiting:
            raise Busy("Many people are asking at the moment.", self._seconds * self._inside / self._running)
        self._inside += 1
        try:
            async with self._turns:
                started = time.perf_counter()
                yield
                self._seconds = 0.8 * self._seconds + 0.2 * (time.perf_counter() - started)
        finally:
            self._inside -= 1
