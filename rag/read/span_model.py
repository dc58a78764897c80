"""Models that find answers in passages, and the trained one that ships: ONNX Runtime and a tokenizer, no torch.

A model sees each passage alone; which passages to show it, and what to do with an answer, is decided elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from index.engines.encoder import open_session, open_tokenizer
from index.errors import UserError
from index.types import Span

MAX_TOKENS = 320
OVERLAP = 64
MODEL_FILE = "reader.onnx"
CALIBRATION_FILE = "calibration.json"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """A stretch `start:end` of a passage's text that may answer; `score` is a logit (0 = as good as no answer)."""

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class PassageReading:
    """What the reader made of one passage: a logit (0 = as good as no answer) and its best spans, best first."""

    relevance: float
    spans: tuple[ScoredSpan, ...]


class ExtractiveModel(ABC):
    """Reads passages for a question, each alone, in overlapping windows where one is long.

    `name` tells which model with which weights it is.
    """

    name: str
    _tokenizer: Any
    """A `tokenizers.Tokenizer` that cuts a pair's second text into windows, without padding."""
    _question_tokens: int
    """Word pieces of a question beyond which it is cut, so that a window has room for the passage."""

    @abstractmethod
    def _run(self, windows: Sequence[Any], blocks: Sequence[np.ndarray]) -> list[tuple[np.ndarray, float]]:
        """The span logits [tokens, 2] and the relevance logit of each window, an Encoding of the tokenizer.

        What a start and an end logit add up to is 0 where a span is as good as no answer. `blocks` as in `best_spans`.
        """

    def read(
        self,
        question: str,
        as_of: date | None,
        passages: Sequence[tuple[str, str, str]],
        best: int = 5,
        longest: int = 60,
    ) -> list[PassageReading]:
        """Read `passages` (title, ISO date or "", text) and return one reading each, in the same order.

        `best` is how many spans a passage, none longer than `longest` tokens nor across a blank line. A long
        passage is read in overlapping windows.
        """
        windows = self._windows(self._shortened(" ".join(question.split())[:400]), as_of, passages)
        blocks = [_blocks(encoding, front, passages[number][2]) for number, encoding, front in windows]
        outputs = self._run([encoding for _, encoding, _ in windows], blocks)
        relevance = [-np.inf] * len(passages)
        scores: list[dict[tuple[int, int], float]] = [{} for _ in passages]
        for (number, encoding, front), block, (logits, score) in zip(windows, blocks, outputs, strict=True):
            relevance[number] = max(relevance[number], score)
            for first, last, span_score in best_spans(logits, block, best, longest):
                text = passages[number][2]
                key = _stripped(text, encoding.offsets[first][0] - front, encoding.offsets[last][1] - front)
                scores[number][key] = max(scores[number].get(key, -np.inf), span_score)
        readings = []
        for number in range(len(passages)):
            top = sorted(scores[number].items(), key=lambda item: -item[1])[:best]
            spans = tuple(ScoredSpan(start, end, score) for (start, end), score in top if start < end)
            readings.append(PassageReading(float(relevance[number]), spans))
        return readings

    def _shortened(self, question: str) -> str:
        """The question, cut where it takes more than `_question_tokens`."""
        # Encoded as a second text, which the tokenizer cuts itself where it is longer than a window.
        encoding = self._tokenizer.encode("", question)
        offsets = [at for at, part in zip(encoding.offsets, encoding.sequence_ids, strict=True) if part == 1]
        return question if len(offsets) <= self._question_tokens else question[: offsets[self._question_tokens][0]]

    def _windows(
        self, question: str, as_of: date | None, passages: Sequence[tuple[str, str, str]]
    ) -> list[tuple[int, Any, int]]:
        """Return (passage number, encoding, characters in front of the text) for every window."""
        fronts = [heading(title, _day(day), as_of) for title, day, _ in passages]
        pairs = [(question, front + text) for front, (_, _, text) in zip(fronts, passages, strict=True)]
        windows = []
        for number, encoding in enumerate(self._tokenizer.encode_batch(pairs)):
            for window in (encoding, *encoding.overflowing):
                windows.append((number, window, len(fronts[number])))
        return windows


class SpanModel(ExtractiveModel):
    """The exported weights in `folder`, ours or a person's own, in ONNX Runtime.

    Raises UserError when weights are missing or altered.
    """

    def __init__(self, folder: Path) -> None:
        check_weights(folder)
        self.name = f"trained-{weights_checksum(folder)[:8]}"
        self._question_tokens = MAX_TOKENS // 2
        self._session = open_session(folder / MODEL_FILE)
        self._tokenizer = open_tokenizer(folder / "tokenizer.json", MAX_TOKENS, stride=OVERLAP, strategy="only_second")

    def _run(self, windows: Sequence[Any], blocks: Sequence[np.ndarray]) -> list[tuple[np.ndarray, float]]:
        # One window, one thread: no padding and no waiting, a third faster than batches on two cores.
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            return list(threads.map(self._run_one, windows))

    def _run_one(self, window: Any) -> tuple[np.ndarray, float]:
        rows = (window.ids, window.attention_mask, window.type_ids)
        inputs = {name: np.array([row], dtype=np.int64) for name, row in zip(INPUTS, rows, strict=True)}
        span, relevance = self._session.run(None, inputs)
        return span[0], float(relevance[0])


def best_spans(logits: np.ndarray, block: np.ndarray, best: int, longest: int) -> list[tuple[int, int, float]]:
    """Return the `best` spans as (first token, last token, score), best first.

    `logits` is [tokens, 2]; `block` numbers the paragraph of each token, -1 where no answer may stand.
    """
    distance = np.arange(len(block))[None, :] - np.arange(len(block))[:, None]
    same = (block[:, None] == block[None, :]) & (block >= 0)[:, None]
    reachable = same & (distance >= 0) & (distance < longest)
    flat = np.where(reachable, logits[:, :1] + logits[:, 1][None, :], -np.inf).ravel()
    count = min(best, int(reachable.sum()))
    top = np.argpartition(-flat, count - 1)[:count] if count else np.empty(0, dtype=int)
    order = top[np.argsort(-flat[top])]
    return [(int(i // len(block)), int(i % len(block)), float(flat[i])) for i in order]


def _blocks(encoding: Any, front: int, text: str) -> np.ndarray:
    """Number the paragraph in which each token of `text` stands; -1 for tokens before it and special ones."""
    # takes a blank line, with spaces or without; not the end of a line alone
    breaks = [m.start() + front for m in re.finditer(r"\n\s*\n", text)]
    starts, ends = np.array(encoding.offsets).T
    # A tokenizer may count the blank before a word to it, so that the text's first token begins before the text.
    inside = np.array([part == 1 for part in encoding.sequence_ids]) & (ends > front)
    return np.where(inside, np.searchsorted(breaks, starts, side="right"), -1)


def _stripped(text: str, start: int, end: int) -> Span:
    """The stretch `start:end` of a text without the blanks that a tokenizer counted to its words."""
    start, end = max(0, start), max(0, end)
    words = text[start:end]
    return start + len(words) - len(words.lstrip()), end - len(words) + len(words.rstrip())


def weights_checksum(folder: Path) -> str:
    """The recorded SHA-256 of the weights in `folder`, in hex."""
    return str(json.loads((folder / "checksums.json").read_text(encoding="utf-8"))[MODEL_FILE])


def check_weights(folder: Path) -> None:
    """Compare the weights in `folder` with their recorded SHA-256; raise UserError on any difference."""
    listed = folder / "checksums.json"
    if not listed.exists():
        raise UserError(f"No reader weights in {str(folder)!r}. Reinstall clippings, or export some: "
                        "python -m rag.training.weights --help")  # fmt: skip
    for name, expected in json.loads(listed.read_text(encoding="utf-8")).items():
        path = folder / name
        actual = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"
        if actual != expected:
            raise UserError(f"{str(path)!r} is damaged: SHA-256 {actual[:12]!r}, expected {expected[:12]!r}. "
                            "Reinstall clippings.")  # fmt: skip


def _day(text: str) -> date | None:
    """Return the date of an ISO string, or None where there is none or it names no day."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def age_phrase(published: date | None, as_of: date | None) -> str:
    """Name the distance from `published` to `as_of` ("3 days ago"); empty when either is unknown."""
    if published is None or as_of is None:
        return ""
    days = (as_of - published).days
    if days < 0:
        return "later"
    if days < 2:
        return ("today", "yesterday")[days]
    for limit, unit, length in ((7, "day", 1), (31, "week", 7), (365, "month", 30), (10**6, "year", 365)):
        if days < limit:
            count = max(1, days // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return ""


def heading(title: str, published: date | None, as_of: date | None) -> str:
    """Join what stands in front of a passage's text: title, date and age, as trained and as read."""
    day = f"{published:%B} {published.day}, {published.year}" if published else ""
    parts = (title.strip(), day, age_phrase(published, as_of))
    return "".join(f"{part} | " for part in parts if part)
