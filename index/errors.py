"""The one exception whose message is fit to show a person as it is."""

from collections.abc import Callable


class UserError(Exception):
    """Something the person can put right: names the offending value and the next command to type."""


def run(main: Callable[[], None]) -> None:
    """Run a script: what the person can put right, or the system refuses, is told in a line, with exit code 1."""
    try:
        main()
    except (UserError, OSError) as error:
        raise SystemExit(f"Error: {error}") from error
