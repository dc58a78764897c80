"""What several parts ask of the operating system: files put on the disk, and a child process that runs a module."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def sync_to_disk(*paths: Path) -> None:
    """Have the system put files and folders on the disk: a power cut must not undo what was published."""
    for path in paths:
        if os.name == "nt" and path.is_dir():  # Windows cannot flush a folder
            continue
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def python_command(module: str, *arguments: object) -> list[str]:
    """The command of a child that calls `main` of a module with arguments that `repr` can write.

    It imports from where this process does. Not `python -m`, which would import what lies in the current folder; nor
    a fork, which a process of threads does not survive; nor multiprocessing's spawn, which runs the caller's script
    again.
    """
    path = [entry for entry in sys.path if isinstance(entry, str)]
    code = f"import sys; sys.path[:] = {path!r}; from {module} import main; main(*{arguments!r})"
    return [sys.executable, "-P", "-c", code]
