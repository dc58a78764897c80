import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.clean import clean, clean_line

# Drawn often, because they are what cleaning is about; plain `st.text()` seldom hits them.
AWKWARD = st.sampled_from(
    list(
        "\u00ad\u200b\u200c\u200d\ufeff\u202e\u202c\u2066\u00a0\u202f\u3000\t\r\n\v\f\x00\x85\x93\u2028\u2029"
        "e\u0301\u0323\u212b\u2329\ufb1f\u1100\u1161\u11a8\u0644\u0627 a."
        "\U0001f468\U0001f3f4\U000e0067\U000e007f"
    )
)
TEXT = st.lists(AWKWARD | st.characters()).map("".join)


@given(TEXT)
@example("\u2329\u200d\u2190")
@example("\U0001f3f4\U000e0067\U0001f3f4\U000e007f")
@example("a \n \u0301")
def test_cleaning_twice_changes_nothing(text):
    assert clean(clean(text)) == clean(text)


@given(TEXT)
def test_what_is_cleaned_can_be_stored(text):
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not {c for c in cleaned if unicodedata.category(c) == "Cc"} - {"\n"}
    assert "  " not in cleaned and "\n\n\n" not in cleaned and cleaned == cleaned.strip()
    assert unicodedata.is_normalized("NFC", cleaned)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"])))
def test_nothing_visible_is_lost(text):
    assert clean(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("im\u00admi\u00adgra\u00adtion", "immigration"),
        ("zero\u200bwidth\u2060 \ufeffspace", "zerowidth space"),
        ("WASHINGTON —\u00a0President", "WASHINGTON — President"),
        ("cafe\u0301", "caf\u00e9"),
        ("pay \u202e001$\u202c now", "pay 001$ now"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("one \t \n \n\n\n  two  ", "one\n\ntwo"),
        ("page\fbreak", "page\n\nbreak"),
        ("\x93Yes,\x94 he said\x85", "\u201cYes,\u201d he said\u2026"),
        ("nul\x00 bell\x07", "nul bell"),
        ("half a pair \ud83d", "half a pair \ufffd"),
        ("ignore\U000e0068\U000e0069", "ignore"),
    ],
)
def test_what_nobody_sees_goes(raw, cleaned):
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "½ x² ﬁ ＡＢＣ №5",  # NFKC would rewrite every one
        "“curly” ‘quotes’ — dash … ellipsis",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with the non-joiner it needs
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family
        "\u2764\ufe0f\u200d\U0001f525",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # the flag of England
        "first paragraph\n\nsecond\nwith a second line",
    ],
)
def test_what_a_reader_sees_stays(text):
    assert clean(text) == text


def test_a_line_has_no_breaks():
    assert clean_line(" Two\n\nlines\u00a0here ") == "Two lines here"
