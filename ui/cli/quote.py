"""`clippings quote`: look a quotation up in the articles."""

from __future__ import annotations

import click

from index.terminal import echo, echo_json
from rag.settings import load
from rag.verify.find_quotation import find_quotation
from ui.answer_text import quotation_as_text
from ui.library_access import open_library


@click.command()
@click.argument("quotation")
@click.option("--library", help="Folder of the library [default: library].")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def quote(quotation: str, library: str | None, as_json: bool) -> None:
    """Say whether and where QUOTATION stands in the articles.

    Prints whether it was found, partly found or not found, each place, and the words that differ. Exits with 1 when
    it is not found word for word.

    \b
    Examples:
      clippings quote "we've got a narrow majority in the House"
      clippings quote --json "a narrow majority ... in the Senate"
    """
    settings, origins = load({"library": library})
    report = find_quotation(quotation, open_library(settings, origins).quoted(quotation))
    if as_json:
        from rag.schema import quotation_to_dict  # only --json needs it

        echo_json(quotation_to_dict(report))
    else:
        echo(quotation_as_text(report))
    if report.verdict != "found":
        raise SystemExit(1)
