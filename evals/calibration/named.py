"""How sure to be with the encoder, reranker and reader that are set, for one library: `clippings eval calibrate`."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from evals.calibration.fit import LEAST, Reached, fit, leave_one_out, of_either_kind
from evals.calibration.rows import TUNING_HALF, ReadQuestion, cases_of, load, read_questions, save
from evals.metrics import statistics
from index.errors import UserError
from index.library import Library
from rag.assistant import Assistant
from rag.read.calibration import Calibration
from rag.read.library_calibrations import save_calibration
from rag.read.reader import CombinedReader


@dataclass(frozen=True, slots=True)
class TuningSet:
    """A question set and the library it is asked of."""

    name: str
    library: Library
    path: Path


def read_sets(
    assistant: Assistant,
    sets: Sequence[TuningSet],
    rows: Path,
    most: int | None,
    progress: Callable[[str, int, int], None],
) -> list[ReadQuestion]:
    """The questions of the sets' tuning halves as the assistant's models read them, at most so many of a set.

    What `rows` holds already is not read again, so that a run that was stopped goes on. `progress` is told the set, how
    many of its questions are read, and how many there are. Raises UserError for a reader that has no model.
    """
    reader = assistant.reader
    if not isinstance(reader, CombinedReader):
        raise UserError(f"The reader {reader.name!r} has no model to calibrate. See: clippings config")
    known = {(one.set, one.id) for one in (load(rows, reader.name) if rows.exists() else [])}
    wanted: set[tuple[str, str]] = set()
    for one in sets:
        cases = cases_of(one.path, one.library, TUNING_HALF)
        if most is not None and most < len(cases):
            cases = random.Random(statistics.SEED).sample(cases, most)
        wanted |= {(one.name, case.id) for case in cases}
        for number, case in enumerate(cases):
            progress(one.name, number, len(cases))
            if (one.name, case.id) not in known:
                save(rows, read_questions(one.name, one.library, [case], reader, assistant.reranker))
        progress(one.name, len(cases), len(cases))
    return [one for one in load(rows, reader.name) if (one.set, one.id) in wanted]


def calibrate(assistant: Assistant, questions: Sequence[ReadQuestion]) -> tuple[Calibration, list[Reached], Path]:
    """Fit a calibration on all questions and keep it with the assistant's library for its models.

    Returns it, what is reached on each set by one that was fitted on the others, and where it is kept. Raises UserError
    for too few questions.
    """
    calibration = fit(questions)
    reached = leave_one_out(questions) if _can_leave_out(questions) else []
    figures = {"questions": len(questions), "fitted on the other sets": [asdict(one) for one in reached]}
    return calibration, reached, save_calibration(assistant.library.folder, assistant.models, calibration, figures)


def _can_leave_out(questions: Sequence[ReadQuestion]) -> bool:
    """Whether enough of either kind are left whichever set is left out."""
    names = {one.set for one in questions}
    return all(min(of_either_kind([one for one in questions if one.set != name])) >= LEAST for name in names)
