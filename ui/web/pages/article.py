"""An article with the places that were cited highlighted: pure functions of records.

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
from ui.web.pages.html import rendered

SHOWN = 40_000
"""Characters of an article shown at once; the rest is one click away."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of an article's paragraph; inside a citation it carries its number, and a hit's has number 0."""

    text: str
    number: int | None = None
    active: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A span to highlight in an article."""

    span: Span
    number: int
    active: bool = False


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same text in another place: a wire copy, an earlier or later version, another file."""

    kind: str
    name: str
    article_id: str = ""
    revision: str = ""
    outlet: str = ""


def article_pane(
    article: Article,
    marks: Sequence[Mark] = (),
    *,
    kept: str = "",
    citations: int = 0,
    elsewhere: Sequence[Elsewhere] = (),
    state: str = "",
    at: int | None = None,
    label: str = "",
    again: str = "open",
) -> str:
    """An article with its marks highlighted, the active one to be scrolled to.

    `citations` is how many the answer `kept` has, for next and previous; `state` says if the library has
    moved on from this revision; `at` is a character to show where nothing is marked.
    """
    active = next((mark for mark in marks if mark.active), None)
    start, end = window(article.text, active.span[0] if active else at or 0)
    return rendered(
        "article.html",
        article=article,
        blocks=blocks(article.text, marks, start, end),
        active=active,
        kept=kept,
        citations=citations,
        elsewhere=elsewhere,
        state=state,
        start=start,
        end=end,
        shown=SHOWN,
        label=label,
        again=again,
    )


def window(text: str, at: int) -> Span:
    """The part of a text to show: all of it, or `SHOWN` characters around a place."""
    if len(text) <= SHOWN:
        return 0, len(text)
    start = max(0, min(at - SHOWN // 4, len(text) - SHOWN))
    return start, start + SHOWN


def blocks(text: str, marks: Sequence[Mark], start: int, end: int) -> list[list[Piece]]:
    """The paragraphs between two offsets, cut at the marks; the pieces joined are exactly the text.

    Where marks overlap, the active one wins, then the one that begins first.
    """
    order = sorted(marks, key=lambda mark: (not mark.active, mark.span[0]))
    made = []
    for first, last in paragraphs(text):
        first, last = max(first, start), min(last, end)
        if first >= last:
            continue
        edges = {first, last}
        for mark in marks:
            edges |= {edge for edge in mark.span if first < edge < last}
        cuts = sorted(edges)
        pieces: list[Piece] = []
        for left, right in pairwise(cuts):
            over = next((mark for mark in order if mark.span[0] <= left and right <= mark.span[1]), None)
            pieces.append(Piece(text[left:right], over.number if over else None, bool(over and over.active)))
        made.append(pieces)
    return made


def citation_marks(answer: Answer, number: int) -> tuple[Citation, list[Mark]]:
    """The citation of a number and every mark of the article revision it points into.

    Raises KeyError when the answer has no citation of that number.
    """
    numbers = {number: citation for citation, number in number_citations(answer).items()}
    cited = numbers[number]
    marks = [
        Mark((citation.start, citation.end), other, other == number)
        for other, citation in numbers.items()
        if (citation.article_id, citation.revision) == (cited.article_id, cited.revision)
    ]
    return cited, marks


def hit_marks(hit: Hit) -> list[Mark]:
    """A hit's passage and the neighbours folded into it, as marks."""
    parts = sorted((hit.passage, *hit.neighbours), key=lambda passage: passage.start)
    return [Mark((part.start, part.end), 0, part is hit.passage) for part in parts]
