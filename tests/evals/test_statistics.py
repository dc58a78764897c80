"""Intervals, tests and calibration against figures reckoned by hand."""

from __future__ import annotations

import pytest
from eval_answers import CHAIRED, COUNCIL, answer, quote
from hypothesis import given
from hypothesis import strategies as st

from evals.datasets.cases import Case
from evals.metrics import statistics
from evals.metrics.summary import MetricValue, by_tag, requirement, summarise
from evals.results import CaseResult, observe
from index.errors import UserError

WHO = Case(id="a", question="Who?", answers=("Ada Moreno",), tags=("who",))
COSTS = Case(id="b", question="How much?", answers=("40 euros",), tags=("number",))
NEVER = Case(id="c", question="When?", answerable=False, tags=("near-miss",))


def results() -> list[CaseResult]:
    return [
        observe(WHO, answer(quote(COUNCIL, *CHAIRED), confidence=0.9, seconds=1.0)),
        observe(COSTS, answer(quote(COUNCIL, *CHAIRED), confidence=0.6, seconds=2.0)),
        observe(NEVER, answer(refused=True, confidence=0.2, seconds=3.0)),
    ]


def figures(found: list[CaseResult], **options: bool) -> dict[str, MetricValue]:
    return {figure.metric.name: figure for figure in summarise(found, **options)}


def test_risk_coverage_answers_equal_confidences_together():
    coverage, accuracy = statistics.risk_coverage([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0])
    assert coverage.tolist() == [0.25, 0.75, 1.0]
    assert accuracy.tolist() == pytest.approx([1, 2 / 3, 1 / 2])
    # errors 0, 1/3, 1/2 over widths 1/4, 1/2, 1/4
    assert statistics.aurc([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0]) == pytest.approx(1 / 6 + 1 / 8)


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0, 1.0])), min_size=1, max_size=20), st.randoms())
def test_aurc_does_not_depend_on_the_order_of_questions(pairs: list[tuple[float, float]], random):
    shuffled = random.sample(pairs, len(pairs))
    before, after = (statistics.aurc(*zip(*some, strict=True)) for some in (pairs, shuffled))
    assert before == pytest.approx(after)
    assert 0 <= before <= 1


def test_wrong_answers_at_a_tenth_of_wrong_refusals():
    answerable = [0.05, *[0.5] * 9]
    assert statistics.wrong_answers_at(answerable, [0.6, 0.4, 0.5, 0.1]) == 0.5  # the bar is 0.5
    assert statistics.wrong_answers_at([0.5] * 5, [0.6, 0.1]) == 0.5  # none of five may be refused


def test_calibration_error():
    # bin 0.9..1: confidence .95, right .5; bin 0.2..: confidence .2, right 0
    assert statistics.calibration_error([0.95, 0.95, 0.2, 0.2], [1, 0, 0, 0]) == pytest.approx(0.325)


def test_intervals_repeat_and_hold_the_mean():
    values = [1.0] * 70 + [0.0] * 30
    low, high = statistics.interval(values)
    assert (low, high) == statistics.interval(values)
    # the normal approximation: .7 ± 1.96 * sqrt(.7 * .3 / 100) = .61 to .79
    assert low == pytest.approx(0.61, abs=0.015)
    assert high == pytest.approx(0.79, abs=0.015)
    assert statistics.interval([0.5]) == (0.5, 0.5)


def test_difference_of_rates_uses_the_exact_mcnemar_test():
    found = statistics.difference([0, 0, 0, 0, 0, 0, 1, 1], [1, 1, 1, 1, 1, 1, 1, 0])
    assert found.test == "McNemar, exact"
    assert found.value == pytest.approx(5 / 8)
    assert found.p == pytest.approx(2 * (1 + 7) / 2**7)  # 6 of 7 changes upwards, two-sided


def test_difference_of_other_scores_uses_a_permutation_test():
    found = statistics.difference([0.1, 0.2, 0.3], [0.2, 0.4, 0.6])
    assert found.test == "permutation"
    assert found.p == pytest.approx(2 / 2**3)  # only all three swapped or none is as extreme
    assert statistics.difference([0.5, 0.25], [0.5, 0.25]).p == 1
    assert statistics.difference([0.5], [0.75]).p == 1


def test_a_summary_names_everything_and_says_what_was_not_measured():
    found = figures(results())
    assert found["answer.correct"].value == 1 / 2
    assert found["refusal.wrong_refusals"].value == 0
    assert found["refusal.wrong_answers"].value == 0
    assert found["risk.coverage"].value == pytest.approx(2 / 3)
    assert found["risk.accuracy"].value == 1 / 2
    assert found["latency.p50"].value == 2
    assert found["errors"].value == 0
    assert str(found["judge.score"]) == "not measured"
    assert found["article.hit@1"].value is None
    assert "gold articles" in found["article.hit@1"].why


def test_a_rightly_refused_question_is_no_success_where_all_must_be_answered():
    # surest first: right, wrong, refused; errors 0, 1/2, 2/3 over thirds
    assert figures(results())["risk.aurc"].value == pytest.approx((0 + 1 / 2 + 2 / 3) / 3)


def test_time_is_not_measured_where_several_questions_ran_at_once():
    assert figures(results(), timed=False)["latency.p95"].value is None


def test_a_failed_question_is_counted_as_failed_and_in_no_other_figure():
    found = figures([*results(), CaseResult(case=WHO, error="ValueError: no")])
    assert found["errors"].value == 1
    assert found["answer.correct"].questions == 2


def test_figures_by_tag():
    table = by_tag(results(), ["answer.correct", "refusal.wrong_answers"])
    assert {tag: [figure.value for figure in row] for tag, row in table.items()} == {
        "who": [1, None],
        "number": [0, None],
        "near-miss": [None, 0],
    }


def test_requirements_are_met_unmet_or_unmeasured():
    found = summarise(results())
    assert requirement("answer.correct>=0.5").unmet(found) == ""
    assert "0.5000" in requirement("answer.correct>=0.6").unmet(found)
    assert "not measured" in requirement("article.hit@4 >= 0").unmet(found)
    assert requirement("refusal.wrong_answers<=0.1").unmet(found) == ""


@pytest.mark.parametrize("text", ["answer.correct", "answer.correct=1", "answer.correct>=high", "beauty>=1", ">=1"])
def test_a_requirement_that_cannot_be_read_says_so(text: str):
    with pytest.raises(UserError):
        requirement(text)
