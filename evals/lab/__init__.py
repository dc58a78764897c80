"""Research scripts behind decisions and figures: `python -m evals.lab.NAME --help`. Nothing imports them."""

INNER_ORDER = (
    "ablation",
    "corrupt",
    "fit_readers",
    "reader_data",
    "retrieval",
    "small_model",
    "hallucination",
    "verification",
)
"""Each may import itself and those before it."""
