"""English text by rule, the ground floor: tokens, word lists, names, numbers, dates. Imports nothing else of ours."""
