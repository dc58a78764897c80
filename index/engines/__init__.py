"""What searches: the embedding models, Chroma for vectors, tantivy for BM25, and the fusion of their ranked lists."""

from __future__ import annotations

INNER_ORDER = "checksums bm25 chroma probe fusion http_clients minilm_onnx named_models encoder"
"""Each may import itself and those before it."""
