"""Batches for training the reader: which passages a question is shown with, and which tokens answer it."""

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from index.engines.encoder import open_tokenizer
from rag.read.span_model import MAX_TOKENS, heading
from rag.training.examples import Example, Text, window, without_answer

NO_GOLD = 0.2  # share of groups whose right passage is withheld, so that "no answer" is the target

Spans = tuple[tuple[int, int], ...]
Group = tuple[str, date | None, list[tuple[Text, Spans]]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Encoded passages of several questions; one entry a passage, `group` says which question it belongs to.

    `allowed` marks the tokens an answer may use; `starts` and `ends` hold those where one begins and ends.
    """

    encoded: list[Any]
    group: list[int]
    allowed: list[list[bool]]
    starts: list[set[int]]
    ends: list[set[int]]


def sample_group(example: Example, size: int, rng: random.Random, cut_out: float = 0.0) -> Group:
    """Return a question, its as-of date, and `size` passages with their answer spans, in random order.

    `cut_out` is how often its own passage with the answer cut out is among the wrong ones.
    """
    wrong = list(example.negatives)
    first = [wrong.pop(rng.randrange(min(2, len(wrong))))] if wrong else []
    if cut_out and example.spans and rng.random() < cut_out:
        lacking = without_answer(example, rng.randint(80, 160), rng)
        first = [lacking, *first][: size - 1] if lacking else first
    chosen = first + rng.sample(wrong, min(len(wrong), size - len(first)))
    passages: list[tuple[Text, Spans]] = [(text, ()) for text in chosen]
    if not (example.spans and rng.random() < NO_GOLD and len(chosen) == size):
        passages = [(example.gold, example.spans), *passages][:size]
    rng.shuffle(passages)
    as_of = example.asked_on
    if as_of is None and rng.random() < 0.5:
        # Most sets have no dates: half of their questions get invented ones, which tell nothing.
        as_of = date(2005, 1, 1) + timedelta(days=rng.randrange(8000))
    dated = []
    for text, spans in passages:
        words = rng.randint(70, 170) if spans else rng.randint(60, 130)
        cut, spans = window(text.text, spans, words, rng)
        day = text.day
        if as_of and day is None:
            day = as_of - timedelta(days=int(rng.expovariate(1 / 300)))
        title = text.title if rng.random() < 0.8 else ""
        dated.append((replace(text, text=cut, day=day, title=title), spans))
    return example.question[:400], as_of, dated


class Batcher:
    """Draws groups of passages from examples, the same ones for the same seed and step, and encodes them."""

    def __init__(
        self, examples: list[Example], tokenizer_file: Path, groups: int, seed: int, cut_out: float = 0.0
    ) -> None:
        self.examples, self.groups, self.seed, self.cut_out = examples, groups, seed, cut_out
        self.tokenizer = open_tokenizer(tokenizer_file, MAX_TOKENS, strategy="only_second")

    def sample(self, step: int, size: int) -> list[Group]:
        """Return the groups of step `step`, of `size` passages; each epoch after the first has its own order."""
        epoch, at = divmod(step, max(1, len(self.examples) // self.groups))
        order = list(range(len(self.examples)))
        if epoch:
            random.Random(self.seed * 1000 + epoch).shuffle(order)
        rng = random.Random(self.seed * 1_000_003 + step)
        picked = [self.examples[i] for i in order[at * self.groups : (at + 1) * self.groups]]
        return [sample_group(e, size, rng, self.cut_out) for e in picked]

    def encode(self, groups: list[Group]) -> Batch:
        """Tokenise groups; a passage whose answer was cut off counts as one without."""
        pairs, rows = [], []
        for number, (question, as_of, passages) in enumerate(groups):
            for text, spans in passages:
                heads = heading(text.title, text.day, as_of)
                pairs.append((question, heads + text.text))
                rows.append((number, len(heads), spans))
        batch = Batch(self.tokenizer.encode_batch(pairs), [row[0] for row in rows], [], [], [])
        for encoding, (_, front, spans) in zip(batch.encoded, rows, strict=True):
            tokens = list(enumerate(zip(encoding.sequence_ids, encoding.offsets, strict=True)))
            inside = [part == 1 and offset[0] >= front for _, (part, offset) in tokens]
            text_end = encoding.offsets[-2][1]
            first = {
                i for i, (_, o) in tokens if inside[i]
                for a, b in spans if o[0] <= a + front < o[1] and b + front <= text_end
            }  # fmt: skip
            last = {i for i, (_, o) in tokens if inside[i] for _, b in spans if o[0] < b + front <= o[1]}
            batch.allowed.append(inside)
            batch.starts.append(first if first and last else set())
            batch.ends.append(last if first and last else set())
        return batch
