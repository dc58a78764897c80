"""The research scripts, each run on a small scale over real libraries, articles and connections."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from eval_answers import CHAIRED, COUNCIL, TEXT

from evals.datasets.cases import Case
from evals.lab import hallucination, retrieval, verification
from evals.lab.verification import LabelledSentence, accepted, article_sentences, perturbations, qags_sentences
from index.library import Library

SCRIPTS = ("ablation", "fit_readers", "hallucination", "reader_data", "retrieval", "verification")


def run(command: Any, *arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_says_how_it_is_run(name: str):
    command = [sys.executable, "-m", f"evals.lab.{name}", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"python -m evals.lab.{name} " in done.stdout.partition("xample")[2]


def test_fitting_wants_a_question_set_for_each_library(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "evals.lab.fit_readers", "--rows", str(tmp_path / "rows"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "has no QUESTIONS beside it" in done.stderr


# verification


def qags(folder: Path) -> Path:
    """Two judged sentences of one article: one that two of three people found in it, one that one did."""
    votes = (("Ada Moreno chaired the meeting.", "yes yes no"), ("It cost 70 euros.", "no yes no"))
    sentences = [
        {"sentence": text, "responses": [{"response": vote} for vote in three.split()]} for text, three in votes
    ]
    for name in ("cnndm", "xsum"):
        row = json.dumps({"article": TEXT, "summary_sentences": sentences})
        (folder / f"mturk_{name}.jsonl").write_text(row + "\n", encoding="utf-8")
    return folder


def test_people_s_majority_decides_whether_a_sentence_is_supported(tmp_path: Path):
    labelled = list(qags_sentences(qags(tmp_path)))
    assert [(one.text, one.supported) for one in labelled[:2]] == [
        ("Ada Moreno chaired the meeting.", True),
        ("It cost 70 euros.", False),
    ]
    assert [one.kind for one in labelled] == ["people: cnndm"] * 2 + ["people: xsum"] * 2


def test_only_supported_sentences_are_perturbed_and_none_stays_as_it_was(tmp_path: Path):
    true = LabelledSentence("It cost 40 euros.", COUNCIL, True, "word for word")
    false = LabelledSentence("It cost 70 euros.", COUNCIL, False, "people")
    changed = list(perturbations([true, false], "word for word"))
    assert [one.kind for one in changed] == ["word for word, number changed"]
    assert changed[0].text != true.text
    assert not changed[0].supported


def test_verification_accepts_what_stands_there_and_not_another_number():
    assert accepted(LabelledSentence(TEXT[slice(*CHAIRED)], COUNCIL, True, ""))
    assert accepted(LabelledSentence("It cost 40 euros.", COUNCIL, True, ""))
    assert not accepted(LabelledSentence("It cost 70 euros.", COUNCIL, False, ""))


def test_the_error_rates_of_both_kinds_are_printed(tmp_path: Path):
    articles = tmp_path / "articles.jsonl"
    long = "The old bridge over the river Weser was closed for 14 days in March."
    articles.write_text(json.dumps({"id": "a", "title": "Bridge", "text": f"{long} Why?"}) + "\n", encoding="utf-8")
    assert [one.text for one in article_sentences(articles, 5)] == [long]
    output = run(verification.main, "--articles", articles, "--qags", qags(tmp_path)).output
    rows = {line[:44].strip(): line[44:].split() for line in output.splitlines()[1:] if "false" in line}
    assert rows["word for word, number changed"][:2] == ["1", "0.000"]
    assert rows["people: cnndm"][:2] == ["1", "0.000"]
    assert "word for word                                     1  0.000 [0.000, 0.000]  true, marked not found" in output


def test_verification_wants_something_to_measure_on():
    assert "--qags or --articles" in run(verification.main, code=2).output


# retrieval


def test_reciprocal_rank_fusion_by_hand():
    fused = retrieval.reciprocal([[("a", 9.0), ("b", 8.0)], [("b", 0.5)]])
    assert [key for key, _ in fused] == ["b", "a"]
    assert fused[0][1] == pytest.approx(1 / 62 + 1 / 61)


def test_every_ranking_of_the_seed_articles_is_measured(seeds_library: Path, tmp_path: Path):
    questions = tmp_path / "questions.jsonl"
    rows = [
        {
            "question": "what did Lankford say about the majority?",
            "answers": ["narrow majority"],
            "as_of": "2023-12-08",
        },
        {"question": "what did Lankford say about Jupiter?", "answers": ["sixty-three moons"]},
    ]
    questions.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    shown = json.loads(run(retrieval.main, seeds_library, questions, "--json").output)
    assert shown["questions"] == 2
    names = [
        name for name, _ in retrieval.rankings(Library.open(seeds_library), Case("a", "?", as_of=date(2023, 12, 8)))
    ]
    assert list(shown["rankings"]) == names
    assert {row["top 20"][0] for row in shown["rankings"].values()} == {0.5}
    table = run(retrieval.main, seeds_library, questions).output.splitlines()
    assert table[2] == "| | top 1 | top 4 | top 10 | top 20 |"
    assert len(table) == 4 + len(names)


# hallucination


def test_a_model_s_sentences_are_counted_as_wrong_and_as_shown(
    seeds_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("langchain_openai")
    from scripted_model import said, serving

    from rag.answer import from_settings

    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(from_settings, "CACHE_FILE", str(tmp_path / "replies.sqlite"))
    monkeypatch.setenv("CLIPPINGS_MODEL", "openai:scripted")

    def reply(request: dict[str, Any]) -> Any:
        """The first sentence of the first source, and an invention that names the same source."""
        source = request["messages"][-1]["content"].split("[1] ", 1)[1].split("\n", 1)[1]
        return said(f"{source.split('. ')[0]} [1]. The Moon has 312 senators [1].")

    out = tmp_path / "sentences.jsonl"
    with serving(reply) as (server, url):
        monkeypatch.setenv("CLIPPINGS_MODEL_URL", url)
        output = run(hallucination.main, "seeds", "--library", seeds_library, "--most", "3", "--out", out).output
    assert len(server.requests) == 3
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    invented = [row for row in rows if "312 senators" in row["sentence"]]
    assert len(invented) == 3
    assert all(row["wrong"] and row["named_source"] and not row["supported"] for row in invented)
    assert any(row["supported"] for row in rows)
    wrong = sum(row["wrong"] for row in rows)
    assert f"3 questions, {len(rows)} sentences, {wrong} of them wrong by rule" in output
    assert f"wrong: {wrong} would be shown unmarked without verification" in output
