"""Stories: news articles about the same event, and which of them are kept out of training.

Articles are told together by their days and the rare names they share, as in topic detection (Allan et al., 1998). Two
of a story may never meet by this rule alone, so articles are linked one by one (single-link clustering).
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

# Takes "Talat Masood" and "NATO" whole; not the "the" of "the Hague", nor a word of one or two letters.
NAME = re.compile(r"\b[A-Z][\w’'-]{2,}(?: [A-Z][\w’'-]+)*")
DAYS = 7
ALIKE = 0.2
RARE = 0.01
KEPT_OUT = 0.1


@dataclass(frozen=True, slots=True)
class NewsArticle:
    """An article that questions are made from."""

    id: str
    title: str
    day: date
    text: str


def names_of(article: NewsArticle) -> set[str]:
    """The names and capitalised words of an article, each also word by word; sentence starts among them."""
    found = set(NAME.findall(f"{article.title}. {article.text}"))
    return found | {word for name in found for word in name.split() if len(word) > 3}


def stories(articles: Sequence[NewsArticle]) -> dict[str, str]:
    """Return the story of each article, both by id; a story is called after its first article.

    Two articles no more than DAYS apart are linked where their rare names, those in at most RARE of all articles (but
    in two at least), have a cosine of ALIKE, weighted by inverse document frequency.
    """
    ordered = sorted(articles, key=lambda article: (article.day, article.id))
    names = [names_of(article) for article in ordered]
    frequency = Counter(name for found in names for name in found)
    most = max(2, int(RARE * len(ordered)))
    weight = {name: math.log(len(ordered) / n) ** 2 for name, n in frequency.items() if 2 <= n <= most}
    rare = [found & weight.keys() for found in names]
    norms = [math.sqrt(sum(weight[name] for name in sorted(found))) or 1.0 for found in rare]
    parent = list(range(len(ordered)))

    def root(number: int) -> int:
        while parent[number] != number:
            number = parent[number]
        return number

    for later, article in enumerate(ordered):
        for earlier in range(later - 1, -1, -1):
            if (article.day - ordered[earlier].day).days > DAYS:
                break
            shared = rare[later] & rare[earlier]
            if len(shared) < 2:
                continue
            if sum(weight[name] for name in sorted(shared)) >= ALIKE * norms[later] * norms[earlier]:
                first, second = sorted((root(later), root(earlier)))
                parent[second] = first
    return {article.id: ordered[root(number)].id for number, article in enumerate(ordered)}


def kept_out(story: str) -> bool:
    """Say whether a story is kept out of training, one in ten, so that question sets can be written from it."""
    return int(hashlib.sha256(f"story:{story}".encode()).hexdigest()[:8], 16) / 16**8 < KEPT_OUT


def members(story_of: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the articles of each story, by id."""
    found: dict[str, list[str]] = defaultdict(list)
    for article, story in story_of.items():
        found[story].append(article)
    return dict(found)
