"""A model's reply as text that streams in: retried before its first word, timed, cut when it runs away, and
cached.

Any failure becomes a ModelFailed with a reason fit to show; nothing here looks at what the reply says.
"""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.split import count_tokens
from rag.answer.chat_models import without_keys

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk, BaseMessage

    from rag.answer.reply_cache import ReplyCache

TRIES = 3
"""Requests made in all before a model is given up for this question."""

WAIT_AT_MOST = 8.0
"""Seconds waited before a further try, whatever the server asks for: a person is waiting too."""

_PASSING = {408, 409, 425, 429}
"""Client errors that may be gone a moment later (RFC 9110, 6585)."""


class ModelFailed(Exception):
    """The model gave no usable reply; the message says why and holds no key."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a reply cost: tokens as the provider counts them (cl100k tokens where it does not), and seconds."""

    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    cached: bool = False
    cut: bool = False
    """The reply ended at its limit of tokens, perhaps within a sentence."""

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.seconds + other.seconds,
            self.cached or other.cached,
            self.cut or other.cut,
        )


class Talker:
    """Sends messages to one chat model and yields the reply's text, then what it cost.

    `describe` is everything besides the messages that a reply depends on: model, address, temperature,
    limits. `timeout` is the seconds to wait for each next word; `longest` the seconds for a whole reply.
    """

    def __init__(
        self,
        model: BaseChatModel,
        describe: str,
        *,
        cache: ReplyCache | None = None,
        timeout: float = 90.0,
        longest: float = 300.0,
        reply_tokens: int = 1500,
    ) -> None:
        self._model = model
        self._describe = describe
        self._cache = cache
        self._timeout = timeout
        self._longest = longest
        self._reply_tokens = reply_tokens

    def talk(self, messages: Sequence[BaseMessage]) -> Iterator[str | Spent]:
        """The reply piece by piece, and a Spent last; raises ModelFailed.

        Only a reply that came whole is cached. Closing the iterator early abandons the request.
        """
        key = self._cache.key(self._describe, messages) if self._cache else ""
        if self._cache and (kept := self._cache.get(key)):
            yield kept.text
            yield Spent(kept.tokens_in, kept.tokens_out, 0.0, cached=True)
            return
        started = time.monotonic()
        text, usage, cut = "", (0, 0), False
        for chunk in self._chunks(messages):
            if chunk.usage_metadata:
                counted = chunk.usage_metadata
                usage = (usage[0] + counted["input_tokens"], usage[1] + counted["output_tokens"])
            cut = cut or _at_limit(chunk.response_metadata)
            if piece := chunk.text:
                text += piece
                yield str(piece)
            if len(text) > 12 * self._reply_tokens:
                # A server that ignores the limit it was given; twelve characters a token is past any English.
                raise ModelFailed("the reply went on past its limit")
        if not text.strip():
            raise ModelFailed("the reply was empty")
        asked = sum(count_tokens(str(message.text)) for message in messages)
        spent = Spent(usage[0] or asked, usage[1] or count_tokens(text), time.monotonic() - started, cut=cut)
        if self._cache and not cut:
            self._cache.put(key, text, spent.tokens_in, spent.tokens_out)
        yield spent

    def _chunks(self, messages: Sequence[BaseMessage]) -> Iterator[AIMessageChunk]:
        """The reply's chunks; a failure before the first is tried again if it may pass."""
        begun = False
        for attempt in range(1, TRIES + 1):
            try:
                for chunk in _paced(lambda: self._model.stream(list(messages)), self._timeout, self._longest):
                    begun = True
                    yield chunk
                return
            except Exception as error:  # every provider raises classes of its own; each means no reply
                if begun or attempt == TRIES or not may_pass(error):
                    raise ModelFailed(reason(error)) from error
                time.sleep(min(_asked_to_wait(error) or 0.5 * 2**attempt, WAIT_AT_MOST))


def _paced(start: Callable[[], Iterator[Any]], timeout: float, longest: float) -> Iterator[Any]:
    """The items of an iterator that is read in a thread of its own, so that silence can be given up on.

    Clients' own timeouts count bytes: a server that sends keep-alives and never a word outlasts them. Raises
    TimeoutError after `timeout` seconds without an item or `longest` in all.
    """
    items: queue.Queue[tuple[str, Any]] = queue.Queue()
    stop = threading.Event()

    def read() -> None:
        try:
            stream = start()
            for item in stream:
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


def may_pass(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later: overload, a server's fault, a broken connection."""
    status = _status(error)
    return status is None or status >= 500 or status in _PASSING


def reason(error: BaseException) -> str:
    """Why a reply failed, in one line without keys."""
    status = _status(error)
    said = without_keys(" ".join(str(error).split()))[:200]
    if isinstance(error, TimeoutError):
        return said
    if status is not None:
        return f"HTTP {status}: {said}"
    return f"{type(error).__name__}: {said}"


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


def _asked_to_wait(error: BaseException) -> float | None:
    """Seconds from a Retry-After header, where the error has one that is a number."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:
        return None
