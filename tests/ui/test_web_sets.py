"""Question sets that people bring: what is let in, what is said of the rest, and where they are kept."""

import pytest

from ui.web.server import sets
from ui.web.server.sets import Added

ROW = '{"question": "Who?", "answers": ["Ada"]}\n'


def brought(tmp_path, name, text):
    given = tmp_path / "given"
    given.mkdir(exist_ok=True)
    file = given / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return sets.add(tmp_path / "home", file)


def test_a_name_decides_nothing(tmp_path):
    added = brought(tmp_path, "..; rm -rf ~.JSONL", ROW)
    assert added.questions == 1 and not added.error
    (kept,) = (tmp_path / "home").iterdir()
    assert kept.name == added.name and kept.name.replace("-", "").replace(".", "").isalnum()
    assert sets.kept(tmp_path / "home") == [kept]
    assert sets.title(kept.name) == "rm-rf"
    sets.remove(tmp_path / "home", "../home/" + kept.name)
    assert kept.is_file()
    sets.remove(tmp_path / "home", kept.name)
    assert not kept.exists()


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("set.exe", ROW, "no kind of question set"),
        ("set.jsonl", "x" * (sets.LARGEST_SET + 1), "may have 2,000,000"),
        ("set.jsonl", "", "No questions in 'set.jsonl'"),
        ("set.jsonl", b"\xff\xfe\xfa", "not UTF-8"),
        ("set.jsonl", ROW * (sets.MOST_QUESTIONS + 1), ""),
        ("set.jsonl", "[" * 100_000, "It cannot be read"),
        ("set.csv", "question,answers\n" + "x" * 200_000 + ",y\n", "cannot be read as CSV"),
        ("set.yaml", "- &a [x, x]\n- [*a, *a]\n", "YAML aliases"),
        ("set.yml", "- {question: [unclosed", ""),
    ],
)
def test_what_cannot_be_run_is_not_kept_and_says_why(tmp_path, name, text, reason):
    added = brought(tmp_path, name, text)
    assert not added.name
    assert reason in added.error
    assert bool(added.error) != bool(added.problems)
    assert str(tmp_path) not in added.error
    assert sets.kept(tmp_path / "home") == []


def test_bad_rows_name_line_field_and_reason(tmp_path):
    added = brought(tmp_path, "set.csv", "question,answers,colour\nWho?,Ada,\n,Ada,\nWhere?,Here,red\n")
    assert [(problem.line, problem.field) for problem in added.problems] == [(3, "question"), (4, "colour")]
    assert added.problems[1].reason == "is not a field of a question set (found 'red')"


def test_so_many_sets_and_no_more(tmp_path):
    for number in range(sets.MOST_SETS):
        assert brought(tmp_path, "set.jsonl", ROW.replace("Ada", f"Ada {number}")).name
    assert "Remove one" in brought(tmp_path, "set.jsonl", ROW).error
    again = brought(tmp_path, "set.jsonl", ROW.replace("Ada", "Ada 3"))
    assert again == Added("set.jsonl", again.name, 1), "the same set again takes no more room"
