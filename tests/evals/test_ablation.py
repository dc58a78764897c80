"""Short runs that tell what each ingredient of the reader's training brings."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import replace
from datetime import date

import pytest

from evals.lab import ablation
from index.errors import UserError
from rag.training.batches import Batcher
from rag.training.examples import NEGATIVES, Example, answers_of
from rag.training.passages import Text, folded

DAY = date(2022, 6, 17)


def example(number, group=None):
    text = f"In town {number} it rained. Ann{number} won."
    start = text.index("Ann")
    return Example(f"Who won race {number}?", Text(text), ((start, len(text) - 5),), "own", group or str(number), text)


def test_wrong_passages_at_random_are_others_without_the_answer():
    examples = [example(n, group="one" if n < 20 else "two") for n in range(40)]
    echo = Example("Where?", Text("It was Ann3 who said so."), (), "own", "two", "")
    drawn = ablation.with_random_wrong([*examples, *[echo] * 40], random.Random(0))
    groups = {e.gold: e.group for e in examples}
    for one in drawn[:40]:
        (answer,) = answers_of(one)
        assert 0 < len(set(one.negatives)) <= NEGATIVES
        assert all(groups.get(text, "two") != one.group for text in one.negatives)
        assert not any(answer in f" {folded(text.text)} " for text in one.negatives)
    assert any(echo.gold in one.negatives for one in drawn[:20])
    assert echo.gold not in drawn[3].negatives


def test_runs_are_compared_question_by_question():
    whole = [{"exact": n < 5, "first": True, "sure": 1.0, "sure_without": n / 10} for n in range(10)]
    rows = [{"exact": n < 6, "first": n > 0, "sure": 0.45, "sure_without": n / 10} for n in range(10)]
    found = ablation.compare(rows, whole)
    assert found["exact"][:2] == [0.6, 0.1]
    assert found["first"][:2] == [0.9, -0.1]
    assert found["wrong answers at 10%"][:2] == [0.5, 0.5]
    assert all(low <= change <= high for _, change, low, high in found.values())
    # Unpaired, the answers given without the passage would spread.
    assert [numbers[1:] for numbers in ablation.compare(rows, rows).values()] == [[0, 0, 0]] * 3


def test_held_out_questions_are_judged_by_span_passage_and_confidence():
    import torch

    from rag.training.scoring import judge, measure
    from rag.training.weights import base_folder

    batcher = Batcher([], base_folder() / "tokenizer.json", 1, 17)
    ann = batcher.tokenizer.token_to_id("ann")

    class Finds(torch.nn.Module):
        """Answers "ann" with 5 + 5; holds "harbour" for relevant, passages with "ann" alone for the least so.

        Its early exit holds the passages with "ann" for relevant.
        """

        def with_early(self, ids, mask, types):
            span = torch.where(ids == ann, 5.0, 0.0)[..., None].expand(*ids.shape, 2)
            harbour = (ids == batcher.tokenizer.token_to_id("harbour")).any(1)
            relevance = torch.where(harbour, 3.0, torch.where((ids == ann).any(1), 1.0, 2.0))
            return span, relevance, (ids == ann).any(1).float()

    wrong = tuple(Text(f"Nothing of use stands in text {i}.") for i in range(6))
    asked = [
        Example("Who won?", Text(text), ((at, at + 3),), "own", "g", text, None, wrong)
        for text, at in (("In the end Ann won.", 11), ("Bob won in the harbour; Ann lost.", 0))
    ] * 40
    judged = judge(Finds(), batcher, asked, "cpu")
    by_text = {one.exact: one for one in judged}
    assert 40 < len(judged) < 80  # some right passages are withheld
    assert (by_text[True].sure, by_text[True].sure_without) == (11.0, 2.0)
    assert (by_text[False].first, by_text[False].sure) == (True, 13.0)
    known = [e for e in asked if "end" in e.gold.text][:30] + [e for e in asked if "Bob" in e.gold.text][:10]
    plain = [replace(e, negatives=wrong[:4]) for e in known]  # too few wrong ones to withhold the right one
    assert measure(Finds(), batcher, plain, "cpu") == {
        "exact": 0.75,
        "top": 0.25,
        "early_top_2": 1.0,
        "questions": 40,
    }


def run(*args):
    command = [sys.executable, "-m", "evals.lab.ablation", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def own(tmp_path):
    """A folder of 120 questions of one set."""
    rows = [
        {"question": f"Who won race {n}?", "context": f"In town {n} it rained. Ann{n} won.", "answers": [f"Ann{n}"]}
        for n in range(120)
    ]
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return tmp_path


def test_a_run_whose_result_stands_is_not_repeated(own):
    args = ("--data", own, "--out", own / "out", "--steps", "2", "--groups", "2", "--only")
    done = run(*args, "cut-out", "apart")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["run"], line["beside"]) for line in lines] == [
        ("whole", "whole"),
        ("apart", "whole"),
        ("mined", "whole"),
        ("cut-out", "mined"),
    ]
    assert len({line["questions"] for line in lines}) == 1
    kept = {path: path.stat().st_mtime_ns for path in (own / "out").glob("*.json")}
    again = run(*args, "apart")
    assert again.stdout.splitlines() == done.stdout.splitlines()[:2]
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    other = run(*args, "apart", "--seed", "18")
    assert other.returncode == 1
    assert "whole.json' is of a run with other settings" in other.stderr


def test_runs_that_would_change_nothing_are_left_out_or_named(own):
    news = replace(example(1), source="wikinews_name")
    assert ablation.runs(None, [example(0)]) == ["whole", "random-wrong", "apart", "mined", "cut-out", "near-miss"]
    assert "no-made-questions" in ablation.runs(None, [example(0), news])
    assert ablation.runs(["cut-out"], [example(0)]) == ["whole", "mined", "cut-out"]
    with pytest.raises(UserError, match="'squad-alone' needs questions of 'squad_dev' and others"):
        ablation.runs(["squad-alone"], [example(0), news])


def test_too_few_questions_are_an_error_that_names_the_folder(tmp_path):
    (tmp_path / "own.jsonl").write_text('{"question": "Who?", "context": "Ann won.", "answers": ["Ann"]}')
    done = run("--data", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert f"in '{tmp_path}' is held out" in done.stderr
    assert "Traceback" not in done.stderr
