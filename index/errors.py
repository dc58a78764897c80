"""The exceptions whose message can be shown to a person as it is."""

from __future__ import annotations

from collections.abc import Callable


class UserError(Exception):
    """An error that the person can correct; its message names the wrong value and the next command to type."""


class Stopped(UserError):
    """Work that a person stopped before it changed anything; its message is `STOPPED`."""


STOPPED = "Stopped. The library is as it was."


def run(main: Callable[[], None]) -> None:
    """Run a script; a UserError or OSError is printed as one line, and the exit code is 1."""
    try:
        main()
    except (UserError, OSError) as error:
        raise SystemExit(f"Error: {error}") from error
