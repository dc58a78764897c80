"""Words of a text: tokens, content words and stems to compare meaning, and words made comparable for quotations.

English.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from index.text.lexicon import FUNCTION_WORDS

# takes "O’Brien", "AT&T", "well-known"; not "snake_case", "U.S."
WORD = re.compile(r"[^\W_]+(?:[’'.&-][^\W_]+)*", re.UNICODE)


def tokens(text: str) -> list[str]:
    """The words of a text in order, lower case, typographic apostrophes made straight, without `'s`."""
    found = (match.group().lower().replace("’", "'") for match in WORD.finditer(text))
    return [word[:-2] if word.endswith("'s") and word not in FUNCTION_WORDS else word for word in found]


_OF_THREAD = threading.local()


def _stemmer():  # type: ignore[no-untyped-def]
    """The stemmer of this thread: snowballstemmer keeps the word it works on in the object."""
    if not hasattr(_OF_THREAD, "stemmer"):
        import snowballstemmer

        _OF_THREAD.stemmer = snowballstemmer.stemmer("english")
    return _OF_THREAD.stemmer


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The Snowball (Porter 2) stem of a lower-case word."""
    return word if any(character.isdigit() for character in word) else _stemmer().stemWord(word)


def content(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order, repeats kept."""
    return [stem(word) for word in tokens(text) if word not in FUNCTION_WORDS]


# takes "U.S.", "1,000", "21st", "[W]e've", "$"; not "AT&T", "well-known"
_FOLDED_WORD = re.compile(
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


def comparable_words(text: str) -> list[Word]:
    """The words of a text in order, with case, apostrophes and dots of acronyms removed and `1,000` as `1000`."""
    return [Word(_folded(match.group()), match.start(), match.end()) for match in _FOLDED_WORD.finditer(text)]


def _folded(word: str) -> str:
    form = unicodedata.normalize("NFKC", word).casefold().translate(_APOSTROPHES)
    if form[0].isdigit():
        # takes "1,000", "1,000,000"; not "1,00", "10,0000"
        return re.sub(r",(?=\d{3}(?:\D|$))", "", form)
    return re.sub(r"[.\[\]]", "", form)
