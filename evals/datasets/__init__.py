"""Question sets: what a question expects, reading and writing the files, tying names to a library, public sets."""

from __future__ import annotations

INNER_ORDER = "cases files quotations resolve importers suggest"
"""Each may import itself and those before it."""
