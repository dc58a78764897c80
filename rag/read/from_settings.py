"""The reader that a setting names: the built-in one, one's own training, or any extractive model by name or folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from index.engines.encoder import DEFAULT
from index.engines.named_models import is_model_folder, is_repository
from rag.read.calibration import Calibration
from rag.read.library_calibrations import load_calibration, uncalibrated
from rag.read.reader import WEIGHTS, CombinedReader
from rag.read.rules import RuleReader
from rag.read.span_model import MODEL_FILE, ExtractiveModel, SpanModel


def is_named(reader: str) -> bool:
    """Whether a setting names a model in Hugging Face's format: a folder's kind is told by its files."""
    folder = Path(reader)
    if folder.is_dir():
        return is_model_folder(folder) and not (folder / MODEL_FILE).exists()
    return reader not in ("", RuleReader.name) and is_repository(reader)


def open_span_model(reader: str) -> ExtractiveModel:
    """The model that the setting `reader` names; empty for the one that ships.

    Raises UserError where it cannot be had.
    """
    if is_named(reader):
        from rag.read.named_span_model import NamedSpanModel

        return NamedSpanModel(reader)
    return SpanModel(Path(reader) if reader else WEIGHTS)


def open_combined_reader(reader: str) -> CombinedReader:
    """The reader whose model the setting `reader` names, calibrated for nothing if its weights bring no calibration.

    Raises UserError where it cannot be had.
    """
    if is_named(reader):
        return CombinedReader(calibration=uncalibrated(Calibration.load(WEIGHTS)), model=open_span_model(reader))
    return CombinedReader(Path(reader) if reader else WEIGHTS)


def calibrated(
    reader: CombinedReader, library: Path, models: Mapping[str, str]
) -> tuple[CombinedReader, tuple[str, ...]]:
    """A reader, as it was opened, with the calibration for these models and a library; a note where there is none.

    That of `clippings eval calibrate` comes first, then the one that was fitted with our own weights, which holds for
    the built-in encoder without a reranker. `models` as in `Assistant.models`. Raises UserError for a damaged one.
    """
    if fitted := load_calibration(library, models):
        return reader.with_calibration(fitted), ()
    with_weights = isinstance(reader.model, SpanModel)
    if with_weights and models["encoder"] == DEFAULT and "reranker" not in models:
        return reader, ()
    names = ", ".join(f"{part} {name}" for part, name in models.items())
    note = f"Not calibrated for {names}, so no answer counts as found. Type once: clippings eval calibrate"
    return reader.with_calibration(uncalibrated(reader.calibration)), (note,)
