"""Passages put in a better order by a cross-encoder, which reads question and passage together, before any is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from index.types import Hit

POOL = 2
"""Times as many passages are ordered anew as are read: retrieval's own order has the right one nearly always that far
up, and each costs a run of the cross-encoder."""

MAX_TOKENS = 512
"""Word pieces of question and passage together; a passage has half as many."""

BATCH = 8
"""Pairs scored at once; sentence-transformers puts those of like length together."""


class CrossEncoderReranker:
    """A sentence-transformers CrossEncoder (Nogueira and Cho 2019), by name or folder; loads torch.

    Raises UserError as `load_cross_encoder` does.
    """

    def __init__(self, name: str) -> None:
        from index.engines.named_models import load_cross_encoder

        self._model, self.name = load_cross_encoder(name, MAX_TOKENS)

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The hits, best first.

        The new order goes by the cross-encoder's probability times the factor that a hit's age earned. The hits' scores
        stay the ones there were, dealt out in that order: they mean the same to what reads them, whatever the scale
        of a cross-encoder.
        """
        if not hits:
            return []
        pairs = [(question, f"{hit.article.title}\n{hit.text}") for hit in hits]
        logits = self._model.predict(pairs, batch_size=BATCH, show_progress_bar=False, activation_fn=_as_they_are)
        # In logarithms, since probabilities of passages that do not answer round to the same 0.
        keys = [
            math.log(hit.recency) - math.log1p(math.exp(-logit))
            for hit, logit in zip(hits, bounded(logits), strict=True)
        ]
        order = sorted(range(len(hits)), key=lambda number: -keys[number])
        scores = sorted((hit.score for hit in hits), reverse=True)
        return [replace(hits[number], score=score) for number, score in zip(order, scores, strict=True)]


def bounded(logits: Sequence[float]) -> list[float]:
    """Logits that `math.exp` takes, and the lowest for what is no number."""
    return [max(-500.0, min(500.0, float(logit))) if not math.isnan(logit) else -500.0 for logit in logits]


def _as_they_are(logits: object) -> object:
    """The activation that leaves a cross-encoder's logits alone; models name different ones for themselves."""
    return logits
