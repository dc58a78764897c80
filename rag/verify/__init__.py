"""Citations held against the stored articles: what does not stand there word for word is never shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from index.types import Article
from rag.types import Citation, Statement

INNER_ORDER = "find_quotation contradictions alignment calibration support"
"""Each may import itself and those before it."""


def check(citation: Citation, article: Article | None) -> str | None:
    """None when the citation's text stands at its place in that revision; otherwise the reason."""
    if article is None:
        return "the library does not hold this revision of the article"
    if (article.id, article.revision) != (citation.article_id, citation.revision):
        return "the citation names another revision of the article"
    if not 0 <= citation.start < citation.end <= len(article.text):
        return "the place is outside the article"
    if article.text[citation.start : citation.end] != citation.text:
        return "the words at this place are not those cited"
    return None


def verify_citations(
    statements: Sequence[Statement], resolve: Callable[[str, str], Article | None]
) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    """The statements with only the citations that hold, and a note for each that does not.

    `resolve(article id, revision)` gives the stored article. A quotation, whose text is a citation's own, is
    dropped when that citation fails; a model's sentence that loses its last citation stays, unsupported.
    """
    verified: list[Statement] = []
    notes: list[str] = []
    for statement in statements:
        valid = []
        for citation in statement.citations:
            reason = check(citation, resolve(citation.article_id, citation.revision))
            if reason is None:
                valid.append(citation)
            else:
                notes.append(f"A citation was dropped, {reason}: {_short(citation.text)!r}")
        quotation = any(citation.text == statement.text for citation in statement.citations)
        if quotation and not any(citation.text == statement.text for citation in valid):
            continue
        if len(valid) < len(statement.citations):
            statement = replace(statement, citations=tuple(valid), supported=statement.supported and bool(valid))
        verified.append(statement)
    return tuple(verified), tuple(notes)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
