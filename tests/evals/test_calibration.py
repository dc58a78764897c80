"""What is fitted for a reader: on questions of known probabilities, by hand, and on a real library."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from evals.calibration.fit import (
    FOUND_RIGHT,
    bar_for,
    beta_calibration,
    firsts,
    fit,
    leave_one_out,
    order_weights,
    promised,
)
from evals.calibration.rows import ReadQuestion, cases_of, load, read_questions, save
from evals.lab import fit_readers
from evals.sets import set_path
from index.errors import UserError
from index.library import Library
from rag.read.calibration import Beta
from rag.read.features import AnswerabilityFeatures, SentenceFeatures
from rag.read.reader import CombinedReader

FEATURES = [field.name for field in fields(SentenceFeatures)]
EVIDENCE = [field.name for field in fields(AnswerabilityFeatures)]


def question(number: int, set_name: str, sure: float, answerable: bool, right: bool) -> ReadQuestion:
    """A question of two sentences, the first of them better; what speaks for it is its window_overlap alone."""
    features = [[0.0] * (len(FEATURES) + 2) for _ in range(2)]
    features[0][0] = 1.0
    evidence = [0.0] * len(EVIDENCE)
    evidence[EVIDENCE.index("window_overlap")] = sure
    return ReadQuestion(
        reader="trained-x",
        set=set_name,
        id=f"{set_name}-{number}",
        answerable=answerable,
        tags=[],
        features=features,
        evidence=[evidence, [0.0] * len(EVIDENCE)],
        rules=[evidence, [0.0] * len(EVIDENCE)],
        gold=[answerable, False],
        right=[right, False],
        short=[float(right), -1.0],
    )


def drawn(set_name: str, count: int = 400, seed: int = 1) -> list[ReadQuestion]:
    """Questions whose log-odds of being answerable is 4 x - 2, of which 99 in 100 are then right."""
    numbers = np.random.default_rng(seed)
    sure = numbers.uniform(-0.5, 2.0, count)
    answerable = numbers.random(count) < 1 / (1 + np.exp(2 - 4 * sure))
    right = answerable & (numbers.random(count) < 0.99)
    return [question(n, set_name, float(sure[n]), bool(answerable[n]), bool(right[n])) for n in range(count)]


THREE_SETS = [*drawn("a", seed=1), *drawn("b", seed=2), *drawn("c", count=800, seed=3)]


def test_what_is_fitted_on_two_sets_holds_on_a_third_of_the_same_kind():
    for one in leave_one_out(THREE_SETS):
        assert one.error < 0.08
        assert one.right > FOUND_RIGHT - 0.06
        assert one.covered > 0.2
        assert one.refused == pytest.approx(0.1, abs=0.08)


def test_a_set_of_another_kind_shows_when_it_is_left_out():
    guessed = [replace(one, set="guessed", right=[False, False], short=[0.0, -1.0]) for one in drawn("d", seed=4)]
    by_set = {one.set: one for one in leave_one_out([*THREE_SETS, *guessed])}
    assert by_set["guessed"].right == 0
    assert by_set["guessed"].error > 0.2


def test_each_set_weighs_the_same_whatever_its_size():
    sample = firsts(THREE_SETS, order_weights(THREE_SETS))
    totals = [float(sample.weights[sample.sets == name].sum()) for name in sample.names]
    assert totals == pytest.approx([totals[0]] * 3)


def test_a_calibration_gives_probabilities_that_mean_what_they_say():
    calibration = fit(THREE_SETS)
    assert calibration.calibrated and calibration.questions == len(THREE_SETS)
    assert calibration.found is not None and calibration.short is not None
    assert calibration.answerability.window_overlap > 2
    assert calibration.answerability.agreement == 0.5
    by_rule = fit(THREE_SETS, rules=True)
    assert (by_rule.found, by_rule.short, by_rule.span) == (None, None, 0.0)


def test_a_contradicted_sentence_is_not_counted_as_found():
    contradicting = []
    for one in THREE_SETS:
        evidence = [list(one.evidence[0]), one.evidence[1]]
        evidence[0][EVIDENCE.index("names_contradicted")] = 1.0
        contradicting.append(replace(one, evidence=evidence))
    assert all(one.covered == 0 for one in leave_one_out(contradicting))


def test_an_order_that_is_given_is_kept():
    order = np.array([0.5] * (len(FEATURES) + 2))
    calibration = fit(THREE_SETS, order)
    assert (calibration.features.term_overlap, calibration.span, calibration.relevance) == (0.5, 0.5, 0.5)


def test_beta_calibration_finds_the_three_numbers_again():
    numbers = np.random.default_rng(5)
    confidence = numbers.uniform(0.01, 0.99, 40_000)
    true = Beta(1.5, 0.6, -0.4)
    right = numbers.random(40_000) < [true(one) for one in confidence]
    found = beta_calibration(confidence, right, np.ones(40_000))
    assert (found.a, found.b, found.c) == pytest.approx((true.a, true.b, true.c), abs=0.1)


def test_beta_calibration_never_turns_the_order_around():
    confidence = np.linspace(0.01, 0.99, 2_000)
    right = np.random.default_rng(6).random(2_000) < 1 - confidence
    found = beta_calibration(confidence, right, np.ones(2_000))
    assert min(found.a, found.b) >= 0


def test_the_lowest_bar_that_keeps_its_promise_by_hand():
    score, right, ones = np.array([0.9, 0.8, 0.7, 0.6]), np.array([1.0, 1.0, 0.0, 1.0]), np.ones(4)
    assert bar_for(score, right, ones, 1.0, least=1) == 0.8
    assert bar_for(score, right, ones, 0.75, least=1) == 0.6
    assert bar_for(score, np.zeros(4), ones, 0.5, least=1) is None
    assert bar_for(score, right, ones, 1.0, least=3) is None
    # The wrong one weighs three times as much.
    assert bar_for(score, right, np.array([1, 1, 3, 1]), 0.6, least=1) == 0.8


def test_a_bar_that_does_not_hold_on_a_set_left_out_is_not_kept():
    calibration = fit(THREE_SETS)
    held = [replace(one, right=0.95, short_right=0.85) for one in leave_one_out(THREE_SETS)]
    assert promised(calibration, held) == calibration
    broken = [*held[:2], replace(held[2], right=0.89)]
    assert (promised(calibration, broken).found, promised(calibration, broken).short) == (None, calibration.short)
    nowhere = [replace(one, right=float("nan"), covered=0.0) for one in held]
    assert promised(calibration, nowhere).found is None


def test_the_confidence_of_a_calibration_is_kept_with_its_bar():
    kept = fit(THREE_SETS[:600])
    again = fit(THREE_SETS, kept=kept)
    assert (again.answerability, again.bias, again.refusal) == (kept.answerability, kept.bias, kept.refusal)
    assert again.correctness != kept.correctness


def test_near_misses_count_for_the_confidence_alone():
    near = [replace(one, tags=["near-miss"], set="near") for one in drawn("e", seed=7)]
    with_near, without = fit([*THREE_SETS, *near]), fit(THREE_SETS)
    assert with_near.answerability != without.answerability
    kept = fit([*THREE_SETS, *near], kept=without)
    assert (kept.correctness, kept.beta, kept.found) == (without.correctness, without.beta, without.found)


def test_too_few_questions_are_an_error_that_says_what_to_add():
    with pytest.raises(UserError, match=r"weights take 30 of each\. Add a set"):
        fit(THREE_SETS[:40])


@pytest.fixture(scope="module")
def seed_rows(seeds_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few seed questions as the shipped reader read them."""
    library = Library.open(seeds_library)
    cases = cases_of(set_path("seeds.jsonl"), library, "half:tuning")
    assert any(case.held_out for case in cases)
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    save(path, read_questions("seeds", library, cases[:8], CombinedReader()))
    return path


def test_rows_of_a_real_reader_are_read_as_they_were_written(seed_rows: Path):
    rows = load(seed_rows, CombinedReader().name)
    assert len(rows) > 4
    assert any(any(one.gold) for one in rows if one.answerable)
    assert not any(any(one.right) or any(one.gold) for one in rows if not one.answerable)
    for one in rows:
        assert len(one.features) == len(one.evidence) == len(one.gold) == len(one.right) == len(one.short)
        assert {len(line) for line in one.features} == {len(FEATURES) + 2}
        assert {len(line) for line in one.evidence} == {len(EVIDENCE)}


def test_rows_of_another_reader_or_of_other_features_are_refused(seed_rows: Path, tmp_path: Path):
    with pytest.raises(UserError, match="other features or weights"):
        load(seed_rows, "trained-other")
    row = json.loads(seed_rows.read_text(encoding="utf-8").splitlines()[0])
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({**row, "evidence": [[1.0]] * len(row["evidence"])}) + "\n", encoding="utf-8")
    with pytest.raises(UserError, match="other features or weights"):
        load(other, row["reader"])
    other.write_text("{}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"Make them: python -m evals\.lab\.fit_readers"):
        load(other, row["reader"])


def test_the_command_fits_from_rows_alone_and_writes_beside_the_weights(tmp_path: Path):
    import shutil

    from rag.read.calibration import Calibration
    from rag.read.reader import WEIGHTS
    from rag.read.span_model import check_weights

    folder, rows = tmp_path / "weights", tmp_path / "rows.jsonl"
    shutil.copytree(WEIGHTS, folder)
    name = CombinedReader(folder).name
    save(rows, [replace(one, reader=name) for one in THREE_SETS])
    before = Calibration.load(folder)
    result = CliRunner().invoke(fit_readers.main, ["--weights", str(folder), "--rows", str(rows), "--keep", "order"])
    assert result.exit_code == 0, result.output + repr(result.exception)
    after = Calibration.load(folder)
    check_weights(folder)
    assert after.features == before.features
    assert after.questions == len(THREE_SETS) and after.calibrated
    assert result.output.count("ECE") == 6
