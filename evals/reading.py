"""Measure the reader on question sets it was not trained on: `python -m evals.reading --help`.

News is measured over BM25's passages, so that a figure here changes with the reader alone.
"""

import argparse
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from evals.text import exact, f1, tokens
from index import errors, split
from index.errors import UserError
from index.types import Article
from rag.combined import WEIGHTS
from rag.reader import data
from rag.reader.rows import read_json, read_rows
from rag.reader.trained import PassageReading, TrainedReader


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

    The bar is set so that a tenth of the answerable questions is refused; `wrong answers` is the share of
    unanswerable questions that still pass it, `right of answered` that of right answers among those given.
    """
    bar = float(np.quantile(sure, 0.1))
    passed = [r for r, s in zip(right, sure, strict=True) if s >= bar]
    pairs = np.array(sure)[:, None] - np.array(sure_without)[None, :]
    return {
        "wrong answers at 10% wrong refusals": float(np.mean(np.array(sure_without) >= bar)),
        "right of answered": float(np.mean(passed)),
        "area under ROC": float(np.mean(pairs > 0) + np.mean(pairs == 0) / 2),
        "bar": bar,
    }


def squad(reader: TrainedReader, path: Path, every: int) -> dict[str, Any]:
    """Measure on a SQuAD-format file: each question on its own paragraph, then on the article's others."""
    same, overlap, sure, without = [], [], [], []
    count = 0
    for article in read_json(path)["data"]:
        texts = [p["context"] for p in article["paragraphs"]]
        for at, paragraph in enumerate(article["paragraphs"]):
            for qa in paragraph["qas"]:
                count += 1
                if count % every:
                    continue
                answers = [a["text"] for a in qa["answers"]]
                others = [t for i, t in enumerate(texts) if i != at and not any(a in t for a in answers)]
                own = choose(reader.read(qa["question"], None, [("", "", texts[at])]))
                _, _, start, end = own.spans[0]
                said = texts[at][start:end]
                same.append(exact(said, answers))
                overlap.append(f1(said, answers))
                if others:
                    sure.append(own.confidence)
                    shown = [("", "", t) for t in others[:1]]
                    without.append(choose(reader.read(qa["question"], None, shown)).confidence)
    right = [bool(e) for e in same[: len(sure)]]
    return {"questions": len(same), "EM": np.mean(same), "F1": np.mean(overlap),
            "one other paragraph": refusals(right, sure, without)}  # fmt: skip


def clapnq(reader: TrainedReader, folder: Path, every: int) -> dict[str, Any]:
    """Measure on ClapNQ: is the best span in a gold sentence, and is the reader surer where there is one?"""
    sure: dict[str, list[float]] = {"answerable": [], "unanswerable": []}
    hits = []
    for kind, values in sure.items():
        for row in list(read_rows(folder / f"clapnq_dev_{kind}.jsonl"))[::every]:
            passage = row["passages"][0]
            found = choose(reader.read(row["input"], None, [(passage["title"], "", passage["text"])]))
            values.append(found.confidence)
            if kind == "answerable":
                _, _, start, end = found.spans[0]
                said = normal(passage["text"][start:end])
                gold = [normal(s) for o in row["output"] for s in o.get("selected_sentences", [])]
                hits.append(any(said in g for g in gold))
    return {"questions": len(hits), "span stands in a gold sentence": np.mean(hits),
            **refusals(hits, sure["answerable"], sure["unanswerable"])}  # fmt: skip


class News:
    """News articles as dated passages, and BM25 with a preference for articles near the asking day."""

    def __init__(self, folder: Path) -> None:
        self.articles = list(read_rows(folder / "articles.jsonl"))
        self.questions = list(read_rows(folder / "questions.jsonl"))
        self.passages = [
            (row, p) for row in self.articles
            for p in split.passages(Article(text=row["text"], title=row["title"] or ""))
        ]  # fmt: skip
        self.texts = [row["text"][p.start : p.end] for row, p in self.passages]
        pool = [data.Text(text, row["title"]) for text, (row, _) in zip(self.texts, self.passages, strict=True)]
        self._ranks, self._scores = data.rank(pool, [q["question"] for q in self.questions], 200)

    def search(self, number: int, k: int, hidden: Sequence[str] = ()) -> list[int]:
        """Return the `k` best passages for question `number`, none of an article whose id is `hidden`."""
        asked = date.fromisoformat(self.questions[number]["asked_on"][:10])
        scored = []
        for i, score in zip(self._ranks[number], self._scores[number], strict=True):
            row = self.passages[i][0]
            if row["id"] in hidden:
                continue
            prior = 1.0
            if row["published_at"]:
                prior += math.exp(-abs((asked - date.fromisoformat(row["published_at"][:10])).days) / 30)
            scored.append((-float(score) * prior, int(i)))
        return [i for _, i in sorted(scored)[:k]]

    def shown(self, i: int) -> tuple[str, str, str]:
        """Return (title, date, text) of passage `i`, as the reader takes it."""
        return self.passages[i][0]["title"], self.passages[i][0]["published_at"] or "", self.texts[i]

    def sentences(self, found: Found, picked: Sequence[int], count: int) -> list[str]:
        """Return the first `count` different sentences in which the spans stand."""
        out: list[str] = []
        for _, number, start, _ in found.spans:
            _, passage = self.passages[picked[number]]
            at = start + passage.start
            for first, last in passage.sentences:
                text = self.texts[picked[number]][first - passage.start : last - passage.start]
                if first <= at < last and normal(text) not in map(normal, out):
                    out.append(text)
            if len(out) >= count:
                break
        return out[:count]


def news(reader: TrainedReader, folder: Path, every: int, k: int, details: Path | None) -> dict[str, Any]:
    """Measure open retrieval over a folder of news, with the gold articles and without them."""
    library = News(folder)
    rows, seconds = [], []
    for number in range(0, len(library.questions), every):
        q = library.questions[number]
        asked = date.fromisoformat(q["asked_on"][:10])
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
    p.add_argument("--passages", type=int, default=20, help="passages read for a news question (default 20)")
    p.add_argument("--every", type=int, default=1, help="take every n-th question (default 1, all)")
    return p


def main() -> None:
    """Print one JSON object a set."""
    command = parser()
    args = command.parse_args()
    if not (args.squad or args.clapnq or args.news):
        command.error("nothing to measure on: name a set with --squad, --clapnq or --news")
    if args.every < 1 or args.passages < 1:
        command.error("--every and --passages take 1 or more")
    reader = TrainedReader(args.weights)
    sets = {
        "squad": (args.squad, lambda: squad(reader, args.squad, args.every)),
        "clapnq": (args.clapnq, lambda: clapnq(reader, args.clapnq, args.every)),
        "news": (args.news, lambda: news(reader, args.news, args.every, args.passages, args.details)),
    }
    for name, (path, measured) in sets.items():
        if path is None:
            continue
        try:
            print(json.dumps({name: measured()}, default=float), flush=True)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            told = f"{str(path)!r} does not have the shape that --{name} takes ({type(error).__name__}: {error})."
            raise UserError(f"{told} See python -m evals.reading --help") from error


if __name__ == "__main__":
    errors.run(main)
