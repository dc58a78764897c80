"""The weights of the alignment features, fitted by `python -m evals.lab.fit_support`, and the bar they are held to."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from functools import cache
from math import exp
from pathlib import Path

from index.errors import UserError
from rag.verify.alignment import AlignmentFeatures

FILE = Path(__file__).parent / "calibration.json"


@dataclass(frozen=True, slots=True)
class SupportCalibration:
    """A logistic regression on sentences judged true or false, `pairs` of each."""

    features: AlignmentFeatures
    """What each weighs."""
    bias: float
    bar: float
    """The probability below which a sentence is marked."""
    pairs: int

    def probability(self, features: AlignmentFeatures) -> float:
        """How likely a sentence with these features is supported (0 to 1)."""
        names = [field.name for field in fields(AlignmentFeatures)]
        score = self.bias + sum(getattr(self.features, name) * getattr(features, name) for name in names)
        return 1 / (1 + exp(-score))

    def save(self, path: Path = FILE) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


@cache
def load(path: Path = FILE) -> SupportCalibration:
    """Read the calibration that ships; raises UserError when it is missing or holds something else."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return SupportCalibration(**{**data, "features": AlignmentFeatures(**data["features"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"No calibration in {str(path)!r} ({error}). Make it: python -m evals.lab.fit_support"
        ) from error
