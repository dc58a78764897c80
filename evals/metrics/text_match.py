"""Comparing an answer with the expected ones, as SQuAD's scoring does.

By hand because the packages that hold these thirty lines bring a deep-learning framework along.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence

# takes "a" of "a river"; not "an" of "answer"
_ARTICLES = re.compile(r"\b(a|an|the)\b")
# SQuAD removes ASCII punctuation only; news is set with curly quotes and dashes, which must not
# make a right answer wrong. ASCII texts score exactly as they do there.
_PUNCTUATION = str.maketrans("", "", string.punctuation + "“”‘’–—…«»")


def tokens(text: str) -> list[str]:
    """The words that count: lower case, no punctuation, no a, an or the (Rajpurkar et al. 2016)."""
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def exact(text: str, expected: Iterable[str]) -> float:
    """1.0 if a text is one of the expected once both are normalised, else 0.0."""
    words = tokens(text)
    return float(any(words == tokens(answer) for answer in expected))


def f1(text: str, expected: Iterable[str]) -> float:
    """The best overlap of words with an expected answer: harmonic mean of precision and recall."""
    return max((_overlap(tokens(text), tokens(answer)) for answer in expected), default=0.0)


def _overlap(words: Sequence[str], expected: Sequence[str]) -> float:
    if not words or not expected:
        return float(words == expected)
    same = sum((Counter(words) & Counter(expected)).values())
    return 2 * same / (len(words) + len(expected))


def holds(text: str, expected: Iterable[str]) -> bool:
    """Whether an expected answer's words stand in the text, in order and side by side."""
    padded = f" {' '.join(tokens(text))} "
    return any(f" {' '.join(words)} " in padded for answer in expected if (words := tokens(answer)))
