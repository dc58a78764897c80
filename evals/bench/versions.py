"""Two checkouts side by side: whether the later one is slower for somebody who opens the page, asks or builds.

Each figure is taken of both in turn, so that what else the machine does meets both; ratios are of medians. Needs a
Chromium and playwright. Knows nothing of other machines.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evals.bench import installed_command, load_test
from evals.datasets.files import read
from evals.sets import set_path
from index import errors
from index.errors import UserError
from index.terminal import echo_json

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
QUESTIONS_EACH = 5
"""Questions asked in each round, as many pages opened."""


@dataclass(slots=True)
class Version:
    """A checkout, a library it has built of its own seeds, and its chat."""

    checkout: Path
    library: str
    address: str = ""
    seconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.checkout)}

    def run(self, *arguments: str) -> float:
        """Seconds that a command of it takes, from process start; raises UserError where it fails."""
        started = time.perf_counter()
        done = subprocess.run(
            [installed_command(), *arguments], env=self.environment, cwd=self.checkout, capture_output=True, text=True
        )
        if done.returncode:
            raise UserError(f"'clippings {' '.join(arguments)}' failed in {str(self.checkout)!r}: {done.stderr[-500:]}")
        return time.perf_counter() - started

    def build(self) -> float:
        return self.run("index", "--rebuild", "--library", self.library, str(self.checkout / "seeds"))

    def note(self, name: str, seconds: float) -> None:
        self.seconds.setdefault(name, []).append(seconds)


def first_words(version: Version, question: str) -> float:
    """Seconds from sending a question to the first words of its answer; raises UserError where there is none."""
    (timing,) = asyncio.run(load_test.ask_together(version.address, 1, 1, [question]))
    if timing.failure:
        raise UserError(f"{question!r} was not answered: {timing.failure}. Try it: clippings chat")
    return timing.first


def page_open(browser: Browser, version: Version) -> float:
    """Seconds from navigating, with nothing cached, until a question can be typed."""
    with browser.new_context() as context:
        page = context.new_page()
        started = time.perf_counter()
        page.goto(version.address + "/", wait_until="commit")
        page.wait_for_selector("html[data-ready]")
        page.locator("#question textarea").fill("a")
        return time.perf_counter() - started


@contextmanager
def opened_browser(chromium: str) -> Iterator[Browser]:
    """A headless Chromium; raises UserError where there is none."""
    if not Path(chromium).is_file():
        raise UserError(f"No browser at {chromium!r}. Name one: --chromium PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


def compare(before: Version, after: Version, chromium: str, rounds: int) -> dict[str, Any]:
    """Seconds of both, by what was measured: medians, how many were taken, and after's over before's."""
    questions = [case.question for case in read(set_path("seeds.jsonl")) if not case.conversation]
    versions = (before, after)
    for version in versions:
        version.build()
    with (
        load_test.serving(before.library, before.environment) as (before.address, _),
        load_test.serving(after.library, after.environment) as (after.address, _),
    ):
        for version in versions:
            first_words(version, questions[0])
        for number in range(rounds):
            # Who comes first changes, so that being first helps neither.
            for version in versions if number % 2 else versions[::-1]:
                version.note("build with --rebuild", version.build())
                question = questions[number % len(questions)]
                version.note("whole `clippings ask`", version.run("ask", "--library", version.library, question))
            for one in range(QUESTIONS_EACH):
                question = questions[(number * QUESTIONS_EACH + one) % len(questions)]
                for version in versions if one % 2 else versions[::-1]:
                    version.note("first words", first_words(version, question))
        with opened_browser(chromium) as browser:
            for version in versions:
                page_open(browser, version)
            for number in range(rounds * QUESTIONS_EACH):
                for version in versions if number % 2 else versions[::-1]:
                    version.note("page open", page_open(browser, version))
    return {
        name: {
            "times each": len(after.seconds[name]),
            "before, median": round(statistics.median(before.seconds[name]), 3),
            "after, median": round(statistics.median(after.seconds[name]), 3),
            "ratio": round(statistics.median(after.seconds[name]) / statistics.median(before.seconds[name]), 3),
            "before, fastest": round(min(before.seconds[name]), 3),
            "after, fastest": round(min(after.seconds[name]), 3),
        }
        for name in after.seconds
    }


@click.command()
@click.argument("before", type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path))
@click.argument("after", type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path))
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1, 50), help="Builds of each.")
@click.option("--chromium", default=CHROMIUM, show_default=True, help="The browser.")
def main(before: Path, after: Path, rounds: int, chromium: str) -> None:
    """Measure the checkouts BEFORE and AFTER in turn and print the figures as JSON.

    \b
    Example:
      git worktree add ../before a66eafe && python -m evals.bench.versions ../before .
    """
    with tempfile.TemporaryDirectory() as folder:
        versions = [Version(path, f"{folder}/{name}") for path, name in ((before, "before"), (after, "after"))]
        echo_json(compare(versions[0], versions[1], chromium, rounds), indent=2)


if __name__ == "__main__":
    errors.run(main)
