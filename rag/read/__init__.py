"""Which sentences of the hits answer a question, where in them, and how sure that is."""

INNER_ORDER = (
    "agreement asked_for features span_model named_span_model calibration library_calibrations reasons rules reader "
    "from_settings"
)
"""Each may import itself and those before it."""
