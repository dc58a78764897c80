"""A model's reply as it streams: sentences and the sources each cites, however the pieces fall."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.answer import reply_parser
from rag.answer.reply_parser import LONGEST_SENTENCE, LOOKAHEAD, Sentence, SentenceStream, split_reply


def made(reply, known=5, size=1):
    return list(split_reply([reply[at : at + size] for at in range(0, len(reply), size)], known))


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("[1]", (1,)),
        ("[1, 3]", (1, 3)),
        ("[1][3]", (1, 3)),
        ("[1] [3]", (1, 3)),
        ("[1-3]", (1, 2, 3)),
        ("[1–3]", (1, 2, 3)),
        ("[1 and 3]", (1, 3)),
        ("[1; 3]", (1, 3)),
        ("【1】", (1,)),
        ("【3†source】", (3,)),
        ("［２］", (2,)),
        ("〔4〕", (4,)),
        ("[Source 2]", (2,)),
        ("[sources 2, 3]", (2, 3)),
        ("[source 2 and source 3]", (2, 3)),
        ("[^2]", (2,)),
        ("[3][3][1]", (3, 1)),
    ],
)
@pytest.mark.parametrize("place", ["The vote failed {}.", "The vote failed.{}", "The vote failed. {}"])
def test_every_way_to_cite(written, numbers, place):
    reply = place.format(written) + " The House met on Monday [5]."
    assert made(reply) == [
        Sentence("The vote failed.", numbers),
        Sentence("The House met on Monday.", (5,)),
    ]


@pytest.mark.parametrize(
    ("written", "numbers", "unknown"),
    [("[9]", (), 1), ("[1, 9]", (1,), 1), ("[0]", (), 1), ("[4-7]", (4, 5), 2), ("[2][999999]", (2,), 1)],
)
def test_numbers_that_name_no_source_are_dropped_and_counted(written, numbers, unknown):
    assert made(f"The vote failed {written}.") == [Sentence("The vote failed.", numbers, unknown)]


def test_a_range_too_wide_to_be_meant_costs_nothing():
    assert made("The vote failed [1-99999999999].") == [Sentence("The vote failed.", (1,), 1)]


def test_brackets_that_cite_nothing_are_text():
    assert made('He said "another [part] fell" [sic] [1].')[0].text == 'He said "another [part] fell" [sic].'


def test_a_sentence_waits_for_marks_that_may_follow_it():
    stream = SentenceStream(3)
    given_out = [(piece, list(stream.feed(piece))) for piece in ["It failed.", " [", "1", "]", " The House met"]]
    assert [piece for piece, sentences in given_out if sentences] == [" The House met"]
    assert given_out[-1][1] == [Sentence("It failed.", (1,))]
    assert list(stream.close()) == [Sentence("The House met")]


def test_abbreviations_and_quotations_do_not_end_a_sentence():
    reply = (
        'Sen. James Lankford, R-Okla., of the U.S. Senate said "We lost. We know it," he added [1]. Next came D.C. [2].'
    )
    assert [sentence.numbers for sentence in made(reply)] == [(1,), (2,)]


def test_markdown_and_lists_are_taken_off():
    reply = "## Answer\n\n- **Lankford** voted no [1].\n2. Murphy voted yes [2].\n> Both met [1][2].\n"
    assert made(reply) == [
        Sentence("Answer"),
        Sentence("Lankford voted no.", (1,)),
        Sentence("Murphy voted yes.", (2,)),
        Sentence("Both met.", (1, 2)),
    ]


def test_a_closing_list_of_sources_is_left_out():
    assert made("It failed [1].\n\nSources:\n[1] The Hill\n[2] AP") == [Sentence("It failed.", (1,))]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_thoughts_are_left_out(size):
    assert made("<think>Perhaps [3]. Or not.</think>\n\nIt failed [1].", size=size) == [Sentence("It failed.", (1,))]
    assert made("<think>It never stops thinking. Never.", size=size) == []


def test_html_stays_text():
    assert made("<b>It</b> failed <script>alert(1)</script> [1].") == [
        Sentence("<b>It</b> failed <script>alert(1)</script>.", (1,))
    ]


def test_control_and_invisible_characters_are_taken_out():
    assert made("It \x1b[31mfa\u200biled\u202e [1].\x07")[0].text == "It [31mfailed."


def test_a_sentence_without_end_is_cut():
    cut = made("on and " * 400)
    assert len(cut) > 1
    assert all(len(sentence.text) < LONGEST_SENTENCE + LOOKAHEAD for sentence in cut)


PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            ["It failed", ".", " ", "[1]", "[2", "]", "【", "3】", "\n", "- ", "He said", "“", "”", "U.S."]
        ),
        st.text(max_size=6),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(PIECES)
def test_any_reply_is_read_and_cites_only_known_sources(pieces):
    for sentence in split_reply(pieces, 3):
        assert set(sentence.numbers) <= {1, 2, 3}
        assert len(set(sentence.numbers)) == len(sentence.numbers)
        assert "\n" not in sentence.text


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["The vote failed", "Murphy met Lankford on Monday", "Prices rose by 3.5 percent"]),
            st.lists(st.integers(1, 4), max_size=3, unique=True),
        ),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, 40),
)
def test_how_the_pieces_fall_changes_nothing(said, size):
    reply = " ".join(f"{text} {''.join(f'[{number}]' for number in cited)}." for text, cited in said)
    expected = [Sentence(text + ".", tuple(cited)) for text, cited in said]
    assert made(reply, size=size) == expected


@pytest.mark.parametrize("mark", ["[1]", " [1]", "[1] [2]", "word [3] "])
def test_many_citations_on_one_line_are_read_in_linear_work(monkeypatch, mark):
    """Counted are the characters that are split into sentences, whatever the machine's speed."""
    read = 0
    split = reply_parser.sentences

    def counting(text):
        nonlocal read
        read += len(text)
        return split(text)

    monkeypatch.setattr(reply_parser, "sentences", counting)
    work = []
    for times in (1000, 4000):
        read = 0
        found = made(mark * times)
        work.append(read)
        assert all(len(each.text) <= LONGEST_SENTENCE for each in found)
    assert work[1] < 6 * work[0]
