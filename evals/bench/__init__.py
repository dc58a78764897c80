"""How fast and how large: one process measured, and many people asking one server."""

import shutil
import sys
from pathlib import Path

from index.errors import UserError


def installed_command() -> str:
    """The path of the `clippings` that belongs to the running Python; raises UserError where it is not installed."""
    found = shutil.which("clippings", path=Path(sys.executable).parent)
    if found is None:
        raise UserError(f"No clippings command beside {sys.executable!r}. Install it: pip install -e .")
    return found
