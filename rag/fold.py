"""Words as a quotation is compared by: case, typographic marks, dashes and spacing do not count.

Each folded word remembers where it stands in the text it came from.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_WORD = re.compile(
    r"(?:[^\W\d_]\.){2,}"  # U.S.
    r"|\d+(?:[.,]\d+)*(?:st|nd|rd|th)?(?![^\W_])"
    r"|(?:\[[^\W\d_]{1,3}\])?[^\W_]+(?:[’'‘ʼ`][^\W_]+)*"  # [W]e've
    r"|[$€£¥%]"
)
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`", "'"))


@dataclass(frozen=True, slots=True)
class Word:
    """A word as compared, and its place: `text[start:end]` is how it is written."""

    form: str
    start: int
    end: int


def fold(text: str) -> list[Word]:
    """The words of a text in order; figures keep their value (`1,000` is `1000`), acronyms lose dots."""
    return [Word(_form(match.group()), match.start(), match.end()) for match in _WORD.finditer(text)]


def _form(word: str) -> str:
    form = unicodedata.normalize("NFKC", word).casefold().translate(_APOSTROPHES)
    if form[0].isdigit():
        return re.sub(r",(?=\d{3}(?:\D|$))", "", form)
    return re.sub(r"[.\[\]]", "", form)
