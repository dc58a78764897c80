"""Quotation marks in running text: where quoted words begin and end, across paragraphs too.

Knows double marks, typographic and straight, and typographic single ones where a text uses no others.
Apostrophes are never taken for marks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.split import paragraphs

_OPENERS, _CLOSERS = "“„«", "”»"
# takes "“", '"'; not "’", "'"
_MARK = re.compile(r"[“”„«»\"]")
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
    opened, mark = -1, ""
    for match in _MARK.finditer(text, start, end):
        at, character = match.start(), match.group()
        if opened < 0:
            if character in _OPENERS or (character == '"' and _can_open(text, at, end)):
                opened, mark = at, character
        elif character in _CLOSERS or (character == '"' and mark == '"') or (mark == '"' and character in _CLOSERS):
            found.append(QuotedSpan(opened, at + 1, opened + 1, at, True))
            opened = -1
        elif character in _OPENERS and _can_open(text, at, end) and at - opened > 1 and mark != "«":
            # The writer forgot to close: what stands before cannot be trusted to be quoted.
            opened, mark = at, character
    if opened >= 0 and text[opened + 1 : end].strip():
        found.append(QuotedSpan(opened, end, opened + 1, end, False))
    return found


def _can_open(text: str, at: int, end: int) -> bool:
    return (at == 0 or not text[at - 1].isalnum()) and at + 1 < end and not text[at + 1].isspace()
