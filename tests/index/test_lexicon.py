from __future__ import annotations

import re

from index.text import lexicon
from index.text.lexicon import CALENDAR, COUNTS, FUNCTION_WORDS, NEGATIONS, NUMBERS, STOP_WORDS, capitalised, either


def test_lists_are_lower_case_and_name_no_word_twice():
    lists = {name: value for name, value in vars(lexicon).items() if isinstance(value, tuple | frozenset)}
    assert len(lists) > 40
    for name, words in lists.items():
        singly = [word for each in words for word in ([each] if isinstance(each, str) else each)]
        assert [word for word in singly if word != word.lower()] == [], name
        assert len(set(words)) == len(words), name


def test_negations_carry_meaning_and_are_still_too_common_to_search_for():
    assert not NEGATIONS & FUNCTION_WORDS - {"neither", "without", "cannot"}
    assert {"no", "nor", "not"} <= STOP_WORDS


def test_a_number_stands_at_the_index_that_is_its_value():
    assert (NUMBERS[0], NUMBERS[7], NUMBERS[19]) == ("zero", "seven", "nineteen")
    assert COUNTS[0] == "two" and COUNTS[-1] == "twelve"


def test_either_takes_any_word_of_its_lists():
    pattern = re.compile(rf"\b{either(capitalised(('may', 'june')), ('dozens',))}\b")
    assert pattern.findall("in May and June, not in mayhem or june: dozens") == ["May", "June", "dozens"]
    assert "may" in CALENDAR
