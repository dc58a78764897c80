"""The names under which rows, front matter and metadata keep an article's facts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from index.clean import clean_line
from index.sources.publication_date import publication_date
from index.types import Published

NAMES: dict[str, tuple[str, ...]] = {
    fact: tuple(names.split())
    for fact, names in {
        "text": "text body content articlebody articletext maintext fulltext bodytext article story contenttext "
        "contenthtml bodyhtml plaintext",
        "title": "title headline heading",
        "outlet": "source publisher outlet sitename publication newspaper sourcename site",
        "author": "author byline authors creator by",
        "url": "url link permalink canonicalurl sourceurl webpage weburl",
        "date": "date publishedat publishdate datepublished published publicationdate pubdate publisheddate "
        "datepublish publishedon firstpublished",
        "id": "id articleid guid uuid docid",
    }.items()
}
"""Each fact's names, the likeliest first, in small letters without signs: `published_at` is `publishedat`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a row says of an article; `used` holds (fact, name in the row) for each one found."""

    text: str = ""
    title: str = ""
    outlet: str = ""
    author: str = ""
    url: str = ""
    published: Published | None = None
    id: str = ""
    used: tuple[tuple[str, str], ...] = field(default=())


def facts(row: Mapping[Any, Any]) -> Facts:
    """Read a row by the field names in use; a name that holds nothing readable is passed over."""
    names: dict[str, str] = {}
    for name in row:
        if isinstance(name, str):
            names.setdefault(re.sub(r"[^a-z]", "", name.lower()), name)
    found: dict[str, Any] = {}
    used: list[tuple[str, str]] = []
    for fact, candidates in NAMES.items():
        for candidate in candidates:
            value = _read(fact, row[names[candidate]]) if candidate in names else None
            if value:
                found["published" if fact == "date" else fact] = value
                used.append((fact, names[candidate]))
                break
    return Facts(**found, used=tuple(used))


def _read(fact: str, value: Any) -> Any:
    if fact == "text":
        # WordPress keeps a text in {"rendered": ...}; some dumps keep a list of paragraphs.
        if isinstance(value, Mapping):
            value = value.get("rendered") or value.get("text")
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            value = "\n\n".join(value)
        return value if isinstance(value, str) and value.strip() else None
    if fact == "date":
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        return publication_date(str(value))
    said = clean_line(_plain(value))
    # takes "https://x.example/a"; not "ftp://x.example", "https://x.example/ a"
    if fact == "url" and not re.match(r"https?://[^\s\"'<>\\]{3,2000}$", said):
        return None
    return said[:1000] if fact != "id" else said if len(said) <= 300 else None


def _plain(value: Any) -> str:
    """A name out of a string, a number, {"name": ...} or a list of these."""
    match value:
        case str():
            return value
        case bool() | None:
            return ""
        case int() | float():
            return str(value)
        case {"name": name} | {"title": name} | {"rendered": name}:
            return name if isinstance(name, str) else ""
        case list():
            return ", ".join(filter(None, map(_plain, value[:20])))
    return ""
