"""How much one client, and all together, may ask at once; says when to try again."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from index.errors import UserError

QUESTION_RATE = "30/minute"
"""Questions of one client."""
ADDRESS_RATE = "300/minute"
"""Questions of one address, whoever is behind it: a client can throw its cookie away."""
LOGIN_RATE = "5/minute"
"""Log-ins tried by one address."""
UPLOAD_RATE = "20/minute"
"""Files or addresses that one client adds."""

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
    """Limits each client to so many events in a moving window, as `30/minute`."""

    def __init__(self, allowed: str) -> None:
        self._item = parse(allowed)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._allowed = allowed

    def take(self, client: str) -> None:
        """Count one more; raises Busy when that is too many."""
        if not self._limiter.hit(self._item, client):
            raise self._busy(client)

    def check(self, client: str) -> None:
        """Raise Busy if one more would be too many, without counting it."""
        if not self._limiter.test(self._item, client):
            raise self._busy(client)

    def _busy(self, client: str) -> Busy:
        reset = self._limiter.get_window_stats(self._item, client).reset_time
        return Busy(f"At most {self._allowed.replace('/', ' a ')} here.", reset - time.time())


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
