"""One frozen Settings, read at the edge from clippings.toml, the environment and flags, weakest first."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from index.errors import UserError
from index.split import PASSAGE_TOKENS

if TYPE_CHECKING:
    import numpy as np

    from index.build.embed_passages import Recipe
    from index.engines.encoder import Encoder

FILE = "clippings.toml"
PREFIX = "CLIPPINGS_"
NOT_SETTINGS = {"CLIPPINGS_CACHE", "CLIPPINGS_AUTH"}
"""Environment names with our prefix that are read elsewhere: the cache folder, and who may log in."""

NEUTRAL = {"library", "model_timeout", "model_cache"}
"""Settings that change no answer."""
_SWITCH = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def _setting(default: Any, meaning: str) -> Any:
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a person can set; `clippings config` shows each with its meaning."""

    library: str = _setting("library", "folder of the library")
    encoder: str = _setting(
        "all-MiniLM-L6-v2",
        "embedding model: the built-in one, a sentence-transformers name or folder, or provider:model",
    )
    passage_tokens: int = _setting(PASSAGE_TOKENS, "budget of a passage, in tokens")
    chroma: str = _setting("", "URL of a Chroma server; empty for the one inside the library folder")
    hits: int = _setting(20, "passages read for each question")
    reader: str = _setting("", "folder of a trained reader's weights; empty for the built-in ones, 'rules' for none")
    limit: int = _setting(3, "most sentences in an answer")
    as_of: str = _setting("", "day 'last week' is counted from (YYYY-MM-DD); empty for the newest article's date")
    model: str = _setting("", "chat model that writes answers, as provider:model; empty for exact sentences only")
    model_url: str = _setting("", "address of the model's server, where it is not the provider's own")
    model_temperature: float = _setting(0.0, "temperature of the model; negative leaves it to the provider")
    model_source_tokens: int = _setting(2500, "tokens of passages the model is shown")
    model_reply_tokens: int = _setting(1500, "most tokens of a reply, thinking included")
    model_timeout: float = _setting(90.0, "seconds to wait for the model's next word")
    model_cache: bool = _setting(True, "keep the model's replies and use them again")
    refusal: float = _setting(-1.0, "confidence below which it refuses; negative for the reader's calibrated bar")

    @property
    def fingerprint(self) -> str:
        """Names every setting that can change an answer (12 hex digits); not where the library lies."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in NEUTRAL}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


MEANINGS: dict[str, str] = {field.name: field.metadata["meaning"] for field in fields(Settings)}


def load(
    flags: Mapping[str, Any], *, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> tuple[Settings, dict[str, str]]:
    """The settings, and for each name where its value came from.

    `flags` with value None count as not given. Raises UserError for an unknown key or a value of the wrong kind.
    """
    values: dict[str, Any] = {}
    origins = {field.name: "default" for field in fields(Settings)}
    kinds = get_type_hints(Settings)

    def put(name: str, value: Any, origin: str) -> None:
        if name not in kinds:
            close = get_close_matches(name, kinds, n=1)
            hint = (f" Did you mean {close[0]!r}?" if close else "") + " See all of them: clippings config"
            raise UserError(f"Unknown setting {name!r} in {origin}.{hint}")
        values[name] = _convert(name, value, kinds[name], origin)
        origins[name] = origin

    path = (folder or Path.cwd()) / FILE
    if path.is_file():
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"Cannot read {str(path)!r}: {error}. Mend that line, then: clippings config") from error
        for name, value in table.items():
            put(name, value, FILE)
    for variable, value in (os.environ if environment is None else environment).items():
        if variable.startswith(PREFIX) and variable not in NOT_SETTINGS:
            put(variable.removeprefix(PREFIX).lower(), value, variable)
    for name, value in flags.items():
        if value is not None:
            put(name, value, "--" + name.replace("_", "-"))
    return Settings(**values), origins


def recipe(settings: Settings) -> Recipe:
    """How these settings make passages and vectors; the encoder is loaded when the first text is embedded."""
    from index.build.embed_passages import Recipe
    from index.engines.encoder import fingerprint, open_encoder
    from index.split import FORMAT, passages

    kept: dict[str, Any] = {"encoder": settings.encoder, "passage_tokens": settings.passage_tokens}
    loaded: list[Encoder] = []

    def embed(texts: Sequence[str]) -> np.ndarray:
        if not loaded:
            loaded.append(open_encoder(settings.encoder))
        return loaded[0].embed(texts)

    return Recipe(
        fingerprint=json.dumps([kept, fingerprint(settings.encoder), FORMAT]),
        settings=kept,
        split=lambda article: passages(article, tokens=settings.passage_tokens),
        embed=embed,
    )


_POSITIVE = {"passage_tokens", "hits", "limit"}


def _convert(name: str, value: Any, kind: type, origin: str) -> Any:
    wanted = "yes or no" if kind is bool else f"a {kind.__name__}"
    try:
        if kind is bool:
            return value if isinstance(value, bool) else _SWITCH[str(value).strip().lower()]
        if isinstance(value, bool) or (kind is str and not isinstance(value, str)):
            raise ValueError
        if name in _POSITIVE and kind(value) < 1:
            wanted = "at least 1"
            raise ValueError
        if name == "as_of" and value:
            wanted = "a day, as 2023-12-07"
            date.fromisoformat(value)
        return kind(value)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{origin} gives {value!r} for {name!r}, which must be {wanted}. See: clippings config"
        ) from error
