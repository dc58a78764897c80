"""Whether an engine's folder can be opened and searched, found out in a child process.

Chroma and tantivy end the whole process on some damaged files; a child that dies so is only an answer.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from index.catalog.schema import writable
from index.engines import bm25, checksums, chroma
from index.engines.bm25 import WordIndex, segments
from index.engines.chroma import BATCH, VectorIndex, is_cut_short, leave_unchanged_when_opened
from index.locks import IN_USE, dead_readers
from index.operating_system import python_command
from index.terminal import echo_json

Store = Literal["vectors", "words"]

LONGEST = 600.0
"""Seconds that a child may take: 100,000 vectors are read in a tenth of that."""

QUERIES = 50
"""Stored vectors that are asked for, so that the graph is walked in many places."""

_COMMON = ("the", "of and in", "said", "a president minister house")
"""Searched for in the words, so that the lists of the most frequent terms are read."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What the child found: why the folder cannot be used, or nothing, and the passage ids if they were asked for."""

    damage: str = ""
    ids: frozenset[str] = frozenset()


def find_damage(store: Store, folder: Path, *, thorough: bool = False) -> str:
    """Why an engine's folder should not be opened; empty where it may be.

    Checksums decide. A child process opens the folder first only where there are none, as in a library of an earlier
    Clippings, or after a reader died without closing it; a sound folder has checksums from then on. `thorough`
    compares every byte, however large the folder.
    """
    if not (folder / IN_USE).is_file():
        return f"{IN_USE} is missing" if folder.is_dir() else "the folder is gone"
    dead = dead_readers(folder)
    damage = checksums.difference(folder, thorough=thorough or bool(dead))
    if damage and store == "words" and _has_merged_since(folder):
        damage = None
    if damage is None or (dead and not damage):
        unknown = damage is None
        damage = probe(store, folder).damage
        if unknown and not damage and writable(folder):
            seal(store, folder)
        for mark in dead:
            mark.unlink(missing_ok=True)
    return damage


def _has_merged_since(folder: Path) -> bool:
    """Whether tantivy lists other segments than were sealed: a merge may end after the writer that waits for it."""
    known = checksums.read(folder) or {}
    try:
        now = segments(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return now != {name.partition(".")[0] for name in known if not name.endswith(".json")}


def seal(store: Store, folder: Path, known: checksums.Sums | None = None) -> None:
    """Keep the checksums of a folder that is written; `known` are those of files that were there before."""
    if store == "vectors":
        leave_unchanged_when_opened(folder)
        checksums.write(folder, known, chroma.is_needed)
    else:
        checksums.write(folder, known, bm25.is_needed)


def probe(store: Store, folder: Path, *, ids: bool = False) -> ProbeResult:
    """Open and search the folder in a child process; with `ids` every passage is read too."""
    command = python_command(__name__, store, str(folder), ids)
    try:
        child = subprocess.run(command, capture_output=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return ProbeResult(f"reading it did not end in {LONGEST:.0f} s")
    try:
        said = json.loads(child.stdout.splitlines()[-1])
        return ProbeResult(said["damage"], frozenset(said["ids"]))
    except (IndexError, ValueError):
        return ProbeResult(f"reading it ended in {_ending(child)}")


def _ending(child: subprocess.CompletedProcess[bytes]) -> str:
    if child.returncode < 0:
        return signal.Signals(-child.returncode).name
    lines = child.stderr.decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), f"exit code {child.returncode}")


def _read_words(folder: Path, ids: bool) -> list[str]:
    with closing(WordIndex(folder)) as words:
        for text in _COMMON:
            words.search(text, 100)
        return list(words.ids()) if ids else []


def _read_vectors(folder: Path, ids: bool) -> list[str]:
    if is_cut_short(folder):
        raise ValueError("its files are cut short")
    with closing(VectorIndex(folder)) as vectors:
        stored = list(vectors.ids())
        step = max(len(stored) // QUERIES, 1)
        check_vectors(vectors, stored if ids else stored[::step])
        _, some = vectors.embeddings(stored[::step])
        for embedding in some:
            vectors.nearest(embedding, min(10, len(stored)))
        return stored if ids else []


def check_vectors(vectors: VectorIndex, ids: Sequence[str]) -> None:
    """Read the vectors of these ids; raises ValueError where one is no unit vector, and what Chroma raises.

    Ids are kept apart from the graph: only asking for the vectors shows that it holds them.
    """
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        _, embeddings = vectors.embeddings(batch)
        if len(embeddings) != len(batch) or not np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=0.01):
            raise ValueError("some vectors are not of length 1")


def read_here(store: Store, folder: Path, *, ids: bool = True) -> ProbeResult:
    """What `probe` finds, in this process."""
    read = _read_words if store == "words" else _read_vectors
    try:
        return ProbeResult(ids=frozenset(read(folder, ids)))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - tantivy's panics are no Exception, Chroma's errors of many kinds
        return ProbeResult(str(error) or type(error).__name__)


def main(store: Store, folder: str, ids: bool) -> None:
    """What the child does: print `{"damage": why the folder cannot be read, "ids": [...]}`."""
    result = read_here(store, Path(folder), ids=ids)
    echo_json({"damage": result.damage, "ids": sorted(result.ids)})
