"""Write questions held out of training as a question set with articles: `python -m evals.lab.reader_data --help`.

Confidence must be fitted on questions that the reader never learned from, in a library large enough to mislead it.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from evals.datasets.cases import Case, GoldSentence, half
from evals.datasets.importers import write_set
from index import errors
from index.clean import clean
from index.terminal import echo
from rag.training.examples import Example, gather, in_held_out
from rag.training.train import data_options

SENTENCE = 8
"""From this many words an answer is a sentence to cite, not a short answer to look for."""


def article_id(context: str) -> str:
    """The id of the article made of a training passage."""
    return f"held-out-{hashlib.sha256(context.encode()).hexdigest()[:12]}"


def held_out(examples: Sequence[Example], each: int) -> list[Example]:
    """Return up to `each` held-out examples of every training set, in their order."""
    counts: Counter[str] = Counter()
    sample = []
    for example in examples:
        if in_held_out(example.group) and counts[example.source] < each:
            counts[example.source] += 1
            sample.append(example)
    return sample


def articles(examples: Iterable[Example]) -> Iterator[dict[str, str]]:
    """Yield an article row for every different text that `examples` were asked of."""
    known: dict[str, dict[str, str]] = {}
    for example in examples:
        row = known.setdefault(example.context, {"id": article_id(example.context), "title": "", "text": ""})
        row["text"] = example.context
        row["title"] = row["title"] or example.gold.title
        if example.gold.day:
            row["date"] = example.gold.day.isoformat()
    yield from known.values()


def case(number: int, example: Example) -> Case:
    """The example as a case; a long answer becomes a gold sentence."""
    answers = dict.fromkeys(clean(example.gold.text[start:end]) for start, end in example.spans)
    gold = article_id(example.context)
    name = f"held-out-{number}"
    return Case(
        id=name,
        question=example.question,
        answers=tuple(text for text in answers if len(text.split()) < SENTENCE),
        answerable=bool(answers),
        gold_articles=(gold,) if answers else (),
        gold_sentences=tuple(GoldSentence(gold, text) for text in answers if len(text.split()) >= SENTENCE),
        as_of=example.asked_on,
        tags=(example.source, half(name)),
    )


def main() -> None:
    """Write articles.jsonl and questions.jsonl."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.lab.reader_data",
        description=__doc__,
        epilog="example: python -m evals.lab.reader_data --data reader-train --out held-out --each 60",
        parents=[data_options()],
    )
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder to write")
    add("--each", type=int, default=60, help="questions of each training set (default 60)")
    add("--others", type=int, default=4000, help="questions whose articles stand beside theirs (default 4000)")
    arguments = parser.parse_args()
    examples = gather(arguments.data, arguments.news, arguments.keep_out, random.Random(arguments.seed))[0]
    random.Random(arguments.seed).shuffle(examples)
    sample = held_out(examples, arguments.each)
    others = [example for example in examples if not in_held_out(example.group)][: arguments.others]
    cases = [case(number, example) for number, example in enumerate(sample)]
    written = write_set(list(articles([*sample, *others])), cases, arguments.out)
    for fault in written.unresolved:
        echo(fault, err=True)
    echo(f"{written.cases} questions over {written.articles} articles in {str(arguments.out)!r}")


if __name__ == "__main__":
    errors.run(main)
