"""Evaluations with a model: it answers, and it judges, over real connections and a real library."""

import json

import pytest
from click.testing import CliRunner

pytest.importorskip("langchain_openai")

from scripted_model import said, serving

from evals.lab.perturb import PERTURBATIONS
from evals.runs import read_results
from rag.answer import from_settings as generate_open
from ui.cli import cli

QUESTION = "what did Lankford say about the majority?"


def test_a_run_takes_a_model_and_a_model_as_judge(seeds_library, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(generate_open, "CACHE_FILE", str(tmp_path / "replies.sqlite"))
    questions = tmp_path / "one.jsonl"
    questions.write_text(json.dumps({"question": QUESTION, "answers": ["narrow majority"]}) + "\n", encoding="utf-8")

    def reply(request):
        if "compare a given answer" in request["messages"][0]["content"]:
            return said('{"reason": "It says so.", "score": 1}')
        return said('Lankford said, "We\'ve got a narrow majority in the House" [1]. He has 312 seats [1].')

    with serving(reply) as (server, url):
        monkeypatch.setenv("CLIPPINGS_MODEL_URL", url)
        run = [str(questions), "--library", str(seeds_library), "--out", str(tmp_path / "run")]
        result = CliRunner().invoke(cli, ["eval", *run, "--model", "openai:scripted", "--judge", "openai:scripted"])
    assert result.exit_code == 0, result.output
    assert len(server.requests) == 2
    (kept,) = read_results(tmp_path / "run")
    assert kept.model == "openai:scripted"
    assert [statement.supported for statement in kept.statements] == [True, False]
    assert (kept.tokens_in, kept.tokens_out) == (123, 45)
    assert kept.judgement.score == 1


ARTICLE = (
    "Lankford and Murphy met on Monday. The House of Representatives has 435 members and 3 vacancies. "
    "Schumer is not opposed to a vote in March."
)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("number", "The House has 435 members."),
        ("number", "Four senators voted."),
        ("name", "Lankford met reporters."),
        ("date", "They met on Monday."),
        ("date", "It began in 2023."),
        ("negation", "Schumer is not opposed."),
        ("negation", "The vote was postponed."),
    ],
)
def test_a_perturbation_changes_one_thing(kind, sentence):
    import random

    changed = PERTURBATIONS[kind](sentence, ARTICLE, random.Random(1))
    assert changed is not None
    assert changed != sentence
    before, after = set(sentence.split()), set(changed.split())
    assert len(before - after) <= 1


@pytest.mark.parametrize("kind", PERTURBATIONS)
def test_a_sentence_with_nothing_to_change_stays(kind):
    import random

    assert PERTURBATIONS[kind]("everybody went home early", ARTICLE, random.Random(1)) is None
