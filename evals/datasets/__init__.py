"""Question sets: what a question expects, reading and writing the files, tying names to a library, public sets."""

from __future__ import annotations

INNER_ORDER = "cases files resolve importers suggest"
"""Each may import itself and those before it."""
