"""Question sets are read, checked and tied to articles before anything runs."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from eval_answers import ARTICLES, CHAIRED, COUNCIL

from evals.datasets import files
from evals.datasets.cases import BadRows, Case, Exchange, GoldSentence, half, leave_out, with_tags
from evals.datasets.resolve import ArticleNames, resolve, with_offsets
from index.errors import UserError
from index.types import Article

SETS = Path(files.__file__).parents[1] / "sets"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_three_kinds_of_file_read_the_same(tmp_path: Path):
    row = {
        "id": "x",
        "question": "Who?",
        "answers": ["Ada", "Moreno"],
        "tags": ["who", "easy"],
        "as_of": "2024-05-04",
        "conversation": [{"question": "Was there a meeting?", "answer": "Yes."}],
        "searched": ["Who chaired the meeting?", "Who led the meeting?"],
        "gold_articles": ["council.txt"],
        "gold_sentences": [{"article": "council.txt", "text": "Ada Moreno chaired the meeting."}],
    }
    cells = {
        **row,
        "answers": "Ada | Moreno",
        "tags": "who|easy",
        "searched": "Who chaired the meeting? | Who led the meeting?",
        "gold_articles": "council.txt",
        "conversation": json.dumps(row["conversation"]),
        "gold_sentences": json.dumps(row["gold_sentences"]),
    }
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells.values())
    sets = [
        write(tmp_path, "a.jsonl", json.dumps(row) + "\n\n"),
        write(tmp_path, "a.csv", ",".join(cells) + "\n" + quoted + "\n"),
        write(tmp_path, "a.yaml", json.dumps([row])),  # JSON is YAML
    ]
    expected = Case(
        id="x",
        question="Who?",
        conversation=(Exchange("Was there a meeting?", "Yes."),),
        answers=("Ada", "Moreno"),
        gold_articles=("council.txt",),
        gold_sentences=(GoldSentence("council.txt", "Ada Moreno chaired the meeting."),),
        as_of=date(2024, 5, 4),
        tags=("who", "easy"),
        searched=("Who chaired the meeting?", "Who led the meeting?"),
    )
    assert [files.read(path) for path in sets] == [[expected]] * 3


def test_what_is_written_reads_back(tmp_path: Path):
    cases = files.read(write(tmp_path, "b.yaml", files.EXAMPLE))
    assert [case.answerable for case in cases] == [True, True, False]
    assert files.write(tmp_path / "c.jsonl", cases) == 3
    assert files.read(tmp_path / "c.jsonl") == cases


@pytest.mark.parametrize("name", ["seeds.jsonl", "wikinews.jsonl", "follow_ups.jsonl"])
def test_the_sets_that_ship_are_written_as_they_are_read(tmp_path: Path, name: str):
    files.write(tmp_path / name, files.read(SETS / name))
    assert (tmp_path / name).read_bytes() == (SETS / name).read_bytes()


def test_every_bad_row_is_reported_with_line_field_and_reason(tmp_path: Path):
    lines = [
        '{"question": "fine?", "answers": ["yes"]}',
        '{"question": "typo?", "anwsers": ["yes"]}',
        "{not json}",
        '{"question": "nothing expected?"}',
        '{"question": "both?", "answerable": false, "answers": ["yes"]}',
        '{"question": "half?", "gold_sentences": [{"article": "a", "text": "b", "start": 1}]}',
        '{"id": "same", "question": " ", "answers": ["x"]}',
        '{"id": "same", "question": "when?", "answers": ["x"], "as_of": "yesterday"}',
        '{"id": "same", "question": "twice?", "answers": "x"}',
        '{"question": "and she?", "answers": ["x"], "searched": [" "]}',
    ]
    with pytest.raises(BadRows) as caught:
        files.read(write(tmp_path, "bad.jsonl", "\n".join(lines)))
    found = [(problem.line, problem.field) for problem in caught.value.problems]
    assert found == [
        (2, "anwsers"),
        (3, "row"),
        (4, "answers"),
        (5, "answerable"),
        (6, "gold_sentences.0"),
        (7, "question"),
        (8, "as_of"),
        (9, "answers"),
        (10, "searched"),
    ]
    assert "bad.jsonl:9: answers: must be a list (found 'x')" in str(caught.value)


def test_an_id_used_twice_is_reported(tmp_path: Path):
    row = '{"id": "same", "question": "a?", "answers": ["x"]}\n'
    with pytest.raises(BadRows, match="'same' is line 1's id too"):
        files.read(write(tmp_path, "twice.jsonl", row * 2))


def test_yaml_and_csv_faults_name_their_line(tmp_path: Path):
    with pytest.raises(BadRows, match=r"y\.yaml:2: answers: must be a list"):
        files.read(write(tmp_path, "y.yaml", "\n- question: a?\n  answers: x\n"))
    with pytest.raises(BadRows, match=r"z\.yaml:3: row: is not YAML"):
        files.read(write(tmp_path, "z.yaml", "- question: a?\n  answers: [x\n"))
    with pytest.raises(BadRows, match=r"c\.csv:3: answers: begins like a JSON list"):
        files.read(write(tmp_path, "c.csv", "question,answers\na?,x\nb?,[x\n"))
    with pytest.raises(BadRows, match=r"d\.csv:2: row: has more cells"):
        files.read(write(tmp_path, "d.csv", "question,answers\na?,x,y\n"))


@pytest.mark.parametrize(("name", "text"), [("a.txt", "q"), ("empty.jsonl", ""), ("latin.csv", None)])
def test_files_that_are_no_question_set(tmp_path: Path, name: str, text: str | None):
    path = tmp_path / name
    path.write_bytes(b"question\nCaf\xe9?\n" if text is None else text.encode())
    with pytest.raises(UserError):
        files.read(path)
    with pytest.raises(UserError, match="No question set"):
        files.read(tmp_path / "missing.jsonl")


def test_questions_without_expectations_are_read_for_a_batch(tmp_path: Path):
    path = write(tmp_path, "q.csv", "question\nWho?\nWhen?\n")
    assert [case.question for case in files.read(path, expecting=False)] == ["Who?", "When?"]


@pytest.mark.parametrize(
    "name",
    [
        "a1",
        "news/council.txt",
        "https://gazette.example/council/",
        "council.txt",
        "council",
        "Council meets",
        "COUNCIL MEETS",
    ],
)
def test_an_article_is_found_by_any_of_its_names(name: str):
    assert ArticleNames(ARTICLES).find(name) == [COUNCIL]


def test_rows_are_found_by_row_id_and_their_file_names_nothing():
    names = ArticleNames(ARTICLES)
    assert [article.id for article in names.find("r-2")] == ["a2"]
    assert names.find("rows.jsonl") == names.find("rows") == names.find("") == []


def test_references_become_ids_and_sentences_get_offsets():
    again = Article(id="b1", text="Other.", title="Council meets", location="other.txt")
    case = Case(
        id="x",
        question="?",
        gold_articles=("r-3", "nowhere", "Council meets"),
        gold_sentences=(
            GoldSentence("council.txt", "Ada Moreno chaired the meeting."),
            GoldSentence("council.txt", "Ada  Moreno\u00a0chaired the meeting."),
            GoldSentence("r-2", "The river fell."),
        ),
    )
    faults: list[tuple[str, str]] = []
    names = ArticleNames([*ARTICLES, again])
    (resolved,) = resolve([case], names, lambda fault: faults.append((fault.field, fault.reason)))
    assert resolved.gold_articles == ("a3", "a1", "a2")
    assert [(one.start, one.end) for one in resolved.gold_sentences] == [CHAIRED, CHAIRED, (None, None)]
    assert [field for field, _ in faults] == ["gold_articles", "gold_articles", "gold_sentences.2"]
    assert "is not in the library" in faults[0][1]
    assert "means 2 articles" in faults[1][1]
    (kept,) = with_offsets([case], names, lambda *_: None)
    assert kept.gold_articles == case.gold_articles
    assert kept.gold_sentences[0] == GoldSentence("council.txt", "Ada Moreno chaired the meeting.", 0, 31)


def test_offsets_choose_among_equal_sentences_and_are_not_trusted_blindly():
    article = Article(id="c", text="Yes. No. Yes.", location="c.txt")
    right, wrong = GoldSentence("c", "Yes.", 9, 13), GoldSentence("c", "Yes.", 2, 6)
    faults: list[str] = []
    (case,) = resolve(
        [Case(id="x", question="?", gold_sentences=(right, wrong))],
        ArticleNames([article]),
        lambda fault: faults.append(fault.reason),
    )
    assert [one.start for one in case.gold_sentences] == [9, 0]
    assert len(faults) == 1
    assert "more than once" in faults[0]


def test_leave_out_asks_again_with_the_gold_hidden():
    known = Case(id="x", question="Who?", answers=("Ada",), gold_articles=("a1",), tags=("who",))
    unknown = Case(id="y", question="When?", answerable=False)
    bare = Case(id="z", question="Where?", answers=("here",))
    found = list(leave_out([known, unknown, bare]))
    assert [case.id for case in found] == ["x", "x~leave-out", "y", "z"]
    assert found[1].hidden == ("a1",)
    assert not found[1].answerable
    assert found[1].tags == ("who", "leave-out")


def test_cases_are_chosen_by_tags():
    cases = [Case(id=str(number), question="?", tags=tags) for number, tags in enumerate([("a",), ("a", "b"), ()])]
    assert [case.id for case in with_tags(cases, ["a"])] == ["0", "1"]
    assert [case.id for case in with_tags(cases, [], ["b"])] == ["0", "2"]


def test_halves_are_fixed_by_the_id():
    # sha256("a") begins with 0xca, sha256("d") with 0x18, sha256("e") with 0x3f
    assert [half(name) for name in ("a", "d", "e")] == ["half:tuning", "half:tuning", "half:reported"]
    halves = Counter(half(f"q{number}") for number in range(1000))
    assert 450 < halves["half:tuning"] < 550
