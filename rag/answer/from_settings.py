"""The generative answerer and its chat client from Settings; the only module of this package that reads them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rag.answer.chat_client import ChatClient
from rag.answer.chat_models import open_model
from rag.answer.generative import GenerativeAnswerer
from rag.answer.reply_cache import ReplyCache

if TYPE_CHECKING:
    from rag.settings import Settings

PROMPT_ROOM = 700
"""Tokens of the context besides the sources and the reply: rules, question, headings, another tokenizer's count."""

CACHE_FILE = "replies.sqlite"


def open_chat_client(settings: Settings, *, cached: bool) -> ChatClient:
    """A client to the settings' model, with its cache unless `cached` is false; raises UserError as `open_model`."""
    from index.engines.encoder import cache_folder

    model = open_model(
        settings.model,
        url=settings.model_url,
        temperature=settings.model_temperature if settings.model_temperature >= 0 else None,
        reply_tokens=settings.model_reply_tokens,
        context_tokens=int(1.5 * settings.model_source_tokens) + settings.model_reply_tokens + PROMPT_ROOM,
        timeout=settings.model_timeout,
    )
    description = [settings.model, settings.model_url, settings.model_temperature, settings.model_reply_tokens]
    return ChatClient(
        model,
        json.dumps(description),
        cache=ReplyCache(cache_folder() / CACHE_FILE) if cached else None,
        timeout=settings.model_timeout,
        longest=4 * settings.model_timeout,
        reply_tokens=settings.model_reply_tokens,
    )


def open_writer(settings: Settings) -> GenerativeAnswerer:
    """The answerer for `settings.model`."""
    return GenerativeAnswerer(
        settings.model,
        open_chat_client(settings, cached=settings.model_cache),
        source_tokens=settings.model_source_tokens,
        limit=settings.limit,
    )
