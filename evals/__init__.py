"""Measures any question → Answer: question sets, metrics, runs, comparisons and reports."""
