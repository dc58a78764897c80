"""Answers out of what was read: quoted from the articles, or written by a chat model and checked by sentence."""

INNER_ORDER = (
    "chat_models chat_client extractive outcome prompt reply_cache reply_parser "
    "check_sentence restate generative from_settings model_check"
)
"""Each may import itself and those before it."""
