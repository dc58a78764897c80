"""What people leave behind: conversations with their answers and verdicts."""

INNER_ORDER = "conversations"
"""Each may import itself and those before it."""
