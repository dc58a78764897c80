"""One frozen Settings, read at the edge from clippings.toml, the environment and flags, weakest first.

Validated by pydantic. Not read by pydantic-settings, which passes over unknown names in the environment, does not say
where a value came from, and takes .1 s to import, in every command.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BeforeValidator, Field, ValidationError
from pydantic.dataclasses import dataclass
from pydantic.fields import FieldInfo

from index.errors import UserError
from index.split import PASSAGE_TOKENS

if TYPE_CHECKING:
    from index.build.embed_passages import IndexConfig

FILE = "clippings.toml"
PREFIX = "CLIPPINGS_"
NOT_SETTINGS = {"CLIPPINGS_CACHE", "CLIPPINGS_AUTH"}
"""Environment names with our prefix that are read elsewhere: the cache folder, and who may log in."""

NEUTRAL = {"library", "model_timeout", "model_cache"}
"""Settings that change no answer."""

LATER = {"reranker": ""}
"""Settings that came later, with their defaults: at these they change no fingerprint."""

_WANTED = {
    "bool": "yes or no",
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "greater": "at least 1",
    "value": "a day, as 2023-12-07",
}
"""What a value must be, by the first word of pydantic's error type."""


def _no_bool(value: Any) -> Any:
    """`true` is no number; pydantic would take it for 1."""
    return str(value) if isinstance(value, bool) else value


def _day(value: Any) -> str:
    """The day as text, whether it was written with or without quotes in the file; empty stays empty."""
    return value and date.fromisoformat(str(value)).isoformat()


Integer = Annotated[int, BeforeValidator(_no_bool)]
Count = Annotated[Integer, Field(ge=1)]
Number = Annotated[float, BeforeValidator(_no_bool)]
Day = Annotated[str, BeforeValidator(_day)]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a person can set; `clippings config` shows each with its meaning."""

    library: str = Field("library", description="folder of the library")
    encoder: str = Field(
        "all-MiniLM-L6-v2",
        description="embedding model: the built-in one, a sentence-transformers name or folder, or provider:model",
    )
    passage_tokens: Count = Field(PASSAGE_TOKENS, description="budget of a passage, in tokens")
    chroma: str = Field("", description="URL of a Chroma server; empty for the one inside the library folder")
    hits: Count = Field(20, description="passages read for each question")
    reader: str = Field(
        "",
        description="extractive question-answering model: a Hugging Face name or folder, or a folder of weights that "
        "were trained here; empty for the built-in one, 'rules' for none",
    )
    reranker: str = Field(
        "",
        description="cross-encoder that orders passages before they are read: a sentence-transformers name or folder; "
        "empty for none",
    )
    limit: Count = Field(3, description="most sentences in an answer")
    as_of: Day = Field(
        "", description="day 'last week' is counted from (YYYY-MM-DD); empty for the newest article's date"
    )
    model: str = Field(
        "", description="chat model that writes answers, as provider:model; empty for exact sentences only"
    )
    model_url: str = Field("", description="address of the model's server, where it is not the provider's own")
    model_temperature: Number = Field(0.0, description="temperature of the model; negative leaves it to the provider")
    model_source_tokens: Integer = Field(2500, description="tokens of passages the model is shown")
    model_reply_tokens: Integer = Field(1500, description="most tokens of a reply, thinking included")
    model_timeout: Number = Field(90.0, description="seconds to wait for the model's next word")
    model_cache: bool = Field(True, description="keep the model's replies and use them again")
    refusal: Number = Field(
        -1.0, description="confidence below which it refuses; negative for the reader's calibrated bar"
    )

    @property
    def fingerprint(self) -> str:
        """Names every setting that can change an answer (12 hex digits); not where the library lies."""
        values = {
            name: value
            for name, value in asdict(self).items()
            if name not in NEUTRAL and (name not in LATER or value != LATER[name])
        }
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


MEANINGS = {field.name: str(cast(FieldInfo, field.default).description) for field in fields(Settings)}


def load(
    flags: Mapping[str, Any], *, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> tuple[Settings, dict[str, str]]:
    """The settings, and for each name where its value came from.

    `flags` with value None count as not given. Raises UserError for an unknown key or a value of the wrong kind.
    """
    variables = os.environ if environment is None else environment
    layers = [
        *((name, value, FILE) for name, value in _file((folder or Path.cwd()) / FILE).items()),
        *(
            (name.removeprefix(PREFIX).lower(), value, name)
            for name, value in variables.items()
            if name.startswith(PREFIX) and name not in NOT_SETTINGS
        ),
        *((name, value, "--" + name.replace("_", "-")) for name, value in flags.items() if value is not None),
    ]
    values: dict[str, Any] = {}
    origins = dict.fromkeys(MEANINGS, "default")
    for name, value, origin in layers:
        if name not in MEANINGS:
            close = get_close_matches(name, MEANINGS, n=1)
            hint = (f" Did you mean {close[0]!r}?" if close else "") + " See all of them: clippings config"
            raise UserError(f"Unknown setting {name!r} in {origin}.{hint}")
        values[name], origins[name] = value, origin
    try:
        return Settings(**values), origins
    except ValidationError as error:
        first = error.errors()[0]
        name, wanted = str(first["loc"][0]), _WANTED[first["type"].split("_")[0]]
        raise UserError(
            f"{origins[name]} gives {values[name]!r} for {name!r}, which must be {wanted}. See: clippings config"
        ) from error


def _file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"Cannot read {str(path)!r}: {error}. Mend that line, then: clippings config") from error


def index_config(settings: Settings) -> IndexConfig:
    """How these settings make passages and vectors; the encoder is loaded when the first text is embedded."""
    from index.build.embed_passages import IndexConfig
    from index.engines.encoder import fingerprint, open_encoder
    from index.split import FORMAT, passages

    values: dict[str, Any] = {"encoder": settings.encoder, "passage_tokens": settings.passage_tokens}
    encoder = cache(lambda: open_encoder(settings.encoder))
    return IndexConfig(
        settings_fingerprint=json.dumps([values, fingerprint(settings.encoder), FORMAT]),
        settings=values,
        split=lambda article: passages(article, tokens=settings.passage_tokens),
        embed=lambda texts: encoder().embed(texts),
    )
