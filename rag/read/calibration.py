"""What rule features and the trained reader's logits are worth, kept beside the weights they were fitted for."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from index.errors import UserError
from rag.read.features import Features, Signs
from rag.read.span_model import CALIBRATION_FILE


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights fitted by `python -m evals.lab.fit_readers` on `questions` questions the reader was not trained on."""

    features: Features
    span: float
    relevance: float
    """What a sentence's features and its two logits weigh in its score."""
    signs: Signs
    bias: float
    """What the signs weigh in the confidence, a logistic function of their sum."""
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
            kept = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**kept, "features": Features(**kept["features"]), "signs": Signs(**kept["signs"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UserError(
                f"No calibration in {str(path)!r} ({error}). Make it: python -m evals.lab.fit_readers --help"
            ) from error
