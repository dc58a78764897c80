"""Research scripts behind decisions and figures: `python -m evals.lab.NAME --help`. Nothing imports them."""

from __future__ import annotations

INNER_ORDER = (
    "ablation fit_readers model_sentences fit_support perturb reader_data retrieval small_model hallucination "
    "verification"
)
"""Each may import itself and those before it."""
