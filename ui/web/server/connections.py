"""Connections and bodies that do not end: how long a request may take to arrive, and how large it may be.

uvicorn limits the size of a request's head when h11 reads it, and nothing else: by hand, since no server of Python's
that streams both ways has deadlines for heads and bodies.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

import h11
from starlette.exceptions import HTTPException
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15.0
"""From the first byte awaited to the end of a request's head."""
BODY_SECONDS = 60.0
UPLOAD_SECONDS = 600.0
"""From the end of the head to the end of the body."""
CONNECTIONS = 600
"""Open at once; a page holds two or three."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that closes connections on which no whole request head arrives within `HEAD_SECONDS`."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._forget()
        elif self._deadline is None:
            self._deadline = asyncio.get_running_loop().call_later(HEAD_SECONDS, self.transport.abort)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


@dataclass(slots=True)
class LimitedBody:
    """ASGI `receive` of a request of at most `largest` bytes, whole within `seconds`.

    Raises HTTPException 413 or 408, which the application turns into a response.
    """

    receive: Any
    largest: int
    seconds: float
    _bytes: int = 0
    _whole: bool = False
    _began: float = field(default_factory=time.monotonic)

    async def __call__(self) -> MutableMapping[str, Any]:
        if self._whole:
            message: MutableMapping[str, Any] = await self.receive()
            return message
        left = self._began + self.seconds - time.monotonic()
        try:
            message = await asyncio.wait_for(self.receive(), max(left, 0.001))
        except TimeoutError as error:
            raise HTTPException(408, f"Sending took longer than {self.seconds:g} seconds.", _CLOSE) from error
        self._bytes += len(message.get("body", b""))
        if self._bytes > self.largest:
            raise HTTPException(413, f"At most {self.largest:,} bytes can be sent here.", _CLOSE)
        self._whole = not message.get("more_body")
        return message


_CLOSE = {"connection": "close"}
