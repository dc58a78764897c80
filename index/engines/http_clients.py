"""The HTTP clients inside models that LangChain opened, whichever provider they are of."""

from __future__ import annotations

from typing import Any, TypeVar

Model = TypeVar("Model")

_DEPTH = 6
"""How far inside a model its HTTP clients are looked for; OpenAI's are 3 deep."""


def stay_on_host(model: Model) -> Model:
    """The model, whose HTTP clients follow no redirect to another host: keys and articles would travel with it.

    Providers' packages have no common way to hand one's own client in, so the clients are looked for in the model.
    """
    # Anthropic's are made when they are first asked for.
    waiting = [model, *(getattr(model, name, None) for name in ("_client", "_async_client"))]
    seen: set[int] = set()
    for _ in range(_DEPTH):
        inner: list[Any] = []
        for one in waiting:
            if id(one) in seen or not hasattr(one, "__dict__"):
                continue
            seen.add(id(one))
            if hasattr(one, "event_hooks"):  # a client of httpx, or of its successor httpx2
                _add_hook(one, _without_redirect_async if hasattr(one, "aclose") else _without_redirect)
            else:
                inner += vars(one).values()
        waiting = inner
    return model


def _add_hook(client: Any, hook: Any) -> None:
    hooks = client.event_hooks
    if hook not in hooks["response"]:  # LangChain's packages share one client among models
        client.event_hooks = {**hooks, "response": [*hooks["response"], hook]}


def _without_redirect(response: Any) -> None:
    """Take the `Location` out of a response that leads to another host: it is an error then, as any other status."""
    location = response.headers.get("location")
    if location is None:
        return
    asked, named = response.request.url, response.request.url.join(location)
    safer = (asked.scheme, named.scheme) == ("http", "https") and asked.host == named.host
    if not safer and (asked.scheme, asked.host, asked.port) != (named.scheme, named.host, named.port):
        del response.headers["location"]


async def _without_redirect_async(response: Any) -> None:
    _without_redirect(response)
