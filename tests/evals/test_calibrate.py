"""`clippings eval calibrate`: a named reader's confidence is fitted, kept with the library, and used from then on."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import named_models
import pytest
from click.testing import CliRunner
from transformers import BertForQuestionAnswering, BertForSequenceClassification

from evals.calibration.named import TuningSet, calibrate, read_sets
from evals.sets import set_path
from index.errors import UserError
from index.library import Library
from rag.assistant import Assistant
from rag.read.library_calibrations import load_calibration, save_calibration
from rag.settings import Settings
from ui.cli import cli

QUESTION = "what did Lankford say about the majority?"
MOST = 90


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    return named_models.small(BertForQuestionAnswering, tmp_path_factory.mktemp("models") / "reader")


@pytest.fixture(scope="module")
def library(tmp_path_factory, seeds_library):
    folder = tmp_path_factory.mktemp("calibrated") / "library"
    shutil.copytree(seeds_library, folder)
    return Library.open(folder)


@pytest.fixture(scope="module")
def calibrated(reader, library, tmp_path_factory):
    """What was told of the progress, the rows that were read, and the calibration."""
    rows, told = tmp_path_factory.mktemp("rows") / "rows.jsonl", []
    assistant = Assistant(library, Settings(reader=str(reader)))
    sets = [TuningSet("seeds", library, set_path("seeds.jsonl"))]
    read_sets(assistant, sets, rows, 4, lambda *step: None)
    questions = read_sets(assistant, sets, rows, MOST, lambda *step: told.append(step))
    return told, rows, calibrate(assistant, questions)


def test_what_was_read_is_kept_and_not_read_again(calibrated, reader, library):
    told, rows, _ = calibrated
    assert told[-1] == ("seeds", MOST, MOST)
    lines = rows.read_text().splitlines()
    assert len(lines) == len({json.loads(line)["id"] for line in lines})
    assistant = Assistant(library, Settings(reader=str(reader)))
    sets = [TuningSet("seeds", library, set_path("seeds.jsonl"))]
    read_sets(assistant, sets, rows, MOST, lambda *step: None)
    assert rows.read_text().splitlines() == lines


def test_a_calibration_holds_for_its_models_and_no_others(calibrated, reader, library):
    _, _, (calibration, reached, folder) = calibrated
    assert folder.parent == library.folder / "calibrations"
    assert reached == []  # of one set none can be left out
    assistant = Assistant(library, Settings(reader=str(reader)))
    answer = assistant.ask(QUESTION)
    assert answer.notes == () and answer.probability > 0
    record = json.loads((folder / "models.json").read_text())
    assert record["models"] == assistant.models
    assert record["reached"]["questions"] == calibration.questions
    other = Assistant(library, Settings(reader=str(reader), reranker=str(_cross_encoder(reader)))).ask(QUESTION)
    assert other.state != "found" and any("clippings eval calibrate" in note for note in other.notes)
    assert load_calibration(library.folder, {**assistant.models, "encoder": "another"}) is None


def _cross_encoder(reader):
    folder = reader.parent / "cross-encoder"
    return folder if folder.exists() else named_models.small(BertForSequenceClassification, folder, num_labels=1)


def test_the_bar_of_a_calibration_decides_what_is_found(calibrated, reader, library):
    """The same weights and the same question: only the calibration tells them apart."""
    _, _, (calibration, _, _) = calibrated
    assistant = Assistant(library, Settings(reader=str(reader)))
    states = []
    for found in (0.0, None):
        fitted = replace(calibration, refusal=0.0, found=found)
        save_calibration(library.folder, assistant.models, fitted, {})
        states.append(Assistant(library, Settings(reader=str(reader))).ask(QUESTION).state)
    save_calibration(library.folder, assistant.models, calibration, {})
    assert states == ["found", "may_answer"]


def test_rules_cannot_be_calibrated(library, tmp_path):
    assistant = Assistant(library, Settings(reader="rules"))
    with pytest.raises(UserError, match="'rules' has no model"):
        read_sets(assistant, [], tmp_path / "rows", None, lambda *step: None)


def test_the_folder_is_its_owners_alone(calibrated, library):
    assert (library.folder / "calibrations").stat().st_mode & 0o077 == 0


@pytest.mark.integration
def test_the_command_reads_the_sets_that_ship_and_ones_own_and_says_what_is_reached(
    reader, library, tmp_path, monkeypatch
):
    monkeypatch.setenv("CLIPPINGS_READER", str(reader))
    own = tmp_path / "own.jsonl"
    own.write_text(set_path("seeds.jsonl").read_text())
    command = ["eval", "calibrate", str(own), "--library", str(library.folder), "--most", "30"]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0, done.output
    for name in ("seeds", "wikinews", "near_misses", "own own"):
        assert any(line.strip().startswith(name) and "ECE" in line for line in done.stdout.splitlines()), done.stdout
    assert f"kept in {library.folder / 'calibrations'}" in done.stdout
