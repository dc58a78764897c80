"""`python -m ui.cli`, the same as `clippings`."""

from ui.cli import main

main()
