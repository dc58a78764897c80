"""Two locks: one process writes in a library at a time, and no folder is deleted while somebody reads it.

Beside them, a file for each reader of a folder shows afterwards which readers died without closing it. All are file
locks of the operating system, taken with portalocker: the system frees them when their holder dies.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import uuid
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from index.errors import UserError
from index.permissions import make_file, make_folder, secure

LOCK = "writing.lock"
HOLDER = "writing.json"
IN_USE = "in-use.lock"
READER = "reader-*.lock"
"""What the files are called that readers hold locked and take away when they close."""


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

    Closes the folder to other users of the machine, see `index.permissions`.
    Raises UserError when another process holds it, naming that process, and when the folder cannot be written or
    becomes full.
    """
    from portalocker import AlreadyLocked, LockException, LockFlags, lock

    handle = -1
    try:
        make_folder(folder)
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        lock(handle, LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING)
    except (OSError, LockException) as error:
        if handle >= 0:
            os.close(handle)
        if isinstance(error, AlreadyLocked):
            raise UserError(
                f"Another build is writing in {str(folder)!r}: {holder(folder) or 'one just started'}. Wait "
                "until it ends or stop it, then run the same command again; questions can be asked meanwhile."
            ) from error
        raise UserError(
            f"Cannot write in {str(folder)!r} ({getattr(error, 'strerror', None) or error}). Name a library you may "
            "write: --library FOLDER"
        ) from error
    try:
        me = Holder(
            os.getpid(), socket.gethostname(), datetime.now(UTC).isoformat(timespec="seconds"), command or "clippings"
        )
        secure(folder)
        make_file(folder / HOLDER)
        (folder / HOLDER).write_text(json.dumps(asdict(me)), encoding="utf-8")
        yield
    except Exception as error:  # each of the three engines reports a full disk by an exception class of its own
        if _is_full(error, folder):
            raise UserError(
                f"No space left for the library in {str(folder)!r}. The published version is unchanged. Free "
                "some space, then run the same command again."
            ) from error
        raise
    finally:
        (folder / HOLDER).unlink(missing_ok=True)
        secure(folder)  # with what was made in it
        os.close(handle)


def holder(folder: Path) -> Holder | None:
    """Who holds the lock, or held it when it was killed; None when nobody said so."""
    try:
        return Holder(**json.loads((folder / HOLDER).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _is_full(error: BaseException, folder: Path) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    words = str(error).lower()
    return any(
        said in words for said in ("disk is full", "no space left", "code: 28", "quota exceeded", "storagefull")
    ) or (not isinstance(error, UserError) and shutil.disk_usage(folder).free < 1_000_000)


class InUse:
    """Keeps an engine's folder from being deleted, until released or garbage-collected; `create` makes the folder.

    Raises UserError when the folder is gone. Chroma opens files as it comes to need them, so that a folder
    has to stay whole for as long as it is read.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        from portalocker import LockFlags, lock

        shared = folder / IN_USE
        if create:
            folder.mkdir(parents=True, exist_ok=True)
            shared.touch()
        try:
            handle = os.open(shared, os.O_RDONLY)
        except FileNotFoundError as error:
            raise self._gone(folder) from error
        lock(handle, LockFlags.SHARED)
        left = {path.name for path in folder.glob("*")} - {path.name for path in folder.glob(READER)}
        if IN_USE not in left or (left == {IN_USE} and not create):  # deleted while this waited for the lock
            os.close(handle)
            raise self._gone(folder)
        self._release = weakref.finalize(self, _release, handle, _mark_reader(folder))

    def release(self) -> None:
        """Let the folder be deleted."""
        self._release()

    @staticmethod
    def _gone(folder: Path) -> UserError:
        return UserError(
            f"{str(folder)!r} is gone: builds have replaced it meanwhile, or it is damaged. Ask again; if it "
            "stays so: clippings library check --repair"
        )


def _mark_reader(folder: Path) -> tuple[Path, int] | None:
    """Make and lock this reader's file; None where nothing can be written."""
    from portalocker import LockException, LockFlags, lock

    name = f"{uuid.uuid4().hex}.lock"
    mark, handle = folder / f"new-{name}", -1
    try:
        handle = os.open(mark, os.O_RDWR | os.O_CREAT, 0o600)
        lock(handle, LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING)
        return mark.rename(folder / f"reader-{name}"), handle  # named only now: an unlocked one is a dead reader's
    except (OSError, LockException):
        if handle >= 0:
            os.close(handle)
            mark.unlink(missing_ok=True)
        return None


def _release(handle: int, mark: tuple[Path, int] | None) -> None:
    if mark is not None:
        path, held = mark
        if os.name == "nt":  # Windows deletes no open file
            os.close(held)
            path.unlink(missing_ok=True)
        else:
            path.unlink(missing_ok=True)
            os.close(held)
    os.close(handle)


def dead_readers(folder: Path) -> list[Path]:
    """The files that readers of a folder left behind, who died without closing it."""
    from portalocker import AlreadyLocked, LockFlags, lock

    dead = []
    for path in folder.glob(READER):
        try:
            handle = os.open(path, os.O_RDWR)
        except OSError:  # closed just now, or nothing can be written here
            continue
        try:
            lock(handle, LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING)
            dead.append(path)
        except AlreadyLocked:
            pass
        finally:
            os.close(handle)
    return dead


def delete_unused(folder: Path) -> bool:
    """Delete an engine's folder unless somebody reads it; whether it was deleted."""
    from portalocker import AlreadyLocked, LockFlags, lock

    try:
        handle = os.open(folder / IN_USE, os.O_RDONLY)
    except FileNotFoundError:
        shutil.rmtree(folder, ignore_errors=True)
        return True
    except PermissionError:
        return False
    try:
        lock(handle, LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING)
        shutil.rmtree(folder, ignore_errors=True)
    except AlreadyLocked:
        return False
    finally:
        os.close(handle)
    shutil.rmtree(folder, ignore_errors=True)  # Windows does not delete the file that was just open
    return True
