"""Training groups for the reader: one question, its passage, and the passages retrieval confuses it with.

Made of training sets and Wikinews articles; knows nothing of models.
"""

import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from index.errors import UserError
from rag.training.files import NewsRow, Row, occurrences, read_json, read_rows
from rag.training.question_generation import SAID, MadeQuestion, name_questions, quotation_questions, sentences

WORD = re.compile(r"\w+")
# Examples kept from each set (dense and template-like sets are capped); a set of one's own is taken whole.
# SQuADShifts' Amazon and Reddit parts are left out: the texts are their posters'.
CAPS = {
    "squad_dev": 14_000, "squad_addsent": 600, "disfl_qa": 2_000, "squadshifts_new_wiki": 8_000,
    "qamr_wikinews": 2_600, "qamr_wikipedia": 1_200, "tydiqa_en_train": 4_000, "tydiqa_en_dev": 500,
    "nq_oracle": 3_000, "nq_qed_dev": 400, "nq_mrqa_org": 400, "afriqa_en": 6_000, "timeqa_human": 2_200,
    "qadiscourse_wikinews": 2_000, "qadiscourse_wikipedia": 300, "onestopqa": 500, "covidqa": 200,
    "fairytaleqa": 500,
}  # fmt: skip
NEWS_CAPS = {"name": 7_000, "title": 1_700, "quotation": 1_000}
HELD_OUT = 0.04
NEGATIVES = 8
LEFT = 25
"""Words that must be left of a passage once its answer is cut out."""


@dataclass(frozen=True, slots=True)
class Text:
    """A passage for training; `day` is when it was published, where that is known."""

    text: str
    title: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A question, the passage it was asked of, its answers as (start, end), and passages that lack them."""

    question: str
    gold: Text
    spans: tuple[tuple[int, int], ...]
    source: str
    group: str
    context: str
    """The whole text that `gold` was cut from."""
    asked_on: date | None = None
    negatives: tuple[Text, ...] = field(default=())


def pieces(text: str) -> list[tuple[int, int]]:
    """Cut `text` into runs of whole sentences of up to about 170 words."""
    cuts, at = [], 0
    for a, b in sentences(text):
        if len(text[at:b].split()) > 170 and a > at:
            cuts.append((at, a))
            at = a
    return [*cuts, (at, len(text))]


def ngrams(text: str, size: int = 8) -> set[tuple[str, ...]]:
    """Return the word n-grams of `text`, lower-cased."""
    words = WORD.findall(text.lower())
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


def in_held_out(group: str) -> bool:
    """Say whether a group of examples that share text belongs to the held-out slice (stable, by hash)."""
    return int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) / 16**8 < HELD_OUT


def window(text: str, spans: Sequence[tuple[int, int]], words: int, rng: random.Random) -> tuple[str, tuple]:
    """Cut whole sentences of about `words` words around the first span; returns the text and moved spans."""
    if len(text.split()) <= words:
        return text, tuple(spans)
    parts = sentences(text)
    anchor = spans[0][0] if spans else rng.randrange(len(text))
    low = high = next((i for i, (a, b) in enumerate(parts) if a <= anchor < b), 0)
    while spans and high + 1 < len(parts) and parts[high][1] < spans[0][1]:
        high += 1
    while len(text[parts[low][0] : parts[high][1]].split()) < words and (low > 0 or high + 1 < len(parts)):
        if low > 0 and (high + 1 == len(parts) or rng.random() < 0.5):
            low -= 1
        else:
            high += 1
    start, end = parts[low][0], parts[high][1]
    moved = tuple((a - start, b - start) for a, b in spans if a >= start and b <= end)
    return text[start:end], moved


def without_answer(example: Example, words: int, rng: random.Random) -> Text | None:
    """Return about `words` words around the answer, less every sentence that holds it; None if too little is left.

    A passage on the very subject that leaves the question open. Where a quotation is asked for, everything said goes:
    more by the same speaker might do as well.
    """
    gold = example.gold
    answers = answers_of(example)
    cut, spans = window(gold.text, example.spans, words, rng)

    def holds(text: str) -> bool:
        return any(answer in f" {folded(text)} " for answer in answers)

    asks_quotation = example.source == "wikinews_quotation"
    kept = [
        cut[a:b]
        for a, b in sentences(cut)
        if not holds(cut[a:b])
        and not any(start < b and a < end for start, end in spans)
        and not (asks_quotation and SAID.search(cut[a:b]))
    ]
    text = "".join(kept).strip()
    if len(text.split()) < LEFT or holds(text):
        return None
    return replace(gold, text=text, title="" if holds(gold.title) else gold.title)


def answers_of(example: Example) -> set[str]:
    """Its answers, folded, with a space on either side, so that they match whole words only."""
    return {f" {folded(example.gold.text[a:b])} " for a, b in example.spans}


def folded(text: str) -> str:
    """The words of `text`, lower-cased, with single spaces."""
    return " ".join(WORD.findall(text.lower()))


def read_examples(folder: Path, rng: random.Random, forbidden: set) -> tuple[list[Example], list[Text]]:
    """Return examples of the sets in `folder`, capped, none whose passage shares text with `forbidden`.

    The second value holds every passage they were asked of once, cut to reading size.
    """
    examples: list[Example] = []
    pool: dict[str, list[Text]] = {}
    paths = sorted(folder.glob("*.jsonl.gz")) + sorted(folder.glob("*.jsonl"))
    if not paths:
        raise UserError(f"No .jsonl or .jsonl.gz files in {str(folder)!r}: name their folder with --data.")
    for path in paths:
        name = path.name.split(".")[0]
        rows = list(read_rows(path, Row))
        rng.shuffle(rows)
        kept = 0
        seen: dict[str, int] = defaultdict(int)
        clean: dict[str, bool] = {}
        cap = CAPS.get(name, 0 if name.startswith(("squadshifts", "tatqa", "aux")) else len(rows))
        for row in rows:
            if kept >= cap:
                break
            context = row["context"]
            if context not in clean:
                grams = ngrams(context)
                clean[context] = len(grams & forbidden) <= 0.05 * len(grams) if grams else True
            impossible = not row["answers"]
            dense = name.startswith("qamr")
            if not clean[context] or seen[context] >= (20 if dense else 40):
                continue
            if row.get("offset") == "heuristic" and row.get("offset_margin", 2) < 2:
                continue
            if impossible and "licence" in row and rng.random() < 0.4:
                continue
            if dense and len(row["question"].split()) < 5:
                continue
            seen[context] += 1
            kept += 1
            spans = answer_spans(context, row["answers"])
            text, moved = window(context, spans, rng.randint(90, 190), rng)
            group = str(row.get("group") or row.get("title") or context)
            if name.startswith(("squad_", "disfl", "squadshifts")):
                group = context if name == "squadshifts_new_wiki" else f"squad:{row.get('title')}"
            title = str(row.get("title") or "").replace("_", " ")
            title = "" if title.startswith(("Filtered", "New_Wiki", "New Wiki")) else title
            examples.append(Example(row["question"].strip(), Text(text, title), moved, name, group, context))
            if context not in pool:
                pool[context] = [Text(context[a:b], title) for a, b in pieces(context)]
    return examples, [passage for passages in pool.values() for passage in passages]


def answer_spans(context: str, answers: Sequence[dict | str]) -> list[tuple[int, int]]:
    """Return the answers' places in `context`; an answer without a start is taken wherever it stands."""
    spans: set[tuple[int, int]] = set()
    for answer in answers:
        text = answer if isinstance(answer, str) else answer["text"]
        start = None if isinstance(answer, str) else answer.get("start")
        spans.update(occurrences(context, text) if start is None else [(start, start + len(text))])
    return sorted(spans)


def read_news(path: Path, rng: random.Random) -> tuple[list[Example], list[Text]]:
    """Return questions made by rule from the articles of `path`, and all their passages."""
    made: dict[str, list[Example]] = defaultdict(list)
    pool: list[Text] = []
    for row in read_rows(path, NewsRow):
        text, day = row["text"], date.fromisoformat(row["date"])
        asked = day + timedelta(days=rng.choice((0, 0, 1, 1, 2, 3, 4, 5, 6, 9)))
        group = row["id"].replace("wikinews-", "wikinews:")
        cuts = pieces(text)
        pool.extend(Text(text[a:b], row["title"], day) for a, b in cuts)
        for a, b in cuts:
            body = text[a:b]
            here = [replace_kind(q, 0) for q in quotation_questions(body, rng)]
            parts = sentences(body)
            for s, e in parts:
                found = list(name_questions(body[s:e], rng))
                here += [replace_kind(q, s) for q in rng.sample(found, min(1, len(found)))]
            for q in here:
                lead = row["title"] + ". " if q.kind == "name" and rng.random() < 0.3 else ""
                spans = occurrences(body, body[q.start : q.end]) if q.kind == "name" else ((q.start, q.end),)
                title = row["title"] if rng.random() < 0.7 else ""
                source = f"wikinews_{q.kind}"
                made[q.kind].append(Example(lead + q.text, Text(body, title, day), spans, source, group, text, asked))
        for q in name_questions(row["title"], rng):
            a, b = cuts[0]
            spans = occurrences(text[a:b], row["title"][q.start : q.end])
            if spans:
                gold = Text(text[a:b], "", day)
                made["title"].append(Example(q.text, gold, spans, "wikinews_title", group, text, asked))
    examples = []
    for kind, asked_of in sorted(made.items()):
        rng.shuffle(asked_of)
        examples += asked_of[: NEWS_CAPS[kind]]
    return examples, pool


def replace_kind(q: MadeQuestion, shift: int) -> MadeQuestion:
    """Move a made question's span by `shift` characters."""
    return replace(q, start=q.start + shift, end=q.end + shift)


def rank(pool: Sequence[Text], asked: Sequence[str], k: int) -> tuple[Any, Any]:
    """Return BM25's `k` best passages for each question, or all: indices and scores, both [questions, k]."""
    import bm25s  # type: ignore[import-untyped]
    import snowballstemmer

    stemmer = snowballstemmer.stemmer("english").stemWords

    def tokens(values: list[str]) -> Any:
        return bm25s.tokenize(values, stopwords="en", stemmer=stemmer, show_progress=False)

    index = bm25s.BM25()
    index.index(tokens([f"{p.title} {p.text}" for p in pool]), show_progress=False)
    return index.retrieve(tokens(list(asked)), k=min(k, len(pool)), show_progress=False, n_threads=1)


def add_negatives(examples: list[Example], pool: list[Text], rng: random.Random) -> list[Example]:
    """Give each example up to `NEGATIVES` different passages that BM25 ranks high for it and that lack its answers."""
    ranks, _ = rank(pool, [e.question for e in examples], 24)
    texts = [folded(f"{p.title} {p.text}") for p in pool]
    out = []
    for example, row in zip(examples, ranks, strict=True):
        answers = answers_of(example)
        own = folded(example.gold.text)
        wrong: dict[str, Text] = {}
        for i in row:
            text = f" {texts[i]} "
            same = own[:200] in text or pool[i].text[:120] in example.gold.text
            if same or any(answer in text for answer in answers):
                continue
            # Some sets hold the same paragraph with a sentence more.
            wrong.setdefault(pool[i].text[:80], pool[i])
            if len(wrong) == NEGATIVES:
                break
        out.append(replace(example, negatives=tuple(wrong.values())))
    rng.shuffle(out)
    return out


def gather(
    folder: Path, news: Path | None, keep_out: Sequence[Path], rng: random.Random
) -> tuple[list[Example], list[Text]]:
    """Read and clean all examples, and every passage they were asked of; nothing of the `keep_out` files."""
    forbidden: set = set()
    for path in keep_out:
        forbidden |= ngrams_of_json(path)
    examples, pool = read_examples(folder, rng, forbidden)
    if news:
        made, passages = read_news(news, rng)
        examples += made
        pool += passages
    return examples, pool


def build(folder: Path, news: Path | None, keep_out: Sequence[Path], seed: int) -> list[Example]:
    """Return all training examples with their negatives, shuffled."""
    rng = random.Random(seed)
    examples, pool = gather(folder, news, keep_out, rng)
    return add_negatives(examples, pool, rng)


def ngrams_of_json(path: Path) -> set[tuple[str, ...]]:
    """Return the n-grams of every string over 200 characters in a JSON or JSON-lines file."""
    found: set[tuple[str, ...]] = set()

    def walk(value: object) -> None:
        if isinstance(value, str) and len(value) > 200:
            found.update(ngrams(value))
        elif isinstance(value, dict):
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    if path.suffix == ".json":
        walk(read_json(path))
    else:
        for row in read_rows(path):
            walk(row)
    return found
