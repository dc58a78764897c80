"""How many wrong statements of a chat model are shown as supported, with verification and without.

Run: `python -m evals.lab.hallucination --help`. A statement counts as wrong by rule when it holds none
of the expected answers, or the question has none in the articles; that calls some true sentences wrong, so
read the sentences too.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click

from evals.datasets.cases import Case
from evals.datasets.files import read
from evals.lab.small_model import NAME, serving_small_model
from evals.metrics.text_match import holds
from evals.sets import set_path
from index import errors
from index.library import Library
from index.terminal import echo
from rag.answer.check_sentence import SentenceCheck
from rag.answer.generative import AnswerRequest
from rag.assistant import Assistant
from rag.settings import Settings, load

SEED = 6


@dataclass(frozen=True, slots=True)
class ModelSentence:
    """One sentence a model wrote: whether it named a source, was borne out, and counts as wrong by rule."""

    question: str
    expected: tuple[str, ...]
    sentence: str
    named_source: bool
    supported: bool
    wrong: bool


def sentences_of(assistant: Assistant, case: Case) -> Iterator[ModelSentence]:
    """Every sentence the model writes for a case, whatever the reader thinks of the question."""
    assert assistant.writer is not None
    state = assistant.retrieve(assistant.understand(case.question, as_of=case.as_of))
    reading = assistant.reader.read(state.query, state.hits)
    if not reading.candidates:
        return
    for item in assistant.writer.chain.stream(AnswerRequest(state.query, reading)):
        if isinstance(item, SentenceCheck):
            text = item.statement.text
            right = case.answerable and holds(text, case.answers)
            yield ModelSentence(
                case.question, case.answers, text, item.named, item.statement.supported, wrong=not right
            )


@contextmanager
def with_small_model(small: bool, settings: Settings) -> Iterator[Settings]:
    """The settings, pointed at the small model where that is wanted."""
    if not small:
        yield settings
        return
    with serving_small_model() as url:
        yield replace(settings, model=NAME, model_url=url, model_source_tokens=600, model_reply_tokens=80)


@click.command()
@click.argument("question_set", type=click.Choice(["seeds", "wikinews"]))
@click.option("--small", is_flag=True, help="Use the small model on loopback instead of the one set.")
@click.option("--library", help="Folder of the library.")
@click.option("--most", default=40, show_default=True, help="Questions asked, a chance sample.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write each sentence here, JSON lines.")
def main(question_set: str, small: bool, library: str | None, most: int, out: Path | None) -> None:
    """Ask QUESTION_SET of a chat model and count the sentences that verification shows as supported.

    \b
    Example:
      python -m evals.lab.hallucination seeds --small --library library --out sentences.jsonl
    """
    cases = [case for case in read(set_path(f"{question_set}.jsonl")) if not case.conversation]
    sample = random.Random(SEED).sample(cases, min(most, len(cases)))
    sentences: list[ModelSentence] = []
    with with_small_model(small, load({"library": library})[0]) as settings:
        assistant = Assistant(Library.open(Path(settings.library)), settings)
        for case in sample:
            for one in sentences_of(assistant, case):
                sentences.append(one)
                if out:
                    with out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(asdict(one), ensure_ascii=False) + "\n")
    wrong, right = ([one for one in sentences if one.wrong is wanted] for wanted in (True, False))
    echo(f"{len(sample)} questions, {len(sentences)} sentences, {len(wrong)} of them wrong by rule")
    for label, group in (("wrong", wrong), ("right", right)):
        if group:
            named, supported = (sum(getattr(one, key) for one in group) for key in ("named_source", "supported"))
            echo(f"  {label}: {len(group)} would be shown unmarked without verification, {named} with a source")
            echo(f"  {label}: {supported} ({supported / len(group):.2f}) are shown as supported with verification")


if __name__ == "__main__":
    errors.run(main)
