"""Questions in, verified answers out; knows nothing of widgets or terminals."""

INNER_ORDER = "types settings rerank retrieve understand verify schema read answer langchain assistant training"
"""Each may import itself and those before it."""
