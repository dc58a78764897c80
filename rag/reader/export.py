"""Export a training run as ONNX weights: `python -m rag.reader.export --help`. Needs torch and onnx."""

import argparse
import hashlib
import json
import shutil
from pathlib import Path

from index import errors
from rag.reader.train import base_folder
from rag.reader.trained import CALIBRATION_FILE, INPUTS, MODEL_FILE


def export(weights: Path, base: Path, folder: Path, int8: bool) -> Path:
    """Write reader.onnx, tokenizer.json and checksums.json for `weights` (a run's final.pt)."""
    import torch

    from rag.reader.model import ReaderModel

    folder.mkdir(parents=True, exist_ok=True)
    model = ReaderModel(base).eval()
    saved = torch.load(weights, map_location="cpu", weights_only=True)
    model.load_state_dict(saved.get("average", saved), strict=False)
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
        quantize_dynamic(str(whole), str(path), weight_type=QuantType.QInt8, per_channel=True)
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
        prog="python -m rag.reader.export",
        description="Write a training run's averaged weights as ONNX, with the tokenizer and checksums.",
    )
    p.add_argument("--run", type=Path, required=True, help="final.pt or last.pt of a training run")
    p.add_argument("--to", type=Path, required=True, help="folder to write into")
    p.add_argument("--base", type=Path, help="folder of the encoder the run started from")
    p.add_argument("--int8", action="store_true", help="quantise the weights to 8 bits")
    return p


def main() -> None:
    """Export what the command line names."""
    args = parser().parse_args()
    print(export(args.run, args.base or base_folder(), args.to, args.int8))


if __name__ == "__main__":
    errors.run(main)
