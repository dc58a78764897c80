"""How much may be uploaded, by one person in an hour and by all together on disk, and what becomes of old uploads."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cachetools import TTLCache
from starlette.exceptions import HTTPException

from index.errors import UserError
from index.locks import IN_USE, InUse, delete_unused
from ui.store.people import RUNS
from ui.web.server import uploads
from ui.web.server.options import MEGABYTE
from ui.web.server.rate_limit import REMEMBERED

PERSON_SECONDS = 3600.0
"""How long bytes count against who uploaded them."""
KEPT_SECONDS = 3600.0
"""How long an upload is kept that nobody has used."""
SWEEP_SECONDS = 60.0
PREFIX = "clippings-incoming-"


@dataclass(slots=True)
class UploadSpace:
    """Counts what is uploaded into `incoming`, and what of it a library keeps; limits are bytes.

    Every method raises UserError, naming the limit, where one would be passed.
    """

    incoming: Path
    library: Path
    person_limit: int
    total_limit: int
    _persons: TTLCache[str, list[int]] = field(default_factory=lambda: TTLCache(REMEMBERED, PERSON_SECONDS))
    _on_disk: int = 0
    """Bytes of all uploads when they were counted last, and those received since."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def begin(self, person: str, announced: int) -> None:
        """Before an upload: count what lies on the disk, and whether so many bytes more may come."""
        on_disk = await asyncio.to_thread(lambda: sum(map(_size, self._files())))
        with self._lock:
            self._on_disk = on_disk
            self._require(person, announced)

    def count(self, person: str, received: int) -> None:
        """Count bytes that have come."""
        with self._lock:
            self._require(person, received)
            self._persons.setdefault(person, [0])[0] += received
            self._on_disk += received

    def _require(self, person: str, more: int) -> None:
        if (sent := self._persons.get(person, [0])[0]) + more > self.person_limit:
            raise UserError(
                f"One person may upload {_megabytes(self.person_limit)} an hour here, and {_megabytes(sent)} "
                "of them are used. Try again in an hour; who runs the chat can allow more: "
                "clippings chat --upload-limit MEGABYTES"
            )
        if self._on_disk + more > self.total_limit:
            raise UserError(
                f"All uploads together may take {_megabytes(self.total_limit)} here, and {_megabytes(self._on_disk)} "
                "of them are used. Who runs the chat can allow more: clippings chat --upload-space MEGABYTES"
            )

    def _files(self) -> Iterator[Path]:
        """Every upload that waits to be used, every one a library has taken in, and people's own question sets."""
        yield from self.incoming.rglob("*")
        yield from (self.library / uploads.FOLDER).glob("*")
        yield from (self.library / RUNS).glob(f"*/{uploads.PREFIX}*")

    def sweep(self, seconds: float = KEPT_SECONDS) -> None:
        """Delete uploads that have waited for so long: their page was closed, or they never came whole."""
        oldest = time.time() - seconds
        for path in sorted(self.incoming.rglob("*"), reverse=True):  # what lies in a folder before the folder
            with suppress(OSError):  # used meanwhile, or a folder in which something lies
                if path.name == IN_USE or path.stat().st_mtime > oldest:
                    continue
                if path.is_dir():
                    path.rmdir()
                else:
                    path.unlink()

    async def keep_sweeping(self) -> None:
        """Sweep every minute, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await asyncio.to_thread(self.sweep)


@dataclass(slots=True)
class CountedBody:
    """ASGI `receive` whose bytes are counted as they come; raises HTTPException 413 at a limit."""

    receive: Any
    space: UploadSpace
    person: str

    async def __call__(self) -> Any:
        message = await self.receive()
        try:
            self.space.count(self.person, len(message.get("body", b"")))
        except UserError as error:
            raise HTTPException(413, str(error), {"connection": "close"}) from error
        return message


def incoming_folder() -> tuple[Path, InUse]:
    """A new folder for uploads, and what marks it as in use; those of servers that were killed are deleted."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{IN_USE}"):
        with suppress(OSError):  # another user's
            delete_unused(path.parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    return folder, InUse(folder, create=True)


def remove_incoming(folder: Path, mark: InUse) -> None:
    """Delete the folder when the server ends."""
    mark.release()
    shutil.rmtree(folder, ignore_errors=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # used and deleted meanwhile
        return 0


def _megabytes(size: int) -> str:
    return (
        f"{size / MEGABYTE:,.0f} MB" if size >= 10 * MEGABYTE or not size % MEGABYTE else f"{size / MEGABYTE:,.1f} MB"
    )
