"""Passages for training: cutting texts to reading size, comparing their words, ranking them for a question."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rag.training.question_generation import sentences

# Takes "it" and "s" of "it's", and "2004"; not the signs between.
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Text:
    """A passage for training; `day` is when it was published, where that is known."""

    text: str
    title: str = ""
    day: date | None = None


def pieces(text: str) -> list[tuple[int, int]]:
    """Cut `text` into runs of whole sentences of up to about 170 words."""
    cuts, at = [], 0
    for a, b in sentences(text):
        if len(text[at:b].split()) > 170 and a > at:
            cuts.append((at, a))
            at = a
    return [*cuts, (at, len(text))]


def ngrams(text: str, size: int = 8) -> set[tuple[str, ...]]:
    """Return the word n-grams of `text`, lower-cased."""
    words = WORD.findall(text.lower())
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


def folded(text: str) -> str:
    """The words of `text`, lower-cased, with single spaces."""
    return " ".join(WORD.findall(text.lower()))


def window(text: str, spans: Sequence[tuple[int, int]], words: int, rng: random.Random) -> tuple[str, tuple]:
    """Cut whole sentences of about `words` words around the first span; returns the text and moved spans."""
    if len(text.split()) <= words:
        return text, tuple(spans)
    parts = sentences(text)
    anchor = spans[0][0] if spans else rng.randrange(len(text))
    low = high = next((i for i, (a, b) in enumerate(parts) if a <= anchor < b), 0)
    while spans and high + 1 < len(parts) and parts[high][1] < spans[0][1]:
        high += 1
    while len(text[parts[low][0] : parts[high][1]].split()) < words and (low > 0 or high + 1 < len(parts)):
        if low > 0 and (high + 1 == len(parts) or rng.random() < 0.5):
            low -= 1
        else:
            high += 1
    start, end = parts[low][0], parts[high][1]
    moved = tuple((a - start, b - start) for a, b in spans if a >= start and b <= end)
    return text[start:end], moved


def rank(pool: Sequence[Text], asked: Sequence[str], k: int) -> tuple[Any, Any]:
    """Return BM25's `k` best passages for each question, or all: indices and scores, both [questions, k]."""
    import bm25s  # type: ignore[import-untyped]
    import snowballstemmer

    stemmer = snowballstemmer.stemmer("english").stemWords

    def tokens(values: list[str]) -> Any:
        return bm25s.tokenize(values, stopwords="en", stemmer=stemmer, show_progress=False)

    index = bm25s.BM25()
    index.index(tokens([f"{p.title} {p.text}" for p in pool]), show_progress=False)
    return index.retrieve(tokens(list(asked)), k=min(k, len(pool)), show_progress=False, n_threads=1)
