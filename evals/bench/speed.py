"""Speed and memory, measured where it is asked for; ratios are taken within one run.

The only place outside `index.engines.encoder` that loads sentence_transformers, to compare the encoder with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from evals.bench import installed_command
from index.errors import UserError

if TYPE_CHECKING:
    from index.library import Library
    from rag.assistant import Assistant

Figures = dict[str, Any]


def encoding(texts: Sequence[str], rounds: int = 2) -> Figures:
    """Texts a second of our encoder and of SentenceTransformer.encode (batch 32), alternating; the best of each.

    `cosine_min` is the smallest cosine between the two vectors of one text.
    """
    from sentence_transformers import SentenceTransformer

    from index.engines.encoder import open_encoder, packaged_model

    ours = open_encoder()
    theirs = SentenceTransformer(str(packaged_model()))
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(rounds):
        started = time.perf_counter()
        mine = ours.embed(texts)
        seconds["ours"].append(time.perf_counter() - started)
        started = time.perf_counter()
        other = theirs.encode(list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False)
        seconds["theirs"].append(time.perf_counter() - started)
    mean = {name: min(values) for name, values in seconds.items()}
    return {
        "texts": len(texts),
        "ours_per_second": round(len(texts) / mean["ours"], 1),
        "sentence_transformers_per_second": round(len(texts) / mean["theirs"], 1),
        "ratio": round(mean["theirs"] / mean["ours"], 2),
        "cosine_min": round(float((mine * np.asarray(other)).sum(axis=1).min()), 6),
    }


def building(paths: Sequence[str]) -> Figures:
    """Build a library of `paths` twice in processes of their own: seconds, passages a second, peak memory.

    `unchanged_ratio` is the first run's seconds over the second's, both as the build itself reports them.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [installed_command(), "index", "--json", "--library", folder + "/library", *paths]
        first, peak = _timed(command)
        second, _ = _timed(command)
    return {
        "articles": first["added"],
        "passages": first["encoded"],
        "seconds": round(first["seconds"], 2),
        "passages_per_second": round(first["encoded"] / max(first["seconds"], 1e-9), 1),
        "peak_mib": round(peak / 1024, 0),
        "unchanged_seconds": round(second["seconds"], 3),
        "unchanged_encoded": second["encoded"],
        "unchanged_ratio": round(first["seconds"] / max(second["seconds"], 1e-9), 1),
    }


def _timed(command: Sequence[str]) -> tuple[Figures, int]:
    """The JSON a command printed and its peak resident memory in KiB."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise UserError(f"{' '.join(command)!r} failed; run it by itself to see why")
    return json.loads(text), usage.ru_maxrss


def asking(assistant: Assistant, questions: Sequence[str]) -> Figures:
    """Milliseconds a question (p50 and p95) inside a running process, by stage, after one to warm up."""
    assistant.ask(questions[0])
    answers = [assistant.ask(question) for question in questions]
    figures: Figures = {"questions": len(questions)}
    for stage in ("retrieve", "read", "total"):
        values = [answer.seconds[stage] * 1000 for answer in answers]
        figures[f"{stage}_ms_p50"] = round(float(np.percentile(values, 50)), 1)
        figures[f"{stage}_ms_p95"] = round(float(np.percentile(values, 95)), 1)
    return figures


def starting(library: str, question: str, rounds: int = 3) -> Figures:
    """Seconds from process start to exit, the best of `rounds`: `--help`, and a whole `ask`."""

    def best(arguments: Sequence[str]) -> float:
        def once() -> None:
            # Exit code 0 is required: a command that fails is fast and means nothing.
            subprocess.run([installed_command(), *arguments], check=True, capture_output=True)

        return round(min(_seconds(once) for _ in range(rounds)), 2)

    return {"help_seconds": best(["--help"]), "ask_seconds": best(["ask", "--library", library, question])}


def _seconds(function: Callable[[], None]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def sample_texts(library: Library, count: int) -> list[str]:
    """The texts that would be embedded for the first `count` passages of a library."""
    return list(islice(library.embedded_texts(), count))
