"""BM25 in tantivy: what matches, what a filter lets through, and what is written and copied."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from libraries import article, split
from strategies import articles, filters

from index.engines.bm25 import Entry, WordIndex, snapshot


def entries(*articles):
    return [Entry(passage, item) for item in articles for passage in split(item)]


def one(number, text, day="", **facts):
    return article("", text, day, id=f"{number:012x}", **facts)


def found(words, text, k=10, filter=None):
    return [key.split(":")[0][-1] for key, _ in words.search(text, k, filter)]


@pytest.fixture
def words(tmp_path):
    words = WordIndex(tmp_path / "words", create=True)
    words.write(
        entries(
            one(1, "Lankford said the majority is narrow.", title="Border deal"),
            one(2, "The senators were running for Montréal.", title="Lankford speaks"),
            one(3, "U.S. troops left the base.", title="Troops"),
            one(4, "It was on their own.", title="Nothing"),
        )
    )
    yield words
    words.close()


def test_stems_case_and_accents_match(words):
    assert found(words, "SENATOR runs") == ["2"]
    assert found(words, "Montreal") == ["2"]


def test_body_counts_more_than_title(words):
    assert found(words, "Lankford") == ["1", "2"]


def test_dotted_acronym_is_one_word(words):
    assert found(words, "US") == found(words, "U.S.") == ["3"]
    assert words.terms("the U.S.'s base") == ["us", "base"]


def test_stop_words_count_only_when_there_is_nothing_else(words):
    assert "4" not in found(words, "it was on the border")
    assert "4" in found(words, "it was on")


@pytest.mark.parametrize("text", ['"narrow AND', "majority:title", "+narrow -majority", "narrow~2 (", "[narrow TO z]"])
def test_no_character_is_an_operator(words, text):
    assert found(words, text) == ["1"]


@pytest.mark.parametrize("text", ["", " ", "?!", "\N{ZERO WIDTH SPACE}", "xyzzy"])
def test_text_without_a_known_word_finds_nothing(words, text):
    assert words.search(text, 5) == []


@given(st.text(max_size=200))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_can_be_searched(words, text):
    scores = [score for _, score in words.search(text, 10)]
    assert scores == sorted(scores, reverse=True)


def test_writing_a_passage_again_replaces_it(words):
    words.write(entries(one(1, "Lankford said the majority is narrow.", title="Border deal")))
    assert words.count() == 4


def test_delete_and_ids(words):
    gone = words.search("Lankford", 1)[0][0]
    words.write(delete=[gone, "unknown:id:0"])
    assert gone not in set(words.ids())
    assert words.count() == len(set(words.ids())) == 3


def test_many_ids_are_listed_once_each(tmp_path):
    words = WordIndex(tmp_path / "words", create=True)
    many = one(1, "Line of text.")
    (passage,) = split(many)
    words.write(Entry(replace(passage, number=number), many) for number in range(10_050))
    listed = list(words.ids())
    assert len(listed) == len(set(listed)) == 10_050


def test_snapshot_and_original_do_not_touch_each_other(words, tmp_path):
    snapshot(tmp_path / "words", tmp_path / "copy")
    copy = WordIndex(tmp_path / "copy", create=True)
    copy.write(entries(one(5, "Only the copy knows Zanzibar.")), delete=list(words.ids()))
    assert (copy.count(), words.count(), WordIndex(tmp_path / "words").count()) == (1, 4, 4)
    words.write(delete=list(words.ids()))
    assert found(WordIndex(tmp_path / "copy"), "Zanzibar") == ["5"]


@given(articles, st.lists(filters, min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_filters_let_through_what_filter_allows(tmp_path_factory, items, wanted):
    words = WordIndex(tmp_path_factory.mktemp("words"), create=True)
    words.write(entries(*items))
    plain = dict(words.search("same text", 50))
    for filter in wanted:
        hits = dict(words.search("same text", 50, filter))
        assert {key.split(":")[0] for key in hits} == {item.id for item in items if filter.allows(item)}
        assert hits == pytest.approx({key: plain[key] for key in hits}), "a filter changes no score"
    words.close()
