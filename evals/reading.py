"""Measure the reader on question sets it was not trained on: `python -m evals.reading --help`.

News is measured over BM25's passages, so that a figure here changes with the reader alone.
"""

import argparse
import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from evals import stats
from evals.text import exact, f1, tokens
from index import errors, split
from index.errors import UserError
from index.types import Article
from rag.combined import WEIGHTS
from rag.reader.trained import PassageReading, TrainedReader
from rag.training.files import read_json, read_rows
from rag.training.passages import Text, rank
from rag.training.train import count


@dataclass(frozen=True, slots=True)
class Found:
    """The reader's answers to a question, best first: (logit, passage number, start, end)."""

    spans: tuple[tuple[float, int, int, int], ...]

    @property
    def confidence(self) -> float:
        """The best span's logit: enough to order questions by."""
        return self.spans[0][0] if self.spans else -math.inf


def normal(text: str) -> str:
    """The words of a text that count, as one string."""
    return " ".join(tokens(text))


def choose(readings: Sequence[PassageReading]) -> Found:
    """Order the spans of all passages."""
    spans = [
        (span.score, number, span.start, span.end) for number, reading in enumerate(readings) for span in reading.spans
    ]
    spans.sort(key=lambda s: -s[0])
    return Found(tuple(spans))


def refusals(right: Sequence[bool], sure: Sequence[float], sure_without: Sequence[float]) -> dict[str, float]:
    """Return what the confidences separate, for questions with and without an answer at hand.

    The bar refuses a tenth of the answerable questions; `wrong answers` is the share of unanswerable questions that
    still pass it, `right of answered` that of right answers among those given. Raises UserError without questions
    of both kinds.
    """
    if not sure or not sure_without:
        raise UserError("Too few questions to measure refusal on: take a larger set, or a smaller --every.")
    bar = stats.bar_at(sure)
    passed = [r for r, s in zip(right, sure, strict=True) if s >= bar]
    pairs = np.array(sure)[:, None] - np.array(sure_without)[None, :]
    return {
        "wrong answers at 10% wrong refusals": stats.wrong_answers_at(sure, sure_without),
        "right of answered": float(np.mean(passed)),
        "area under ROC": float(np.mean(pairs > 0) + np.mean(pairs == 0) / 2),
        "bar": bar,
    }


@contextmanager
def shaped(path: Path) -> Iterator[Path]:
    """Turn what is missing from the rows read inside into a UserError that names their file."""
    try:
        yield path
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        told = f"{str(path)!r} does not have the shape of its set ({type(error).__name__}: {error})."
        raise UserError(f"{told} See python -m evals.reading --help") from error


def squad(reader: TrainedReader, path: Path, every: int) -> dict[str, Any]:
    """Measure on a SQuAD-format file: each question on its own paragraph, then on the article's others."""
    asked = []
    with shaped(path):
        for article in read_json(path)["data"]:
            texts = [p["context"] for p in article["paragraphs"]]
            for at, paragraph in enumerate(article["paragraphs"]):
                for qa in paragraph["qas"]:
                    answers = [a["text"] for a in qa["answers"]]
                    others = [t for i, t in enumerate(texts) if i != at and not any(a in t for a in answers)]
                    asked.append((qa["question"], texts[at], answers, others[:1]))
    same, overlap, sure, without = [], [], [], []
    right = []
    for question, text, answers, other in asked[every - 1 :: every]:
        own = choose(reader.read(question, None, [("", "", text)]))
        _, _, start, end = own.spans[0]
        same.append(exact(text[start:end], answers))
        overlap.append(f1(text[start:end], answers))
        if other:
            right.append(bool(same[-1]))
            sure.append(own.confidence)
            without.append(choose(reader.read(question, None, [("", "", other[0])])).confidence)
    return {"questions": len(same), "EM": np.mean(same), "F1": np.mean(overlap),
            "one other paragraph": refusals(right, sure, without)}  # fmt: skip


def clapnq(reader: TrainedReader, folder: Path, every: int) -> dict[str, Any]:
    """Measure on ClapNQ: is the best span in a gold sentence, and is the reader surer where there is one?"""
    sure: dict[str, list[float]] = {"answerable": [], "unanswerable": []}
    hits = []
    for kind, values in sure.items():
        asked = []
        with shaped(folder / f"clapnq_dev_{kind}.jsonl") as path:
            for row in list(read_rows(path))[::every]:
                passage = row["passages"][0]
                gold = [normal(s) for o in row["output"] for s in o.get("selected_sentences", [])]
                asked.append((row["input"], passage["title"], passage["text"], gold))
        for question, title, text, gold in asked:
            found = choose(reader.read(question, None, [(title, "", text)]))
            values.append(found.confidence)
            if kind == "answerable":
                _, _, start, end = found.spans[0]
                said = normal(text[start:end])
                hits.append(any(said in g for g in gold))
    return {"questions": len(hits), "span stands in a gold sentence": np.mean(hits),
            **refusals(hits, sure["answerable"], sure["unanswerable"])}  # fmt: skip


def day_of(text: str) -> date:
    """The day of an ISO date or time."""
    return date.fromisoformat(text[:10])


class News:
    """News articles as dated passages, and BM25 with a preference for articles near the asking day."""

    def __init__(self, folder: Path) -> None:
        with shaped(folder / "articles.jsonl") as path:
            articles = [{"id": row["id"], "title": row["title"] or "", "text": row["text"],
                         "day": day_of(row["published_at"]) if row["published_at"] else None}
                        for row in read_rows(path)]  # fmt: skip
        with shaped(folder / "questions.jsonl") as path:
            self.questions = [{"question": row["question"], "answers": row["answers"],
                               "gold_articles": row["gold_articles"], "asked": day_of(row["asked_on"])}
                              for row in read_rows(path)]  # fmt: skip
        self.passages = [(row, p) for row in articles
                         for p in split.passages(Article(text=row["text"], title=row["title"]))]  # fmt: skip
        self.texts = [row["text"][p.start : p.end] for row, p in self.passages]
        pool = [Text(text, row["title"]) for text, (row, _) in zip(self.texts, self.passages, strict=True)]
        self._ranks, self._scores = rank(pool, [q["question"] for q in self.questions], 200)

    def search(self, number: int, k: int, hidden: Sequence[str] = ()) -> list[int]:
        """Return the `k` best passages for question `number`, none of an article whose id is `hidden`."""
        asked = self.questions[number]["asked"]
        scored = []
        for i, score in zip(self._ranks[number], self._scores[number], strict=True):
            row = self.passages[i][0]
            if row["id"] in hidden:
                continue
            prior = 1.0
            if row["day"]:
                prior += math.exp(-abs((asked - row["day"]).days) / 30)
            scored.append((-float(score) * prior, int(i)))
        return [i for _, i in sorted(scored)[:k]]

    def shown(self, i: int) -> tuple[str, str, str]:
        """Return (title, date, text) of passage `i`, as the reader takes it."""
        row, _ = self.passages[i]
        return row["title"], row["day"].isoformat() if row["day"] else "", self.texts[i]

    def sentences(self, found: Found, picked: Sequence[int], most: int) -> list[str]:
        """Return the first `most` different sentences in which the spans stand."""
        out: list[str] = []
        for _, number, start, _ in found.spans:
            _, passage = self.passages[picked[number]]
            at = start + passage.start
            for first, last in passage.sentences:
                text = self.texts[picked[number]][first - passage.start : last - passage.start]
                if first <= at < last and normal(text) not in map(normal, out):
                    out.append(text)
            if len(out) >= most:
                break
        return out[:most]


def news(reader: TrainedReader, folder: Path, every: int, k: int, details: Path | None) -> dict[str, Any]:
    """Measure open retrieval over a folder of news, with the gold articles and without them."""
    library = News(folder)
    rows, seconds = [], []
    for number in range(0, len(library.questions), every):
        q = library.questions[number]
        asked = q["asked"]
        wanted = [f" {normal(a)} " for a in q["answers"]]
        picked = library.search(number, k)
        began = time.perf_counter()
        readings = reader.read(q["question"], asked, [library.shown(i) for i in picked])
        seconds.append(time.perf_counter() - began)
        known = dict(zip(picked, readings, strict=True))
        found = choose(readings)
        _, best, start, end = found.spans[0]
        said = library.texts[picked[best]][start:end]
        sentences = library.sentences(found, picked, 3)
        holds = [any(w in f" {normal(s)} " for w in wanted) for s in sentences]
        left = library.search(number, k, q["gold_articles"])
        fresh = [i for i in left if i not in known]
        known.update(zip(fresh, reader.read(q["question"], asked, [library.shown(i) for i in fresh]), strict=True))
        other = choose([known[i] for i in left])
        spare = any(w in f" {normal(library.texts[i])} " for i in left for w in wanted)
        rows.append({
            "question": q["question"], "answers": q["answers"], "said": said, "sentence": sentences[0],
            "first": holds[0], "three": any(holds),
            "EM": exact(said, q["answers"]),
            "F1": f1(said, q["answers"]), "confidence": found.confidence,
            "without gold": other.confidence, "answer still there": spare,
            "within reach": any(w in f" {normal(library.texts[i])} " for i in picked for w in wanted),
        })  # fmt: skip
    if details:
        details.write_text("\n".join(json.dumps(r) for r in rows) + "\n", encoding="utf-8")
    means = {key: np.mean([r[key] for r in rows]) for key in ("within reach", "first", "three", "EM", "F1")}
    hidden = [r["without gold"] for r in rows if not r["answer still there"]]
    return {"questions": len(rows), **means, "seconds p50": np.median(seconds), "left out": len(hidden),
            **refusals([r["first"] for r in rows], [r["confidence"] for r in rows], hidden)}  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """Return the command line of the evaluation."""
    p = argparse.ArgumentParser(
        prog="python -m evals.reading",
        description="Measure exported reader weights on sets they were not trained on.",
    )
    p.add_argument("--weights", type=Path, default=WEIGHTS)
    p.add_argument("--squad", type=Path, help="a SQuAD-format JSON file, such as XQuAD's xquad.en.json")
    p.add_argument("--clapnq", type=Path, help="folder of clapnq_dev_answerable.jsonl and _unanswerable.jsonl")
    p.add_argument("--news", type=Path, help="folder of articles.jsonl and questions.jsonl")
    p.add_argument("--details", type=Path, help="write each news question and its answer to this file")
    p.add_argument("--passages", type=count, default=20, help="passages read for a news question (default 20)")
    p.add_argument("--every", type=count, default=1, help="take every n-th question (default 1, all)")
    return p


def main() -> None:
    """Print one JSON object a set."""
    command = parser()
    args = command.parse_args()
    if not (args.squad or args.clapnq or args.news):
        command.error("nothing to measure on: name a set with --squad, --clapnq or --news")
    reader = TrainedReader(args.weights)
    if args.squad:
        print(json.dumps({"squad": squad(reader, args.squad, args.every)}, default=float), flush=True)
    if args.clapnq:
        print(json.dumps({"clapnq": clapnq(reader, args.clapnq, args.every)}, default=float), flush=True)
    if args.news:
        found = news(reader, args.news, args.every, args.passages, args.details)
        print(json.dumps({"news": found}, default=float))


if __name__ == "__main__":
    errors.run(main)
