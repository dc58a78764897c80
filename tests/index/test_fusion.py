"""Fusion, recency and folding, with expected numbers worked out by hand."""

import math
from datetime import date

import pytest

from index.engines.fusion import fuse, merge_neighbours, order, recency_factor
from index.types import Article, Hit, Passage, Published


def passage(article, number):
    return Passage(
        article.id,
        article.revision,
        number,
        number * 10,
        number * 10 + 9,
        ((number * 10, number * 10 + 9),),
        3,
    )


OLD = Article(text="x" * 100, id="old", published=Published(date(2023, 1, 1)))
NEW = Article(text="y" * 100, id="new", published=Published(date(2023, 12, 7)))


def test_fuse_adds_scores_relative_to_each_lists_best():
    fused = fuse([("a", 10.0), ("b", 5.0)], [("b", 0.8), ("c", 0.4)], vectors_weight=0.5)
    assert fused == pytest.approx({"a": 1 + 0.5 * 0.5, "b": 0.5 + 0.5 * 1, "c": 0.5 + 0.5 * 0.5})


def test_fuse_with_one_empty_list_keeps_the_order_of_the_other():
    fused = fuse([("a", 4.0), ("b", 2.0)], [])
    assert fused == pytest.approx({"a": 1.0, "b": 0.5})


def test_recency_factor_by_hand():
    as_of = date(2023, 12, 21)
    assert recency_factor(NEW, as_of, 1.0, days=14) == pytest.approx(1 + 0.5 * math.exp(-1))
    assert recency_factor(NEW, as_of, 0.0) == 1.0
    assert recency_factor(NEW, date(2023, 12, 1), 1.0) == 1.0
    assert recency_factor(Article(text="z"), as_of, 1.0) == 1.0


def test_a_month_known_counts_from_its_last_day_and_is_never_in_the_future():
    month = Article(text="z", published=Published(date(2023, 12, 1), "month"))
    assert recency_factor(month, date(2023, 12, 10), 1.0, days=14) == pytest.approx(1.5)


def test_adjoining_passages_fold_into_the_better_one():
    hits = [Hit(passage(OLD, n), OLD, 1.0 / (n + 1)) for n in (3, 2, 7, 1)]
    folded = merge_neighbours(hits)
    assert [hit.passage.number for hit in folded] == [3, 7]
    assert [found.number for found in folded[0].neighbours] == [2, 1]
    assert [span[0] for span, _ in folded[0].sentences()] == [10, 20, 30]


def test_order_prefers_the_newer_of_two_equal_passages_and_says_why():
    passages = {"o": (passage(OLD, 0), OLD), "n": (passage(NEW, 0), NEW)}
    hits = order([("o", 3.0), ("n", 3.0)], [], passages, as_of=date(2023, 12, 7), recency=1.0)
    assert [hit.article.id for hit in hits] == ["new", "old"]
    assert hits[0].words.rank == 2 and hits[0].vectors is None
    assert hits[0].recency == pytest.approx(1.5)
