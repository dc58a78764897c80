"""How fast and how large: one process, many people asking one server, and two checkouts side by side."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from index.errors import UserError

INNER_ORDER = "load_test processor speed versions"
"""Each may import itself and those before it."""


def installed_command() -> str:
    """The path of the `clippings` that belongs to the running Python; raises UserError where it is not installed."""
    path = shutil.which("clippings", path=Path(sys.executable).parent)
    if path is None:
        raise UserError(f"No 'clippings' program beside {sys.executable!r}. Install it: pip install -e .")
    return path
