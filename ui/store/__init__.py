"""What people leave behind: conversations with their answers and verdicts, and whose they are."""

INNER_ORDER = "people conversations"
"""Each may import itself and those before it."""
