"""Looking quotations up: exact places, what differs, and nothing called found that is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from index.errors import UserError
from index.text.tokens import comparable_words
from index.types import Article
from rag.verify.find_quotation import Difference, find_quotation

SEEDS = Path(__file__).parents[2] / "seeds"
SEED = Article(next(SEEDS.glob("000*.txt")).read_text(encoding="utf-8"), id="seed")
PIER = Article(
    "“We’ve got a narrow pier,” Ana Ruiz said. She spent $1,000 on the U.S. firm’s take-it-or-leave-it offer."
    "\n\n"
    "“We have looked at every plank,” she added, “and we found rust on most of them.” It rained.",
    id="pier",
)
OTHER = Article("The council met on Monday to speak of the harbour wall and of nothing else at all.", id="other")


def look(quotation: str, *articles: Article):
    return find_quotation(quotation, articles or (OTHER, PIER))


@pytest.mark.parametrize(
    "quotation",
    [
        "We've got a narrow pier",
        '"WE’VE GOT A NARROW PIER,"',
        "we've   got\na narrow pier",
        "spent $1000 on the US firm's take it or leave it offer",
        "take–it–or–leave–it offer",
        "[W]e have looked at every plank",
        "We have looked [sic] at every plank",
        "We have looked ... found rust on most of them",
        "We have looked […] rust on most of them",
        "We have … plank . . . rust",
        "looked at every plank,” she added, “and we found rust",
    ],
)
def test_found_whatever_the_typography(quotation):
    report = look(quotation)
    assert report.verdict == "found"
    assert [place.article.id for place in report.places] == ["pier"]
    assert report.places[0].similarity == 1.0
    assert not report.places[0].differences


def test_citations_are_the_exact_places_one_for_each_part():
    (place,) = look("we have looked ... rust on most of them").places
    assert [citation.text for citation in place.citations] == ["We have looked", "rust on most of them"]
    for citation in place.citations:
        assert PIER.text[citation.start : citation.end] == citation.text
        assert (citation.article_id, citation.revision) == ("pier", PIER.revision)


@pytest.mark.parametrize(
    ("quotation", "differences"),
    [
        ("We've got a wide pier", [Difference("changed", "wide", "narrow")]),
        ("a narrow jetty", [Difference("changed", "jetty", "pier")]),
        ("You have got a narrow pier", [Difference("added", "You have", "")]),
        ("Nobody spent $1,000 on the U.S. firm", [
            Difference("changed", "Nobody", "She"), Difference("changed", "firm", "firm’s")]),
        ("We've got a pier", [Difference("missing", "", "narrow")]),
        ("We've got a very narrow pier", [Difference("added", "very", "")]),
        ("We have looked at every plank and found rust", [
            Difference("missing", "", "she added"), Difference("missing", "", "we")]),
        ("She spent $2,000 on the U.S. firm's offer", [
            Difference("changed", "2,000", "1,000"), Difference("missing", "", "take-it-or-leave-it")]),
        ("rust on most of them ... we have looked at every plank", [
            Difference("moved", "we have looked at every plank", "We have looked at every plank")]),
    ],
)  # fmt: skip
def test_partly_found_says_what_differs(quotation, differences):
    report = look(quotation)
    assert report.verdict == "partly found"
    assert list(report.places[0].differences) == differences
    assert report.places[0].similarity < 1


@pytest.mark.parametrize(
    "quotation",
    ["The pier will open in May", "We must never surrender to the sea", "to the of a in", "submarine"],
)
def test_not_found(quotation):
    report = look(quotation)
    assert (report.verdict, report.places) == ("not found", ())


def test_every_exact_place_is_given():
    twice = Article("It rained. We wept. It rained.", id="twice")
    places = look("it rained", twice, PIER).places
    assert [(place.article.id, place.citations[0].start) for place in places] == [
        ("twice", 0), ("twice", 20), ("pier", PIER.text.index("It rained"))]  # fmt: skip


def test_an_ellipsis_does_not_reach_across_an_article():
    far = Article("We looked. " + "It rained on. " * 100 + "We found rust.", id="far")
    report = look("we looked ... we found rust", far)
    assert report.verdict == "partly found"
    assert report.places[0].differences[0].kind == "moved"


def test_no_words_is_an_error():
    with pytest.raises(UserError, match="clippings quote"):
        look("“…”")


def test_the_seeds():
    report = find_quotation("We've got a narrow majority", [PIER, SEED])
    assert report.verdict == "found"
    assert report.places[0].citations[0].text == "We've got a narrow majority"
    changed = find_quotation("We've got a slim majority in the House", [PIER, SEED])
    assert changed.verdict == "partly found"
    assert changed.places[0].differences == (Difference("changed", "slim", "narrow"),)


WORDS = comparable_words(SEED.text)


@given(st.data())
def test_any_stretch_of_words_is_found_at_its_place(data):
    first = data.draw(st.integers(0, len(WORDS) - 1))
    last = data.draw(st.integers(first, min(first + 60, len(WORDS) - 1)))
    start, end = WORDS[first].start, WORDS[last].end
    report = find_quotation(SEED.text[start:end], [OTHER, SEED], limit=10_000)
    assert report.verdict == "found"
    assert (start, end) in [(place.citations[0].start, place.citations[-1].end) for place in report.places]


@given(st.data())
def test_a_word_changed_is_never_called_found(data):
    first = data.draw(st.integers(0, len(WORDS) - 12))
    words = [SEED.text[word.start : word.end] for word in WORDS[first : first + 12]]
    words[data.draw(st.integers(0, 11))] = "zebra"
    report = find_quotation(" ".join(words), [SEED])
    assert report.verdict != "found"
    assert all("zebra" in "".join(d.quoted for d in place.differences) for place in report.places)


@given(st.text(max_size=200))
def test_folded_words_remember_their_places(text):
    end = 0
    for word in comparable_words(text):
        assert end <= word.start < word.end <= len(text)
        assert word.form
        end = word.end


@given(st.text(max_size=120), st.text(max_size=60))
def test_any_text_can_be_looked_up(text, quotation):
    assume(comparable_words(quotation))
    report = find_quotation(quotation, [Article(text, id="any")])
    for place in report.places:
        for citation in place.citations:
            assert text[citation.start : citation.end] == citation.text
