"""What each tab of the page does; knows nothing of gradio."""

INNER_ORDER = "answering article ask evaluation library"
"""Each may import itself and those before it."""
