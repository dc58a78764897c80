"""Who on this machine may read a library: its owner alone, or the articles and engines its group too.

Windows has no such modes: there, what a folder inherits is left as it is.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

MARK = "group-readable"
"""An empty file in a library's folder: its group may read it, and what later builds write there too."""
SHARED = ("library.sqlite", "library.sqlite-wal", "library.sqlite-shm", "vectors", "words", "calibrations")
"""What the group reads then; conversations and runs hold what people asked, and stay the owner's alone."""
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600
_GROUP_FOLDER, _GROUP_FILE = 0o050, 0o040
_OTHERS = 0o077
"""The bits of a mode that are decided here; what the owner may do is left as it is."""


def secure(folder: Path, group: bool | None = None) -> None:
    """Close a library's folder, and what lies in it, to others on this machine.

    `group` says whether its group may read articles and engines; None leaves that as it was decided before, and opens
    nothing that somebody has closed. A folder inside that has the right mode is not looked into: what is made there
    later is made with it. What cannot be changed, as it is somebody else's, is left alone.
    """
    if os.name == "nt" or not folder.is_dir():
        return
    mark = folder / MARK
    with suppress(OSError):
        if group:
            make_file(mark)
        elif group is False:
            mark.unlink(missing_ok=True)
    shared = mark.exists()
    closed = not folder.stat().st_mode & _OTHERS
    _set(folder, _GROUP_FOLDER if shared and (group or not closed) else 0)
    with suppress(OSError):
        for path in folder.iterdir():
            readable = shared and path.name in SHARED
            if not path.is_dir() or path.is_symlink():
                _set(path, _GROUP_FILE if readable else 0)
            elif path.stat().st_mode & _OTHERS != (_GROUP_FOLDER if readable else 0):
                _secure_below(path, readable)


def secure_engine(folder: Path) -> None:
    """Give a folder of `vectors` or `words` that was just written the modes of its library."""
    if os.name != "nt":
        _secure_below(folder, (folder.parent.parent / MARK).exists())


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner may read, where there is none; what leads to it is made as usual."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(_PRIVATE_FOLDER, exist_ok=True)


def make_file(path: Path) -> None:
    """Make an empty file that only its owner may read, or close the one that is there.

    SQLite gives its log the mode of its file. Where it cannot be made, whoever writes it will say so.
    """
    with suppress(OSError):
        path.touch(_PRIVATE_FILE)
        if os.name != "nt":
            _set(path, 0)


def _secure_below(folder: Path, shared: bool) -> None:
    """Set the modes of all in a folder, and last its own, so that what was cut off is done again."""
    for name, folders, files in os.walk(folder, topdown=False):
        parent = Path(name)
        for file in files:
            _set(parent / file, _GROUP_FILE if shared else 0)
        for inner in folders:
            _set(parent / inner, _GROUP_FOLDER if shared else 0)
    _set(folder, _GROUP_FOLDER if shared else 0)


def _set(path: Path, others: int) -> None:
    with suppress(OSError):  # of somebody else, on a file system without modes, or deleted meanwhile
        mode = path.lstat().st_mode & 0o7777
        if mode & _OTHERS != others and not path.is_symlink():
            path.chmod(mode & ~_OTHERS | others)
