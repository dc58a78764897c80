"""Citations that hold and that do not, sentences that are borne out and that are not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.numbers import find_figures
from index.types import Article
from rag.types import Citation, Statement
from rag.verify import check, verify_citations
from rag.verify.contradictions import contradictions
from rag.verify.support import source_sentences, supports

TEXT = (
    "Mayor Ana Ruiz told reporters on Thursday that the pier would cost $1.2 million. “We have looked at "
    "every plank,” she said. The council did not approve the money. About 14,000 people use the pier, 20 "
    "percent more than in 2019. Tom Banks of the World Harbour Board called it a gift."
)
PIER = Article(TEXT, title="Pier", id="pier")


def cite(words: str, article: Article = PIER) -> Citation:
    start = article.text.index(words)
    return Citation(article.id, article.revision, start, start + len(words), words)


QUOTE = cite("The council did not approve the money.")


def test_a_citation_holds_only_at_its_place_in_its_revision():
    assert check(QUOTE, PIER) is None
    assert "does not hold" in str(check(QUOTE, None))
    assert "another revision" in str(check(QUOTE, replace(PIER, text=TEXT + " It rained.")))
    assert "another revision" in str(check(QUOTE, replace(PIER, id="other")))
    assert "words at this place" in str(check(replace(QUOTE, text="The council did approve the money."), PIER))
    assert "words at this place" in str(check(replace(QUOTE, start=QUOTE.start + 1), PIER))
    assert "outside" in str(check(replace(QUOTE, end=10_000), PIER))
    assert "outside" in str(check(replace(QUOTE, start=-5), PIER))
    assert "outside" in str(check(replace(QUOTE, start=5, end=5, text=""), PIER))


@given(st.integers(-5, len(TEXT) + 5), st.integers(-5, len(TEXT) + 5), st.booleans())
def test_only_verbatim_citations_pass(start, end, changed):
    words = TEXT[max(start, 0) : max(end, 0)] + ("x" if changed else "")
    verbatim = 0 <= start < end <= len(TEXT) and not changed
    assert (check(Citation("pier", PIER.revision, start, end, words), PIER) is None) is verbatim


def resolve(article_id: str, revision: str) -> Article | None:
    return PIER if (article_id, revision) == (PIER.id, PIER.revision) else None


def test_quotations_whose_citation_fails_are_dropped_and_noted():
    wrong = replace(QUOTE, start=QUOTE.start + 4, end=QUOTE.end + 4)
    good, bad = Statement(QUOTE.text, (QUOTE,)), Statement(QUOTE.text, (wrong,))
    kept, notes = verify_citations([good, bad], resolve)
    assert kept == (good,)
    assert len(notes) == 1 and "The council did not approve" in notes[0]


def test_a_model_sentence_keeps_the_citations_that_hold_and_is_unsupported_without_any():
    gone = replace(QUOTE, article_id="gone")
    both = Statement("The money was not approved.", (QUOTE, gone))
    none = Statement("The money was not approved.", (gone,))
    kept, notes = verify_citations([both, none], resolve)
    assert kept == (replace(both, citations=(QUOTE,)), replace(none, citations=(), supported=False))
    assert len(notes) == 2


@pytest.mark.parametrize(
    "sentence",
    [
        "The council did not approve the money.",
        "Ruiz told reporters that the pier would cost $1.2m.",
        "Ruiz said: \"We have looked at every plank.\"",
        "About fourteen thousand people use the pier, 20% more than in 2019.",
        "Nearly 15,000 people use the pier.",
        "Tom Banks of the WHB called it a gift.",
    ],
)  # fmt: skip
def test_borne_out(sentence):
    support = supports(sentence, [source_sentences(TEXT)], bar=0.5)
    assert support.supported, support


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("The council did approve the money.", "says no"),
        (
            "Mayor Ana Ruiz did not tell reporters on Thursday the pier would cost $1.2 million.",
            "says no",
        ),
        ("Mayor Ana Ruiz told reporters on Thursday that the pier would cost $1.5 million.", "figure"),
        ("Mayor Ana Ruiz told reporters on Thursday that the pier would cost £1.2 million.", "figure"),
        ("Mayor Ana Ruiz told reporters on Friday that the pier would cost $1.2 million.", "date"),
        ("Mayor Ana Lopez told reporters on Thursday that the pier would cost $1.2 million.", "name"),
        ("Mayor Eva Ruiz told reporters on Thursday that the pier would cost $1.2 million.", "name"),
        ("“We have looked at each plank,” she said.", "quoted"),
        ("The ferry company went bankrupt after a long strike.", "too little"),
        ("About 14,000 people use the pier, 30 percent more than in 2019.", "figure"),
    ],
)
def test_not_borne_out_and_why(sentence, reason):
    support = supports(sentence, [source_sentences(TEXT)])
    assert not support.supported
    assert any(reason in each for each in support.reasons), support


@pytest.mark.parametrize(
    ("sentence", "day"),
    [
        ("The council did not approve the money on friday.", "Friday"),
        ("In june Ruiz told reporters that the pier would cost $1.2 million.", "June"),
        ("Tom Banks of the World Harbour Board called it a gift on monday.", "Monday"),
    ],
)
def test_a_date_in_small_letters_must_be_in_the_sources(sentence, day):
    assert supports(sentence, [source_sentences(TEXT)]).reasons == (f"the date is not in the sources: {day!r}",)


def test_small_letters_are_no_reason_to_mark_a_date_and_a_verb_is_no_month():
    there = "Ruiz told reporters on thursday that the pier would cost $1.2 million."
    assert supports(there, [source_sentences(TEXT)]).supported
    assert supports("Tom Banks may march and called it a gift.", [source_sentences(TEXT)], bar=0).supported


HARBOUR = (
    "Mayor Ana Ruiz opened the new harbour in Bergen on Monday. Tom Banks will repair the old pier by 2027 for the "
    "city of Oslo. The council closed the school in March, and 300 children moved to Oslo in June."
)


@pytest.mark.parametrize(
    ("text", "true", "false", "what"),
    [
        (
            TEXT,
            "Mayor Ana Ruiz told reporters that the pier would cost $1.2 million.",
            "Tom Banks looked at every plank of the pier.",
            "a name in it",
        ),
        (
            HARBOUR,
            "The council closed the school in March.",
            "The council closed the school in June.",
            "a figure, date or negation in it",
        ),
        (
            HARBOUR,
            "Tom Banks will repair the old pier by 2027.",
            "Mayor Ana Ruiz opened the new harbour in Bergen by 2027.",
            "a figure, date or negation in it",
        ),
    ],
)
def test_names_figures_and_dates_must_stand_among_their_words(text, true, false, what):
    assert supports(true, [source_sentences(text)]).supported
    assert supports(false, [source_sentences(text)], bar=0).reasons == (
        f"{what} stands among other words in the sources",
    )


@pytest.mark.parametrize(
    ("denied", "plain"),
    [
        (
            "The council did not approve the money, and it has not closed the bridge.",
            "The council did not approve the money, and it has closed the bridge.",
        ),
        (
            "The minister has not signed the treaty, and nobody knows why.",
            "The minister has signed the treaty, and nobody knows why.",
        ),
        ("The minister can't leave, and no one can enter.", "The minister can leave, and no one can enter."),
    ],
)
def test_a_not_between_two_words_counts_though_something_else_is_denied_near_by(denied, plain):
    assert list(contradictions(plain, source_sentences(denied)))
    assert list(contradictions(denied, source_sentences(plain)))
    assert not list(contradictions(denied, source_sentences(denied)))
    assert not list(contradictions(plain, source_sentences(f"{denied} {plain}")))


def test_a_contracted_not_is_a_not():
    assert not list(contradictions("The minister cannot leave.", source_sentences("The minister can not leave.")))
    assert not list(contradictions("The law isn't fair.", source_sentences("The law is not fair.")))


def test_first_names_may_come_from_elsewhere_in_the_article():
    source = "Ruiz told reporters on Thursday that the pier would cost $1.2 million."
    sentence = "Ana Ruiz told reporters on Thursday that the pier would cost $1.2 million."
    assert not supports(sentence, [source_sentences(source)]).supported
    assert supports(sentence, [source_sentences(source)], context=[TEXT]).supported
    assert not supports(sentence.replace("Ana", "Eva"), [source_sentences(source)], context=[TEXT]).supported


def test_two_sources_bear_a_sentence_out_together():
    sentence = "The pier would cost $1.2 million, and 14,000 people use the pier."
    first, second = "She said the pier would cost $1.2 million.", "Now 14,000 people use the pier."
    assert supports(sentence, [source_sentences(first), source_sentences(second)]).supported
    assert not supports(sentence, [source_sentences(first)]).supported


def test_nothing_is_borne_out_by_nothing():
    assert not supports("The pier is safe.", []).supported
    assert not supports("", [source_sentences(TEXT)]).supported


def test_the_bar_can_be_raised_and_lowered():
    sentence = "The council refused money for a new boat."
    low, high = (
        supports(sentence, [source_sentences(TEXT)], bar=0.1),
        supports(sentence, [source_sentences(TEXT)], bar=0.9),
    )
    assert low.probability == high.probability
    assert not high.supported


@given(st.text(max_size=150), st.lists(st.text(max_size=150), max_size=3))
def test_any_text_can_be_judged(sentence, sources):
    support = supports(sentence, [source_sentences(source) for source in sources])
    assert 0 <= support.probability <= 1
    assert support.supported == (not support.reasons)


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("14,000 people", [(14000, "")]),
        ("fourteen thousand people", [(14000, "")]),
        ("$1.2 billion and $1.2bn", [(1.2e9, "$"), (1.2e9, "$")]),
        ("twenty-five per cent of 20%", [(25, "%"), (20, "%")]),
        ("a hundred and five", [(105, "")]),
        ("two thousand and nineteen", [(2019, "")]),
        ("half a million pounds", [(5e5, "£")]),
        ("one of them, one percent, one million", [(1, "%"), (1e6, "")]),
        ("the 4th and the fourth", [(4, ""), (4, "")]),
        ("three dozen eggs at 5 euros", [(36, ""), (5, "€")]),
        ("1.5 million and three million", [(1.5e6, ""), (3e6, "")]),
        ("B2B v1.0 someone", []),
    ],
)
def test_figures(text, figures):
    assert [(figure.value, figure.unit) for figure in find_figures(text)] == figures


@given(st.integers(0, 10**9))
def test_figures_keep_their_value_whatever_the_commas(value):
    assert [figure.value for figure in find_figures(f"It had {value:,} and {value} parts")] == [value, value]
