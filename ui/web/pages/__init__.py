"""HTML out of records: templates, style and script; pure functions."""

INNER_ORDER = "html article"
"""Each may import itself and those before it."""
