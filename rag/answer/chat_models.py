"""Chat models by name, through LangChain: `ollama:llama3.2`, `openai:gpt-5-mini`, `anthropic:…`, `google_genai:…`.

Keys come from each provider's own environment variable and go nowhere else. Nothing here knows of articles.
"""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from index.engines.http_clients import stay_on_host
from index.errors import UserError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

EXTRAS = {"openai": "openai", "anthropic": "anthropic", "ollama": "ollama", "google_genai": "google"}
"""The providers with an extra of their own, and its name."""

FORM = "Write it as provider:model, for example ollama:llama3.2 or openai:gpt-5-mini"
# takes "OPENAI_API_KEY", "GITHUB_TOKEN"; not "KEYBOARD"
_SECRET = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD)S?$")


def open_model(
    name: str,
    *,
    url: str = "",
    temperature: float | None = 0.0,
    reply_tokens: int = 1500,
    context_tokens: int = 8192,
    timeout: float = 90.0,
) -> BaseChatModel:
    """The chat model called `provider:model`, at its usual address or at `url`.

    `temperature` None leaves it to the provider; `context_tokens` must hold prompt and reply and is asked of
    Ollama, which otherwise cuts the prompt off; `timeout` is in seconds. Retrying is left to the caller. A server that
    redirects to another host is not followed there.
    Raises UserError for a name that means nothing, a missing package (with the line that installs it) and a
    missing key.
    """
    provider, separator, model = name.partition(":")
    if not (separator and provider and model):
        raise UserError(f"Model {name!r} does not say whose it is. {FORM}.")
    provider = provider.replace("-", "_")
    options: dict[str, Any] = {"model_provider": provider}
    if temperature is not None:
        options["temperature"] = temperature
    if url:
        options["base_url"] = url
    if provider == "ollama":
        options |= {"num_predict": reply_tokens, "num_ctx": context_tokens, "client_kwargs": {"timeout": timeout}}
    else:
        options |= {"max_tokens": reply_tokens, "timeout": timeout, "max_retries": 0}
    if provider == "openai" and url:
        # Servers on one's own machine want no key, but the client will not start without one.
        options |= {"api_key": os.environ.get("OPENAI_API_KEY") or "none", "stream_usage": True}
    if provider == "google_genai":
        options["client_args"] = {"follow_redirects": False}  # it makes clients later, which `stay_on_host` cannot see
    from langchain.chat_models import init_chat_model

    try:
        return stay_on_host(init_chat_model(model, **options))
    except ImportError as error:
        raise UserError(f"Model {name!r} needs a package that is not installed. {_install(provider, error)}") from error
    except Exception as error:  # each provider reports a missing key or a refused option with a class of its own
        cause = without_keys(str(error).strip().split("\n")[0])
        raise UserError(f"Cannot open model {name!r}: {cause}. {FORM}; then: clippings model check") from error


def _install(provider: str, error: ImportError) -> str:
    if provider in EXTRAS:
        return f'Install it: pip install "clippings[{EXTRAS[provider]}]"'
    # takes "pip install langchain-groq" out of "Unable to import langchain_groq. Please install with `pip install ...`"
    command = re.search(r"pip install [\w-]+", str(error))
    return f"Install it: {command[0]}" if command else str(error)


def installed(provider: str) -> bool:
    """Whether LangChain's package for a provider is there."""
    return find_spec(f"langchain_{provider.replace('-', '_')}") is not None


def without_keys(text: str) -> str:
    """A message with the value of every environment variable that holds a secret taken out."""
    for variable, value in os.environ.items():
        if _SECRET.search(variable) and len(value) >= 6:
            text = text.replace(value, f"<{variable}>")
    return text
