"""The weights of rule features and span-model logits, stored beside the model they were fitted for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.errors import UserError
from rag.read.features import AnswerabilityFeatures, SentenceFeatures
from rag.read.span_model import CALIBRATION_FILE

FORMER_KEYS = {
    "signs": "window=window_overlap named=name_overlap numbered=number_overlap words=bm25 stale=staleness "
    "unsaid=speaker_mismatch agreed=agreement",
    "features": "words=term_overlap window=window_overlap hit=retrieval_score kind=answer_type brief=too_short "
    "quoted=quotation",
}
"""What the keys were called in the first calibration files; `signs` itself is `answerability` now."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights fitted by `python -m evals.lab.fit_readers` on `questions` questions the reader was not trained on."""

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
            return cls(**{**data, "answerability": AnswerabilityFeatures(**data["answerability"])})
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UserError(
                f"No calibration in {str(path)!r} ({error}). Make it: python -m evals.lab.fit_readers --help"
            ) from error


def _renamed(part: str, values: Mapping[str, Any]) -> dict[str, Any]:
    names = dict(pair.split("=") for pair in FORMER_KEYS[part].split())
    return {names.get(name, name): value for name, value in values.items()}
