"""Batches for training the reader: which passages a question is shown with, and which tokens answer it."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from index.engines.encoder import open_tokenizer
from rag.read.span_model import MAX_TOKENS, heading
from rag.training.examples import DENSE, Example, without_answer
from rag.training.passages import Text, window

PER_CONTEXT = 15
"""Questions of a dense set that a pass takes of one paragraph; another pass takes others."""
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


@dataclass(frozen=True, slots=True)
class Shares:
    """How often a question's own passage is shown without its answer (0 to 1)."""

    cut_out: float = 0.0
    """The sentences with the answer are cut out of it."""
    near_miss: float = 0.0
    """The question is changed in one thing instead, where that was found."""


def sample_group(example: Example, size: int, rng: random.Random, shares: Shares = Shares()) -> Group:
    """Return a question, its as-of date, and `size` passages with their answer spans, in random order."""
    wrong = list(example.negatives)
    first = [wrong.pop(rng.randrange(min(2, len(wrong))))] if wrong else []
    question, gold = example.question, [(example.gold, example.spans)]
    if example.near_misses and rng.random() < shares.near_miss:
        question, gold, first = rng.choice(example.near_misses), [], [example.gold, *first][:size]
    elif shares.cut_out and example.spans and rng.random() < shares.cut_out:
        lacking = without_answer(example, rng.randint(80, 160), rng)
        first = [lacking, *first][: size - 1] if lacking else first
    chosen = first + rng.sample(wrong, min(len(wrong), size - len(first)))
    passages: list[tuple[Text, Spans]] = [(text, ()) for text in chosen]
    if not (example.spans and rng.random() < NO_GOLD and len(chosen) == size):
        passages = [*gold, *passages][:size]
    rng.shuffle(passages)
    as_of = example.asked_on
    if as_of is None and rng.random() < 0.5:
        # Most sets have no dates: half of their questions get invented ones, which tell nothing.
        as_of = date(2005, 1, 1) + timedelta(days=rng.randrange(8000))
    dated = []
    for text, spans in passages:
        words = rng.randint(70, 170) if spans or text is example.gold else rng.randint(60, 130)
        cut, spans = window(text.text, spans, words, rng)
        day = text.day
        if as_of and day is None:
            day = as_of - timedelta(days=int(rng.expovariate(1 / 300)))
        title = text.title if rng.random() < 0.8 else ""
        dated.append((replace(text, text=cut, day=day, title=title), spans))
    return question[:400], as_of, dated


class Batcher:
    """Draws groups of passages from examples, the same ones for the same seed and step, and encodes them."""

    def __init__(
        self,
        examples: list[Example],
        tokenizer_file: Path,
        groups: int,
        seed: int,
        shares: Shares = Shares(),
    ) -> None:
        self.examples, self.groups, self.seed, self.shares = examples, groups, seed, shares
        self.tokenizer = open_tokenizer(tokenizer_file, MAX_TOKENS, strategy="only_second")
        self._order: tuple[int, list[int]] = (0, one_pass(examples, 0, seed))

    @property
    def steps(self) -> int:
        """How many steps a pass takes."""
        return max(1, len(self._order[1]) // self.groups)

    def sample(self, step: int, size: int) -> list[Group]:
        """Return the groups of step `step`, of `size` passages; each pass after the first has its own order."""
        number, at = divmod(step, self.steps)
        if number != self._order[0]:
            self._order = (number, one_pass(self.examples, number, self.seed))
        rng = random.Random(self.seed * 1_000_003 + step)
        picked = [self.examples[i] for i in self._order[1][at * self.groups : (at + 1) * self.groups]]
        return [sample_group(e, size, rng, self.shares) for e in picked]

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


def one_pass(examples: Sequence[Example], number: int, seed: int) -> list[int]:
    """Return the order of one pass over the examples, of dense sets no more than PER_CONTEXT of a paragraph."""
    rng = random.Random(seed * 1000 + number)
    dense: dict[str, list[int]] = defaultdict(list)
    order = []
    for i, example in enumerate(examples):
        if example.source.startswith(DENSE):
            dense[example.context].append(i)
        else:
            order.append(i)
    for found in dense.values():
        order += rng.sample(found, min(PER_CONTEXT, len(found)))
    if dense or number:
        rng.shuffle(order)
    return order
