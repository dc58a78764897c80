"""The web app: the Gradio page, the API for programs, and the server that both stand on."""
