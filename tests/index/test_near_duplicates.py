"""Which articles are linked, and what they are called."""

import random

import pytest
from libraries import article, index

from index.build.near_duplicates import long_sentences, overlap
from index.catalog import Catalog

WORDS = [a + b for a in ("ba", "ke", "li", "mo", "nu", "pra", "sto", "ti") for b in ("ron", "sel", "tam")]


def sentence(seed, length=16):
    choose = random.Random(seed)
    return " ".join(choose.choice(WORDS) for _ in range(length)).capitalize() + "."


def text(*seeds):
    return "\n\n".join(sentence(seed) for seed in seeds)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "library"


def links(folder):
    """{(location, what the other is to it, other location)}, as told from both sides."""
    view = Catalog(folder).view()
    places = {item.id: item.location for item in view.articles()}
    return {
        (place, found.kind, places[found.article_id]) for key, place in places.items() for found in view.related(key)
    }


def test_wire_copies_are_also_in_each_other(folder):
    index(
        folder,
        article("/ap", text(*range(12)), "2023-12-07", outlet="AP"),
        article("/post", text(100, *range(10), 101, 102), "2023-12-08", outlet="The Post"),
        article("/other", text(*range(50, 62)), "2023-12-07", outlet="The Post"),
    )
    assert links(folder) == {("/ap", "also in", "/post"), ("/post", "also in", "/ap")}


def test_copies_that_share_a_third_of_their_shingles(folder):
    one = [sentence(seed) for seed in range(10)]
    other = [part if number < 5 else sentence(number + 70) for number, part in enumerate(one)]
    contained, alike = overlap("\n".join(one), "\n".join(other))
    assert alike == pytest.approx(1 / 3, abs=0.03)
    assert contained == pytest.approx(1 / 2, abs=0.03)
    index(folder, article("/a", "\n".join(one), "2023-12-07"), article("/b", "\n".join(other), "2023-12-07"))
    assert ("/a", "also in", "/b") in links(folder)


def test_an_outlets_later_article_is_a_later_version(folder):
    index(
        folder,
        article("/morning", text(*range(10)), "2023-12-07", outlet="AP"),
        article("/evening", text(*range(10), 20, 21), "2023-12-08", outlet="AP"),
    )
    assert links(folder) == {
        ("/morning", "later version", "/evening"),
        ("/evening", "earlier version", "/morning"),
    }


@pytest.mark.parametrize(
    ("day", "linked"),
    [("2023-12-14", True), ("2023-12-15", False), ("", True), ("2023-12", True), ("2022", False)],
)
def test_only_within_a_week_or_when_the_day_is_unknown(folder, day, linked):
    index(folder, article("/a", text(*range(8)), "2023-12-07"), article("/b", text(*range(8), 9), day))
    assert bool(links(folder)) == linked


def test_a_shared_quotation_is_not_a_copy(folder):
    index(
        folder,
        article("/a", text(*range(10)), "2023-12-07"),
        article("/b", text(0, 1, *range(30, 38)), "2023-12-07"),
    )
    assert links(folder) == set()


def test_an_outlets_boilerplate_is_no_evidence(folder):
    notice = range(900, 909)
    index(
        folder,
        *(article(f"/{n}", text(*notice, n), f"2023-12-{n + 1:02d}", outlet="The Week") for n in range(5)),
    )
    assert links(folder) == set()


def test_a_notice_that_comes_back_after_weeks_is_no_evidence(folder):
    days = ["2023-10-01", "2023-12-06", "2023-12-07"]
    index(folder, *(article(f"/{n}", text(*range(9), n + 50), day) for n, day in enumerate(days)))
    assert links(folder) == set()


def test_links_come_and_go_with_revisions(folder):
    index(folder, article("/a", text(*range(8)), "2023-12-07", outlet="AP"))
    index(folder, article("/b", text(*range(8), 9), "2023-12-07", outlet="Post"))
    assert ("/a", "also in", "/b") in links(folder)
    index(folder, article("/b", text(*range(40, 48)), "2023-12-07", outlet="Post"))
    assert links(folder) == set()
    index(folder, article("/a", text(*range(40, 47)), "2023-12-07", outlet="AP"))
    assert ("/a", "also in", "/b") in links(folder)
    assert len(Catalog(folder).view(2).related(next(Catalog(folder).view(1).articles()).id)) == 1


def test_both_articles_stay_in_the_library(folder):
    index(folder, article("/a", text(*range(8))), article("/b", text(*range(8), 9)))
    assert Catalog(folder).view().count() == (2, 17)


def test_overlap_by_hand():
    # Shingles: abc bcd, and abc bcx.
    assert overlap("a b c d", "a b c x") == (1 / 2, 1 / 3)
    assert overlap("a b", "a b c") == (0, 0)


def test_long_sentences_ignore_case_and_punctuation():
    words = sentence(1)
    assert long_sentences(words) == long_sentences(words.upper().replace(" ", ", ")) != set()
    assert long_sentences("Too short to be evidence.") == set()
