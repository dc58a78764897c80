"""Readers and rerankers by folder: real models in Hugging Face's format, made small here or of our own weights."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import replace
from datetime import date
from itertools import pairwise

import named_models
import numpy as np
import pytest
import torch
from passages import FLOOD, MARKET
from transformers import (
    AutoModelForQuestionAnswering,
    AutoTokenizer,
    BertForMaskedLM,
    BertForQuestionAnswering,
    BertForSequenceClassification,
)

from index.errors import UserError
from index.library import Library
from rag.assistant import Assistant
from rag.read.calibration import Calibration
from rag.read.from_settings import open_span_model
from rag.read.library_calibrations import load_calibration, save_calibration
from rag.read.named_span_model import NamedSpanModel
from rag.read.reader import WEIGHTS
from rag.read.span_model import SpanModel
from rag.rerank import CrossEncoderReranker
from rag.retrieve import retrieve
from rag.settings import Settings

LONG = ("Conference", "", "Delegates spoke of trade, of fish and of the weather. " * 120 + FLOOD[2])
HOMES = "How many homes were under water?"
QUESTIONS = [HOMES, "Who is the mayor of the flooded town?", "How much will the repairs to the bridge cost?"]
ASKED = [
    "what did Lankford say about the majority?",
    "Who is the lead Democratic negotiator?",
    "Why did Senate Republicans reject the package?",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def transplanted(folder):
    return named_models.shipped_reader(folder / "shipped")


@pytest.fixture(scope="module")
def cross_encoder(folder):
    return named_models.shipped_cross_encoder(folder / "cross-encoder")


@pytest.fixture(scope="module")
def squad(folder):
    """A reader whose "no answer" is its first token, as of models trained on SQuAD 2.0."""
    return named_models.small(BertForQuestionAnswering, folder / "squad")


@pytest.fixture(scope="module")
def library(seeds_library):
    return Library.open(seeds_library)


@pytest.mark.parametrize("question", QUESTIONS)
def test_our_own_weights_in_that_format_read_like_the_built_in_reader(transplanted, question):
    ours, theirs = SpanModel(WEIGHTS), open_span_model(str(transplanted))
    assert isinstance(theirs, NamedSpanModel)
    passages = [MARKET, FLOOD]
    for mine, other in zip(
        *(model.read(question, date(2022, 6, 17), passages) for model in (ours, theirs)), strict=True
    ):
        scores = {(span.start, span.end): span.score for span in other.spans}
        assert (mine.spans[0].start, mine.spans[0].end) in scores
        # What the 8 bits of the one and the 32 of the other leave open: about .3 of logits between -20 and 8.
        shared = [span for span in mine.spans if (span.start, span.end) in scores]
        assert len(shared) >= 3
        assert all(scores[span.start, span.end] == pytest.approx(span.score, abs=0.5) for span in shared)
    best = (
        max((s for r in m.read(question, None, passages) for s in r.spans), key=lambda s: s.score)
        for m in (ours, theirs)
    )
    assert len({(span.start, span.end) for span in best}) == 1


def test_it_answers_as_the_built_in_reader_does_and_says_which_model_it_is(transplanted, assistant, library):
    named = Assistant(library, Settings(library=str(library.folder), reader=str(transplanted)))
    for question in ASKED:
        built_in, answer = assistant.ask(question), named.ask(question)
        assert answer.statements[0].text == built_in.statements[0].text
        assert answer.reader.startswith("shipped@") and str(transplanted) not in answer.reader
        assert answer.reranker == ""


def test_without_a_calibration_nothing_is_found_and_a_note_says_what_to_type(transplanted, cross_encoder, library):
    for settings in (Settings(reader=str(transplanted)), Settings(reranker=str(cross_encoder))):
        answer = Assistant(library, settings).ask(ASKED[0])
        assert answer.state == "may_answer"
        assert any("clippings eval calibrate" in note for note in answer.notes)


def test_scores_are_against_the_first_token_as_squad_has_it(squad):
    passage = ("", "", FLOOD[2].partition("\n\n")[0])
    (reading,) = open_span_model(str(squad)).read(HOMES, None, [passage])
    tokenizer = AutoTokenizer.from_pretrained(squad)
    inputs = tokenizer(HOMES, passage[2], return_tensors="pt", return_offsets_mapping=True)
    offsets = inputs.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        output = AutoModelForQuestionAnswering.from_pretrained(squad).eval()(**inputs)
    start, end = (logits[0].double() for logits in (output.start_logits, output.end_logits))
    inside = [index for index, part in enumerate(inputs.sequence_ids(0)) if part == 1]
    best = max(
        ((start[a] - start[0] + end[b] - end[0]).item() / 2, offsets[a][0], offsets[b][1])
        for a in inside for b in inside if a <= b
    )  # fmt: skip
    assert (reading.spans[0].start, reading.spans[0].end) == best[1:]
    assert reading.spans[0].score == pytest.approx(best[0], abs=1e-3)
    relevance = sum((logits[inside].logsumexp(0) - logits[0]).item() for logits in (start, end)) / 2
    assert reading.relevance == pytest.approx(relevance, abs=1e-3)


def test_a_long_passage_is_read_to_its_end_and_batches_change_nothing(transplanted, squad):
    (reading,) = open_span_model(str(transplanted)).read(HOMES, None, [LONG])
    assert "340" in LONG[2][reading.spans[0].start : reading.spans[0].end]
    model = open_span_model(str(squad))
    together = model.read(HOMES, None, [MARKET, LONG, FLOOD])
    for passage, reading in zip((MARKET, LONG, FLOOD), together, strict=True):
        (alone,) = model.read(HOMES, None, [passage])
        assert reading.relevance == pytest.approx(alone.relevance, abs=1e-3)
        assert reading.spans[0].score == pytest.approx(alone.spans[0].score, abs=1e-3)


def test_a_tokenizer_that_counts_blanks_to_words_gives_spans_without_them(folder):
    path = named_models.small_roberta(folder / "roberta", [FLOOD[2], MARKET[2], *QUESTIONS])
    model = open_span_model(str(path))
    for reading, passage in zip(model.read(HOMES, None, [FLOOD, MARKET, LONG]), (FLOOD, MARKET, LONG), strict=True):
        assert reading.spans and np.isfinite(reading.relevance)
        for span in reading.spans:
            words = passage[2][span.start : span.end]
            assert words and words == words.strip() and "\n\n" not in words
    (first,) = model.read(HOMES, None, [("A title", "2022-06-14", "Flood.")], best=20)
    assert any(span.start == 0 for span in first.spans)
    assert model.read("?!" * 200, None, [FLOOD])[0].spans
    assert model.read(HOMES, None, [("", "", "")])[0].spans == ()


def test_a_cross_encoder_orders_what_is_read(cross_encoder, library, assistant):
    reranker = CrossEncoderReranker(str(cross_encoder))
    query = assistant.understand(ASKED[0]).query
    hits, _ = retrieve(library, query, 6, reranker)
    before, _ = retrieve(library, query, 6)
    texts = [("", "", f"{hit.article.title}\n{hit.text}") for hit in hits]
    relevance = [reading.relevance for reading in SpanModel(WEIGHTS).read(query.text, None, texts)]
    # The scores are the shipped reader's relevance, in 32 bits.
    assert all(first > second - 0.6 for first, second in pairwise(relevance))
    assert [hit.passage.id for hit in hits] != [hit.passage.id for hit in before]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert reranker.rerank(query.text, []) == []


def test_an_answer_says_which_reranker_ordered_its_passages(cross_encoder, library):
    assistant = Assistant(library, Settings(reranker=str(cross_encoder)))
    answer = assistant.ask(ASKED[0])
    assert answer.reranker.startswith("cross-encoder@") and answer.statements
    assert assistant.models == {
        "encoder": "all-MiniLM-L6-v2",
        "reranker": answer.reranker,
        "reader": answer.reader,
    }


def test_age_counts_in_the_new_order_as_in_the_old(cross_encoder, library, assistant):
    reranker = CrossEncoderReranker(str(cross_encoder))
    query = assistant.understand(ASKED[0]).query
    hits = library.search(query.text, k=6, folded=False)
    last = reranker.rerank(query.text, hits)[-1]
    favoured = [replace(hit, recency=1e9 if hit.passage.id == last.passage.id else 1.0) for hit in hits]
    assert reranker.rerank(query.text, favoured)[0].passage.id == last.passage.id


def pickled(folder, source):
    shutil.copytree(source, folder)
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    return folder


class Trap:
    """What runs when it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('unpickled')",)


def test_pickled_weights_are_not_read(tmp_path, squad, cross_encoder):
    for source, load in ((squad, open_span_model), (cross_encoder, CrossEncoderReranker)):
        folder = pickled(tmp_path / source.name, source)
        (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Trap()))
        with pytest.raises(UserError, match=rf"{source.name}.*safetensors"):
            load(str(folder))


def test_code_that_comes_with_a_model_is_not_run(tmp_path, squad, cross_encoder):
    marker = tmp_path / "ran"
    for source, load in ((squad, open_span_model), (cross_encoder, CrossEncoderReranker)):
        folder = tmp_path / source.name
        shutil.copytree(source, folder)
        (folder / "own.py").write_text(f"open({str(marker)!r}, 'w')")
        names = dict.fromkeys(
            ("AutoConfig", "AutoModelForQuestionAnswering", "AutoModelForSequenceClassification"), "own.X"
        )
        named_models.rewrite_config(folder, model_type="own", auto_map=names)
        with pytest.raises(UserError, match=source.name):
            load(str(folder))
    assert not marker.exists()


@pytest.mark.parametrize("damage", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_damaged_model_is_named(tmp_path, squad, damage):
    shutil.copytree(squad, tmp_path / "model")
    (tmp_path / "model" / damage).write_bytes(b"{")
    with pytest.raises(UserError, match=r"Cannot load the reader '.*model'"):
        open_span_model(str(tmp_path / "model"))


def test_a_model_without_the_head_that_is_needed_is_refused(tmp_path, squad):
    masked = named_models.small(BertForMaskedLM, tmp_path / "masked")
    with pytest.raises(UserError, match="no extractive question-answering model"):
        open_span_model(str(masked))
    with pytest.raises(UserError, match="BertForMaskedLM, not a cross-encoder"):
        CrossEncoderReranker(str(masked))
    three = named_models.small(BertForSequenceClassification, tmp_path / "three", num_labels=3)
    with pytest.raises(UserError, match="3 scores a pair"):
        CrossEncoderReranker(str(three))


def test_a_folder_s_kind_is_told_by_its_files(tmp_path, squad):
    assert isinstance(open_span_model(""), SpanModel)
    own = tmp_path / "own"
    shutil.copytree(WEIGHTS, own)
    assert isinstance(open_span_model(str(own)), SpanModel)
    assert isinstance(open_span_model(str(squad)), NamedSpanModel)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty"):
        CrossEncoderReranker(str(tmp_path / "empty"))


def test_a_name_that_cannot_be_one_is_refused(tmp_path):
    for name in ("https://example.org/model", "a/b/c", str(tmp_path / "none")):
        with pytest.raises(UserError, match="nor can that be a model's name"):
            CrossEncoderReranker(name)


def test_calibrations_of_other_models_are_apart(tmp_path):
    shipped, models = Calibration.load(WEIGHTS), {"encoder": "e", "reader": "r"}
    folder = save_calibration(tmp_path, models, shipped, {"questions": 3})
    assert save_calibration(tmp_path, models, shipped, {"questions": 4}) == folder
    assert load_calibration(tmp_path, models) == shipped
    assert load_calibration(tmp_path, {**models, "reranker": "x"}) is None
    assert json.loads((folder / "models.json").read_text()) == {"models": models, "reached": {"questions": 4}}
    (folder / "calibration.json").write_text("{")
    with pytest.raises(UserError, match="clippings eval calibrate"):
        load_calibration(tmp_path, models)
