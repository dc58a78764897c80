"""A chat model's reply as text that streams in: retried before its first word, timed, cut when too long, cached.

Any failure becomes a ModelFailed with a reason fit to show; nothing here looks at what the reply says.
"""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from index.split import count_tokens
from rag.answer.chat_models import without_keys

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk, BaseMessage

    from rag.answer.reply_cache import ReplyCache

MOST_ATTEMPTS = 3
"""Requests in all before a model is given up for this question."""

LONGEST_WAIT = 8.0
"""Seconds before a further attempt at most, whatever the server asks for: a person is waiting too."""

_TRANSIENT = {408, 409, 425, 429}
"""HTTP statuses of client errors that may be gone a moment later (RFC 9110, 6585)."""


class ModelFailed(Exception):
    """The model gave no usable reply; the message says why and holds no key."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reply cost: tokens as the provider counts them (cl100k tokens where it does not), and seconds."""

    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    cached: bool = False
    cut: bool = False
    """The reply ended at its limit of tokens, perhaps within a sentence."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.seconds + other.seconds,
            self.cached or other.cached,
            self.cut or other.cut,
        )


@dataclass(frozen=True, slots=True, eq=False)
class ChatClient:
    """Sends messages to one chat model and yields the reply's text, then what it cost.

    `describe` is everything besides the messages that a reply depends on: model, address, temperature,
    limits. `timeout` is the seconds to wait for each next word; `longest` the seconds for a whole reply.
    """

    model: BaseChatModel
    describe: str
    _: KW_ONLY
    cache: ReplyCache | None = None
    timeout: float = 90.0
    longest: float = 300.0
    reply_tokens: int = 1500

    def stream(self, messages: Sequence[BaseMessage]) -> Iterator[str | Usage]:
        """The reply piece by piece, and a Usage last; raises ModelFailed.

        Only a reply that came whole is cached. Closing the iterator early abandons the request.
        """
        key = self.cache.key(self.describe, messages) if self.cache else ""
        if self.cache and (cached := self.cache.get(key)):
            yield cached[0]
            yield Usage(*cached[1:], cached=True)
            return
        started = time.monotonic()
        text, cut = "", False
        tokens_in = tokens_out = 0
        for chunk in self._chunks(messages):
            if chunk.usage_metadata:
                tokens_in += chunk.usage_metadata["input_tokens"]
                tokens_out += chunk.usage_metadata["output_tokens"]
            cut = cut or _at_limit(chunk.response_metadata)
            if piece := chunk.text:
                text += piece
                yield str(piece)
            if len(text) > 12 * self.reply_tokens:
                # A server that ignores the limit it was given; twelve characters a token is past any English.
                raise ModelFailed("the reply went on past its limit")
        if not text.strip():
            raise ModelFailed("the reply was empty")
        total = Usage(
            tokens_in or sum(count_tokens(str(message.text)) for message in messages),
            tokens_out or count_tokens(text),
            time.monotonic() - started,
            cut=cut,
        )
        if self.cache and not cut:
            self.cache.put(key, text, total.tokens_in, total.tokens_out)
        yield total

    def _chunks(self, messages: Sequence[BaseMessage]) -> Iterator[AIMessageChunk]:
        """The reply's chunks; a failure before the first chunk is tried again if it is transient."""
        started = False
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                for chunk in _with_timeouts(lambda: self.model.stream(list(messages)), self.timeout, self.longest):
                    started = True
                    yield chunk
                return
            except Exception as error:  # every provider raises classes of its own; each means no reply
                if started or attempt == MOST_ATTEMPTS or not is_transient(error):
                    raise ModelFailed(reason(error)) from error
                time.sleep(min(_retry_after(error) or 0.5 * 2**attempt, LONGEST_WAIT))


def _with_timeouts(start: Callable[[], Iterator[Any]], timeout: float, longest: float) -> Iterator[Any]:
    """The items of an iterator that is read in a thread of its own, so that silence can be given up on.

    Clients' own timeouts count bytes: a server that sends keep-alives and never a word outlasts them. Raises
    TimeoutError after `timeout` seconds without an item or `longest` in all.
    """
    items: queue.Queue[tuple[str, Any]] = queue.Queue()
    stop = threading.Event()

    def read() -> None:
        try:
            for item in start():
                if stop.is_set():
                    break
                items.put(("item", item))
            items.put(("end", None))
        except Exception as error:  # noqa: BLE001 - whatever it is, the thread that waits raises it
            items.put(("error", error))

    deadline = time.monotonic() + longest
    # The copied context carries LangChain's callbacks into the thread, so that a tracer sees the call.
    threading.Thread(target=contextvars.copy_context().run, args=(read,), daemon=True).start()
    try:
        while True:
            left = deadline - time.monotonic()
            try:
                kind, value = items.get(timeout=max(0.0, min(timeout, left)))
            except queue.Empty:
                quiet = f"no word for {timeout:g} s" if left > timeout else f"not done after {longest:g} s"
                raise TimeoutError(quiet) from None
            if kind == "error":
                raise value
            if kind == "end":
                return
            yield value
    finally:
        stop.set()


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later: overload, a server's fault, a broken connection."""
    status = _status(error)
    return status is None or status >= 500 or status in _TRANSIENT


def reason(error: BaseException) -> str:
    """Why a reply failed, in one line without keys."""
    status = _status(error)
    text = without_keys(" ".join(str(error).split()))[:200]
    if isinstance(error, TimeoutError):
        return text
    if status is not None and 300 <= status < 400:
        return f"HTTP {status}: it redirects to another host, which is sent nothing. Set model_url to that one"
    return f"HTTP {status}: {text}" if status is not None else f"{type(error).__name__}: {text}"


def _at_limit(metadata: dict[str, Any]) -> bool:
    """Whether a chunk says, in any provider's words, that the reply ended because it was too long."""
    why = (metadata.get(name) for name in ("finish_reason", "stop_reason", "done_reason"))
    return any(str(reason).lower() in ("length", "max_tokens") for reason in why)


def _status(error: BaseException) -> int | None:
    """The HTTP status an error carries, by any of the names that providers' clients use."""
    response = getattr(error, "response", None)
    for holder, name in ((error, "status_code"), (error, "code"), (response, "status_code")):
        value = getattr(holder, name, None)
        if isinstance(value, int) and 100 <= value < 600:
            return value
    return None


def _retry_after(error: BaseException) -> float | None:
    """Seconds from a Retry-After header, where the error has one that is a number."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:
        return None
