"""What README, the docs, messages and docstrings say is so: commands exist, Python runs, figures name their command."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ui.cli import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "evals" / "METRICS.md"]
QUESTION = "what did Lankford say about the majority?"

# takes "clippings library check --repair"; not "import clippings", "clippings.toml" or "Clippings says"
COMMAND = re.compile(r"(?<![\w./-])clippings((?: +(?:\[?-{1,2}[a-z][\w-]*|[a-z]+(?:-[a-z]+)*))+)(?![\w./])")


def written(path: Path) -> Iterator[str]:
    """The texts of a file in which a command may be named: strings of Python, everything of other files."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield text
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def sources() -> list[Path]:
    found = [path for layer in ("index", "rag", "evals", "ui") for path in sorted((ROOT / layer).rglob("*"))]
    kinds = (".py", ".html", ".js", ".md")
    return [*DOCS, *(path for path in found if path.suffix in kinds and path.name != "LOG.md")]


def fault(words: list[str]) -> str | None:
    """What is wrong with a command as it is written, word by word; None where nothing is."""
    command: click.Command = cli
    context = click.Context(cli)
    takes_value = False
    for word in words:
        if word.startswith("-"):
            options = {
                name: option for option in command.get_params(context) for name in option.opts + option.secondary_opts
            }
            if word not in options:
                return f"{command.name} has no option {word}"
            takes_value = not getattr(options[word], "is_flag", False)
        elif takes_value:
            takes_value = False
        elif isinstance(command, click.Group):
            inner = command.get_command(context, word)
            if inner is None:
                return f"{command.name} has no command {word!r}"
            command = inner
        else:
            return None  # what follows are arguments and their values
    return None


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_that_is_named_exists(path):
    for text in written(path):
        for line in text.splitlines():
            for match in COMMAND.finditer(line):
                words = match[1].replace("[", "").split()
                assert fault(words) is None, f"{fault(words)}: {match.group()!r}"


@pytest.mark.parametrize("command", ["library repair", "libary check", "ask --no-such-option", "eval baseline"])
def test_the_check_sees_a_command_that_does_not_exist(command):
    assert fault(command.split())


def test_the_python_runs(seeds_library, monkeypatch):
    monkeypatch.chdir(seeds_library.parent)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["documents"]
    assert names["answer"].statements[0].speaker == "James Lankford"


def test_a_newcomer_starts_with_the_chat_and_ci_runs_every_starting_command():
    (start,) = re.findall(r"## Start\n\n(.*?)\n\n", README, re.S)
    commands = [line.strip().partition(" && ") for line in start.splitlines()]
    assert [command for _, _, command in commands] == ["clippings chat", f'clippings ask "{QUESTION}"', "pytest"]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for install, _, command in commands:
        assert install.replace("pip install", "pip install -q") in ci
        assert command in (makefile if command == "pytest" else ci)


def test_the_example_is_what_the_command_prints(seeds_library):
    command, shown = re.search(r"\$ (clippings ask .*?)\n(.*?)\n\n\(", README, re.S).groups()
    arguments = shlex.split(command)[1:]
    result = CliRunner().invoke(cli, [*arguments, "--library", str(seeds_library)])
    assert result.exit_code == 0, result.output
    assert result.output.rstrip("\n") == "\n".join(line.removeprefix("    ") for line in shown.splitlines())


def test_every_table_of_figures_names_its_command_and_commit():
    text = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.M)[1:]
    assert len(sections) > 3
    for section in sections:
        title = section.splitlines()[0]
        if "|---" in section:
            assert re.search(r"`(?:clippings|python -m evals\.)[^`]+`", section), f"{title} names no command"
            assert re.search(r"\b[0-9a-f]{7}\b", section), f"{title} names no commit"


def test_every_link_leads_somewhere():
    for path in DOCS:
        # takes "](docs/figures.md#speed)"; not addresses of the web
        for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), f"{path.name} links to {link}"


def described(text: str) -> dict[str, set[str]]:
    """Folder -> the names of its modules, out of the tree in docs/architecture.md."""
    (tree,) = re.findall(r"```tree\n(.*?)```", text, re.S)
    found: dict[str, set[str]] = {}
    for line in tree.splitlines():
        if folder := re.match(r"(\S+)/\s", line):
            found[folder[1]] = current = set()
        if modules := re.search(r":: (.*)$", line):
            current.update(modules[1].split())
    return found


def test_the_tree_is_what_is_on_the_disk():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    disk = {
        path.parent.relative_to(ROOT).as_posix(): {
            module.stem for module in path.parent.glob("*.py") if not module.stem.startswith("__")
        }
        for layer in ("index", "rag", "evals", "ui")
        for path in (ROOT / layer).rglob("__init__.py")
    }
    assert described(text) == disk


def test_the_glossary_and_the_places_name_modules_that_exist():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    # takes `index/text/dates.py` and `rag/verify/`; not `clippings ask`
    for named in re.findall(r"`((?:index|rag|evals|ui|tests|docs|seeds)/[\w/.-]*)", text):
        assert (ROOT / named).exists(), named
