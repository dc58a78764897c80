"""Work that goes on in the background, one job at a time, its progress visible to all; and the library's own jobs."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from index import consistency, maintenance
from index.build import BuildReport, Progress
from index.errors import Stopped, UserError
from index.types import Article, Skipped
from ui.library_access import build_library
from ui.web.service import ChatService

TICK = 0.4
"""Seconds between two looks at a running job."""
COMMAND = "clippings chat"
"""What another process that wants the library is told holds it."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class JobState(Generic[Result]):
    """How a job stands; `total` is 0 while it is unknown, `result` None until it has ended well."""

    title: str = ""
    owner: str = ""
    """Who started it, where that is nobody else's business."""
    running: bool = False
    can_stop: bool = False
    stopping: bool = False
    """Whether a person asked for its end; once it has ended so, `error` says how things are."""
    stage: str = ""
    done: int = 0
    total: int = 0
    rejected: tuple[Skipped, ...] = ()
    """Files that were refused before it began."""
    result: Result | None = None
    error: str = ""


@dataclass(slots=True)
class JobRunner(Generic[Result]):
    """Runs one job at a time in a thread; `busy` is the message for a second one, with the first one's title."""

    busy: str = "{title} is still under way. Wait until it ends, then try again."
    state: JobState[Result] = field(default_factory=JobState)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _stopped: threading.Event | None = None

    def start(self, state: JobState[Result], job: Callable[[], Result], stopped: threading.Event | None = None) -> None:
        """Run `job` in the background; `state` gives its title. Raises UserError while another job is running.

        Where `stopped` is given, the job raises Stopped soon after it is set.
        """
        with self._lock:
            if self.state.running:
                raise UserError(self.busy.format(title=self.state.title))
            self.state = replace(state, running=True, can_stop=stopped is not None)
            self._stopped = stopped
            self._thread = threading.Thread(target=self._run, args=(job,), name="job", daemon=True)
            self._thread.start()

    def update(self, **changes: Any) -> None:
        """Note how far the job is; called by the job itself."""
        with self._lock:
            self.state = replace(self.state, **changes)

    def stop(self) -> None:
        """Let the running job end; raises UserError where there is none that can."""
        with self._lock:
            if not self.state.running or self._stopped is None:
                raise UserError("Nothing is under way that can be stopped.")
            self._stopped.set()
            self.state = replace(self.state, stopping=True)

    def wait(self, seconds: float) -> JobState[Result]:
        """The state after at most so many seconds, sooner when the job ends."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return self.state

    async def watch(self) -> AsyncIterator[JobState[Result]]:
        """The state now and every `TICK` seconds, as long as the job is running."""
        while (state := self.state).running:
            yield state
            await asyncio.to_thread(self.wait, TICK)

    def _run(self, job: Callable[[], Result]) -> None:
        try:
            result = job()
        except Stopped as error:
            self.update(running=False, error=str(error))
        except UserError as error:
            self.update(running=False, stopping=False, error=str(error))
        except Exception as error:  # the thread's end is the edge: whatever happened is shown, none is lost
            self.update(running=False, stopping=False, error=f"{type(error).__name__}: {error}")
            raise
        else:
            self.update(running=False, stopping=False, result=result)


@dataclass(slots=True)
class LibraryJobs:
    """What changes the library while others ask it; a job's result is a build's report or one sentence."""

    service: ChatService
    allow_private: bool = False
    """Whether addresses may lead to private and loopback hosts."""
    runner: JobRunner[BuildReport | str] = field(default_factory=JobRunner)

    def add(
        self, title: str, targets: Sequence[str], rejected: Sequence[Skipped] = (), *, copies: Sequence[Path] = ()
    ) -> None:
        """Read files, folders and addresses into the library; raises UserError while another job is running.

        `copies` are files made for this job; those that no article was read in are deleted in the end.
        """

        def build(stopped: threading.Event) -> BuildReport:
            try:
                return self._build(targets, stopped)
            finally:
                library = self.service.library()
                for copy in copies:
                    if library is None or not library.names_file(Path(os.path.abspath(copy)).as_posix()):  # noqa: PTH100
                        copy.unlink(missing_ok=True)

        self._start_build(title, build, rejected)

    def remove(self, article: Article, locations: Sequence[str]) -> None:
        """Take an article out of the published version; older versions and citations keep it."""

        def build(stopped: threading.Event) -> BuildReport:
            report = self._build(locations, stopped, articles=(), prune_missing=True)
            if not report.removed:
                raise UserError(f"{article.name!r} comes from the web and could not be removed; see: clippings library")
            self.service.conversations.add_removed(article.id, article.revision, article.name, article.location)
            return report

        self._start_build(f"Removing “{article.name}”", build)

    def add_again(self, article_id: str) -> None:
        """Put back an article that was removed, as it was."""
        removed = self.service.conversations.removed_articles().get(article_id)
        article = self.service.article(article_id, removed.revision) if removed else None
        if removed is None or article is None:
            raise UserError("That article is no longer kept. Add its file or address again.")
        again = replace(article, location=removed.location)
        self._start_build(f"Adding “{article.name}” again", lambda stopped: self._build((), stopped, articles=(again,)))

    def stop(self) -> None:
        """Let a build under way end without publishing; raises UserError where there is none."""
        self.runner.stop()

    def roll_back(self, number: int) -> None:
        """Publish an earlier or later version; nothing is deleted."""

        def roll_back() -> str:
            maintenance.rollback(self.service.folder, number, COMMAND)
            return f"Version {number} is what is asked now."

        self._start(f"Going to version {number}", roll_back)

    def check(self) -> None:
        """Compare the three stores passage by passage."""

        def check() -> str:
            checked = consistency.check(self.service.folder)
            if checked.clean:
                return f"Healthy: {checked.articles:,} articles and {checked.passages:,} passages agree in all stores."
            problems = "; ".join(str(problem) for problem in checked.problems)
            raise UserError(f"{problems}. Repair: clippings library check --repair --library {self.service.folder}")

        self._start("Checking the library", check)

    def _build(self, targets: Sequence[str], stopped: threading.Event, **options: Any) -> BuildReport:
        return build_library(
            self.service.settings,
            targets,
            allow_private=self.allow_private,
            command=COMMAND,
            progress=self._show_progress,
            stopped=stopped,
            **options,
        )

    def _show_progress(self, progress: Progress) -> None:
        self.runner.update(stage=progress.stage, done=progress.done, total=progress.total or 0)

    def _start_build(
        self, title: str, build: Callable[[threading.Event], BuildReport], rejected: Sequence[Skipped] = ()
    ) -> None:
        stopped = threading.Event()
        self._start(title, lambda: build(stopped), rejected, stopped)

    def _start(
        self,
        title: str,
        job: Callable[[], BuildReport | str],
        rejected: Sequence[Skipped] = (),
        stopped: threading.Event | None = None,
    ) -> None:
        def run() -> BuildReport | str:
            result = job()
            self.service.overview()  # read anew here, so that no page has to wait for it
            return result

        self.runner.start(JobState(title, rejected=tuple(rejected)), run, stopped)
