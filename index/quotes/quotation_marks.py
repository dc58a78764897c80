"""Quotation marks in running text: where quoted words begin and end, across paragraphs too.

Knows double marks, typographic and straight, and typographic single ones where a text uses no others.
Apostrophes are never taken for marks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.split import paragraphs

_OPENERS, _CLOSERS = ("“", "„", "«", "``", "‘‘"), ("”", "»", "’’")
_EITHER = ('"', "''")
"""Marks that open and close: the straight one, and two apostrophes as typewriters and old archives have them."""
# takes "“", '"', "``", "''"; not "’", "'"
_MARK = re.compile(r"[“”„«»\"]|``|‘‘|’’|(?<!')''(?!')")
# takes "‘It is over’", "‘We don’t’"; not "the workers’", "’tis over’"
_SINGLE = re.compile(r"(?<![\w’])‘(?=\S)(?:[^\n‘]*?\S)’(?!\w)")


@dataclass(frozen=True, slots=True)
class QuotedSpan:
    """QuotedSpan words: `text[start:end]` with the marks, `text[words_start:words_end]` without."""

    start: int
    end: int
    words_start: int
    words_end: int
    closed: bool
    """False where the paragraph ends first, as when a quotation goes on in the next one."""


def quoted_spans(text: str) -> list[QuotedSpan]:
    """The quotations of a text in order; a paragraph's last may be open. Marks inside marks are skipped."""
    found: list[QuotedSpan] = []
    for start, end in paragraphs(text):
        found += _paragraph(text, start, end)
    if not found:
        found = [
            QuotedSpan(match.start(), match.end(), match.start() + 1, match.end() - 1, True)
            for match in _SINGLE.finditer(text)
        ]
    return found


def _paragraph(text: str, start: int, end: int) -> list[QuotedSpan]:
    found: list[QuotedSpan] = []
    opened, words, mark = -1, -1, ""
    for match in _MARK.finditer(text, start, end):
        at, after, character = match.start(), match.end(), match.group()
        if opened < 0:
            if character in _OPENERS or (character in _EITHER and _can_open(text, at, after, end)):
                opened, words, mark = at, after, character
        elif character in _CLOSERS or (character in _EITHER and mark in (character, *_TYPEWRITTEN.get(character, ()))):
            found.append(QuotedSpan(opened, after, words, at, True))
            opened = -1
        elif character in _OPENERS and _can_open(text, at, after, end) and at - words > 0 and mark != "«":
            # The writer forgot to close: what stands before cannot be trusted to be quoted.
            opened, words, mark = at, after, character
    if opened >= 0 and text[words:end].strip():
        found.append(QuotedSpan(opened, end, words, end, False))
    return found


_TYPEWRITTEN = {"''": ("``", "‘‘"), '"': ("``",)}
"""Openers that a straight mark or two apostrophes close."""


def _can_open(text: str, at: int, after: int, end: int) -> bool:
    return (at == 0 or not text[at - 1].isalnum()) and after < end and not text[after].isspace()
