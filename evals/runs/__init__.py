"""Asks every question of a set and writes each result at once, so that a stopped run goes on.

Knows nothing of how answers are made: it takes any `Callable[[Case], Answer]`.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import index
import rag
from evals.datasets.cases import Case
from evals.datasets.files import to_row
from evals.results import CaseResult, Judgement, from_line, observe, to_line
from index.errors import UserError
from rag.types import Answer

INNER_ORDER = "baselines compare query quotations reader_alone systems training_rows"
"""Each may import itself and those before it."""

RESULTS, HEADER = "results.jsonl", "run.json"
PACKAGES = "chromadb tantivy onnxruntime tokenizers langchain-core numpy scipy ir-measures clippings"

Answering = Callable[[Case], Answer]
Judging = Callable[[CaseResult], Judgement]


@dataclass(frozen=True, slots=True)
class Header:
    """What a run was: the same fingerprint gives the same figures, save the time taken."""

    system: str
    question_set: str
    questions: int
    set_hash: str
    """SHA-256 of the resolved cases that are asked."""
    settings: str
    """The settings' fingerprint."""
    library: str
    library_version: int
    library_hash: str
    """SHA-256 of the ids and revisions of its articles."""
    code: str
    """SHA-256 of the packages that answer; see `code_hash`."""
    commit: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    """What searches, orders and reads: the names of encoder, reranker and reader, with their weights' fingerprints."""
    jobs: int = 1
    options: tuple[str, ...] = ()
    started: str = ""

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits over everything that can change a figure; not where or when it ran."""
        facts = asdict(self)
        for name in ("started", "library", "library_version", "question_set", "jobs", "commit"):
            del facts[name]
        return _hash(facts)[:16]


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def set_hash(cases: Sequence[Case]) -> str:
    return _hash([to_row(case) for case in cases])


def library_hash(revisions: Iterator[tuple[str, str]]) -> str:
    """Of (article id, revision) pairs in any order."""
    return _hash(sorted(revisions))


def packages() -> dict[str, str]:
    """The versions that matter to the figures, with Python's."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES.split():
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def commit() -> str:
    """The commit of the running code, marked where files differ from it; empty outside git."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


@cache
def code_hash() -> str:
    """SHA-256 of every file that answers: code, rules and trained weights; `rag.training` changes no answer.

    Read once, since what runs is what was there when the program began.
    """
    digest = hashlib.sha256()
    for package in (index, rag):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*")):
            inside = path.relative_to(root).parts
            if path.is_file() and "__pycache__" not in inside and (package, inside[0]) != (rag, "training"):
                digest.update(f"{package.__name__}/{path.relative_to(root)}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def open_run(folder: Path, header: Header) -> list[CaseResult]:
    """Begin a run in a folder or take up the one there; returns the results it already has.

    Questions that had failed are asked again. Raises UserError if the run there has another fingerprint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / HEADER
    if path.exists():
        before = read_header(folder)
        if before.fingerprint != header.fingerprint:
            names = ("system", "set_hash", "settings", "library_hash", "code", "packages", "models", "options")
            changed = [name for name in names if getattr(before, name) != getattr(header, name)]
            raise UserError(
                f"{str(folder)!r} holds a run that is not this one: {', '.join(changed)} changed. "
                f"Choose another folder with --out, or delete that one."
            )
    else:
        _write_whole(path, json.dumps({**asdict(header), "fingerprint": header.fingerprint}, indent=2) + "\n")
    results = [result for result in read_results(folder) if not result.error]
    _write_whole(folder / RESULTS, "".join(to_line(result) + "\n" for result in results))
    return results


def _write_whole(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def read_header(folder: Path) -> Header:
    """The header of a run; raises UserError if the folder holds none."""
    path = folder / HEADER
    if not path.is_file():
        raise UserError(f"No run in {str(folder)!r}. Make one: clippings eval SET --out {folder}")
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts.pop("fingerprint", None)
    facts["options"] = tuple(facts["options"])
    return Header(**facts)


def read_results(folder: Path) -> list[CaseResult]:
    """Every result written so far, by case id; a last line cut off by a crash is left out."""
    path = folder / RESULTS
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    # Every whole line ends with a line break, so what follows the last one is torn or empty.
    return sorted((from_line(line) for line in lines[:-1]), key=lambda result: result.case.id)


def ask(case: Case, answering: Answering) -> CaseResult:
    """The result of one case; an error becomes part of the result, so that the run goes on."""
    try:
        return observe(case, answering(case))
    except Exception as error:  # noqa: BLE001 - what a system throws is a finding about it
        return failure(case, error)


def failure(case: Case, error: Exception) -> CaseResult:
    """The result of a case whose question could not be answered for an error."""
    return CaseResult(case=case, error=f"{type(error).__name__}: {error}")


def run(
    cases: Sequence[Case], answering: Answering, folder: Path, header: Header, judging: Judging | None = None
) -> Iterator[CaseResult]:
    """Ask each case that has no result yet, `header.jobs` at a time, and yield all results as they come.

    Each result is one line of `results.jsonl`, on disk before the next is awaited.
    """
    done = open_run(folder, header)
    yield from done
    answered = {result.case.id for result in done}
    waiting = [case for case in cases if case.id not in answered]

    def result_of(case: Case) -> CaseResult:
        result = ask(case, answering)
        return result if judging is None or result.error else replace(result, judgement=judging(result))

    with (folder / RESULTS).open("a", encoding="utf-8") as file:

        def keep(result: CaseResult) -> CaseResult:
            file.write(to_line(result) + "\n")
            file.flush()
            os.fsync(file.fileno())
            return result

        if header.jobs == 1:
            for case in waiting:
                yield keep(result_of(case))
            return
        with ThreadPoolExecutor(max_workers=header.jobs) as pool:
            try:
                for future in as_completed([pool.submit(result_of, case) for case in waiting]):
                    yield keep(future.result())
            finally:
                pool.shutdown(cancel_futures=True)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
