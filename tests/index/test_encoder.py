"""The exported encoder gives the vectors of the original model."""

import numpy as np
import pytest

from index.engines.encoder import OnnxEncoder, SentenceTransformerEncoder, as_embeddings, open_encoder, packaged_model
from index.errors import UserError

TEXTS = [
    "Lankford spoke.",
    "",
    "A much longer sentence about the border, asylum and Ukraine aid. " * 30,
    "é“”…",
]


@pytest.fixture(scope="module")
def encoder():
    return open_encoder()


def test_vectors_equal_those_of_sentence_transformers(encoder):
    original = SentenceTransformerEncoder(str(packaged_model())).embed(TEXTS)
    np.testing.assert_allclose(encoder.embed(TEXTS), original, atol=1e-5)


def test_vectors_are_unit_length_and_do_not_depend_on_their_batch(encoder):
    together = encoder.embed(TEXTS)
    assert together.shape == (4, encoder.dimensions) == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(encoder.embed(TEXTS[:1]), together[:1])
    assert encoder.embed([]).shape == (0, 384)


def test_langchain_interface(encoder):
    embeddings = as_embeddings(encoder)
    query, (document,) = embeddings.embed_query("Lankford spoke."), embeddings.embed_documents(["Lankford spoke."])
    np.testing.assert_allclose(query, encoder.embed(["Lankford spoke."])[0], atol=1e-6)
    np.testing.assert_allclose(query, document, atol=1e-6)


def test_a_damaged_export_says_what_to_delete(tmp_path):
    damaged = tmp_path / "model.onnx"
    damaged.write_bytes(b"not a model")
    with pytest.raises(UserError, match="Delete that file"):
        OnnxEncoder(damaged, packaged_model() / "tokenizer.json", "x", "x")


def test_an_unknown_model_names_the_value(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="no/such-model"):
        open_encoder("no/such-model")


def test_an_unknown_provider_names_the_value():
    with pytest.raises(UserError, match="nosuch:model"):
        open_encoder("nosuch:model")
