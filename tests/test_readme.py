"""README says what is so: its Python runs, its folders exist, its commands are commands."""

import re
from pathlib import Path

import pytest

from ui.cli import COMMANDS

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_python_runs(seeds_library, monkeypatch):
    monkeypatch.chdir(seeds_library.parent)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["documents"]
    assert names["answer"].statements[0].speaker == "James Lankford"


def test_the_layout_names_every_folder_and_no_other():
    (layout,) = re.findall(r"## Layout\n\n```\n(.*?)```", README, re.S)
    named = set(re.findall(r"^(\w+)/", layout, re.M))
    root = Path(__file__).parent.parent
    folders = {path.name for path in root.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert named == folders | {"seeds"}


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^\s+(?:\$ |.* && )?clippings (\w+)", README, re.M))))
def test_every_command_exists(command):
    assert command in COMMANDS


def test_a_newcomer_starts_with_the_chat_and_ci_runs_every_starting_command():
    (start,) = re.findall(r"## Start\n\n(.*?)\n\n", README, re.S)
    commands = [line.strip().partition(" && ") for line in start.splitlines()]
    assert [command for _, _, command in commands] == [
        "clippings chat",
        'clippings ask "what did Lankford say about the majority?"',
        "pytest",
    ]
    ci = (Path(__file__).parent.parent / ".ci" / "run").read_text(encoding="utf-8")
    makefile = (Path(__file__).parent.parent / "Makefile").read_text(encoding="utf-8")
    for install, _, command in commands:
        assert install.replace("pip install", "pip install -q") in ci
        assert command in (makefile if command == "pytest" else ci)


def test_the_example_is_what_is_printed(assistant):
    from ui.answer_text import as_text

    shown = re.search(r"\$ clippings ask .*?\n(.*?)\n\n\(", README, re.S).group(1)
    expected = "\n".join(line.removeprefix("    ") for line in shown.splitlines())
    assert as_text(assistant.ask("what did Lankford say about the majority?")) == expected


def test_every_figure_was_filled_in():
    assert "MEASURED" not in README
