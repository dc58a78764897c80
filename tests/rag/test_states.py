"""The three states of an answer over real articles: what is never found, what a state rests on, what it says why."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest
from scripted_model import serving

from evals.sets import DEMO
from index.library import Library
from rag.answer.outcome import assess
from rag.assistant import Assistant
from rag.read.calibration import Beta, Calibration
from rag.read.features import AnswerabilityFeatures
from rag.read.reader import WEIGHTS, CombinedReader
from rag.settings import Settings
from rag.types import Reading, Statement
from ui.library_access import build_library

MAJORITY = "what did Lankford say about the majority?"
TRUE = 'Lankford said, "We\'ve got a narrow majority in the House" [1].'
FALSE = "Lankford said the majority in the House was 312 to 4 [1]."
NAMES = ("Kosgei", "Barron", "Tesco", "Manafort", "Navalny")
"""Articles with these names make the library: those of the questions, and others to find something in."""


@pytest.fixture(scope="module")
def wikinews(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wikinews")
    rows = [json.loads(line) for line in DEMO.read_text(encoding="utf-8").splitlines()]
    kept = [row for row in rows if any(name in row["text"] for name in NAMES)]
    assert len(kept) > 5
    (folder / "articles.jsonl").write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    build_library(Settings(library=str(folder / "library")), [str(folder / "articles.jsonl")])
    return Library.open(folder / "library")


@pytest.fixture(scope="module")
def shipped():
    return CombinedReader()


@pytest.fixture(scope="module")
def always_sure():
    """The shipped reader with bars that everything passes."""
    shipped = Calibration.load(WEIGHTS)
    bars = {"refusal": 0.0, "correctness": shipped.answerability, "found": 0.0, "short": 0.0}
    return CombinedReader(WEIGHTS, replace(shipped, **bars))


EMBARRASSING = (
    ("When did Kosgei win the London Marathon?", "Chicago Marathon"),
    ("How old is Donald Trump?", "Barron"),
)


@pytest.mark.parametrize(("question", "instead"), EMBARRASSING)
def test_what_is_true_of_another_is_never_found_however_sure_the_reader_is(wikinews, always_sure, question, instead):
    state = (assistant := Assistant(wikinews, Settings())).retrieve(assistant.understand(question))
    reading = always_sure.read(state.query, state.hits)
    candidate = next(one for one in reading.candidates if instead in one.text and one.short)
    result = reading.assess(candidate)
    assert result.state == "may_answer"
    assert instead in result.why


@pytest.mark.parametrize(("question", "instead"), EMBARRASSING)
def test_what_is_true_of_another_is_refused_by_the_calibration_that_ships(wikinews, shipped, question, instead):
    state = (assistant := Assistant(wikinews, Settings(), shipped)).retrieve(assistant.understand(question))
    reading = shipped.read(state.query, state.hits)
    candidate = next(one for one in reading.candidates if instead in one.text and one.short)
    assert reading.assess(candidate).state == "not_found"
    assert assistant.answer(state).state != "found"


@pytest.mark.parametrize("question", ["When did Kosgei win the Chicago Marathon?", "How old is Barron Trump?"])
def test_the_same_sentence_is_found_for_what_it_does_say(wikinews, always_sure, question):
    answer = Assistant(wikinews, Settings(), always_sure).ask(question)
    assert (answer.state, answer.why) == ("found", "")


def test_a_reader_without_calibration_finds_nothing_and_gives_no_probability(wikinews):
    unfitted = replace(Calibration.load(WEIGHTS), correctness=None, found=0.0, short=0.0)
    answer = Assistant(wikinews, Settings(), CombinedReader(WEIGHTS, unfitted)).ask("How old is Barron Trump?")
    assert (answer.state, answer.probability, answer.short) == ("may_answer", 0.0, "")
    assert answer.confidence > 0.5


def test_the_rules_alone_find_nothing(wikinews):
    answer = Assistant(wikinews, Settings(reader="rules")).ask("When did Kosgei win the Chicago Marathon?")
    assert answer.state == "may_answer"


def test_the_reader_that_ships_is_calibrated_and_its_probability_is_of_the_first_statement(wikinews, shipped):
    sure, unsure = (
        Assistant(wikinews, Settings(), shipped).ask(question)
        for question in ("How old is Barron Trump?", "How many lions live in the wild in South Africa?")
    )
    assert 0 < unsure.probability < sure.probability < 1


def test_a_probability_by_hand():
    known = AnswerabilityFeatures(*[0.0] * len(fields(AnswerabilityFeatures)))
    weights = replace(known, span=2.0)
    bars = replace(Calibration.load(WEIGHTS), correctness=weights, correctness_bias=-1.0, beta=Beta(2, 1, 0))
    # log-odds 2 * .5 - 1 = 0, so .5, of which the beta calibration makes odds .25 / .5
    assert bars.probability(replace(known, span=0.5)) == pytest.approx(1 / 3)
    assert replace(bars, correctness=None).probability(known) == 0


def test_a_short_answer_stands_alone_only_for_what_can_be_told_apart(wikinews, always_sure):
    assistant = Assistant(wikinews, Settings(), always_sure)
    aged = assistant.ask("How old is Barron Trump?")
    assert aged.short and aged.short == aged.statements[0].text[slice(*aged.statements[0].span)]
    assert assistant.ask("Why was Barron Trump tested?").short == ""


def test_beta_calibration_by_hand():
    assert Beta()(0.3) == pytest.approx(0.3)
    assert Beta(1, 1, 0)(1.0) < 1 and Beta(1, 1, 0)(0.0) > 0
    # odds (p ** 2) / ((1 - p) ** 1) at p = .5: .25 / .5, so 1/3
    assert Beta(2, 1, 0)(0.5) == pytest.approx(1 / 3)


def test_the_bars_by_hand():
    shipped = Calibration.load(WEIGHTS)
    bars = replace(shipped, refusal=0.3, correctness=shipped.answerability, found=0.8)
    assert [bars.state(*pair) for pair in ((0.29, 1.0), (0.3, 0.79), (0.3, 0.8))] == [
        "not_found", "may_answer", "found",
    ]  # fmt: skip
    assert replace(bars, found=None).state(1.0, 1.0) == "may_answer"
    assert replace(bars, correctness=None).state(1.0, 1.0) == "may_answer"


# What a chat model writes


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def written(library, reader, reply):
    with serving(reply) as (_, url):
        settings = Settings(model="openai:scripted", model_url=url, model_cache=False, model_timeout=5.0)
        return Assistant(library, settings, reader).ask(MAJORITY)


@pytest.mark.parametrize(("reply", "state"), [(TRUE, "found"), (f"{TRUE} {FALSE}", "may_answer")])
def test_what_a_model_writes_is_found_only_where_all_of_it_rests_on_what_is(seeds_library, always_sure, reply, state):
    pytest.importorskip("langchain_openai")
    answer = written(Library.open(seeds_library), always_sure, reply)
    assert answer.model == "openai:scripted"
    assert (answer.state, answer.short) == (state, "")


def test_what_a_model_writes_is_not_found_by_a_reader_that_is_not_sure(seeds_library):
    pytest.importorskip("langchain_openai")
    unsure = CombinedReader(WEIGHTS, replace(Calibration.load(WEIGHTS), refusal=0.0, found=None))
    assert written(Library.open(seeds_library), unsure, TRUE).state == "may_answer"


def test_a_citation_that_the_reader_did_not_rank_says_nothing_of_the_state():
    reading = Reading((), 0.99, True)
    assert assess(reading, [Statement("A sentence of no candidate.")]).state == "may_answer"
    assert assess(reading, []).state == "not_found"
