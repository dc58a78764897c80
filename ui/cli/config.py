"""`clippings config`: every setting with its value and where it came from."""

from __future__ import annotations

from dataclasses import asdict

import click

from index.terminal import echo, echo_json
from rag.settings import FILE, MEANINGS, load


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the settings as JSON.")
def config(as_json: bool) -> None:
    """Show every setting, its value, and where the value came from.

    \b
    Examples:
      clippings config
      CLIPPINGS_LIMIT=5 clippings config --json
    """
    settings, origins = load({})
    values = asdict(settings)
    if as_json:
        echo_json({name: {"value": value, "from": origins[name]} for name, value in values.items()})
        return
    for name, value in values.items():
        echo(f"{name:<16} {value!r:<32} {origins[name]:<24} {MEANINGS[name]}")
    echo(f"\nfingerprint {settings.fingerprint}; set any of them in {FILE} or as CLIPPINGS_<NAME>.")
