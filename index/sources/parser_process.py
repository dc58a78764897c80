"""Untrusted bytes are parsed in a child process with limits of time and memory: ParserProcess is its parent's side.

No library does this: pebble, loky and `concurrent.futures` give one result a task, where a file of rows is many with a
deadline each, they limit no memory, and they import a caller's script anew in the child, so that one without
`if __name__ == "__main__"` would fail.
"""

from __future__ import annotations

import math
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from index.errors import STOPPED, Stopped, UserError
from index.operating_system import python_command
from index.sources.encoding import Unreadable, surprise
from index.sources.parsers import BY_ROWS, ROWS, read_file, shown_path
from index.types import Article, Read, Skipped

SECONDS = 30.0
"""How long an item (a file's article, a row, a page) may take."""
SECONDS_PER_MB = {".pdf": 20.0, **dict.fromkeys(BY_ROWS, 0.0)}
"""More for each megabyte of a file, 1 for other kinds; a megabyte is 300 full pages of a PDF, which take 4 s."""
MEMORY = 1_000_000_000
"""Bytes that the child may take for it."""
OVERRUNS = 3
"""Rows of one file that may overrun; at the next the file is given up."""
AHEAD = 4
"""Files asked for before the first one's articles are taken, so that parent and child work at the same time."""
_GROWN = 250_000_000
"""Bytes in use after which a child is replaced by a fresh one: what libraries keep is given back so."""
_START_SECONDS = 120.0
_GRACE = 5.0
"""Seconds after its deadline at which a child ends by itself, where its parent is gone."""
_TICK = 0.1


class LimitExceeded(Unreadable):
    """Reading took more time or memory than is allowed; the message names the limit."""


class _Mark(Enum):
    """What a child says between items."""

    READY = auto()
    DONE = auto()
    FULL = auto()
    """Done, and grown so large that it should be replaced."""
    NO_MEMORY = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What a child is to do: a function of a module that yields items, each within so many seconds."""

    function: Callable[..., Iterator[Any]]
    args: tuple[Any, ...]
    seconds: float


class ParserProcess:
    """A child that reads what it is given, started by the first task, replaced after an overrun or when it has grown.

    `seconds` and `memory` (bytes) are the limits of one item. Where the system limits no memory (macOS, Windows),
    time still is. When `stopped` is set, the child is ended and the next item raises Stopped. To be used by one thread.
    """

    def __init__(
        self, *, seconds: float = SECONDS, memory: int = MEMORY, stopped: threading.Event | None = None
    ) -> None:
        self.seconds, self._memory = seconds, memory
        self._stopped = stopped or threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._sent: deque[Task] = deque()
        self._lock = threading.Lock()
        self._due = math.inf
        self._late = False
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None

    def close(self) -> None:
        """End the child; nothing is lost, for it keeps nothing."""
        self._closed.set()
        self._sent.clear()
        self._end()
        if self._watcher:
            self._watcher.join()

    def __enter__(self) -> ParserProcess:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def read_files(self, paths: Iterable[Path | Skipped], max_bytes: int) -> Iterator[Read]:
        """The articles of files in order, and why there are none; what is Skipped already passes through."""
        waiting: deque[tuple[Path, Task] | Skipped] = deque()
        try:
            for path in paths:
                if isinstance(path, Skipped):
                    waiting.append(path)
                else:
                    task = self._file_task(path, max_bytes, {})
                    self._send(task)
                    waiting.append((path, task))
                while len(waiting) > AHEAD:
                    yield from self._file(waiting.popleft(), max_bytes)
            while waiting:
                yield from self._file(waiting.popleft(), max_bytes)
        finally:
            if self._sent:  # the rest is not wanted
                self._sent.clear()
                self._end()

    def results(self, task: Task) -> Iterator[Any]:
        """What a task yields; tasks that were sent ahead must be taken in that order.

        Raises Unreadable for what the task raised, LimitExceeded (one of them), and Stopped.
        """
        if task not in self._sent:
            self._send(task)
        ended = False
        try:
            if self._child is None:
                self._start()
            failure: Unreadable | None = None
            while (message := self._receive(task.seconds)) is not _Mark.DONE and message is not _Mark.FULL:
                if isinstance(message, Unreadable):
                    failure = message
                else:
                    yield message
            ended = message is _Mark.DONE
            if failure:
                raise failure
        finally:
            if self._sent:
                self._sent.popleft()
            if not ended:
                self._end()

    def _file_task(self, path: Path, max_bytes: int, left_out: Mapping[int, str]) -> Task:
        size = 0
        with suppress(OSError):  # the child meets it too, and says it
            size = path.stat().st_size
        more = SECONDS_PER_MB.get(path.suffix.lower(), 1.0) * size / 1e6
        return Task(read_file, (path, max_bytes, left_out), self.seconds + more)

    def _file(self, asked: tuple[Path, Task] | Skipped, max_bytes: int) -> Iterator[Read]:
        """The articles of a file; a row that overruns is left out, and the file read again for those after it."""
        if isinstance(asked, Skipped):
            yield asked
            return
        path, task = asked
        kind, location = path.suffix.lower(), shown_path(path)
        left_out: dict[int, str] = {}
        known = 0
        while True:
            count = rows = 0
            try:
                for item in self.results(task):
                    count += 1
                    rows += isinstance(item, Article | Skipped)
                    if count > known:
                        known = count
                        yield item
                return
            except LimitExceeded as error:
                at_row = kind in BY_ROWS or (kind in ROWS and rows)
                if not at_row or count < known or rows + 1 in left_out or len(left_out) == OVERRUNS:
                    more = f" after {rows:,} rows; the rest is left out" if rows else ""
                    yield Skipped(location, f"{error}{more}")
                    return
                left_out[rows + 1] = str(error)
                task = self._file_task(path, max_bytes, left_out)
                self._sent.appendleft(task)
            except Unreadable as error:
                yield Skipped(location, str(error), error.line)
                return

    def _send(self, task: Task) -> None:
        if self._child is None and not self._sent:
            self._start()
        self._sent.append(task)
        if self._child is not None:
            self._write(self._child, task)

    def _write(self, child: subprocess.Popen[bytes], task: Task) -> None:
        assert child.stdin is not None
        with suppress(OSError):  # it has ended, which is noticed where its answer is awaited
            pickle.dump((task.function, task.args, task.seconds), child.stdin)
            child.stdin.flush()

    def _start(self) -> None:
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="parser watch", daemon=True)
            self._watcher.start()
        command = python_command(__name__, self._memory)
        with self._lock:
            self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            ready = self._receive(_START_SECONDS)
        except Unreadable as error:
            self._end()
            raise UserError(
                f"The process that reads files did not start: {error}. See why: {sys.executable} -c 'import {__name__}'"
            ) from error
        assert ready is _Mark.READY
        for task in self._sent:
            self._write(self._child, task)

    def _end(self) -> None:
        with self._lock:
            child, self._child = self._child, None
            self._due, self._late = math.inf, False
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                with suppress(OSError):  # what was still to be written to it
                    if pipe is not None:
                        pipe.close()

    def _receive(self, seconds: float) -> Any:
        child = self._child
        assert child is not None and child.stdout is not None
        with self._lock:
            self._due = time.monotonic() + seconds
        message: Any = None
        with suppress(EOFError, pickle.UnpicklingError):  # it has ended, perhaps in the midst of a message
            # What comes is no less to be trusted than this process: the child is this program, with the same rights.
            message = pickle.load(child.stdout)
        with self._lock:
            self._due = math.inf
            late = self._late
        if self._stopped.is_set():
            raise Stopped(STOPPED)
        if late:
            raise LimitExceeded(f"took more than {seconds:.0f} s to read")
        if message is _Mark.NO_MEMORY:
            raise LimitExceeded(f"needed more than {self._memory / 1e9:g} GB of memory to read")
        if message is None:
            code = child.wait()
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise LimitExceeded(f"the process that read it broke down ({how})")
        return message

    def _watch(self) -> None:
        """End the child when it is late or the work was stopped."""
        while not self._closed.wait(_TICK):
            with self._lock:
                late = time.monotonic() > self._due
                if self._child is not None and (late or self._stopped.is_set()):
                    self._late = self._late or late
                    self._due = math.inf
                    self._child.kill()


def main(memory: int) -> None:
    """What the child does until its standard input ends: run tasks, and write what they yield."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not stand among the replies
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    tasks: queue.SimpleQueue[tuple[Callable[..., Iterator[Any]], tuple[Any, ...], float]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, tasks), daemon=True).start()
    if sys.platform != "win32":
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # whose default is to end the process
    base = _memory_in_use()
    _limit_memory(base + _GROWN + memory)

    def reply(message: Any) -> None:
        data = pickle.dumps(message)
        try:
            replies.write(data)
            replies.flush()
        except OSError:  # the parent is gone
            _leave(0)

    reply(_Mark.READY)
    while True:
        function, args, seconds = tasks.get()
        try:
            items = function(*args)
            while True:
                _end_in(seconds + _GRACE)
                item = next(items, _Mark.DONE)
                _end_in(0)
                if item is _Mark.DONE:
                    break
                reply(item)
        except MemoryError:
            reply(_Mark.NO_MEMORY)
            _leave(0)
        except Unreadable as error:
            reply(error)
        except OSError as error:
            reply(Unreadable(f"cannot be opened: {error.strerror or error}"))
        except Exception as error:  # noqa: BLE001 - files are untrusted, and the libraries that read them raise anything
            reply(Unreadable(surprise(error)))
        reply(_Mark.FULL if _memory_in_use() > base + _GROWN else _Mark.DONE)


def _listen(requests: BinaryIO, tasks: queue.SimpleQueue[Any]) -> None:
    """Take tasks as they come; the end of input means that the parent is gone, and then there is nothing to do."""
    try:
        while True:
            tasks.put(pickle.load(requests))
    except (EOFError, pickle.UnpicklingError):
        _leave(0)
    finally:
        _leave(1)


def _leave(code: int) -> NoReturn:
    os._exit(code)


def _end_in(seconds: float) -> None:
    """Let the system end this process after so many seconds; 0 for never. Windows has no such clock."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _limit_memory(limit: int) -> None:
    """Let this process take so many bytes of address space, where the system holds to it: Linux."""
    if sys.platform == "linux":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


def _memory_in_use() -> int:
    """Bytes of address space; on macOS the most memory this process ever held, on Windows 0."""
    if sys.platform == "linux":
        return int(Path("/proc/self/statm").read_bytes().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
