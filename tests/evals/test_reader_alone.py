"""The reader without retrieval as a system of `clippings eval`, with the weights that ship, on small sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from evals.metrics.summary import MetricValue, summarise
from evals.results import CaseResult
from evals.runs import read_results, systems
from ui.cli import cli

HARBOUR = "The harbour froze on Monday. Ann Lee opened the festival with a song. Boats had to wait for three days."
TRAIN = "The night train to Lyon was late. Its driver, Omar Haddad, blamed the snow. Passengers slept in the station."
ASKED = (("Who opened the festival?", "Ann Lee", HARBOUR), ("Who drove the train to Lyon?", "Omar Haddad", TRAIN))


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory):
    """The libraries of the sets are built here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIPPINGS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def clippings(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


def lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")


def measured(
    format_name: str, path: Path, system: str, *options: str
) -> tuple[dict[str, MetricValue], list[CaseResult], str]:
    """Import a set, run a system on it; its figures by name, its results, and what was printed."""
    folder = path.parent / f"{format_name}-set"
    clippings("eval", "import", format_name, path, "--out", folder)
    run = path.parent / f"{format_name}-run"
    output = clippings("eval", folder / "questions.jsonl", "--system", system, "--out", run, *options).output
    results = read_results(run)
    return {figure.metric.name: figure for figure in summarise(results)}, results, output


def test_squad_paragraphs_are_read_and_other_paragraphs_where_theirs_are_hidden(tmp_path: Path):
    paragraphs = [
        {
            "context": text,
            "qas": [{"id": answer, "question": question, "answers": [{"text": answer, "answer_start": 0}]}],
        }
        for question, answer, text in ASKED
    ]
    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"data": [{"title": "Winter", "paragraphs": paragraphs}]}), encoding="utf-8")
    figures, results, _ = measured("squad", path, "reader", "--leave-out-gold")
    assert (figures["answer.em"].value, figures["answer.em"].questions) == (1, 2)
    assert figures["answer.f1"].value == 1
    assert figures["citations.verbatim"].value == 1
    assert figures["refusal.wrong_answers@10"].value == 0
    by_id = {result.case.id: result for result in results}
    assert [hit.text for hit in by_id["Ann Lee"].hits] == [HARBOUR]
    assert [hit.text for hit in by_id["Ann Lee~leave-out"].hits] == [TRAIN]
    assert by_id["Ann Lee"].confidence > by_id["Ann Lee~leave-out"].confidence


def test_clapnq_passages_are_read_whether_they_answer_or_not(tmp_path: Path):
    rows: list[dict[str, Any]] = []
    for number, (question, answer, text) in enumerate(ASKED):
        gold = next(sentence + "." for sentence in text.split(".") if answer in sentence).strip()
        passage = {"passages": [{"title": "", "text": text}]}
        rows += [
            {"id": f"a{number}", "input": question, "output": [{"answer": gold, "selected_sentences": [gold]}]}
            | passage,
            {"id": f"u{number}", "input": "How many moons has Jupiter?", "output": [{"answer": ""}]} | passage,
        ]
    path = tmp_path / "clapnq.jsonl"
    lines(path, rows)
    figures, results, _ = measured("clapnq", path, "reader")
    assert (figures["citations.precision"].value, figures["citations.precision"].questions) == (1, 2)
    assert (figures["refusal.wrong_answers@10"].value, figures["refusal.wrong_answers@10"].questions) == (0, 2)
    assert [result.hits[0].text for result in results] == [HARBOUR, TRAIN, HARBOUR, TRAIN]


def test_news_is_read_after_bm25(tmp_path: Path):
    articles = [
        {"id": name, "title": name, "text": text, "published_at": "2022-06-17"}
        for name, text in (("harbour", HARBOUR), ("train", TRAIN))
    ]
    lines(tmp_path / "articles.jsonl", articles)
    questions = [
        {
            "id": row["id"],
            "question": question,
            "answers": [answer],
            "asked_on": "2022-06-18",
            "gold_articles": [row["id"]],
        }
        for (question, answer, _), row in zip(ASKED, articles, strict=True)
    ]
    lines(tmp_path / "questions.jsonl", questions)
    figures, results, _ = measured("realtimeqa", tmp_path, "bm25-reader", "--leave-out-gold")
    for name in ("context.answer@20", "answer.holds@1", "answer.holds@3", "answer.em"):
        assert figures[name].value == 1, name
    by_id = {result.case.id: result for result in results}
    assert by_id["train"].short == "Omar Haddad"
    assert by_id["train"].confidence > by_id["train~leave-out"].confidence
    assert {hit.article_id for hit in by_id["train~leave-out"].hits}.isdisjoint(by_id["train~leave-out"].case.hidden)


@pytest.fixture(scope="module")
def plain_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of two questions, one of which names no article."""
    folder = tmp_path_factory.mktemp("plain")
    lines(folder / "articles.jsonl", [{"id": "harbour", "title": "harbour", "text": HARBOUR}])
    known = {"id": "who", "question": ASKED[0][0], "answers": ["Ann Lee"], "gold_articles": ["harbour"]}
    lines(folder / "questions.jsonl", [known, {"id": "no", "question": "How many moons?", "answerable": False}])
    return folder / "questions.jsonl"


def test_questions_that_name_no_article_are_left_out_and_counted(plain_set: Path, tmp_path: Path):
    done = clippings("eval", plain_set, "--system", "reader", "--out", tmp_path / "run")
    assert "left out: 1 questions that name no article to read" in done.output
    assert [result.case.id for result in read_results(tmp_path / "run")] == ["who"]


def test_systems_are_named_in_the_help_and_another_name_is_an_error(plain_set: Path, tmp_path: Path):
    text = clippings("eval", "run", "--help").output
    assert [name for name in systems.SYSTEMS if name not in text] == []
    stopped = clippings("eval", plain_set, "--system", "oracle", "--out", tmp_path / "run", code=1)
    assert "There is no system 'oracle'. There are: clippings, bm25," in stopped.output


def test_weights_that_are_missing_are_named(plain_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CLIPPINGS_READER", str(tmp_path / "none"))
    stopped = clippings("eval", plain_set, "--system", "reader", "--out", tmp_path / "run", code=1)
    assert str(tmp_path / "none") in stopped.output
