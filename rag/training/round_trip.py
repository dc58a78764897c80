"""Drop made questions that a reader does not answer like their maker: `python -m rag.training.round_trip --help`.

A reader that ships reads each question with its passage; where none of its best spans shares words with the answer,
the question is taken for nonsense (round-trip consistency: Alberti et al., 2019). What is only hard for it stays.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import islice
from pathlib import Path

from index import errors
from index.errors import UserError
from index.terminal import echo_json
from rag.read.span_model import ScoredSpan, SpanModel
from rag.training.examples import answer_spans
from rag.training.files import Row, read_rows, write_rows
from rag.training.passages import WORD, window

BEST = 5
WORDS = 90
ALIKE = 0.4
"""The F1 of words at which a span counts as the answer."""
PORTION = 500


def overlap(found: str, wanted: str) -> float:
    """The F1 of the words of two answers."""
    a, b = (Counter(word.lower() for word in WORD.findall(text)) for text in (found, wanted))
    shared = sum((a & b).values())
    return 2 * shared / (sum(a.values()) + sum(b.values())) if shared else 0.0


def consistent(spans: list[ScoredSpan], text: str, answers: list[str]) -> bool:
    """Does one of the spans say an answer, or much of it?"""
    return any(overlap(text[span.start : span.end], answer) >= ALIKE for span in spans for answer in answers)


def judged(row: dict, reader: SpanModel, seed: int) -> bool:
    """Does the reader's reading of a row's passage hold its answer?"""
    context = row["context"]
    text, spans = window(context, answer_spans(context, row["answers"]), WORDS, random.Random(seed))
    as_of = date.fromisoformat(row["asked_on"]) if row.get("asked_on") else None
    (reading,) = reader.read(row["question"], as_of, [(row.get("title") or "", row.get("date") or "", text)], BEST)
    return consistent(list(reading.spans), text, [text[a:b] for a, b in spans])


def verdicts(rows: list[dict], reader: SpanModel, kept: Path, minutes: float | None) -> list[bool]:
    """Return which rows are consistent, as many as `minutes` allow; those judged before stand in the file `kept`."""
    found: list[bool] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else []
    began = time.monotonic()
    while len(found) < len(rows) and not (minutes and time.monotonic() - began > 60 * minutes):
        portion = list(enumerate(rows[len(found) : len(found) + PORTION], len(found)))
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            found += threads.map(lambda one: judged(one[1], reader, one[0]), portion)
        kept.with_suffix(".next").write_text(json.dumps(found), encoding="utf-8")
        kept.with_suffix(".next").replace(kept)
        share = sum(found) / len(found)
        echo_json({"judged": len(found), "of": len(rows), "consistent": round(share, 3)})
    return found


def shuffled(path: Path, seed: int) -> list[dict]:
    """The rows of a file in an order of their own, so that what is judged first is like the rest."""
    rows = list(read_rows(path, Row))
    random.Random(seed).shuffle(rows)
    return rows


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    p = argparse.ArgumentParser(
        prog="python -m rag.training.round_trip",
        description="Drop made questions that a reader does not answer like their maker.",
    )
    p.add_argument("--rows", type=Path, required=True, help="training rows, as rag.training.news_questions writes them")
    p.add_argument("--weights", type=Path, required=True, help="folder of the reader's exported weights")
    p.add_argument("--out", type=Path, required=True, help="file of rows to write (.jsonl.gz)")
    p.add_argument(
        "--minutes", type=float, help="time to judge; rows not judged by then stay (default: all are judged)"
    )
    p.add_argument("--seed", type=int, default=17, help="of the rows' order (default 17)")
    return p


def main() -> None:
    """Write the rows that are consistent or were not judged, and print how many of each kind were dropped."""
    args = parser().parse_args()
    if args.rows == args.out:
        raise UserError(f"{str(args.out)!r} is read: name another file with --out.")
    rows = shuffled(args.rows, args.seed)
    found = verdicts(rows, SpanModel(args.weights), args.out.with_name(f"{args.out.name}.judged.json"), args.minutes)
    dropped = Counter(row.get("kind", "") for row, fine in zip(rows, found, strict=False) if not fine)
    of = Counter(row.get("kind", "") for row in islice(rows, len(found)))

    def stays() -> Iterator[dict]:
        for number, row in enumerate(rows):
            if number >= len(found) or found[number]:
                yield row

    count = write_rows(args.out, stays())
    shares = {kind: round(dropped[kind] / number, 3) for kind, number in of.most_common()}
    echo_json({"rows": count, "judged": len(found), "dropped": sum(dropped.values()), "share dropped": shares})


if __name__ == "__main__":
    errors.run(main)
