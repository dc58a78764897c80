"""Steps the evaluation commands share: a library for a set, the run itself, figures on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from evals import runs
from evals.datasets.cases import Case, leave_out, with_tags
from evals.metrics import COMPARED
from evals.metrics.llm_judge import judge
from evals.metrics.summary import Figure, MetricValue, Requirement
from evals.report import html
from evals.results import CaseResult
from evals.runs import Answering, Header, Judging, systems
from evals.runs.systems import fingerprint
from evals.sets import articles_of
from index.engines.encoder import cache_folder
from index.errors import UserError
from index.library import Library
from index.terminal import echo, one_line, progress_bar
from rag import settings as settings_file
from rag.answer.chat_models import open_model
from rag.settings import Settings
from ui.library_access import build_library, open_library


def prepared(
    cases: list[Case],
    library: Library,
    questions: Path,
    tags: tuple[str, ...] = (),
    unwanted: tuple[str, ...] = (),
    leave_out_gold: bool = False,
    skip_missing: bool = False,
    without_retrieval: bool = False,
) -> list[Case]:
    """The cases to ask, tied to the library; a line on standard error for each that could not be."""
    tagged = with_tags(cases, tags, unwanted)
    if not tagged:
        known = ", ".join(sorted({tag for case in cases for tag in case.tags}))
        raise UserError(f"No question of {str(questions)!r} has these tags. Its tags: {known or 'none'}")
    cases, notes = systems.tie(tagged, library, questions, skip_missing)
    if leave_out_gold:
        cases = list(leave_out(cases))
    if without_retrieval:
        cases, unread = systems.with_articles(cases, library)
        notes += unread
    for note in notes:
        echo(one_line(f"Note: {note}"), err=True)
    if not cases:
        raise UserError(f"Every question of {str(questions)!r} was left out. Is this its library? {library.folder}")
    return cases


def library_for(questions: Path, library: str | None, model: str | None = None) -> tuple[Library, Settings]:
    """The library named, or one of the set's own articles, kept in the cache and brought up to date.

    `model` is the chat model of the settings returned; the one set where None.
    """
    settings, origins = settings_file.load({"library": library, "model": model})
    if library or not articles_of(questions):
        return open_library(settings, origins), settings
    opened = set_library(questions, settings)
    return opened, replace(settings, library=str(opened.folder))


def set_library(questions: Path, settings: Settings) -> Library:
    """The library of a set's own articles, kept in the cache and brought up to date. The set must have some."""
    articles = [str(path.resolve()) for path in articles_of(questions)]
    assert articles, f"{questions} ships with its articles"
    folder = cache_folder() / "eval" / _key(articles, settings)
    echo(f"Articles of this set: {', '.join(articles)}", err=True)
    build_library(replace(settings, library=str(folder)), articles)
    return Library.open(folder)


def _key(articles: Sequence[str], settings: Settings) -> str:
    """A folder name for the library of these articles, by their paths, with these settings."""
    name = Path(articles[0]).parent.name
    return f"{name}-{fingerprint(*articles, settings.encoder, str(settings.passage_tokens))}"


def new_folder(questions: Path) -> Path:
    """A folder for a run that was not given one."""
    return Path("runs") / f"{questions.stem}-{datetime.now():%Y%m%d-%H%M%S}"


def judging_by(model: str | None, settings: Settings) -> Judging | None:
    """A judge by `provider:model`, or None where none is wanted.

    It is looked for at the settings' address unless that is the address of another model.
    """
    if not model:
        return None
    url = settings.model_url if settings.model in ("", model) else ""
    chat = open_model(model, url=url, timeout=settings.model_timeout)
    return lambda result: judge(chat, result)


def ask_all(
    cases: list[Case], answering: Answering, folder: Path, header: Header, judging: Judging | None = None
) -> list[CaseResult]:
    """Run the cases with a progress bar; returns the results in the order reports use."""
    results = runs.run(cases, answering, folder, header, judging)
    for _ in progress_bar(results, total=len(cases), description=header.system, unit=" questions"):
        pass
    return runs.read_results(folder)


def print_figures(figures: list[MetricValue], official: dict[str, tuple[float, int]]) -> None:
    """The figures as a table, then a public set's own metrics, then what was not measured and why."""
    width = max(len(figure.metric.name) for figure in figures)
    for figure in figures:
        if figure.value is not None:
            meaning = figure.metric.meaning
            echo(f"{figure.metric.name:<{width}}  {figure!s:<22} n={figure.questions:<6} {meaning}")
    for name, (value, count) in official.items():
        echo(f"{name:<{width}}  {value:<22.4f} n={count:<6} by MultiHop-RAG's own script, defects included")
    reasons: dict[str, list[str]] = {}
    for figure in figures:
        if figure.value is None:
            reasons.setdefault(figure.why, []).append(figure.metric.name)
    echo("\nNot measured:" if reasons else "")
    for why, names in reasons.items():
        echo(f"  {', '.join(names)} (needs {why})")


def write_report(folder: Path, header: Header, results: list[CaseResult]) -> Path:
    """Write `report.html` into the folder of a run."""
    path = folder / "report.html"
    path.write_text(html(header, results), encoding="utf-8")
    return path


def exit_code(
    results: Sequence[CaseResult],
    figures: Sequence[Figure],
    requirements: list[Requirement],
    *,
    only_errors: bool = False,
) -> None:
    """Exit with 1 if a question failed or a requirement is unmet, printing which; `only_errors`: none that is met."""
    failed = [result for result in results if result.error]
    for result in failed[:5]:
        echo(one_line(f"Failed: {result.case.id}: {result.error}"), err=True)
    unmet = [line for one in requirements if (line := one.unmet(figures))]
    for line in unmet:
        echo(f"Unmet: {line}", err=True)
    if failed or unmet:
        raise SystemExit(1)
    for one in [] if only_errors else requirements:
        echo(f"Met: {one.name} {'>=' if one.at_least else '<='} {one.bar:g}")


def figure_table(columns: dict[str, list[MetricValue]]) -> str:
    """Several systems' figures side by side as a Markdown table, with 95% intervals."""
    rows = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for metric in COMPARED:
        figures = [next(figure for figure in column if figure.metric == metric) for column in columns.values()]
        rows.append(f"| {metric.name} | " + " | ".join(map(str, figures)) + " |")
    return "\n".join(rows) + "\n"
