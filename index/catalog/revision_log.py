"""revisions.log: every revision, and which version holds it, as lines that are only ever added.

Each build adds what is new, on disk before the transaction that publishes it, so that the catalog can be made again
from it (`index.recovery`). A line is a letter (R for rows of a table, S for a state of the library), the CRC-32 of what
follows, and zlib-compressed JSON in base64, so that a damaged line costs only its own rows. The state that ends a
build's lines is what makes them count: lines after the last state are of a build that was killed.

By hand, because SQLite's own log is gone after each checkpoint and its session extension is in no Python.
"""

from __future__ import annotations

import base64
import json
import mmap
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from index.operating_system import sync_to_disk
from index.permissions import make_file

FILE = "revisions.log"

LINE = 32_000
"""Characters of JSON from which a line is ended: what one damaged byte can cost, beside one long article."""

TABLES = {
    "revisions": "article_id, revision",
    "lives": "article_id, revision, added_in",
    "locations": "location, added_in",
    "passages": "collection, article_id, revision, number",
    "links": "article_id, revision, other_id, other_revision",
    "versions": "number",
}
"""The tables whose rows are logged, with their keys; the others follow from them, or are asked for anew (`fetched`)."""

Row = Sequence[Any]
State = dict[str, Any]


class Rows(NamedTuple):
    """Rows of one table, in the order of its columns."""

    table: str
    rows: list[list[Any]]


def state_of(connection: sqlite3.Connection) -> State:
    """What names the library's state and stands whole in each line S: format, versions kept, collections."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    current, last, library = connection.execute("SELECT current, last, library FROM state").fetchone()
    return {
        "format": number,
        "library": library,
        "current": current,
        "last": last,
        "versions": [row[0] for row in connection.execute("SELECT number FROM versions ORDER BY number")],
        "collections": [list(row) for row in connection.execute("SELECT * FROM collections ORDER BY rowid")],
    }


def append(folder: Path, tables: Iterable[tuple[str, Iterable[Row]]], state: State) -> None:
    """Add rows and the state they lead to, on the disk when this returns; raises OSError when the disk is full."""
    path = folder / FILE
    is_new = not path.exists()
    if is_new:
        make_file(path)
    with path.open("ab") as file:
        _write(file, tables, state)
    if is_new:
        sync_to_disk(folder)


def write_all(folder: Path, connection: sqlite3.Connection) -> None:
    """Write the log anew from the catalog: for a library that has none, and when versions were dropped for good."""
    path = folder / FILE
    new = path.with_name(f"{FILE}.new")
    make_file(new)
    with new.open("wb") as file:
        tables = ((table, connection.execute(f"SELECT * FROM {table}")) for table in TABLES)
        _write(file, tables, state_of(connection))
    new.replace(path)
    sync_to_disk(folder)


def ends_with(folder: Path, state: State) -> bool:
    """Whether the log holds `state`, what a killed build wrote after it having been cut off.

    Called with the right to write. Where it is false, `write_all` is due.
    """
    path = folder / FILE
    for end, found in _states_backwards(path):
        if found == state:
            if end < path.stat().st_size:
                os.truncate(path, end)
            return True
    return False


def holds(folder: Path, state: State) -> bool:
    """Whether the log holds `state`, at its end or before what a killed build wrote."""
    return any(found == state for _, found in _states_backwards(folder / FILE))


def last_state(folder: Path) -> State | None:
    """The last state in the log; None where there is none."""
    return next((state for _, state in _states_backwards(folder / FILE)), None)


def formats(folder: Path) -> set[int]:
    """Each format of the catalog that the log names."""
    return {state["format"] for _, state in _states_backwards(folder / FILE)}


def read(folder: Path, until: State | None = None) -> Iterator[Rows | None]:
    """The rows of every line up to the last state, or up to `until`; None for each line that is damaged."""
    path = folder / FILE
    end = next((end for end, state in _states_backwards(path) if until in (None, state)), 0)
    if not end:
        return
    with path.open("rb") as file:
        while file.tell() < end:
            line = file.readline()
            data = _parse(line)
            if data is None:
                yield None
            elif line[:1] == b"R":
                yield Rows(*data)


def _write(file: Any, tables: Iterable[tuple[str, Iterable[Row]]], state: State) -> None:
    for table, rows in tables:
        waiting: list[str] = []
        size = 0
        for row in rows:
            text = json.dumps(list(row), ensure_ascii=False)
            waiting.append(text)
            size += len(text)
            if size > LINE:
                file.write(_line(b"R", f"[{json.dumps(table)}, [{', '.join(waiting)}]]"))
                waiting, size = [], 0
        if waiting:
            file.write(_line(b"R", f"[{json.dumps(table)}, [{', '.join(waiting)}]]"))
    file.write(2 * _line(b"S", json.dumps(state)))  # twice, since without it a damaged byte costs the whole build
    file.flush()
    os.fsync(file.fileno())


def _line(kind: bytes, text: str) -> bytes:
    # A lone surrogate, which JSON carries and UTF-8 does not, cannot come from SQLite.
    packed = base64.b64encode(zlib.compress(text.encode()))
    return b"%s %08x %s\n" % (kind, zlib.crc32(packed), packed)


def _parse(line: bytes) -> Any:
    """The JSON of a line; None where it is damaged or cut short."""
    parts = line.split()
    if len(parts) != 3 or not line.endswith(b"\n") or parts[0] not in (b"R", b"S"):
        return None
    try:
        if int(parts[1], 16) != zlib.crc32(parts[2]):
            return None
        return json.loads(zlib.decompress(base64.b64decode(parts[2])))
    except (ValueError, zlib.error):
        return None


def _states_backwards(path: Path) -> Iterator[tuple[int, State]]:
    """(offset after its line, state) of each state, the last first."""
    if not path.is_file() or not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as log:
        end = len(log)
        while (start := log.rfind(b"\nS ", 0, end)) >= 0:
            after = log.find(b"\n", start + 1) + 1
            if after and isinstance(state := _parse(log[start + 1 : after]), dict):
                yield after, state
            end = start + 2
