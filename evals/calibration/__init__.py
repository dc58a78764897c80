"""How sure a reader may be: its questions read once and kept as rows, and everything that is fitted on them."""

INNER_ORDER = "rows fit named"
"""Each may import itself and those before it."""
