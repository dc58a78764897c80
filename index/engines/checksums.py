"""Checksums of an engine's files as they were when they were published, which no reader changes.

Knows nothing of what the files hold.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

FILE = "checksums.json"

CHEAP = 64_000_000
"""Bytes up to which contents are always compared: 35 ms, beside the seconds that loading them takes. Of larger folders
sizes and times are compared, and contents only where those differ or when asked to."""

OWN_LIST = ".managed.json"
"""tantivy's list of its files, which it may write anew when it opens them: it has to be JSON, whichever."""

_CHUNK = 1 << 20

Sums = Mapping[str, tuple[int, int, int]]
"""Size in bytes, time of the last change in ns, and CRC-32, by path inside the folder."""


def read(folder: Path) -> Sums | None:
    """What `write` wrote; None where there is nothing, or what is there is not that."""
    try:
        data = json.loads((folder / FILE).read_text(encoding="utf-8"))
        files = {str(name): (int(size), int(time), int(crc)) for name, (size, time, crc) in data["files"].items()}
        return files if data["crc"] == _crc_of(files) else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def write(folder: Path, known: Sums | None = None, is_needed: Callable[[Path], bool] = lambda _: True) -> None:
    """Keep the checksums of the needed files; those in `known` of the same size and time are not read again."""
    files: dict[str, tuple[int, int, int]] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name == FILE or path.suffix == ".lock" or path.name.endswith("-journal"):
            continue
        if not is_needed(path):
            continue
        name, status = path.relative_to(folder).as_posix(), path.stat()
        entry = (known or {}).get(name)
        if entry is None or entry[:2] != (status.st_size, status.st_mtime_ns):
            entry = (status.st_size, status.st_mtime_ns, _crc(path))
        files[name] = entry
    text = json.dumps({"crc": _crc_of(files), "files": files})
    (folder / FILE).write_text(text, encoding="utf-8")


def difference(folder: Path, *, thorough: bool = False) -> str | None:
    """How a folder's files differ from what was published, empty where they do not; None where that is not known."""
    files = read(folder)
    if files is None:
        return None
    thorough = thorough or sum(size for size, _, _ in files.values()) <= CHEAP
    for name, (size, time, crc) in files.items():
        path = folder / name
        try:
            if not path.is_file():
                return f"{name} is missing"
            status = path.stat()
            if path.name == OWN_LIST:
                json.loads(path.read_bytes())
                continue
            if status.st_size != size:
                return f"{name} has {status.st_size} bytes instead of {size}"
            if (thorough or status.st_mtime_ns != time) and _crc(path) != crc:
                return f"{name} is not what was written"
        except OSError as error:
            return f"{name}: {error.strerror or error}"
        except ValueError:
            return f"{name} is no JSON"
    return ""


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc


def _crc_of(files: Sums) -> int:
    return zlib.crc32(json.dumps(files, sort_keys=True).encode())
