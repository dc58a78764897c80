"""Names under other forms: countries and their people, abbreviations, spellings, surnames."""

from __future__ import annotations

import pytest

from index.text.name_variants import kind, mention, same_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zelensky", "Zelenskyy"),
        ("Volodymyr Zelensky", "Zelenskyy"),
        ("Erdoğan", "Recep Tayyip Erdogan"),
        ("U.S.", "the United States"),
        ("American", "United States"),
        ("Britain", "UK"),
        ("the Netherlands", "Dutch"),
        ("World Health Organization", "WHO"),
        ("European Medicines Agency", "EMA"),
        ("Kyiv", "Kiev"),
        ("Sen. James Lankford", "Lankford"),
        ("J. Biden", "Joe Biden"),
    ],
)
def test_one_name_under_two_forms(one, other):
    assert same_name(one, other) and same_name(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Donald Trump", "Barron Trump"),
        ("London Marathon", "Chicago Marathon"),
        ("North Korea", "South Korea"),
        ("Iran", "Iraq"),
        ("Austria", "Australia"),
        ("Niger", "Nigeria"),
        ("Yale University", "Harvard University"),
        ("Merkel", "Merz"),
    ],
)
def test_two_names(one, other):
    assert not same_name(one, other) and not same_name(other, one)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("British", "country"),
        ("Chicago Marathon", "marathon"),
        ("Brigid Kosgei", "person"),
        ("Kosgei", ""),
        ("WHO", ""),
    ],
)
def test_the_kind_of_a_name_as_far_as_it_shows(name, expected):
    assert kind(name) == expected


def test_a_name_stands_in_a_text_as_it_is_or_as_a_variant():
    text = "Zelenskyy met the American president. Trumpism was not a subject."
    assert mention("Zelenskyy", text) == "same"
    assert mention("Zelensky", text) == mention("United States", text) == "variant"
    assert mention("Trump", text) == ""
