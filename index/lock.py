"""One builder at a time: a file lock that the system lets go when its holder dies, and who holds it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from index.errors import UserError

LOCK = "writing.lock"
HOLDER = "writing.json"


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that writes in a library."""

    pid: int
    host: str
    since: str
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since} ({self.command})"


@contextmanager
def write_lock(folder: Path, command: str) -> Iterator[None]:
    """Hold the right to write in `folder`; `command` is what others are told is running.

    The lock is the system's (flock, or its like elsewhere), so a killed holder leaves none behind. Raises
    UserError, naming the holder, when it is taken, and when the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK, timeout=0)
        lock.acquire()
    except Timeout as error:
        raise UserError(
            f"Another build is writing in {str(folder)!r}: {holder(folder) or 'one just started'}. Wait "
            "until it ends or stop it, then run the same command again; questions can be asked meanwhile."
        ) from error
    except OSError as error:
        raise UserError(
            f"Cannot write in {str(folder)!r} ({error.strerror or error}). Name a library you may write: "
            "--library FOLDER"
        ) from error
    try:
        me = Holder(
            os.getpid(),
            socket.gethostname(),
            datetime.now(UTC).isoformat(timespec="seconds"),
            command or "clippings",
        )
        (folder / HOLDER).write_text(json.dumps(asdict(me)), encoding="utf-8")
        yield
    finally:
        (folder / HOLDER).unlink(missing_ok=True)
        lock.release()


def holder(folder: Path) -> Holder | None:
    """Who holds the lock, or held it when it was killed; None when nobody said so."""
    try:
        return Holder(**json.loads((folder / HOLDER).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
