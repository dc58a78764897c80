"""Measures any question → Answer: question sets, metrics, runs, comparisons and reports."""

from __future__ import annotations

INNER_ORDER = "sets datasets results metrics runs calibration report bench lab"
"""Each may import itself and those before it."""
