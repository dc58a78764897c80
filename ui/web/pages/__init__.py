"""HTML out of records: templates, style and script; pure functions."""
