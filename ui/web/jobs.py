"""Changing the library while others ask it: one build at a time, in a thread, with its progress kept for all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from index.errors import UserError
from index.types import Article, Skipped
from ui.library_access import build_library
from ui.web.service import Desk

if TYPE_CHECKING:
    from index.build import BuildReport, Progress


@dataclass(frozen=True, slots=True)
class State:
    """How a piece of work stands; `total` is 0 while it is unknown."""

    title: str = ""
    running: bool = False
    stage: str = ""
    done: int = 0
    total: int = 0
    report: BuildReport | None = None
    refused: tuple[Skipped, ...] = ()
    said: str = ""
    """What came of work that has no report."""
    error: str = ""


@dataclass(slots=True)
class Work:
    """The library's one workplace."""

    desk: Desk
    allow_private: bool = False
    """Whether addresses may lead to private and loopback hosts."""
    state: State = field(default_factory=State)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def add(self, title: str, targets: Sequence[str], refused: Sequence[Skipped] = ()) -> None:
        """Read files, folders and addresses into the library; raises UserError while other work is running."""
        self._begin(title, lambda: self._build(targets), refused)

    def remove(self, article: Article, locations: Sequence[str]) -> None:
        """Take an article out of the published version; older versions and citations keep it."""

        def build() -> BuildReport:
            report = self._build(locations, articles=(), prune_missing=True)
            if not report.removed:
                raise UserError(f"{article.name!r} comes from the web and could not be removed; see: clippings library")
            self.desk.conversations.remember_removed(article.id, article.revision, article.name, article.location)
            return report

        self._begin(f"Removing “{article.name}”", build)

    def add_again(self, article_id: str) -> None:
        """Put back an article that was removed, as it was."""
        found = self.desk.conversations.removed().get(article_id)
        library = self.desk.library()
        if found is None or library is None or (article := library.article(article_id, found.revision)) is None:
            raise UserError("That article is no longer kept. Add its file or address again.")
        again = replace(article, location=found.location)
        self._begin(f"Adding “{article.name}” again", lambda: self._build((), articles=(again,)))

    def roll_back(self, number: int) -> None:
        """Publish an earlier or later version; nothing is deleted."""
        from index.maintenance import rollback

        def move() -> str:
            rollback(self.desk.folder, number, "clippings chat")
            return f"Version {number} is what is asked now."

        self._begin(f"Going to version {number}", move)

    def check(self) -> None:
        """Compare the three stores passage by passage."""
        from index.consistency import check

        def compare() -> str:
            found = check(self.desk.folder)
            if found.clean:
                return f"Healthy: {found.articles:,} articles and {found.passages:,} passages agree in all stores."
            problems = "; ".join(str(problem) for problem in found.problems)
            raise UserError(f"{problems}. Repair: clippings library check --repair --library {self.desk.folder}")

        self._begin("Checking the library", compare)

    def wait(self, seconds: float) -> State:
        """The state after at most so many seconds, sooner when the work ends."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return self.state

    def _build(self, targets: Sequence[str], **options: Any) -> BuildReport:
        return build_library(
            self.desk.settings,
            targets,
            allow_private=self.allow_private,
            command="clippings chat",
            progress=self._progress,
            **options,
        )

    def _progress(self, progress: Progress) -> None:
        self.state = replace(self.state, stage=progress.stage, done=progress.done, total=progress.total or 0)

    def _begin(self, title: str, work: Callable[[], BuildReport | str], refused: Sequence[Skipped] = ()) -> None:
        with self._guard:
            if self.state.running:
                raise UserError(f"{self.state.title} is still under way. Wait until it ends, then try again.")
            self.state = State(title, running=True, refused=tuple(refused))
        self._thread = threading.Thread(target=self._run, args=(work,), name="work", daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], BuildReport | str]) -> None:
        try:
            made = work()
            self.desk.shelf()
        except UserError as error:
            self.state = replace(self.state, running=False, error=str(error))
        except Exception as error:  # the thread's end is the edge: whatever happened is shown, none is lost
            self.state = replace(self.state, running=False, error=f"{type(error).__name__}: {error}")
            raise
        else:
            if isinstance(made, str):
                self.state = replace(self.state, running=False, said=made)
            else:
                self.state = replace(self.state, running=False, report=made)
