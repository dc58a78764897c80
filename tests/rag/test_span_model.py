"""The shipped reader weights, loaded and read for real, and the pure parts around them."""

import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from passages import FLOOD, MARKET

import rag.read
from index.errors import UserError
from rag.read.span_model import SpanModel, best_spans, check_weights

WEIGHTS = Path(rag.read.__file__).parent / "weights"


@pytest.fixture(scope="module")
def reader() -> SpanModel:
    return SpanModel(WEIGHTS)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many homes were under water?", "340"),
        ("Who is the mayor of the flooded town?", "Ellen Brandt"),
        ("How much will the repairs to the bridge cost?", "$12 million"),
    ],
)
def test_finds_the_passage_and_the_answer(reader, question, answer):
    market, flood = reader.read(question, date(2022, 6, 17), [MARKET, FLOOD])
    best = flood.spans[0]
    assert answer in FLOOD[2][best.start : best.end]
    assert best.score > market.spans[0].score
    assert flood.relevance > market.relevance


def test_is_less_sure_when_no_passage_answers(reader):
    with_answer = reader.read("How many homes were under water?", None, [MARKET, FLOOD])
    without = reader.read("How many homes were under water?", None, [MARKET])
    assert without[0].spans[0].score < with_answer[1].spans[0].score


def test_order_and_batching_do_not_change_what_is_read(reader):
    question = "How many homes were under water?"
    together = reader.read(question, None, [FLOOD, MARKET, FLOOD])
    alone = reader.read(question, None, [FLOOD])
    assert together[0].spans[0].start == alone[0].spans[0].start
    assert together[0].relevance == pytest.approx(together[2].relevance, abs=1e-3)


def test_no_span_crosses_a_blank_line_and_all_stay_inside_the_text(reader):
    (reading,) = reader.read("What happened in the town?", None, [FLOOD], best=20)
    assert len(reading.spans) == 20
    for span in reading.spans:
        assert 0 <= span.start < span.end <= len(FLOOD[2])
        assert "\n\n" not in FLOOD[2][span.start : span.end]


def test_a_long_passage_is_read_in_windows_to_its_end(reader):
    filler = "Delegates spoke of trade, of fish and of the weather for another hour. " * 60
    long = ("Conference", "", filler + "Mayor Ellen Brandt said 340 homes were under water.")
    (reading,) = reader.read("How many homes were under water?", None, [long])
    assert "340" in long[2][reading.spans[0].start : reading.spans[0].end]


def test_a_passage_without_words_has_no_spans(reader):
    empty, flood = reader.read("How many homes were under water?", None, [("", "", ""), FLOOD])
    assert empty.spans == ()
    assert flood.spans


@pytest.mark.parametrize("question", ["?!" * 200, "How many homes were under water? " + "¿" * 400])
def test_a_question_of_nothing_but_signs_leaves_room_for_the_passage(reader, question):
    (reading,) = reader.read(question, None, [FLOOD])
    assert reading.spans


def test_changed_weights_are_refused_by_name(tmp_path):
    folder = tmp_path / "weights"
    shutil.copytree(WEIGHTS, folder)
    with (folder / "reader.onnx").open("r+b") as file:
        file.seek(1000)
        file.write(b"changed")
    with pytest.raises(UserError, match=r"reader\.onnx.*damaged"):
        SpanModel(folder)


def test_missing_weights_say_what_to_type(tmp_path):
    with pytest.raises(UserError, match="python -m"):
        check_weights(tmp_path / "none")


def test_shipped_weights_fit_the_size_they_may_have():
    check_weights(WEIGHTS)
    assert sum(f.stat().st_size for f in WEIGHTS.iterdir()) < 50_000_000


def test_best_spans_by_hand():
    logits = np.array([[9.0, 9.0], [1.0, 0.0], [0.0, 2.0], [3.0, 1.0], [5.0, 5.0]], dtype=np.float32)
    block = np.array([-1, 0, 0, 1, 1])
    assert best_spans(logits, block, 3, 10) == [(4, 4, 10.0), (3, 4, 8.0), (3, 3, 4.0)]
    assert best_spans(logits, block, 5, 1) == [(4, 4, 10.0), (3, 3, 4.0), (2, 2, 2.0), (1, 1, 1.0)]
    assert best_spans(logits, np.full(5, -1), 3, 10) == []


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5), st.integers(-1, 2)), min_size=1, max_size=12),
    st.integers(1, 6),
)
def test_best_spans_are_ordered_and_stay_in_one_paragraph(tokens, longest):
    logits = np.array([t[:2] for t in tokens], dtype=np.float32)
    block = np.array([t[2] for t in tokens])
    found = best_spans(logits, block, 4, longest)
    assert [s for _, _, s in found] == sorted((s for _, _, s in found), reverse=True)
    assert all(0 <= b - a < longest and block[a] == block[b] >= 0 for a, b, _ in found)
