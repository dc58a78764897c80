"""An article with the cited places highlighted: pure functions of records.

The pieces shown, joined, are exactly the article's text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.split import paragraphs
from index.types import Article, Hit, Span
from rag.types import Answer, Citation
from ui.answer_text import number_citations
from ui.web.pages.html import render

LONGEST_TEXT = 40_000
"""Characters of an article shown at once; the rest is one click away."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of an article's paragraph; inside a citation it carries its number, and a hit's has number 0."""

    text: str
    number: int | None = None
    active: bool = False


@dataclass(frozen=True, slots=True)
class Highlight:
    """A span to highlight in an article."""

    span: Span
    number: int
    active: bool = False


@dataclass(frozen=True, slots=True)
class RelatedArticle:
    """The same text in another place: a wire copy, an earlier or later version, another file."""

    kind: str
    name: str
    article_id: str = ""
    revision: str = ""
    outlet: str = ""


def article_pane(
    article: Article,
    highlights: Sequence[Highlight] = (),
    *,
    answer_id: str = "",
    citations: int = 0,
    related: Sequence[RelatedArticle] = (),
    state: str = "",
    at: int | None = None,
    label: str = "",
    again: str = "open",
) -> str:
    """An article with its highlights, the active one to be scrolled to.

    `citations` is how many the answer `answer_id` has, for next and previous; `state` says if the library has
    moved on from this revision; `at` is a character to show where nothing is marked.
    """
    active = next((one for one in highlights if one.active), None)
    start, end = window(article.text, active.span[0] if active else at or 0)
    return render(
        "article.html",
        article=article,
        blocks=blocks(article.text, highlights, start, end),
        active=active,
        answer_id=answer_id,
        citations=citations,
        related=related,
        state=state,
        start=start,
        end=end,
        longest=LONGEST_TEXT,
        label=label,
        again=again,
    )


def window(text: str, at: int) -> Span:
    """The part of a text to show: all of it, or `LONGEST_TEXT` characters around a place."""
    if len(text) <= LONGEST_TEXT:
        return 0, len(text)
    start = max(0, min(at - LONGEST_TEXT // 4, len(text) - LONGEST_TEXT))
    return start, start + LONGEST_TEXT


def blocks(text: str, highlights: Sequence[Highlight], start: int, end: int) -> list[list[Piece]]:
    """The paragraphs between two offsets, cut at the highlights; the pieces joined are exactly the text.

    Where highlights overlap, the active one wins, then the one that begins first.
    """
    order = sorted(highlights, key=lambda one: (not one.active, one.span[0]))
    result = []
    for first, last in paragraphs(text):
        first, last = max(first, start), min(last, end)
        if first >= last:
            continue
        edges = {first, last}
        for one in highlights:
            edges |= {edge for edge in one.span if first < edge < last}
        cuts = sorted(edges)
        pieces: list[Piece] = []
        for left, right in pairwise(cuts):
            over = next((one for one in order if one.span[0] <= left and right <= one.span[1]), None)
            pieces.append(Piece(text[left:right], over.number if over else None, bool(over and over.active)))
        result.append(pieces)
    return result


def citation_highlights(answer: Answer, number: int) -> tuple[Citation, list[Highlight]]:
    """The citation of a number and a highlight for each citation into the same article revision.

    Raises KeyError when the answer has no citation of that number.
    """
    numbers = {number: citation for citation, number in number_citations(answer).items()}
    cited = numbers[number]
    highlights = [
        Highlight((citation.start, citation.end), other, other == number)
        for other, citation in numbers.items()
        if (citation.article_id, citation.revision) == (cited.article_id, cited.revision)
    ]
    return cited, highlights


def hit_highlights(hit: Hit) -> list[Highlight]:
    """A hit's passage and the neighbouring passages merged into it, as highlights."""
    parts = sorted((hit.passage, *hit.neighbours), key=lambda passage: passage.start)
    return [Highlight((part.start, part.end), 0, part is hit.passage) for part in parts]
