"""English text by rule: word lists, tokens, names, numbers, dates. Imports nothing else of ours."""

from __future__ import annotations

INNER_ORDER = "lexicon dates names name_variants numbers tokens"
"""Each may import itself and those before it."""
