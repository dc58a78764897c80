"""all-MiniLM-L6-v2 as an ONNX graph, written straight from its weights; reads no text.

Written by hand because torch's exporter spreads each attention over twenty nodes that ONNX Runtime does not
fuse (`clippings bench encode`: 1.33 times SentenceTransformer, 1.55 so), and torch takes seconds to import.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

REVISION = 1
"""Raised when the graph changes, so that a file made before is not taken for it."""

FUSED = "com.microsoft"
"""ONNX Runtime's own operators: attention, GELU of a sum."""

SLOWER = ["SkipLayerNormFusion"]
"""Rewritings ONNX Runtime is to leave out: its normalisation of a sum takes four times as long as sum and
normalisation do, 1/8 of all the encoder's time."""


def write(folder: Path, target: Path) -> None:
    """Write the encoder of `folder` (config.json, model.safetensors) to `target`, atomically.

    Input `input_ids`: int64 [texts, tokens], texts of one length, so there is no mask; output `vectors`: float32
    [texts, hidden], the mean over the tokens at length 1 (Reimers & Gurevych 2019; the layers are BERT's).
    """
    from onnx import TensorProto, helper, numpy_helper, save
    from safetensors.numpy import load_file

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    weights = load_file(folder / "model.safetensors")
    epsilon = config["layer_norm_eps"]
    nodes = []
    constants = []

    def constant(name: str, values: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weight(name: str) -> str:
        """A vector as it is; a matrix transposed, since torch keeps [out, in] and ONNX multiplies [in, out]."""
        return constant(name, weights[name].T)

    def node(kind: str, inputs: Sequence[str], output: str, domain: str = "", **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def normalised_sum(states: str, skipped: str, layer: str, output: str) -> str:
        product = node("MatMul", [states, weight(f"{layer}.dense.weight")], f"{output}.product")
        biased = node("Add", [product, weight(f"{layer}.dense.bias")], f"{output}.biased")
        return normalised(node("Add", [biased, skipped], f"{output}.sum"), f"{layer}.LayerNorm", output)

    def normalised(states: str, layer: str, output: str) -> str:
        inputs = [states, weight(f"{layer}.weight"), weight(f"{layer}.bias")]
        return node("LayerNormalization", inputs, output, axis=-1, epsilon=epsilon)

    def attention(states: str, layer: str, output: str) -> str:
        parts = [f"{layer}.attention.self.{name}" for name in ("query", "key", "value")]
        matrix = constant(f"{output}.weight", np.concatenate([weights[f"{part}.weight"].T for part in parts], axis=1))
        bias = constant(f"{output}.bias", np.concatenate([weights[f"{part}.bias"] for part in parts]))
        heads = config["num_attention_heads"]
        return node("Attention", [states, matrix, bias], output, FUSED, num_heads=heads)

    words = constant("words", weights["embeddings.word_embeddings.weight"])
    places = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    zero = constant("zero", np.array([0]))
    node("Shape", ["input_ids"], "length", start=1, end=2)
    node("Slice", [constant("places", places), zero, "length", zero], "place")
    node("Add", [node("Gather", [words, "input_ids"], "word"), "place"], "embedded")
    states = normalised("embedded", "embeddings.LayerNorm", "states")
    for number in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        attended = attention(states, layer, f"attended{number}")
        middle = normalised_sum(attended, states, f"{layer}.attention.output", f"middle{number}")
        wide = node("MatMul", [middle, weight(f"{layer}.intermediate.dense.weight")], f"wide{number}")
        active = node("BiasGelu", [wide, weight(f"{layer}.intermediate.dense.bias")], f"active{number}", FUSED)
        states = normalised_sum(active, middle, f"{layer}.output", f"states{number}")
    node("ReduceMean", [states, constant("tokens", np.array([1]))], "mean", keepdims=0)
    node("LpNormalization", ["mean"], "vectors", axis=1, p=2)

    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])
    vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", config["hidden_size"]])
    graph = helper.make_graph(nodes, "encoder", [ids], [vectors], constants)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(FUSED, 1)]
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        made = Path(scratch) / "model.onnx"
        save(helper.make_model(graph, opset_imports=opsets, ir_version=10), made)
        made.replace(target)
