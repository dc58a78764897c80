"""Calibrations that `clippings eval calibrate` fitted, kept in a library's folder by the models they hold for."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from index.errors import UserError
from index.permissions import make_folder, secure
from rag.read.calibration import Calibration

FOLDER = "calibrations"
"""In a library's folder."""
RECORD = "models.json"
"""Which models a calibration is for, what it was fitted on and what it reached: for people."""


def calibration_folder(library: Path, models: Mapping[str, str]) -> Path:
    """Where the calibration of these models for a library stands, be it there or not.

    `models` names encoder, reranker and reader, each with its weights' fingerprint, as `Assistant.models`.
    """
    key = hashlib.sha256(json.dumps(dict(sorted(models.items()))).encode()).hexdigest()[:12]
    return library / FOLDER / key


def load_calibration(library: Path, models: Mapping[str, str]) -> Calibration | None:
    """The calibration of these models for a library; None where it has none. Raises UserError for a damaged one."""
    folder = calibration_folder(library, models)
    if not folder.is_dir():
        return None
    try:
        return Calibration.load(folder)
    except UserError as error:
        raise UserError(
            f"The calibration in {str(folder)!r} cannot be read. Fit it anew: clippings eval calibrate"
        ) from error


def save_calibration(
    library: Path, models: Mapping[str, str], calibration: Calibration, reached: Mapping[str, Any]
) -> Path:
    """Keep a calibration with a library, in place of one for the same models; returns its folder.

    `reached` are the figures that are kept beside it.
    """
    folder = calibration_folder(library, models)
    make_folder(folder.parent)
    written = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    calibration.save(written)
    record = {"models": dict(models), "reached": dict(reached)}
    (written / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    written.rename(folder)
    secure(library)
    return folder


def uncalibrated(calibration: Calibration) -> Calibration:
    """The same weights and refusal bar, to begin with, for models they were not fitted for: no answer is found."""
    return replace(calibration, found=None, short=None)
