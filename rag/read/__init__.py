"""Which sentences of the hits answer a question, where in them, and how sure that is."""

INNER_ORDER = "agreement asked_for features span_model calibration reasons rules reader"
"""Each may import itself and those before it."""
