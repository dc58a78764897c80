"""What searches: the embedding models, Chroma for vectors, tantivy for BM25, and the fusion of their ranked lists."""
