"""The evaluation of exported reader weights, run on small sets with the weights that ship."""

import json
import subprocess
import sys

import pytest

from evals.lab import reading
from index.errors import UserError

HARBOUR = "The harbour froze on Monday. Ann Lee opened the festival with a song. Boats had to wait for three days."
TRAIN = "The night train to Lyon was late. Its driver, Omar Haddad, blamed the snow. Passengers slept in the station."


def lines(path, rows):
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")


def run(*args):
    command = [sys.executable, "-m", "evals.lab.reading", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def sets(tmp_path):
    """A SQuAD file, a ClapNQ folder and a folder of news, two questions each."""
    asked = [("Who opened the festival?", "Ann Lee", HARBOUR), ("Who drove the train to Lyon?", "Omar Haddad", TRAIN)]
    paragraphs = [
        {"context": text, "qas": [{"question": question, "answers": [{"text": answer}]}]}
        for question, answer, text in asked
    ]
    (tmp_path / "squad.json").write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}), encoding="utf-8")
    rows = [
        {"input": question, "passages": [{"title": "", "text": text}], "output": [{"selected_sentences": [text]}]}
        for question, _, text in asked
    ]
    lines(tmp_path / "clapnq_dev_answerable.jsonl", rows)
    strange = [{**row, "input": "How many moons has Jupiter?", "output": []} for row in rows]
    lines(tmp_path / "clapnq_dev_unanswerable.jsonl", strange)
    articles = [
        {"id": name, "title": name, "text": text, "published_at": "2022-06-17"}
        for name, text in (("harbour", HARBOUR), ("train", TRAIN))
    ]
    lines(tmp_path / "articles.jsonl", articles)
    questions = [
        {"question": question, "answers": [answer], "asked_on": "2022-06-18", "gold_articles": [row["id"]]}
        for (question, answer, _), row in zip(asked, articles, strict=True)
    ]
    lines(tmp_path / "questions.jsonl", questions)
    return tmp_path


def test_the_reader_is_measured_on_each_set_named(sets):
    done = run("--squad", sets / "squad.json", "--clapnq", sets, "--news", sets, "--details", sets / "details.jsonl")
    assert done.returncode == 0, done.stderr
    found = {name: values for line in done.stdout.splitlines() for name, values in json.loads(line).items()}
    assert list(found) == ["squad", "clapnq", "news"]
    assert {values["questions"] for values in found.values()} == {2}
    assert (found["squad"]["EM"], found["squad"]["F1"]) == (1, 1)
    assert found["clapnq"]["span stands in a gold sentence"] == 1
    assert found["clapnq"]["wrong answers at 10% wrong refusals"] == 0
    assert [found["news"][name] for name in ("within reach", "first", "three", "EM", "left out")] == [1, 1, 1, 1, 2]
    details = [json.loads(line) for line in (sets / "details.jsonl").read_text().splitlines()]
    assert [row["said"] for row in details] == ["Ann Lee", "Omar Haddad"]
    assert all(row["confidence"] > row["without gold"] for row in details)


def test_refusals_count_the_unanswerable_above_the_bar_that_refuses_a_tenth():
    sure = [0.0, *[1.0] * 9]
    found = reading.refusals([False, *[True] * 8, False], sure, [0.5, 0.95, 1.5, 2.0])
    assert found["wrong answers at 10% wrong refusals"] == pytest.approx(2 / 4)
    assert found["right of answered"] == pytest.approx(8 / 9)
    assert found["area under ROC"] == pytest.approx((2 * 9) / 40)


def test_too_few_questions_for_refusal_are_an_error(sets):
    done = run("--squad", sets / "squad.json", "--every", 3)
    assert done.returncode == 1
    assert "smaller --every" in done.stderr
    assert run("--squad", sets / "squad.json", "--every", 0).returncode == 2


def test_news_without_a_date_field_is_named(sets):
    lines(sets / "articles.jsonl", [{"id": "a", "title": "A", "text": HARBOUR}])
    done = run("--news", sets)
    assert done.returncode == 1
    assert "articles.jsonl" in done.stderr
    assert "'published_at'" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "is not JSON"), ("[]", "does not have the shape of its set"), ('{"data": [{}]}', "'paragraphs'")],
)
def test_a_set_of_another_shape_is_named(tmp_path, text, said):
    (tmp_path / "squad.json").write_text(text, encoding="utf-8")
    done = run("--squad", tmp_path / "squad.json")
    assert done.returncode == 1
    assert said in done.stderr
    assert str(tmp_path / "squad.json") in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_to_measure_on_is_an_error():
    done = run()
    assert done.returncode == 2
    assert "--squad, --clapnq or --news" in done.stderr


def test_weights_that_are_missing_are_named(tmp_path):
    done = run("--weights", tmp_path / "none", "--news", tmp_path)
    assert done.returncode == 1
    assert str(tmp_path / "none") in done.stderr
    assert "Traceback" not in done.stderr
    with pytest.raises(UserError):
        reading.TrainedReader(tmp_path)
