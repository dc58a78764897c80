"""Where people meet the program: the command line and the web chat."""

INNER_ORDER = "library_access answer_text store.people store.conversations web.pages store web cli"
"""Each may import itself and those before it."""
