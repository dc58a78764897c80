"""The web app: the Gradio page, the API for programs, and the server that both stand on."""

INNER_ORDER = "events pages server service jobs exports tabs api app server.application"
"""Each may import itself and those before it."""
