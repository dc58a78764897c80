"""Many people asking at once, on loopback: how long each waits, and how much memory the server takes.

Starts the real `clippings chat` and asks through its API with one identity a person. Knows nothing of browsers.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evals.bench import installed_command
from evals.datasets.files import read
from evals.datasets.suggest import suggest
from index import errors
from index.errors import UserError
from index.library import Library
from index.terminal import echo, echo_json

if TYPE_CHECKING:
    import httpx

TIMEOUT = 120.0
"""Seconds after which an answer counts as failed."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds from sending a question to the first words and to the whole of its answer, or why it failed."""

    first: float
    whole: float
    failure: str = ""


@contextmanager
def serving(library: str, environment: Mapping[str, str] | None = None) -> Iterator[tuple[str, int]]:
    """Start the chat on a free port; yields its address and process id. Raises UserError when it does not start.

    `environment` takes the place of this process's.
    """
    command = [installed_command(), "chat", "--library", library, "--port", "0"]
    command.append("--no-open")
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        output = []
        try:
            for line in process.stderr:
                output.append(line)
                # takes "Clippings is at http://127.0.0.1:7860/ (stop with Ctrl+C)"; not "No library yet: building"
                if match := re.match(r"Clippings is at (http://\S+)/ ", line):
                    yield match[1], process.pid
                    return
            raise UserError(
                f"The chat did not start: {''.join(output).strip()}. Try it: clippings chat --library {library}"
            )
        finally:
            process.terminate()


async def ask(client: httpx.AsyncClient, question: str) -> Timing:
    """Ask one question as a stream."""
    import httpx

    started = time.perf_counter()
    first, event = 0.0, ""
    try:
        async with client.stream("POST", "/api/ask", json={"question": question, "stream": True}) as response:
            if response.status_code != 200:
                return Timing(0, 0, f"{response.status_code} {(await response.aread()).decode()[:200]}")
            async for line in response.aiter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                    if event in ("statement", "answer") and not first:
                        first = time.perf_counter() - started
                elif line.startswith("data: ") and event == "error":
                    return Timing(0, 0, json.loads(line.removeprefix("data: "))["detail"])
    except (httpx.HTTPError, OSError) as error:
        return Timing(0, 0, f"{type(error).__name__}: {error}")
    return Timing(first, time.perf_counter() - started, "" if event == "answer" else "cut off")


async def ask_together(address: str, people: int, rounds: int, questions: Sequence[str]) -> list[Timing]:
    """Every person asks at the same moment, `rounds` times, each time another question."""
    import httpx

    def visitor() -> httpx.AsyncClient:
        cookies = {"clippings_visitor": secrets.token_urlsafe(24)}
        return httpx.AsyncClient(base_url=address, cookies=cookies, timeout=TIMEOUT)

    clients = [visitor() for _ in range(people)]
    timings: list[Timing] = []
    for turn in range(rounds):
        batch = [questions[(turn * people + number) % len(questions)] for number in range(people)]
        timings += await asyncio.gather(*(ask(client, one) for client, one in zip(clients, batch, strict=True)))
    for client in clients:
        await client.aclose()
    return timings


def memory(process: int) -> float:
    """Resident memory of a process in MB (Linux)."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    # takes "VmRSS:    123456 kB"; not "VmHWM:    123456 kB"
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(match[1]) / 1000 if match else 0.0


def summary(timings: Sequence[Timing]) -> dict[str, Any]:
    """Seconds until the first words and the whole answer, over those that did not fail."""
    answered = [one for one in timings if not one.failure]
    firsts, wholes = sorted(one.first for one in answered), sorted(one.whole for one in answered)
    return {
        "asked": len(timings),
        "failed": len(timings) - len(answered),
        "first words, median": round(statistics.median(firsts), 2) if firsts else None,
        "first words, slowest": round(firsts[-1], 2) if firsts else None,
        "whole answer, median": round(statistics.median(wholes), 2) if wholes else None,
        "whole answer, slowest": round(wholes[-1], 2) if wholes else None,
    }


@click.command()
@click.option("--library", default="library", show_default=True, help="Folder of the library.")
@click.option("--people", default=20, show_default=True, type=click.IntRange(1, 50), help="Asking at once.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 10), help="Questions each.")
@click.option("--questions", type=click.Path(path_type=Path), help="A question set; else those the library suggests.")
def main(library: str, people: int, rounds: int, questions: Path | None) -> None:
    """Measure the chat under load and print the figures as JSON; exits with 1 if anything failed.

    \b
    Example:
      python -m evals.bench.load_test --library library --people 20
    """
    if questions:
        texts = [case.question for case in read(questions, expecting=False) if not case.conversation]
    else:
        texts = [case.question for case in islice(suggest(Library.open(library).articles(), 200), 200)]
    if not texts:
        raise click.ClickException("No questions to ask. Name a set: --questions evals/sets/seeds.jsonl")
    with serving(library) as (address, process):
        alone = asyncio.run(ask_together(address, 1, 6, texts[::-1]))
        before = memory(process)
        together = asyncio.run(ask_together(address, people, rounds, texts))
        figures = {
            "one person (after the first question)": summary(alone[1:]),
            f"{people} at once, {rounds} times": summary(together),
            "memory of the server before, MB": round(before),
            "memory of the server after, MB": round(memory(process)),
        }
    echo_json(figures, indent=2)
    failures = {one.failure for one in (*alone, *together) if one.failure}
    for failure in sorted(failures):
        echo(f"Failed: {failure}", err=True)
    if failures:
        raise SystemExit(1)


if __name__ == "__main__":
    errors.run(main)
