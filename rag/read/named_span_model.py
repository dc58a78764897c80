"""Extractive question-answering models in Hugging Face's format as readers; loads torch, which no other does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from index.engines.named_models import load_question_answering
from rag.read.span_model import OVERLAP, ExtractiveModel

MOST_TOKENS = 512
"""Word pieces of a window at most: passages are shorter than that, and attention grows with the square."""

BATCH = 8
"""Windows run at once, those of like length together."""

NO_ANSWER_LOGIT = "no_answer_logit"
"""Key of a config.json whose model was trained, as ours, against a constant for "no answer" and not against its first
token's logits: what a start and an end logit add up to for a span as good as none."""


class NamedSpanModel(ExtractiveModel):
    """A model that `transformers` knows for extractive question answering, by name or folder.

    SQuAD 2.0's models give "no answer" the start and end logits of the first token (Devlin et al. 2019, 4.3). Start and
    end are two distributions there, so a span's score is the mean of its two log-odds against that token, and the
    relevance the mean of the log-odds that start and end stand anywhere in the passage. Raises UserError as
    `load_question_answering` does.
    """

    def __init__(self, name: str) -> None:
        import torch

        model, tokenizer, self.name = load_question_answering(name)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = model.to(self._device)
        self._no_answer = getattr(model.config, NO_ANSWER_LOGIT, None)
        self._typed = "token_type_ids" in tokenizer.model_input_names
        self._padding, self._first = tokenizer.pad_token_id or 0, tokenizer.cls_token_id
        self._tokenizer = tokenizer.backend_tokenizer
        tokens = window_tokens(tokenizer, model.config)
        self._tokenizer.enable_truncation(tokens, stride=min(OVERLAP, tokens // 4), strategy="only_second")
        self._tokenizer.no_padding()
        self._question_tokens = tokens // 2

    def _run(self, windows: Sequence[Any], blocks: Sequence[np.ndarray]) -> list[tuple[np.ndarray, float]]:
        order = sorted(range(len(windows)), key=lambda number: len(windows[number].ids))
        results: list[Any] = [None] * len(windows)
        for first in range(0, len(order), BATCH):
            numbers = order[first : first + BATCH]
            for number, logits in zip(numbers, self._logits([windows[number] for number in numbers]), strict=True):
                results[number] = self._against_none(windows[number], logits, blocks[number] >= 0)
        return results

    def _logits(self, windows: Sequence[Any]) -> list[np.ndarray]:
        """Start and end logits [tokens, 2] of each window, as the model gives them."""
        import torch

        longest = max(len(window.ids) for window in windows)

        def padded(rows: Sequence[Sequence[int]], value: int) -> Any:
            filled = [[*row, *[value] * (longest - len(row))] for row in rows]
            return torch.tensor(filled, dtype=torch.long, device=self._device)

        inputs = {
            "input_ids": padded([window.ids for window in windows], self._padding),
            "attention_mask": padded([window.attention_mask for window in windows], 0),
        }
        if self._typed:
            inputs["token_type_ids"] = padded([window.type_ids for window in windows], 0)
        with torch.inference_mode():
            output = self._model(**inputs)
        both = torch.stack((output.start_logits, output.end_logits), -1).float().cpu().numpy()
        return [logits[: len(window.ids)] for window, logits in zip(windows, both, strict=True)]

    def _against_none(self, window: Any, logits: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, float]:
        """Logits of which a start and an end add up to the span's score, and the relevance; -inf without passage."""
        if self._no_answer is None:
            first = window.ids.index(self._first) if self._first in window.ids else 0
            odds, weight = logits - logits[first], 0.5
        else:
            odds, weight = logits - self._no_answer / 2, 1.0
        relevance = weight * float(np.logaddexp.reduce(odds[inside], axis=0).sum()) if inside.any() else -np.inf
        return weight * odds, relevance


def window_tokens(tokenizer: Any, config: Any) -> int:
    """How many word pieces a model takes at once, `MOST_TOKENS` at most."""
    # RoBERTa's positions begin at 2, which not every tokenizer_config.json allows for.
    positions = getattr(config, "max_position_embeddings", None) or MOST_TOKENS + 2
    return int(min(MOST_TOKENS, tokenizer.model_max_length, positions - 2))
