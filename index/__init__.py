"""Articles in, a searchable library out; knows nothing of conversations, answers or chat."""

from __future__ import annotations

import os

INNER_ORDER = (
    "errors operating_system terminal types clean text split quotes permissions locks catalog engines sources build "
    "recovery consistency maintenance library"
)
"""Each may import itself and those before it."""

# ONNX Runtime 1.29 and later reports its use to its maker unless this is set before its first import, and Chroma and
# sentence-transformers may import it before we do. Held by tests/test_no_network.py.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# The same of huggingface_hub, which Gradio and transformers import too; `index.engines.named_models` uses it.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
