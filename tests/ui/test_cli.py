"""The command line as a person meets it: real processes, exit codes, messages that name the next command."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ui.cli import COMMANDS, cli

MAJORITY = "what did Lankford say about the majority?"
SENTENCE = "We've got a narrow majority in the House, we're in a minority in the Senate"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run `clippings` inside an empty folder; returns the finished result."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("CLIPPINGS_") and name != "CLIPPINGS_CACHE":
            monkeypatch.delenv(name)

    def invoke(*arguments, input=None):
        return CliRunner().invoke(cli, arguments, input=input)

    return invoke


def test_the_first_question_builds_the_library_from_the_seeds(run, tmp_path):
    first = run("ask", MAJORITY)
    assert first.exit_code == 0
    assert SENTENCE in first.stdout and "Lankford:" in first.stdout and "2023-12-07" in first.stdout
    assert "building" in first.stderr
    again = run("ask", MAJORITY)
    assert again.stdout == first.stdout
    assert "building" not in again.stderr


def test_ask_json_has_citations_that_hold(run, seeds_library):
    from index.library import Library

    result = run("ask", "--json", "--library", str(seeds_library), MAJORITY)
    data = json.loads(result.stdout)
    (citation,) = data["statements"][0]["citations"]
    article = Library.open(seeds_library).article(citation["article"], citation["revision"])
    assert article.text[citation["start"] : citation["end"]] == citation["text"]
    assert data["articles"][0]["published"] == "2023-12-07"


def test_a_conversation_from_standard_input(run, seeds_library):
    result = run("ask", "--library", str(seeds_library), input=f"{MAJORITY}\n\nand what did he say about offers?\n")
    assert result.exit_code == 0
    assert result.stdout.count("James Lankford:") >= 2


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["ask", "--library", "nowhere", "why?"], 1, "clippings index"),
        (["ask", "--outlet", "The Onion", "why?"], 1, "'The Onion'"),
        (["ask", "--since", "yesterday", "why?"], 2, "2023-12-07"),
        (["ask", "--since", "2024-02-01", "--until", "2024-01-01", "why?"], 2, "2024-01-01"),
        (["ask", "--limit", "0", "why?"], 2, "0"),
        (["index"], 2, "Usage"),
        (["index", "missing.txt"], 1, "missing.txt"),
        (["index", "ftp://example.org/feed"], 1, "ftp://example.org/feed"),
        (["library", "rollback", "99", "--library", "SEEDS"], 1, "99"),
        (["library", "prune", "--keep", "0", "--library", "SEEDS"], 1, "0"),
        (["library", "--library", "nowhere"], 1, "clippings index"),
        (["quote", "--library", "SEEDS", "..."], 1, "'...'"),
        (["frobnicate"], 2, "frobnicate"),
    ],
)
def test_bad_input_names_the_value_and_exits_1_or_2(run, seeds_library, arguments, code, told):
    if "--outlet" in arguments:
        arguments = [*arguments, "--library", str(seeds_library)]
    result = run(*[str(seeds_library) if argument == "SEEDS" else argument for argument in arguments])
    assert (result.exit_code, told in result.output) == (code, True), result.output
    assert "Traceback" not in result.output


def test_an_unknown_setting_is_an_error(run, tmp_path):
    (tmp_path / "clippings.toml").write_text("libary = 'x'\n")
    result = run("config")
    assert result.exit_code == 1
    assert "'library'" in result.output


def test_config_says_where_each_value_came_from(run, monkeypatch):
    monkeypatch.setenv("CLIPPINGS_LIMIT", "5")
    values = json.loads(run("config", "--json").stdout)
    assert values["limit"] == {"value": 5, "from": "CLIPPINGS_LIMIT"}
    assert values["hits"]["from"] == "default"


def test_quote_says_found_partly_or_not(run, seeds_library):
    def quote(text):
        return run("quote", "--library", str(seeds_library), text)

    found = quote("we’ve got a narrow majority ... and we don't have the White House")
    assert (found.exit_code, found.stdout.splitlines()[0]) == (0, "Found.")
    partly = quote("We've got a wide majority in the House")
    assert partly.exit_code == 1
    assert partly.stdout.startswith("Partly found.") and "“wide”" in partly.stdout and "“narrow”" in partly.stdout
    assert quote("The quick brown fox jumps over the lazy dog").stdout == "Not found.\n"


def test_index_reports_what_it_skipped_and_keeps_the_rest(run, tmp_path):
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "good.txt").write_text("date 2024-03-05 The mayor of Springfield resigned on Tuesday over the bridge.")
    (articles / "bad.json").write_text('{"title": "no text here"}')
    (articles / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    result = run("index", "articles", "--library", "mine", "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert report["added"] == 1
    assert {Path(item["location"]).name for item in report["skipped"]} == {"bad.json", "picture.txt"}
    assert "resigned" in run("ask", "--library", "mine", "Who resigned over the bridge?").stdout
    assert json.loads(run("index", "articles", "--library", "mine", "--json").stdout)["encoded"] == 0


def test_index_rollback_export_and_back(run, tmp_path):
    (tmp_path / "a.txt").write_text("date 2024-03-05 The mayor of Springfield resigned on Tuesday over the bridge.")
    assert run("index", "a.txt").exit_code == 0
    (tmp_path / "a.txt").write_text("date 2024-03-06 The mayor of Springfield withdrew her resignation on Wednesday.")
    assert run("index", "a.txt").exit_code == 0
    assert "withdrew" in run("ask", "What did the mayor of Springfield do?").stdout
    assert run("library", "rollback", "1").exit_code == 0
    assert "resigned" in run("ask", "What did the mayor of Springfield do?").stdout
    exported = run("library", "export").stdout
    (tmp_path / "again.jsonl").write_text(exported)
    assert run("index", "again.jsonl", "--library", "again").exit_code == 0
    again = run("library", "export", "--library", "again").stdout
    names = [[(row["id"], row["revision"]) for row in map(json.loads, text.splitlines())] for text in (exported, again)]
    assert names[0] == names[1] != []
    assert run("library", "check").exit_code == 0


def test_help_imports_no_command():
    code = (
        "import sys\nfrom ui.cli import cli\ncli(['--help'], standalone_mode=False)\n"
        "heavy = {'torch', 'chromadb', 'gradio', 'langchain_core', 'sentence_transformers', 'numpy', 'onnxruntime'}\n"
        "heavy |= {name for name in sys.modules if name.startswith(('rag', 'evals', 'ui.cli.', 'ui.web'))}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Answer QUESTION" in result.stdout
    assert result.stderr.strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_group_says_of_a_command_what_the_command_says_of_itself(name):
    command = cli.get_command(click.Context(cli), name)
    assert command.name == name
    assert command.get_short_help_str(500) == COMMANDS[name].help


def commands(command, path=()):
    """Every command of the tree below `command`, with the words that call it."""
    context = click.Context(command)
    for name in command.list_commands(context) if isinstance(command, click.Group) else ():
        child = command.get_command(context, name)
        yield (*path, name), child
        yield from commands(child, (*path, name))


OWN_EXAMPLES = [item for item in commands(cli) if item[0][0] != "eval"]  # whose examples tests/evals types


@pytest.mark.parametrize(("path", "command"), OWN_EXAMPLES, ids=[" ".join(path) for path, _ in OWN_EXAMPLES])
def test_help_ends_with_two_examples_that_can_be_typed(path, command):
    examples = re.findall(
        r"^ *(?:[A-Z_]+=\S+ )?(clippings .*?)(?: \|.*)?$", command.help.partition("Examples:")[2], re.M
    )
    assert len(examples) == 2
    for example in examples:
        context, words = click.Context(cli), shlex.split(example)[1:]
        assert tuple(words[: len(path)]) == path
        current = cli
        while isinstance(current, click.Group) and words and not words[0].startswith("-"):
            name = words.pop(0)
            current = current.get_command(context, name)
            assert current is not None, f"{example}: there is no command {name!r}"
        current.make_context("clippings", words, parent=context)


def test_the_first_question_with_no_network_at_all(tmp_path):
    isolate = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*isolate, "true"], capture_output=True).returncode:
        if os.environ.get("CI"):
            pytest.fail("no network namespace can be made here, and CI must have one")
        pytest.skip("no network namespace can be made here")
    environment = {**os.environ, "CLIPPINGS_CACHE": str(tmp_path / "cache")}
    result = subprocess.run(
        [*isolate, sys.executable, "-m", "ui.cli", "ask", MAJORITY],
        cwd=tmp_path, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert SENTENCE in result.stdout
