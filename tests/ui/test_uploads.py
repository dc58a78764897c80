"""Question sets that people bring: what is let in, what is said of the rest, and where they are kept."""

import pytest

from ui.web.server import uploads
from ui.web.server.uploads import SetUpload

ROW = '{"question": "Who?", "answers": ["Ada"]}\n'


def upload(tmp_path, name, text):
    folder = tmp_path / "given"
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return uploads.save_question_set(tmp_path / "home", file)


def test_a_name_decides_nothing(tmp_path):
    result = upload(tmp_path, "..; rm -rf ~.JSONL", ROW)
    assert result.questions == 1 and not result.error
    (copy,) = (tmp_path / "home").iterdir()
    assert copy.name == result.name and copy.name.replace("-", "").replace(".", "").isalnum()
    assert uploads.question_sets(tmp_path / "home") == [copy]
    assert uploads.set_title(copy.name) == "rm-rf"
    uploads.remove_question_set(tmp_path / "home", "../home/" + copy.name)
    assert copy.is_file()
    uploads.remove_question_set(tmp_path / "home", copy.name)
    assert not copy.exists()


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("set.exe", ROW, "no kind of question set"),
        ("set.jsonl", "x" * (uploads.LARGEST_SET + 1), "may have 2,000,000"),
        ("set.jsonl", "", "No questions in 'set.jsonl'"),
        ("set.jsonl", b"\xff\xfe\xfa", "not UTF-8"),
        ("set.jsonl", ROW * (uploads.MOST_QUESTIONS + 1), ""),
        ("set.jsonl", "[" * 100_000, "It cannot be read"),
        ("set.csv", "question,answers\n" + "x" * 200_000 + ",y\n", "cannot be read as CSV"),
        ("set.yaml", "- &a [x, x]\n- [*a, *a]\n", "YAML aliases"),
        ("set.yml", "- {question: [unclosed", ""),
    ],
)
def test_what_cannot_be_run_is_not_kept_and_says_why(tmp_path, name, text, reason):
    result = upload(tmp_path, name, text)
    assert not result.name
    assert reason in result.error
    assert bool(result.error) != bool(result.problems)
    assert str(tmp_path) not in result.error
    assert uploads.question_sets(tmp_path / "home") == []


def test_bad_rows_name_line_field_and_reason(tmp_path):
    result = upload(tmp_path, "set.csv", "question,answers,colour\nWho?,Ada,\n,Ada,\nWhere?,Here,red\n")
    assert [(problem.line, problem.field) for problem in result.problems] == [(3, "question"), (4, "colour")]
    assert result.problems[1].reason == "is not a field of a question set (found 'red')"


def test_so_many_sets_and_no_more(tmp_path):
    for number in range(uploads.MOST_SETS):
        assert upload(tmp_path, "set.jsonl", ROW.replace("Ada", f"Ada {number}")).name
    assert "Remove one" in upload(tmp_path, "set.jsonl", ROW).error
    again = upload(tmp_path, "set.jsonl", ROW.replace("Ada", "Ada 3"))
    assert again == SetUpload("set.jsonl", again.name, 1), "the same set again takes no more room"
