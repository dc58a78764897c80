"""`python -m ui.cli`, the same as `clippings`."""

from __future__ import annotations

from ui.cli import main

main()
