"""Training groups for the reader: one question, its passage, and the passages retrieval confuses it with.

Made of training sets and Wikinews articles; knows nothing of models.
"""

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from index.errors import UserError
from rag.training.files import NewsRow, Row, occurrences, read_articles, read_json, read_rows, write_rows
from rag.training.near_misses import of_all
from rag.training.passages import Text, folded, ngrams, pieces, rank, window
from rag.training.question_generation import (
    SAID,
    MadeQuestion,
    name_questions,
    quotation_questions,
    sentences,
)
from rag.training.stories import kept_out, stories

NOT_USED = ("squadshifts_amazon", "squadshifts_reddit")
"""Sets that are left out: their texts are their posters'."""
DENSE = "qamr"
"""Sets with up to 200 short questions on a paragraph."""
SHORTEST_DENSE = 5
"""Words in a question of theirs: shorter ones leave out what they are about."""
NEWS_CAPS = {"name": 14_000, "title": 3_400, "quotation": 6_000}
"""Examples kept of each kind that is made of news by simple patterns: those of a parser are better."""
HELD_OUT = 0.04
NEGATIVES = 8
LEFT = 25
"""Words that must be left of a passage once its answer is cut out."""


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
    near_misses: tuple[str, ...] = ()
    """The question changed in one thing, so that `context` does not answer it."""


def in_held_out(group: str) -> bool:
    """Say whether a group of examples that share text belongs to the held-out slice (stable, by hash)."""
    return int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) / 16**8 < HELD_OUT


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

    asks_quotation = example.source in ("wikinews_quotation", "wikinews_what_said")
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


def data_files(folders: Sequence[Path]) -> list[Path]:
    """Return the training sets in `folders`; raises UserError for a folder without one."""
    found = []
    for folder in folders:
        paths = sorted(folder.glob("*.jsonl.gz")) + sorted(folder.glob("*.jsonl"))
        if not paths:
            raise UserError(f"No .jsonl or .jsonl.gz files in {str(folder)!r}: name their folder with --data.")
        found += paths
    return [path for path in found if not path.name.startswith(NOT_USED)]


def usable(rows: Iterator[dict], name: str, forbidden: set) -> Iterator[dict]:
    """Yield the rows of a set that may be trained on: none whose passage shares text with `forbidden`.

    Left out as well are answers whose place was guessed, and the elliptic questions of dense sets.
    """
    clean: dict[str, bool] = {}
    for row in rows:
        context = row["context"]
        if context not in clean:
            grams = ngrams(context) if forbidden else set()
            clean[context] = len(grams & forbidden) <= 0.05 * len(grams)
        guessed = row.get("offset") == "heuristic" and row.get("offset_margin", 2) < 2
        elliptic = name.startswith(DENSE) and len(row["question"].split()) < SHORTEST_DENSE
        if clean[context] and not guessed and not elliptic:
            yield row


def read_examples(
    folders: Sequence[Path], rng: random.Random, forbidden: set, story_of: Callable[[str], str | None] = str
) -> tuple[list[Example], list[Text]]:
    """Return examples of the sets in `folders`, none whose passage shares text with `forbidden`.

    `story_of` names the story of a row's group, None where that is kept out of training. The second value holds every
    passage they were asked of once, cut to reading size.
    """
    examples: list[Example] = []
    pool: dict[str, list[Text]] = {}
    for path in data_files(folders):
        name = path.name.split(".")[0]
        for row in usable(read_rows(path, Row), name, forbidden):
            context = row["context"]
            group = story_of(group_of(row, name))
            if group is None:
                continue
            title = str(row.get("title") or "").replace("_", " ")
            title = "" if title.startswith(("Filtered", "New_Wiki", "New Wiki")) else title
            day = date.fromisoformat(row["date"]) if row.get("date") else None
            text, moved = window(context, answer_spans(context, row["answers"]), rng.randint(90, 190), rng)
            asked_on = date.fromisoformat(row["asked_on"]) if row.get("asked_on") else None
            source = f"wikinews_{row['kind']}" if row.get("kind") else name
            gold, misses = Text(text, title, day), tuple(row.get("near_misses", ()))
            examples.append(Example(row["question"].strip(), gold, moved, source, group, context, asked_on, (), misses))
            if context not in pool:
                pool[context] = [Text(context[a:b], title, day) for a, b in pieces(context)]
    return examples, [passage for passages in pool.values() for passage in passages]


def group_of(row: dict, name: str) -> str:
    """What a row of set `name` shares text with: rows of one group stay on the same side of any split."""
    if name == "squadshifts_new_wiki":
        return str(row["context"])
    if name.startswith(("squad_", "disfl")):
        return f"squad:{row.get('title')}"
    return str(row.get("group") or row.get("title") or row["context"])


def answer_spans(context: str, answers: Sequence[dict | str]) -> list[tuple[int, int]]:
    """Return the answers' places in `context`; an answer without a start is taken wherever it stands."""
    spans: set[tuple[int, int]] = set()
    for answer in answers:
        text = answer if isinstance(answer, str) else answer["text"]
        start = None if isinstance(answer, str) else answer.get("start")
        spans.update(occurrences(context, text) if start is None else [(start, start + len(text))])
    return sorted(spans)


def read_news(
    path: Path, rng: random.Random, story_of: Callable[[str], str | None] = str
) -> tuple[list[Example], list[Text]]:
    """Return questions made by rule from the articles of `path`, and all their passages; `story_of` as above."""
    made: dict[str, list[Example]] = defaultdict(list)
    pool: list[Text] = []
    for row in read_rows(path, NewsRow):
        text, day = row["text"], date.fromisoformat(row["date"])
        asked = day + timedelta(days=rng.choice((0, 0, 1, 1, 2, 3, 4, 5, 6, 9)))
        group = story_of(row["id"].replace("wikinews-", "wikinews:"))
        if group is None:
            continue
        cuts = pieces(text)
        pool.extend(Text(text[a:b], row["title"], day) for a, b in cuts)
        for a, b in cuts:
            body = text[a:b]
            here = [moved_by(q, 0) for q in quotation_questions(body, rng)]
            parts = sentences(body)
            for s, e in parts:
                found = list(name_questions(body[s:e], rng))
                here += [moved_by(q, s) for q in rng.sample(found, min(1, len(found)))]
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


def moved_by(q: MadeQuestion, shift: int) -> MadeQuestion:
    """Move a made question's span by `shift` characters."""
    return replace(q, start=q.start + shift, end=q.end + shift)


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
    folders: Sequence[Path], news: Path | None, keep_out: Sequence[Path], rng: random.Random
) -> tuple[list[Example], list[Text]]:
    """Read and clean all examples, and every passage they were asked of; nothing of the `keep_out` files.

    Nor is anything of the stories that are kept out of training, by whichever set it comes.
    """
    forbidden: set = set()
    for path in keep_out:
        forbidden |= ngrams_of_json(path)
    story_of = story_by_group(news) if news else str
    examples, pool = read_examples(folders, rng, forbidden, story_of)
    if news:
        made, passages = read_news(news, rng, story_of)
        examples += made
        pool += passages
    return examples, list(dict.fromkeys(pool))


def story_by_group(news: Path) -> Callable[[str], str | None]:
    """Return a function that names the story of a group ("wikinews:12"), None where it is kept out; others stay."""
    found = {
        article.replace("wikinews-", "wikinews:"): None if kept_out(story) else story.replace("wikinews-", "wikinews:")
        for article, story in stories(read_articles(news)).items()
    }
    return lambda group: found.get(group, group)


def build(
    folders: Sequence[Path], news: Path | None, keep_out: Sequence[Path], seed: int, names: Path | None = None
) -> list[Example]:
    """Return all training examples with their negatives and near misses, shuffled; names are kept in `names`."""
    rng = random.Random(seed)
    examples, pool = gather(folders, news, keep_out, rng)
    return add_near_misses(add_negatives(examples, pool, rng), names, seed)


def add_near_misses(examples: list[Example], names: Path | None, seed: int) -> list[Example]:
    """Give each example with an answer the changed questions that its context does not answer, where there are some."""
    rows = [
        {"question": e.question, "context": e.context, "answers": [e.gold.text[a:b] for a, b in e.spans]}
        for e in examples
    ]
    found = of_all(rows, names, seed)
    return [replace(e, near_misses=(*e.near_misses, *misses)) for e, misses in zip(examples, found, strict=True)]


def save(examples: Sequence[Example], path: Path) -> None:
    """Write examples as JSON lines: each text once, then the examples with the numbers of theirs."""
    texts: dict[Text, int] = {}

    def number(text: Text) -> int:
        return texts.setdefault(text, len(texts))

    rows = [
        {
            "question": e.question, "gold": number(e.gold), "spans": e.spans, "source": e.source, "group": e.group,
            "context": number(Text(e.context)), "asked_on": e.asked_on.isoformat() if e.asked_on else None,
            "negatives": [number(text) for text in e.negatives], "near_misses": e.near_misses,
        }
        for e in examples
    ]  # fmt: skip
    stored = ({"text": t.text, "title": t.title, "day": t.day.isoformat() if t.day else None} for t in texts)
    write_rows(path, (row for part in (stored, rows) for row in part))


def load(path: Path) -> list[Example]:
    """Read what `save` wrote; raises UserError where a line is something else."""
    texts: list[Text] = []
    examples = []
    for line, row in enumerate(read_rows(path), 1):
        try:
            if "text" in row:
                day = date.fromisoformat(row["day"]) if row["day"] else None
                texts.append(Text(row["text"], row["title"], day))
                continue
            asked_on = date.fromisoformat(row["asked_on"]) if row["asked_on"] else None
            spans = tuple((a, b) for a, b in row["spans"])
            negatives = tuple(texts[number] for number in row["negatives"])
            gold, context, misses = texts[row["gold"]], texts[row["context"]].text, tuple(row["near_misses"])
            examples.append(
                Example(row["question"], gold, spans, row["source"], row["group"], context, asked_on, negatives, misses)
            )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            told = f"{str(path)!r}, line {line}: is no training example ({error!r})."
            raise UserError(f"{told} Delete the file: the same command writes it again.") from error
    return examples


def counts(examples: Sequence[Example]) -> dict[str, int]:
    """How many examples of each set there are, and how many have near misses."""
    found = dict(Counter(e.source for e in examples).most_common())
    return {**found, "with near misses": sum(bool(e.near_misses) for e in examples)}


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
