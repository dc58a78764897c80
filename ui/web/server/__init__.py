"""What stands between the network and the page: log-in, limits, uploads, headers."""

INNER_ORDER = (
    "auth connections rate_limit middleware gradio_page options upload_owners gradio_routes uploads application"
)
"""Each may import itself and those before it."""
