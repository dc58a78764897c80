"""What the reader's logits are worth: a score to order answers by, the chance that the best is right."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from index.errors import UserError
from rag.reader.trained import CALIBRATION_FILE


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights fitted by logistic regression on held-out questions (`python -m rag.reader.calibrate`)."""

    relevance: float = 1.0
    span: float = 1.0
    rank: float = 0.0
    slope: float = 1.0
    intercept: float = 0.0
    questions: int = 0

    def score(self, relevance: float, span: float, rank: int) -> float:
        """Return the log-odds that this span answers; `rank` counts retrieval's passages from 1."""
        return self.relevance * relevance + self.span * span - self.rank * math.log(rank)

    def confidence(self, best: float) -> float:
        """Return the probability (0 to 1) that a question's answer of highest score, `best`, is right."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.slope * best + self.intercept))))

    def save(self, folder: Path) -> None:
        """Write calibration.json; the checksums of `folder` must be written anew after it."""
        (folder / CALIBRATION_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Calibration":
        """Read calibration.json; raises UserError when it is missing or holds something else."""
        path = folder / CALIBRATION_FILE
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise UserError(
                f"No calibration in {str(path)!r} ({error}). Make it: python -m rag.reader.calibrate --help"
            ) from error
