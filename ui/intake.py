"""Files and addresses on their way into the library: what is let in, under which name, and the build's progress."""

from __future__ import annotations

LARGEST_UPLOAD = 50_000_000
"""Bytes of one file."""
