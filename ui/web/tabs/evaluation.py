"""What the Evaluation tab does: run a question set, show figures, compare runs; knows nothing of gradio.

Runs are kept in the library's folder, each person's apart: a set may hold what they asked.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import UserError
from ui.store import exports
from ui.web.events import Changes, Sent
from ui.web.pages import html
from ui.web.server import sets
from ui.web.service import Desk

if TYPE_CHECKING:
    from evals.results import CaseResult
    from evals.runs import Header

VERDICTS = "verdicts"
SHOWN = ("sets", "measure", "runs")
TICK = 0.5
SHOWN_PROBLEMS = 50
"""Bad rows shown of a question set that was brought."""


@dataclass(frozen=True, slots=True)
class Running:
    """A run under way or the last one; `folder` is empty until it has ended well."""

    owner: str = ""
    title: str = ""
    running: bool = False
    done: int = 0
    total: int = 0
    folder: str = ""
    notes: tuple[str, ...] = ()
    error: str = ""


@dataclass(slots=True)
class Measuring:
    """The Evaluation tab of one desk; one run at a time."""

    desk: Desk
    state: Running = field(default_factory=Running)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def overview(self, sent: Sent) -> Changes:
        """The tab as it is now."""
        return {
            "sets": self._choice(sent.owner),
            "measure": self._progress(sent.owner),
            "runs": self._runs(sent.owner),
        }

    def bring(self, sent: Sent, file: str | None) -> Changes:
        """Take in a question set of one's own; the copy that came with the request is deleted."""
        if not file:
            return {}
        given = Path(file)
        try:
            added = sets.add(self._home(sent.owner), given)
        finally:
            given.unlink(missing_ok=True)
        return {
            "sets": self._choice(sent.owner, added.name),
            "measure": html.rendered("own-set.html", added=added, shown=SHOWN_PROBLEMS),
        }

    def forget(self, sent: Sent) -> Changes:
        """Remove a question set of one's own."""
        sets.remove(self._home(sent.owner), sent.text("set"))
        return {"sets": self._choice(sent.owner)}

    async def run(self, sent: Sent) -> AsyncIterator[Changes]:
        """Ask every question of the chosen set, showing how far it is, then its figures."""
        try:
            await asyncio.to_thread(self._begin, sent.owner, sent.text("set"), sent.text("leave_out") == "on")
        except UserError as error:
            yield {"measure": html.message(str(error), "error")}
            return
        while self.state.running:
            yield {"measure": self._progress(sent.owner)}
            await asyncio.sleep(TICK)
        yield await asyncio.to_thread(self.overview, sent)
        if self.state.folder:
            yield await asyncio.to_thread(self._show, sent.owner, self.state.folder)

    def show(self, sent: Sent) -> Changes:
        """The figures and plots of a run."""
        return self._show(sent.owner, sent.text("run"))

    def compare(self, sent: Sent) -> Changes:
        """Two runs side by side: what changed, and how surely."""
        from evals import runs
        from evals.runs.compare import compare

        try:
            folders = [self.folder(sent.owner, sent.text(name)) for name in ("before", "after")]
            before, after = (runs.read_results(folder) for folder in folders)
            found = compare(before, after)
        except UserError as error:
            return {"summary": html.message(str(error), "error")}
        changes = [change for change in found.changes if change.difference is not None]
        return {
            "summary": html.rendered(
                "comparison.html",
                before=sent.text("before"),
                after=sent.text("after"),
                changes=changes,
                better=found.better,
                worse=found.worse,
            )
        }

    def folder(self, owner: str, name: str) -> Path:
        """The folder of one of the owner's runs; raises UserError when they have none of that name."""
        folder = self._home(owner) / name
        if not re.fullmatch(r"[A-Za-z0-9-]{1,80}", name) or not (folder / "run.json").is_file():
            raise UserError(f"You have no run {name!r}. Choose one of the list.")
        return folder

    def _home(self, owner: str) -> Path:
        return self.desk.folder / "runs" / hashlib.sha256(owner.encode()).hexdigest()[:16]

    def _choice(self, owner: str, chosen: str = "") -> str:
        return html.rendered("sets.html", sets=self._sets(owner), own=self._own(owner), chosen=chosen)

    def _own(self, owner: str) -> list[tuple[str, str]]:
        return [(path.name, sets.title(path.name)) for path in sets.kept(self._home(owner))]

    def _sets(self, owner: str) -> list[tuple[str, str]]:
        """Key and name of each set that can be run."""
        from evals.sets import ARTICLES

        shipped = [(name, sets.title(name)) for name in ARTICLES]
        verdicts = len(self.desk.conversations.judged(owner))
        return [
            *shipped,
            *([(VERDICTS, f"your verdicts ({verdicts})")] if verdicts else []),
            *self._own(owner),
        ]

    def _begin(self, owner: str, chosen: str, leave_out: bool) -> None:
        if chosen not in dict(self._sets(owner)):
            raise UserError(f"There is no question set {chosen!r}. Choose one of the list.")
        with self._guard:
            if self.state.running:
                raise UserError("Another run is under way. Wait until it ends, then try again.")
            self.state = Running(owner, sets.title(chosen), running=True)
        self._thread = threading.Thread(
            target=self._run, args=(owner, chosen, leave_out), name="measuring", daemon=True
        )
        self._thread.start()

    def _run(self, owner: str, chosen: str, leave_out: bool) -> None:
        try:
            folder = self._measured(owner, chosen, leave_out)
        except UserError as error:
            self.state = replace(self.state, running=False, error=str(error))
        except Exception as error:  # the thread's end is the edge: whatever happened is shown, none is lost
            self.state = replace(self.state, running=False, error=f"{type(error).__name__}: {error}")
            raise
        else:
            self.state = replace(self.state, running=False, folder=folder.name)

    def _measured(self, owner: str, chosen: str, leave_out: bool) -> Path:
        from evals import runs
        from evals.datasets import cases, files
        from evals.runs import systems
        from evals.sets import set_path

        assistant = self.desk.assistant()
        if assistant is None:
            raise UserError("The library is empty. Add articles in the Library tab first.")
        home = self._home(owner)
        home.mkdir(parents=True, exist_ok=True)
        questions = home / f"{VERDICTS}.jsonl"
        if chosen == VERDICTS:
            questions.write_text(exports.feedback(self.desk, owner), encoding="utf-8")
        elif not (questions := home / chosen).is_file():
            questions = set_path(chosen)
        tied, notes = systems.tie(files.read(questions), assistant.library, questions, skip=True)
        if not tied:
            raise UserError(
                f"None of the articles of {questions.stem!r} is in this library. Add them: clippings demo, "
                "or load the seed articles"
            )
        wanted = list(cases.leave_out(tied)) if leave_out else tied
        options = ["leave-out-gold"] * leave_out
        header = systems.header(
            systems.OURS, questions, wanted, assistant.library, self.desk.settings.fingerprint, options
        )
        folder = home / f"{questions.stem}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
        self.state = replace(self.state, total=len(wanted), notes=tuple(notes))
        for number, _ in enumerate(runs.run(wanted, systems.ours(assistant), folder, header), start=1):
            self.state = replace(self.state, done=number)
        return folder

    def _progress(self, owner: str) -> str:
        mine = self.state if self.state.owner == owner else replace(self.state, error="", notes=(), folder="")
        return html.rendered("measure.html", state=mine)

    def _runs(self, owner: str) -> str:
        from evals import runs

        home = self._home(owner)
        names = sorted((path.parent.name for path in home.glob("*/run.json")), reverse=True)
        headers: list[tuple[str, Header]] = [(name, runs.read_header(home / name)) for name in names]
        headers.sort(key=lambda item: item[1].started, reverse=True)
        titled = [(name, header, sets.title(header.question_set)) for name, header in headers]
        return html.rendered("runs.html", runs=titled)

    def _show(self, owner: str, name: str) -> Changes:
        from evals import runs
        from evals.metrics import HEADLINE
        from evals.metrics.summary import summarise
        from evals.report import plots

        try:
            folder = self.folder(owner, name)
        except UserError as error:
            return {"summary": html.message(str(error), "error")}
        header, results = runs.read_header(folder), runs.read_results(folder)
        figures = summarise(results, timed=header.jobs == 1)
        drawn: dict[str, Callable[[list[CaseResult]], str]] = {
            "Accuracy by share answered": plots.risk_coverage,
            "Confidence and accuracy": plots.reliability,
            "Rank of the gold": plots.gold_ranks,
            "Time for a question": plots.latency,
        }
        return {
            "summary": html.rendered(
                "summary.html",
                name=name,
                header=header,
                title=sets.title(header.question_set),
                headline=[figure for figure in figures if figure.metric in HEADLINE],
                figures=[figure for figure in figures if figure.value is not None],
                missing=sum(figure.value is None for figure in figures),
                plots={title: _as_image(svg) for title, draw in drawn.items() if (svg := draw(results))},
            )
        }

    def report(self, owner: str, name: str) -> str:
        """A run as the report that `clippings eval report` writes; raises UserError where it is not theirs."""
        from evals import runs
        from evals.report import html

        folder = self.folder(owner, name)
        return html(runs.read_header(folder), runs.read_results(folder))


def _as_image(svg: str) -> Any:
    """A drawing as the address of an image: nothing in it can then act on the page."""
    import base64

    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
