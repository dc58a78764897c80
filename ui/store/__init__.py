"""What people leave behind: kept conversations and verdicts, and their export as files."""

INNER_ORDER = ("conversations", "exports")
"""Each may import itself and those before it."""
