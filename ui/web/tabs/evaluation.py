"""What the Evaluation tab does: run a question set, show figures, compare runs; knows nothing of gradio.

Runs are kept in the library's folder, each person's apart: a set may hold what they asked.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evals import report as run_report
from evals import runs
from evals.datasets import cases, files
from evals.metrics import HEADLINE
from evals.metrics.summary import summarise
from evals.report import plots
from evals.runs import systems
from evals.runs.compare import compare
from evals.sets import ARTICLES, set_path
from index.errors import UserError
from ui.store import people
from ui.store.people import require_reader
from ui.web import exports
from ui.web.events import Changes, PageEvent
from ui.web.jobs import JobRunner, JobState
from ui.web.pages import html
from ui.web.server import uploads
from ui.web.service import ChatService

if TYPE_CHECKING:
    from evals.results import CaseResult
    from evals.runs import Header

VERDICTS = "verdicts"
"""Key of the question set that a person's verdicts are."""
OUTPUTS = ("sets", "measure", "runs")
"""Components that depend on sets and runs."""
PROBLEM_LIMIT = 50
"""Bad rows shown of a question set that was uploaded."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """The folder's name of a run that ended well, and what could not be tied to the library."""

    folder: str
    notes: tuple[str, ...] = ()


# Names no run: whose it is and of which set is nobody else's business.
BUSY = "Another run is under way. Wait until it ends, then try again."


@dataclass(slots=True)
class EvaluationTab:
    """The Evaluation tab; one run at a time."""

    service: ChatService
    jobs: JobRunner[RunResult] = field(default_factory=lambda: JobRunner(BUSY))

    def show(self, event: PageEvent) -> Changes:
        """The tab as it is now."""
        owner = event.owner
        return {"sets": self._set_form(owner), "measure": self._progress(owner), "runs": self._run_table(owner)}

    def upload_set(self, event: PageEvent, file: str | None) -> Changes:
        """Take in a question set of one's own; the copy that came with the request is deleted."""
        if not file:
            return {}
        path = Path(file)
        try:
            require_reader(event.role)
            upload = uploads.save_question_set(self._home(event.owner), path)
        except UserError as error:
            return {"measure": html.message(str(error), "error")}
        finally:
            path.unlink(missing_ok=True)
        problems = html.render("own-set.html", upload=upload, limit=PROBLEM_LIMIT)
        return {"sets": self._set_form(event.owner, upload.name), "measure": problems}

    def remove_set(self, event: PageEvent) -> Changes:
        """Remove a question set of one's own."""
        try:
            require_reader(event.role)
        except UserError as error:
            return {"measure": html.message(str(error), "error")}
        uploads.remove_question_set(self._home(event.owner), event.text("set"))
        return {"sets": self._set_form(event.owner)}

    async def run(self, event: PageEvent) -> AsyncIterator[Changes]:
        """Ask every question of the selected set, showing how far it is, then its figures."""
        try:
            require_reader(event.role)
            await asyncio.to_thread(self._start, event.owner, event.text("set"), event.text("leave_out") == "on")
        except UserError as error:
            yield {"measure": html.message(str(error), "error")}
            return
        async for _ in self.jobs.watch():
            yield {"measure": self._progress(event.owner)}
        yield await asyncio.to_thread(self.show, event)
        if result := self.jobs.state.result:
            yield await asyncio.to_thread(self._show_run, event.owner, result.folder)

    def show_run(self, event: PageEvent) -> Changes:
        """The figures and plots of a run."""
        return self._show_run(event.owner, event.text("run"))

    def compare(self, event: PageEvent) -> Changes:
        """Two runs side by side: what changed, and how surely."""
        try:
            folders = [self.folder(event.owner, event.text(name)) for name in ("before", "after")]
            comparison = compare(*(runs.read_results(folder) for folder in folders))
        except UserError as error:
            return {"summary": html.message(str(error), "error")}
        return {
            "summary": html.render(
                "comparison.html",
                before=event.text("before"),
                after=event.text("after"),
                changes=[change for change in comparison.changes if change.difference is not None],
                better=comparison.better,
                worse=comparison.worse,
            )
        }

    def folder(self, owner: str, name: str) -> Path:
        """The folder of one of the owner's runs; raises UserError when they have none of that name."""
        folder = self._home(owner) / name
        # takes "seeds-20240305-101500-000000"; not "" or "../another-owner/run"
        if not re.fullmatch(r"[A-Za-z0-9-]{1,80}", name) or not (folder / "run.json").is_file():
            raise UserError(f"You have no run {name!r}. Choose one of the list.")
        return folder

    def _home(self, owner: str) -> Path:
        return people.home(self.service.folder, owner)

    def _set_form(self, owner: str, selected: str = "") -> str:
        return html.render("sets.html", sets=self._sets(owner), own=self._own_sets(owner), selected=selected)

    def _own_sets(self, owner: str) -> list[tuple[str, str]]:
        return [(path.name, uploads.set_title(path.name)) for path in uploads.question_sets(self._home(owner))]

    def _sets(self, owner: str) -> list[tuple[str, str]]:
        """Key and title of each set that can be run."""
        verdicts = len(self.service.conversations.answers_with_verdict(owner))
        return [
            *((name, uploads.set_title(name)) for name in ARTICLES),
            *([(VERDICTS, f"your verdicts ({verdicts})")] if verdicts else []),
            *self._own_sets(owner),
        ]

    def _start(self, owner: str, key: str, leave_out: bool) -> None:
        if key not in dict(self._sets(owner)):
            raise UserError(f"There is no question set {key!r}. Choose one of the list.")
        self.jobs.start(JobState(uploads.set_title(key), owner), lambda: self._run_set(owner, key, leave_out))

    def _run_set(self, owner: str, key: str, leave_out: bool) -> RunResult:
        assistant = self.service.assistant()
        if assistant is None:
            raise UserError("The library is empty. Add articles in the Library tab first.")
        home = self._home(owner)
        home.mkdir(parents=True, exist_ok=True)
        questions = home / f"{VERDICTS}.jsonl"
        if key == VERDICTS:
            questions.write_text(exports.feedback(self.service.conversations, owner), encoding="utf-8")
        elif not (questions := home / key).is_file():
            questions = set_path(key)
        tied, notes = systems.tie(files.read(questions), assistant.library, questions, skip=True)
        if not tied:
            raise UserError(
                f"None of the articles of {questions.stem!r} is in this library. Add them: clippings demo, "
                "or load the seed articles"
            )
        to_ask = list(cases.leave_out(tied)) if leave_out else tied
        options, settings = ["leave-out-gold"] * leave_out, self.service.settings.fingerprint
        header = systems.header(
            systems.OURS, questions, to_ask, assistant.library, settings, options, models=assistant.models
        )
        folder = home / f"{questions.stem}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
        self.jobs.update(total=len(to_ask))
        for number, _ in enumerate(runs.run(to_ask, systems.ours(assistant), folder, header), start=1):
            self.jobs.update(done=number)
        return RunResult(folder.name, tuple(notes))

    def _progress(self, owner: str) -> str:
        state = self.jobs.state
        shown = state if state.owner == owner else replace(state, error="", result=None)
        return html.render("measure.html", state=shown)

    def _run_table(self, owner: str) -> str:
        home = self._home(owner)
        names = sorted((path.parent.name for path in home.glob("*/run.json")), reverse=True)
        headers: list[tuple[str, Header]] = [(name, runs.read_header(home / name)) for name in names]
        headers.sort(key=lambda item: item[1].started, reverse=True)
        rows = [(name, header, uploads.set_title(header.question_set)) for name, header in headers]
        return html.render("runs.html", runs=rows)

    def _show_run(self, owner: str, name: str) -> Changes:
        try:
            folder = self.folder(owner, name)
        except UserError as error:
            return {"summary": html.message(str(error), "error")}
        header, results = runs.read_header(folder), runs.read_results(folder)
        figures = summarise(results, timed=header.jobs == 1)
        drawings: dict[str, Callable[[list[CaseResult]], str]] = {
            "Accuracy by share answered": plots.risk_coverage,
            "Confidence and accuracy": plots.reliability,
            "Rank of the gold": plots.gold_ranks,
            "Time for a question": plots.latency,
        }
        return {
            "summary": html.render(
                "summary.html",
                name=name,
                header=header,
                title=uploads.set_title(header.question_set),
                headline=[figure for figure in figures if figure.metric in HEADLINE],
                figures=[figure for figure in figures if figure.value is not None],
                missing=sum(figure.value is None for figure in figures),
                plots={title: _image_address(svg) for title, draw in drawings.items() if (svg := draw(results))},
            )
        }

    def report(self, owner: str, name: str) -> str:
        """A run as the report that `clippings eval report` writes; raises UserError where it is not theirs."""
        folder = self.folder(owner, name)
        header = runs.read_header(folder)
        return run_report.html(replace(header, library=Path(header.library).name), runs.read_results(folder))


def _image_address(svg: str) -> str:
    """A drawing as the address of an image: nothing in it can then act on the page."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
