"""`clippings model`: whether the chat model that the settings name can be used, in one screen."""

from __future__ import annotations

from dataclasses import asdict

import click

from index.errors import UserError
from index.terminal import echo, echo_json
from rag.answer.chat_models import without_keys
from rag.answer.model_check import check_model
from rag.settings import load


@click.group()
def model() -> None:
    """Check the chat model that writes answers, where one is set.

    \b
    Examples:
      clippings model check
      clippings model check --model ollama:llama3.2
    """


@model.command()
@click.option("--model", "name", help="Chat model to try, as provider:model [default: the one set].")
@click.option("--url", help="Its address, for servers of your own.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def check(name: str | None, url: str | None, as_json: bool) -> None:
    """Ask the model two questions about an invented article and say how it did.

    Exits with 1 when it does not answer.

    \b
    Examples:
      clippings model check --model ollama:llama3.2
      clippings model check --model openai:qwen3 --url http://127.0.0.1:8080/v1 --json
    """
    settings, _ = load({"model": name, "model_url": url})
    if not settings.model:
        raise UserError("No model is set. Name one: clippings model check --model ollama:llama3.2")
    trial = check_model(settings)
    if as_json:
        echo_json(asdict(trial))
    else:
        yes = {True: "yes", False: "no"}
        where = f" at {settings.model_url}" if settings.model_url else ""
        echo(without_keys(f"model      {settings.model}{where}"))
        if not trial.answers:
            echo(f"answers    no: {trial.fault}")
        else:
            echo(f"answers    yes, first words after {trial.first:.1f} s, whole after {trial.seconds:.1f} s")
            echo(f"streams    {yes[trial.streams]}: {trial.pieces} pieces")
            speed = f"{trial.tokens_in} tokens in, {trial.tokens_out} out, {trial.rate:.0f} tokens a second"
            echo(f"speed      {speed}")
            echo(f"citations  {yes[trial.cites]}: {trial.cited} of {trial.sentences} sentences cite a source")
            echo(f"verified   {yes[trial.supported > 0]}: {trial.supported} of {trial.sentences} sentences")
            echo(f"declines   {yes[trial.declines]}: asked what the article does not say")
            echo(f"wrote      {trial.reply!r}")
    if not trial.answers:
        raise SystemExit(1)
