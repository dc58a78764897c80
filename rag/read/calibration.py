"""The weights of rule features and span-model logits, stored beside the model they were fitted for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.errors import UserError
from rag.read.features import AnswerabilityFeatures, SentenceFeatures, logistic, weighted_sum
from rag.read.span_model import CALIBRATION_FILE
from rag.types import State

LEAST_CONFIDENCE = 1e-6
"""How near to 0 and 1 a confidence counts."""

FORMER_KEYS = {
    "signs": "window=window_overlap named=name_overlap numbered=number_overlap words=bm25 stale=staleness "
    "unsaid=speaker_mismatch agreed=agreement",
    "features": "words=term_overlap window=window_overlap hit=retrieval_score kind=answer_type brief=too_short "
    "quoted=quotation",
}
"""What the keys were called in the first calibration files; `signs` itself is `answerability` now."""


@dataclass(frozen=True, slots=True)
class Beta:
    """A beta calibration, which makes a probability of a confidence: logistic(a ln p - b ln(1 - p) + c).

    Kull, Silva Filho and Flach, 2017. (1, 1, 0) leaves a confidence as it is.
    """

    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

    def __call__(self, confidence: float) -> float:
        """The probability for a confidence in [0, 1]; both ends are kept from infinity."""
        p = min(max(confidence, LEAST_CONFIDENCE), 1 - LEAST_CONFIDENCE)
        return logistic(self.a * math.log(p) - self.b * math.log(1 - p) + self.c)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is fitted for a reader, by `python -m evals.lab.fit_readers`, on questions it was not trained on.

    In order: the weights that sentences are ranked by; the logistic function that gives the confidence that the
    articles answer at all; another, of the same features, and the beta calibration after it, which give the
    probability that the first sentence is right; and the bars of the three states and of the short answer.
    """

    features: SentenceFeatures
    span: float
    relevance: float
    """What a sentence's features and its two logits weigh in its score."""
    answerability: AnswerabilityFeatures
    bias: float
    """What the answerability features weigh in the confidence, a logistic function of their sum."""
    refusal: float
    """The confidence below which one in ten answerable questions is refused, each set counting the same."""
    questions: int
    """How many it was fitted on."""
    correctness: AnswerabilityFeatures | None = None
    correctness_bias: float = 0.0
    """What they weigh in the probability; None: not calibrated."""
    beta: Beta = Beta()
    found: float | None = None
    """The probability from which an answer is `found`; None: never."""
    short: float | None = None
    """The probability from which a short answer stands alone; None: never."""

    @property
    def calibrated(self) -> bool:
        """Whether there are probabilities; where not, nothing is ever found."""
        return self.correctness is not None

    def confidence(self, known: AnswerabilityFeatures) -> float:
        """The confidence that the articles answer, by what is known of the first sentence.

        Below the bar of refusal where the sentence is contradicted: of 217 right ones of the tuning halves none is.
        """
        confidence = logistic(self.bias + weighted_sum(self.answerability, known))
        return confidence * self.refusal if known.contradicted else confidence

    def probability(self, known: AnswerabilityFeatures) -> float:
        """The probability that a sentence is right; 0 where it is not calibrated."""
        if self.correctness is None:
            return 0.0
        return self.beta(logistic(self.correctness_bias + weighted_sum(self.correctness, known)))

    def state(self, confidence: float, probability: float) -> State:
        """The state of an answer of that confidence and probability."""
        if confidence < self.refusal:
            return "not_found"
        return "found" if self.calibrated and self.found is not None and probability >= self.found else "may_answer"

    def save(self, folder: Path) -> None:
        """Write calibration.json; the checksums of `folder` must be written anew after it."""
        (folder / CALIBRATION_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Calibration:
        """Read calibration.json; raises UserError when it is missing or holds something else."""
        path = folder / CALIBRATION_FILE
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if "signs" in data:
                data["answerability"] = _renamed("signs", data.pop("signs"))
                data["features"] = _renamed("features", data["features"])
            data["features"] = SentenceFeatures(**data["features"])
            data["beta"] = Beta(**data.get("beta", {}))
            if correctness := data.get("correctness"):
                data["correctness"] = AnswerabilityFeatures(**correctness)
            return cls(**{**data, "answerability": AnswerabilityFeatures(**data["answerability"])})
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UserError(
                f"No calibration in {str(path)!r} ({error}). Make it: python -m evals.lab.fit_readers --help"
            ) from error


def _renamed(part: str, values: Mapping[str, Any]) -> dict[str, Any]:
    names = dict(pair.split("=") for pair in FORMER_KEYS[part].split())
    return {names.get(name, name): value for name, value in values.items()}
