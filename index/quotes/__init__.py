"""Who said what in an article: quotation marks, verbs of saying, and whose words each sentence holds."""

from __future__ import annotations

INNER_ORDER = "quotation_marks speech_cues attribution"
"""Each may import itself and those before it."""
