"""English text by rule, the ground floor: tokens, word lists, names, numbers, dates. Imports nothing else of ours."""

INNER_ORDER = ("lexicon", "dates", "names", "numbers", "tokens")
"""Each may import itself and those before it."""
