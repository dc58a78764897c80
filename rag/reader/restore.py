"""Read exported weights back for training, so that a reader that ships can be taught more. Needs torch and onnx."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rag.reader.trained import MODEL_FILE, check

if TYPE_CHECKING:
    from torch import Tensor

QUANTIZED = "_quantized"


def restore(folder: Path) -> dict[str, Tensor]:
    """Return the parameters of `rag.reader.model.ReaderModel` by name; 8-bit weights come back rounded.

    Raises UserError when the weights in `folder` are missing or altered.
    """
    import onnx
    import torch
    from onnx import numpy_helper

    check(folder)
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
