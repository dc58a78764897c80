"""Questions changed in one thing, so that their passage no longer answers."""

import random

import pytest

from rag.training.near_misses import NamedText, NamePool, near_misses, of_all, swapped_days, swapped_words

PASSAGE = "Ann Lee won the London race. In Paris, Bo Dahl was beaten in 1984. It was the first race with 27 runners."
NAMES = NamedText((("Ann Lee", "PERSON"), ("London", "GPE"), ("Paris", "GPE"), ("Bo Dahl", "PERSON")))
POOL = NamePool.of([NAMES, NAMES, NamedText((("Oslo", "GPE"), ("Zoe Quill", "PERSON")))] * 2)


def made(question, answers):
    found = set()
    for seed in range(60):
        found |= set(near_misses(question, PASSAGE, answers, NAMES, POOL, random.Random(seed)))
    return found


def test_a_name_becomes_another_of_its_kind_from_the_passage_or_one_that_it_lacks():
    assert made("Who ran the London race?", ["Ann Lee"]) == {"Who ran the Paris race?", "Who ran the Oslo race?"}


def test_a_name_of_the_answer_or_of_its_sentence_is_not_put_in():
    assert made("Who was beaten in Paris?", ["Bo Dahl"]) == {"Who was beaten in London?", "Who was beaten in Oslo?"}
    assert not made("Which London race was it?", ["London race"])


def test_a_name_within_a_longer_one_stays():
    names = NamedText((("China", "GPE"), ("Japan", "GPE")))
    passage = "Ships met in the South China Sea. Japan looked on."
    question = "Who met in the South China Sea?"
    assert not near_misses(question, passage, ["Ships"], names, NamePool.of([]), random.Random(1))


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("What was built in 1984?", "What was built in "),
        ("Which of the 27 runners won?", "Which of the "),
        ("Who died in May?", "Who died in "),
        ("Who won on Monday?", "Who won on "),
    ],
)
def test_years_numbers_months_and_weekdays_become_others_that_the_passage_lacks(question, kept):
    for seed in range(20):
        (changed,) = swapped_days(question, f"{question} 1985 June Sunday", random.Random(seed))
        assert changed != question and changed.startswith(kept)
        assert not any(word in changed for word in ("1985", "June", "Sunday"))


def test_numbers_that_are_part_of_something_else_stay():
    assert not list(swapped_days("What did the F-16 drop for $27 on the 3rd of 1,984.5?", "", random.Random(0)))


def test_a_superlative_or_an_outcome_becomes_its_opposite_unless_the_passage_has_that_too():
    assert list(swapped_words("Who won the first race?", "Ann won.")) == [
        "Who lost the first race?",
        "Who won the last race?",
    ]
    assert list(swapped_words("Who won the first race?", "Ann won the last; Bo lost.")) == []


def test_rows_without_an_answer_get_no_near_misses(tmp_path):
    rows = [
        {
            "question": "Who won in Lisbon?",
            "context": "Zoe Quill won in Lisbon. She lost in Madrid.",
            "answers": ["Zoe Quill"],
        },
        {"question": "Who won in Lisbon?", "context": "It rained in Lisbon and in Madrid.", "answers": []},
    ]
    first, second = of_all(rows, tmp_path, 3)
    assert "Who lost in Lisbon?" not in first  # the passage says that somebody lost
    assert first == ["Who won in Madrid?"]
    assert second == []
