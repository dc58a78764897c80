"""The exceptions whose messages can be shown to a person as they are."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Literal

Part = Literal["catalog", "words", "vectors", "log"]
"""A part of a library: library.sqlite, the word index, the vectors, the log that the catalog is made again from."""


class UserError(Exception):
    """An error that the person can correct; its message names the wrong value and the next command to type."""


class Stopped(UserError):
    """Work that a person stopped before it changed anything; its message is `STOPPED`."""


STOPPED = "Stopped. The library is as it was."


class DamageError(UserError):
    """A part of a library cannot be read, or is not what was written; the message names the command that mends it."""

    def __init__(self, part: Part, folder: Path, detail: str) -> None:
        verb = "are" if part in ("words", "vectors") else "is"
        super().__init__(
            f"The {part} of the library in {str(folder)!r} {verb} damaged ({detail}). Mend the library: "
            f"{repair_command(folder)}"
        )
        self.part = part
        self.detail = detail


def repair_command(folder: Path) -> str:
    """What to type to mend the library in `folder`."""
    return f"clippings library check --repair --library {shlex.quote(str(folder))}"


def run(main: Callable[[], None]) -> None:
    """Run a script; a UserError or OSError is printed as one line, and the exit code is 1."""
    try:
        main()
    except (UserError, OSError) as error:
        raise SystemExit(f"Error: {error}") from error
