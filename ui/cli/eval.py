"""`clippings eval`: run a question set, compare runs, write reports; and `clippings demo`."""

from __future__ import annotations

from pathlib import Path

import click

from evals import runs
from evals.datasets import files
from evals.metrics import METRICS, multihop_rag
from evals.metrics.summary import MetricValue, requirement, summarise
from evals.report import comparison_html
from evals.results import CaseResult
from evals.runs import compare as comparing
from evals.runs import systems
from evals.sets import DEMO
from index.terminal import echo, one_line
from rag import settings as settings_file
from ui.cli.eval_calibrate import calibrate_command
from ui.cli.eval_common import (
    ask_all,
    exit_code,
    figure_table,
    judging_by,
    library_for,
    new_folder,
    prepared,
    print_figures,
    write_report,
)
from ui.cli.eval_quotes import quotes
from ui.cli.eval_sets import FILE, FOLDER, SET_LIBRARY, ask, import_command, init, locate, suggest, training_rows
from ui.library_access import build_library


class SetOrCommand(click.Group):
    """`clippings eval SET …` is `clippings eval run SET …`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("eval", cls=SetOrCommand)
def evaluate() -> None:
    """Ask a set of questions and measure the answers: `clippings eval SET`.

    \b
    Examples:
      clippings eval evals/sets/seeds.jsonl
      clippings eval compare runs/before runs/after
    """


for command in (ask, calibrate_command, import_command, init, locate, quotes, suggest, training_rows):
    evaluate.add_command(command)


@evaluate.command("run")
@click.argument("questions", metavar="SET", type=FILE)
@click.option("--library", help=SET_LIBRARY)
@click.option("--out", type=FOLDER, help="Folder of the run; one that was stopped goes on. [default: runs/SET-TIME]")
@click.option("--tag", "tags", multiple=True, help="Only questions with this tag; may be given several times.")
@click.option("--without-tag", "unwanted", multiple=True, help="No questions with this tag.")
@click.option("--leave-out-gold", is_flag=True, help="Ask each answerable question again, its gold articles hidden.")
@click.option("--require", "required", multiple=True, metavar="METRIC>=X", help="Exit with 1 unless met.")
@click.option(
    "--jobs",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Questions at once; time is measured only one at a time.",
)
@click.option(
    "--system",
    default="clippings",
    show_default=True,
    help="Who answers: clippings, bm25, langchain-tutorial, or the reader alone: reader (over the articles a question "
    "names) and bm25-reader.",
)
@click.option("--model", help="Let a chat model write the answers, as provider:model.")
@click.option("--judge", metavar="MODEL", help="Let a chat model score the answers too, as provider:model.")
@click.option("--skip-missing", is_flag=True, help="Leave out questions whose gold articles are not in the library.")
def run_command(
    questions: Path,
    library: str | None,
    out: Path | None,
    tags: tuple[str, ...],
    unwanted: tuple[str, ...],
    leave_out_gold: bool,
    required: tuple[str, ...],
    jobs: int,
    system: str,
    model: str | None,
    judge: str | None,
    skip_missing: bool,
) -> None:
    """Ask the questions of SET (.jsonl, .csv or .yaml), print the figures, and write a report.

    \b
    Examples:
      clippings eval run questions.yaml --library library --require 'answer.correct>=0.8'
      clippings eval run xquad/questions.jsonl --system reader --leave-out-gold
    """
    requirements = [requirement(text) for text in required]
    cases = files.read(questions)
    opened, settings = library_for(questions, library, model)
    folder = out or new_folder(questions)
    asked = systems.open_system(system, opened, settings, folder)
    cases = prepared(cases, opened, questions, tags, unwanted, leave_out_gold, skip_missing, system == systems.READER)
    judging = judging_by(judge, settings)
    options = ["leave-out-gold"] * leave_out_gold + [f"judge {judge}"] * bool(judge)
    header = systems.header(system, questions, cases, opened, asked.fingerprint, options, jobs, asked.models)
    results = ask_all(cases, asked.answering, folder, header, judging)
    figures = summarise(results, timed=jobs == 1)
    print_figures(figures, multihop_rag.official(results))
    echo(f"\nReport: {write_report(folder, header, results)}")
    exit_code(results, figures, requirements)


@evaluate.command()
@click.argument("run_folder", metavar="RUN", type=FOLDER)
def report(run_folder: Path) -> None:
    """Write RUN/report.html: figures, plots, and every question with its answer; one file, no requests.

    \b
    Examples:
      clippings eval report runs/seeds-20240504-101500
      clippings eval report runs/baselines/bm25
    """
    header = runs.read_header(run_folder)
    echo(write_report(run_folder, header, runs.read_results(run_folder)))


@evaluate.command()
@click.argument("before", type=FOLDER)
@click.argument("after", type=FOLDER)
@click.option("--html", "page", type=FILE, help="Write the comparison as one HTML file, too.")
@click.option("--most", default=10, show_default=True, help="Questions shown that got better, and worse.")
def compare(before: Path, after: Path, page: Path | None, most: int) -> None:
    """Compare two runs of one set, paired by question.

    \b
    Examples:
      clippings eval compare runs/before runs/after
      clippings eval compare runs/before runs/after --html compared.html --most 3
    """
    headers = runs.read_header(before), runs.read_header(after)
    comparison = comparing.compare(runs.read_results(before), runs.read_results(after))
    echo(f"{'metric':<28}{'before':>8}{'after':>8}{'change':>9}  {'95% interval':<18}{'p':>7}      n")
    for change in comparison.changes:
        if (one := change.difference) is not None:
            interval = f"[{one.low:+.3f}, {one.high:+.3f}]"
            echo(
                f"{change.metric.name:<28}{one.before:>8.3f}{one.after:>8.3f}{one.value:>+9.3f}  "
                f"{interval:<18}{one.p:>7.4f}{one.questions:>7}"
            )
    unmeasured = [change.metric.name for change in comparison.changes if change.difference is None]
    echo(f"\nNot measured in both: {', '.join(unmeasured) or 'none'}")
    left_out = {"only before": comparison.only_before, "only after": comparison.only_after, "failed": comparison.failed}
    for word, ids in left_out.items():
        if ids:
            echo(one_line(f"Left out, {word}: {', '.join(ids[:10])}{' …' if len(ids) > 10 else ''}"))
    for title, pairs in (("worse", comparison.worse), ("better", comparison.better)):
        echo(f"\nGot {title}: {len(pairs)}")
        for old, new in pairs[:most]:
            echo(f"  {one_line(f'{old.case.id}: {old.case.question}')}")
            echo(f"    before: {_answer_line(old)}\n    after:  {_answer_line(new)}")
    if page:
        page.write_text(comparison_html(*headers, comparison), encoding="utf-8")
        echo(f"\nSide by side: {page}")


def _answer_line(result: CaseResult) -> str:
    """The answer, or why it was refused, in one line."""
    return one_line(f"(refused) {result.reason}" if result.refused else " / ".join(result.text.split("\n")))


@evaluate.command()
def metrics() -> None:
    """List every metric, what it means, and what it needs to be measured.

    \b
    Examples:
      clippings eval metrics
      clippings eval metrics | grep refusal
    """
    for metric in METRICS:
        needs = f" (needs {metric.needs})" if metric.needs else ""
        echo(f"{metric.name:<28}{metric.meaning}{needs}")


@evaluate.command()
@click.argument("questions", metavar="SET", type=FILE)
@click.option("--library", help=SET_LIBRARY)
@click.option("--out", type=FOLDER, help="Folder of the three runs. [default: runs/SET-TIME]")
@click.option("--tag", "tags", multiple=True, help="Only questions with this tag.")
@click.option("--leave-out-gold", is_flag=True, help="Ask each answerable question again, its gold articles hidden.")
@click.option("--skip-missing", is_flag=True, help="Leave out questions whose gold articles are not in the library.")
def baselines(
    questions: Path,
    library: str | None,
    out: Path | None,
    tags: tuple[str, ...],
    leave_out_gold: bool,
    skip_missing: bool,
) -> None:
    """Ask SET of BM25 alone, of the LangChain tutorial's pipeline, and of ours; one table.

    \b
    Examples:
      clippings eval baselines questions.yaml --library library
      clippings eval baselines xquad/questions.jsonl --leave-out-gold --out runs/three
    """
    cases = files.read(questions)
    opened, settings = library_for(questions, library)
    cases = prepared(cases, opened, questions, tags, (), leave_out_gold, skip_missing)
    folder = out or new_folder(questions)
    options = ["leave-out-gold"] * leave_out_gold
    columns: dict[str, list[MetricValue]] = {}
    all_results: list[CaseResult] = []
    for system in (systems.BM25, systems.OURS, systems.TUTORIAL):
        asked = systems.open_system(system, opened, settings, folder)
        header = systems.header(system, questions, cases, opened, asked.fingerprint, options, models=asked.models)
        results = ask_all(cases, asked.answering, folder / system, header)
        columns[system] = summarise(results)
        all_results += results
        write_report(folder / system, header, results)
    table = figure_table(columns)
    (folder / "table.md").write_text(table, encoding="utf-8")
    echo(table)
    echo(f"Compare two of them: clippings eval compare {folder / systems.BM25} {folder / systems.OURS}")
    exit_code(all_results, [], [])


@click.command()
@click.option("--library", default="demo-library", show_default=True, help="Folder to build the demo library in.")
def demo(library: str) -> None:
    """Build a library of 293 complete Wikinews articles of 2019 and 2020, and suggest what to ask it.

    \b
    Examples:
      clippings demo
      clippings demo --library wikinews
    """
    settings, _ = settings_file.load({"library": library})
    build_library(settings, [str(DEMO)])
    echo(
        "The articles are by Wikinews contributors, CC BY 2.5; each keeps its URL and date.\n"
        f'Try:  clippings ask --library {library} "What does Richard Stallman say DRM should stand for?"\n'
        f"Or:   clippings eval {DEMO.parents[1] / 'wikinews.jsonl'} --library {library}"
    )
