"""What stands between the network and the page: log-in, limits, uploads, headers."""

INNER_ORDER = (
    "auth accounts connections rate_limit middleware gradio_page options uploads upload_space upload_owners "
    "gradio_routes application"
)
"""Each may import itself and those before it."""
