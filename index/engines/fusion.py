"""Ranked lists into hits: fusion of words and vectors, the recency prior, neighbouring passages merged.

Pure functions; knows nothing of the engines or of storage.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from index.types import Article, Hit, Passage, Rank

Scored = Sequence[tuple[str, float]]
"""(passage id, score), best first."""

VECTORS_WEIGHT = 1.0
"""Weight of the vectors' score beside the words' 1; found by `python -m evals.lab.retrieval`, see evals/LOG.md."""

RECENCY_DAYS = 14.0
"""Days in which the recency prior falls to 1/e."""

RECENCY_PEAK = 0.5
"""What the full prior adds to the score of an article of the day itself, as a share of it."""


def fuse(words: Scored, vectors: Scored, vectors_weight: float = VECTORS_WEIGHT) -> dict[str, float]:
    """One score a passage: each list scaled to its own best, then added (CombSUM; Fox and Shaw 1994).

    A list's scores are divided by its best one, so that 1 is its best passage; a passage missing from a list
    gets that list's worst score, since it can be no better there.
    """
    fused: dict[str, float] = {}
    ids = {key for key, _ in words} | {key for key, _ in vectors}
    for found, weight in ((words, 1.0), (vectors, vectors_weight)):
        if not found or not weight:
            continue
        best = found[0][1] or 1.0
        scaled = {key: score / best for key, score in found}
        worst = min(scaled.values())
        for key in ids:
            fused[key] = fused.get(key, 0.0) + weight * scaled.get(key, worst)
    return fused


def freshness(article: Article, as_of: date | None, days: float = RECENCY_DAYS) -> float:
    """exp(-age / days); 0 for an unknown date and for what lies after `as_of`."""
    if as_of is None or article.published is None:
        return 0.0
    age = (as_of - article.published.last_day).days
    if article.published.precision == "day" and age < 0:
        return 0.0
    return math.exp(-max(age, 0) / days)


def recency_factor(article: Article, as_of: date | None, strength: float, days: float = RECENCY_DAYS) -> float:
    """1 + strength x RECENCY_PEAK x freshness."""
    return 1.0 + strength * RECENCY_PEAK * freshness(article, as_of, days)


def ranks(found: Scored) -> dict[str, Rank]:
    """The rank, from 1, and score of each passage of a list."""
    return {key: Rank(number, score) for number, (key, score) in enumerate(found, start=1)}


def merge_neighbours(hits: Sequence[Hit]) -> list[Hit]:
    """Merge passages that adjoin a better hit of the same article into that hit; the order stays."""
    kept: list[Hit] = []
    homes: dict[tuple[str, str, int], int] = {}
    for hit in hits:
        article_id, revision, number = hit.passage.article_id, hit.passage.revision, hit.passage.number
        home = homes.get((article_id, revision, number - 1), homes.get((article_id, revision, number + 1)))
        if home is None:
            home = len(kept)
            kept.append(hit)
        else:
            kept[home] = replace(kept[home], neighbours=(*kept[home].neighbours, hit.passage))
        homes[article_id, revision, number] = home
    return kept


def order(
    words: Scored,
    vectors: Scored,
    passages: Mapping[str, tuple[Passage, Article]],
    *,
    as_of: date | None = None,
    recency: float = 0.0,
    vectors_weight: float = VECTORS_WEIGHT,
) -> list[Hit]:
    """The passages of both lists as hits, best first; ties go to the earlier id."""
    in_words, in_vectors = ranks(words), ranks(vectors)
    hits = []
    for key, score in fuse(words, vectors, vectors_weight).items():
        passage, article = passages[key]
        factor = recency_factor(article, as_of, recency)
        hits.append(Hit(passage, article, score * factor, in_words.get(key), in_vectors.get(key), recency=factor))
    return sorted(hits, key=lambda hit: (-hit.score, hit.passage.id))
