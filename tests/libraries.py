"""Small libraries for tests: a word-count embedder whose nearness can be seen, one passage a line."""

from __future__ import annotations

import hashlib
import re
from datetime import date

import numpy as np

from index.build import IndexConfig, build
from index.types import Article, Passage, Published

DIMENSIONS = 64


def embed(texts):
    """Unit vectors of word counts, each word in one of `DIMENSIONS` places by its hash."""
    vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in re.findall(r"\w+", text.lower()) or ["-"]:
            vectors[row, int(hashlib.md5(word.encode()).hexdigest(), 16) % DIMENSIONS] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def split(article):
    """One passage of one sentence for each line."""
    return [
        Passage(
            article.id, article.revision, number, match.start(), match.end(), ((match.start(), match.end()),),
            len(match.group().split()),
        )
        for number, match in enumerate(re.finditer(r"[^\n]+", article.text))
    ]  # fmt: skip


def recipe(name="words", embed=embed, split=split):
    return IndexConfig(name, {"encoder": name}, split, embed)


def article(location, text, day="", **facts):
    return Article(text=text, location=location, published=Published.parse(day) if day else None, **facts)


def index(folder, *reads, recipe=recipe(), **options):  # noqa: B008 - a frozen value
    return build(folder, lambda log: iter(reads), recipe, **options)


def story(number, lines=3):
    """An article's text, unlike any other number's."""
    return "\n".join(f"Line {line} of story {number} tells of event{number}x{line}." for line in range(lines))


STORIES = [article(f"/news/{number}.txt", story(number), f"2023-12-{number + 1:02d}") for number in range(6)]
DAY = date(2023, 12, 7)
