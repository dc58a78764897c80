"""What people leave behind: kept conversations and verdicts, and their export as files."""
