"""Questions held out of the reader's training, written as a question set that can be run."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from evals.calibration.fit import fit
from evals.datasets.files import read
from evals.datasets.importers import as_stored, write_set
from evals.datasets.resolve import ArticleNames, resolve
from evals.lab import reader_data
from index.errors import UserError
from rag.training.examples import Example, in_held_out
from rag.training.passages import Text

TEXT = "The harbour froze on Monday. Ann Lee said the boats would have to wait until the ice was gone."


def example(question, answer, group, source="own"):
    start = TEXT.index(answer)
    gold = Text(TEXT, "Harbour", date(2022, 6, 17))
    return Example(question, gold, ((start, start + len(answer)),), source, group, TEXT, date(2022, 6, 18))


def test_only_held_out_groups_are_asked_and_each_set_has_a_limit():
    groups = [f"group {number}" for number in range(500)]
    examples = [example("Who?", "Ann Lee", group) for group in groups]
    kept = reader_data.held_out(examples, 5)
    assert [in_held_out(one.group) for one in kept] == [True] * 5


def test_a_case_names_its_article_and_its_long_answer_is_found_there(tmp_path):
    asked = [
        example("Who spoke?", "Ann Lee", "a"),
        example("What did Ann Lee say?", "the boats would have to wait until the ice was gone", "b"),
    ]
    (row,) = reader_data.articles(asked)
    assert (row["title"], row["date"]) == ("Harbour", "2022-06-17")
    written = write_set([row], [reader_data.case(number, one) for number, one in enumerate(asked)], tmp_path)
    assert (written.articles, written.cases, written.unresolved) == (1, 2, ())
    short, long = read(tmp_path / "questions.jsonl")
    assert (short.answers, short.gold_sentences, short.as_of) == (("Ann Lee",), (), date(2022, 6, 18))
    assert long.answers == ()
    assert long.gold_sentences[0].text == "the boats would have to wait until the ice was gone"
    stored = as_stored(row)
    faults = []
    found = list(resolve([short, long], ArticleNames([stored]), faults.append))
    assert faults == []
    assert {case.gold_articles[0] for case in found} == {stored.id}
    (sentence,) = found[1].gold_sentences
    assert stored.text[sentence.start : sentence.end] == sentence.text


def test_a_script_tells_what_is_wrong_in_a_line_and_exits_1(tmp_path):
    command = [sys.executable, "-m", "evals.lab.reader_data", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: No .jsonl") and done.stderr.count("\n") == 1


def test_weights_are_not_fitted_on_a_handful_of_questions():
    with pytest.raises(UserError, match="0 tuning questions with gold found"):
        fit([], rules=True)
