"""No name, title, question or reply steers a terminal: real commands, each on a pseudo-terminal of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from index.terminal import as_json, one_line, printable

ROOT = Path(__file__).parent.parent.parent
ERASE, C1, OVERRIDE = "\x1b[2J", "\x9b31m", "\u202e"
HOSTILE = f"gone{ERASE}{C1}{OVERRIDE}"
STEERS = (b"\x1b[2J", "\x9b".encode(), OVERRIDE.encode())
"""What must never come out. A progress bar's own `\\r` may."""


def on_terminal(folder, *arguments, typed="", env=(), program=("-m", "ui.cli")):
    """All that a command shows on a terminal, as bytes, and its exit code."""
    pty = pytest.importorskip("pty")
    here, there = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", **dict(env)}
    command = [sys.executable, *program, *arguments]
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=there, stderr=there, env=environment)
    os.close(there)
    process.stdin.write(typed.encode())
    process.stdin.close()
    shown = b""
    while True:
        try:
            part = os.read(here, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(here)
    return shown, process.wait()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where articles with hostile names, titles, outlets, authors and rows lie, and a library of them."""
    folder = tmp_path_factory.mktemp("terminal")
    articles = folder / f"articles{HOSTILE}"
    articles.mkdir()
    (articles / f"{HOSTILE}\nError: all is lost.txt").write_text("", encoding="utf-8")
    (articles / f"{HOSTILE}.pdf").write_bytes(b"%PDF-1.4 of no use")
    (articles / f"{HOSTILE}.html").write_text("<p>too short", encoding="utf-8")
    row = {
        "title": f"Harbour {HOSTILE}",
        "outlet": f"Gazette{HOSTILE}",
        "author": f"Ada{HOSTILE}",
        "url": f"https://news.example/{HOSTILE}",
        "date": "2024-03-01",
        "text": "The council of Port Ellery will rebuild the harbour in May, mayor Ida Thorn said on Friday.",
    }
    lines = [json.dumps(row), json.dumps({**row, "text": "", "id": HOSTILE}), f"{{{HOSTILE}"]
    (articles / f"rows{HOSTILE}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "ui.cli", "index", "--library", "library", str(articles)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
    )
    case = {"id": f"set-1{HOSTILE}", "question": f"Who said what{HOSTILE}?", "answers": ["May"]}
    (folder / "set.jsonl").write_text(json.dumps(case) + "\n", encoding="utf-8")
    wrong = [{**case, "gold_articles": [HOSTILE]}, {**case, f"key{HOSTILE}": 1}]
    (folder / "wrong.jsonl").write_text("\n".join(map(json.dumps, wrong)), encoding="utf-8")
    (folder / f"{HOSTILE}.jsonl").write_text(json.dumps(case) + "\n", encoding="utf-8")
    return folder


ASKED = f"When will the harbour{HOSTILE} be rebuilt?"
COMMANDS = {
    "index": ("index", "--library", "other", f"articles{HOSTILE}"),
    "index a file that is not there": ("index", "--library", "other", f"{HOSTILE}.txt"),
    "index an address": ("index", "--library", "other", f"http://127.0.0.1:9/{HOSTILE}"),
    "index as JSON": ("index", "--library", "library", "--json", f"articles{HOSTILE}"),
    "library": ("library", "--library", "library"),
    "library as JSON": ("library", "--library", "library", "--json"),
    "a library that is not there": ("library", "--library", HOSTILE),
    "export": ("library", "export", "--library", "library"),
    "check": ("library", "check", "--library", "library"),
    "ask": ("ask", "--library", "library", "--show-sources", ASKED),
    "ask as JSON": ("ask", "--library", "library", "--json", ASKED),
    "an outlet that is not there": ("ask", "--library", "library", "--outlet", HOSTILE, "Who?"),
    "quote": ("quote", "--library", "library", f"rebuild{HOSTILE} the harbour in June"),
    "eval": ("eval", "run", "set.jsonl", "--library", "library", "--out", "run"),
    "eval of a set that is wrong": ("eval", "run", "wrong.jsonl", "--library", "library"),
    "eval of a set with such a name": ("eval", "run", f"{HOSTILE}.jsonl", "--library", "library", "--tag", HOSTILE),
    "locate": ("eval", "locate", "set.jsonl", "--library", "library"),
    "config": ("config",),
    "no such command": (HOSTILE,),
    "no such option": (f"--{HOSTILE}",),
    "a model that is not there": ("ask", "--library", "library", "--model", HOSTILE, "Who?"),
    "chat on an address that is none": ("chat", "--library", "library", "--host", HOSTILE, "--no-auth"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_lets_its_text_steer_the_terminal(folder, name):
    shown, _ = on_terminal(folder, *COMMANDS[name], env={"CLIPPINGS_OUTLET": HOSTILE} if name == "config" else ())
    assert shown.strip()
    assert not [mark for mark in STEERS if mark in shown], shown
    assert b"\nError: all is lost" not in shown
    assert b"Traceback" not in shown, shown


def test_questions_from_standard_input_cannot_steer_it_either(folder):
    shown, code = on_terminal(folder, "ask", "--library", "library", typed=f"{ASKED}\n{HOSTILE}\n")
    assert code == 0
    # The terminal itself shows what a person types; a pipe is not shown.
    assert not [mark for mark in STEERS if mark in shown], shown


def test_what_a_model_writes_cannot_steer_it(folder):
    pytest.importorskip("langchain_openai")
    from scripted_model import serving

    with serving(f"The harbour{HOSTILE} will be rebuilt in May [1].") as (_, url):
        env = {"CLIPPINGS_MODEL_URL": url, "CLIPPINGS_MODEL": "openai:scripted", "OPENAI_API_KEY": "none"}
        for arguments in (("ask", "--library", "library", "--no-cache", ASKED), ("model", "check")):
            shown, _ = on_terminal(folder, *arguments, env=env)
            assert b"harbour" in shown
            assert not [mark for mark in STEERS if mark in shown], shown


def test_a_traceback_or_a_warning_cannot_steer_it(folder):
    program = (
        "from index.terminal import guard_standard_error; import logging, sys, warnings; guard_standard_error();"
        f"warnings.warn({HOSTILE!r}); logging.warning({HOSTILE!r}); sys.stderr.writelines([{HOSTILE!r}]);"
        f"raise ValueError({HOSTILE!r})"
    )
    shown, code = on_terminal(folder, program=("-c", program))
    assert code == 1 and shown.count(b"gone") >= 4
    assert not [mark for mark in STEERS if mark in shown], shown


def test_json_loses_nothing():
    value = {HOSTILE: [HOSTILE, "\u2028", "\x7f", "日本 😀"]}
    assert json.loads(as_json(value)) == value
    assert printable(as_json(value)) == as_json(value)
    assert "日本 😀" in as_json(value)


def test_text_of_any_language_is_printed_as_it_is():
    for text in ("čeština", "日本語", "العربية", "हिन्दी\u200d", "👩\u200d👧", "10\u00a0000\u202f€", "tab\tand\nline"):
        assert printable(text) == text
    assert printable("a\rb\x85c\u2066d\ud800") == "a�b�c�d�"
    assert one_line("a\n  b\x1b") == "a b�"


@pytest.mark.parametrize(
    "line",
    [
        "import click\n\nclick.echo('x')\n",
        "from click import echo\n\necho('x')\n",
        "print('x')\n",
        "import sys\n\nsys.stdout.write('x')\n",
        "import sys\n\nsys.stderr.write('x')\n",
        "from tqdm import tqdm\n\ntqdm([])\n",
    ],
)
def test_a_new_way_of_printing_is_an_error(line):
    """`make lint` holds what is printed to one module."""
    command = [sys.executable, "-m", "ruff", "check", "--stdin-filename", str(ROOT / "ui" / "cli" / "new.py"), "-"]
    found = subprocess.run(command, input=line, capture_output=True, text=True, cwd=ROOT)
    assert found.returncode == 1 and ("TID251" in found.stdout or "T201" in found.stdout), found.stdout
