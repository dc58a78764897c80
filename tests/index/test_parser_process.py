"""The child process that parses: its limits, what it leaves behind, and how it ends. Real files, real processes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from costly_files import docx_of_empty_paragraphs, html_of_attributes, keep, parsers, pdf_of_one_stream

from index.errors import Stopped
from index.sources import parser_process, read
from index.sources.parser_process import ParserProcess, Task
from index.types import Article, Skipped

TEXT = "The harbour of Holm closed on Monday, the council said. "
ENDED = 60
"""Seconds after which something that should end is taken not to."""
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory and /proc are Linux's")


def resident():
    """Bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def wait_until(condition):
    end = time.monotonic() + ENDED
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.05)


def alive(pid):
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def costly(folder):
    """A folder of small files that cost much, between two that do not."""
    (folder / "a.txt").write_text(TEXT * 3)
    (folder / "b.docx").write_bytes(docx_of_empty_paragraphs(6_600_000))
    (folder / "c.docx").write_bytes(docx_of_empty_paragraphs(32_000_000))
    (folder / "d.pdf").write_bytes(pdf_of_one_stream(1900))
    (folder / "e.html").write_text(html_of_attributes())
    (folder / "z.txt").write_text(TEXT * 4)
    assert all(path.stat().st_size < 2_000_000 for path in folder.iterdir())
    return folder


@LINUX
@pytest.mark.parametrize(
    ("seconds", "memory"),
    [(4.0, 300_000_000), pytest.param(parser_process.SECONDS, parser_process.MEMORY, marks=pytest.mark.attack)],
)
def test_costly_files_are_skipped_at_the_limit_and_the_rest_goes_in(tmp_path, seconds, memory):
    costly(tmp_path)
    before = resident()
    with ParserProcess(seconds=seconds, memory=memory) as parser:
        found = list(read([str(tmp_path)], parser=parser))
    kinds = {Path(item.location).name: item for item in found}
    assert isinstance(kinds.pop("a.txt"), Article) and isinstance(kinds.pop("z.txt"), Article)
    assert list(kinds) == ["b.docx", "c.docx", "d.pdf", "e.html"]
    for item in kinds.values():
        assert isinstance(item, Skipped)
        named = (
            f"took more than {seconds:.0f} s",
            f"took more than {seconds + 2:.0f} s",
            f"{memory / 1e9:g} GB of memory",
        )
        assert any(limit in item.reason for limit in named), item
    assert "took more than" in kinds["d.pdf"].reason and "took more than" in kinds["e.html"].reason
    assert resident() - before < 30_000_000
    assert not parsers(os.getpid())


@LINUX
def test_a_file_that_needs_too_much_memory_is_skipped_and_says_so(tmp_path):
    (tmp_path / "a.docx").write_bytes(docx_of_empty_paragraphs(3_000_000))
    (tmp_path / "b.html").write_text("<p>" + "<b>x</b>" * 3_000_000)
    (tmp_path / "c.json").write_text("[" + "[]," * 6_000_000 + "[]]")
    (tmp_path / "d.txt").write_text(TEXT)
    with ParserProcess(memory=200_000_000) as parser:
        *skipped, article = read([str(tmp_path)], parser=parser)
    assert isinstance(article, Article)
    assert [item.reason for item in skipped] == ["needed more than 0.2 GB of memory to read"] * 3


@pytest.mark.parametrize("kind", [".jsonl", ".csv", ".json"])
def test_a_row_that_overruns_costs_that_row(tmp_path, kind):
    texts = [f"{TEXT}{number}" for number in range(12)]
    texts[4] = texts[7] = html_of_attributes()
    path = tmp_path / f"rows{kind}"
    match kind:
        case ".csv":
            path.write_text("text\n" + "".join(f'"{text}"\n' for text in texts))
        case ".jsonl":
            path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        case _:
            path.write_text(json.dumps([{"text": text} for text in texts]))
    with ParserProcess(seconds=2) as parser:
        found = list(read([str(path)], parser=parser))
    articles = [item.text for item in found if isinstance(item, Article)]
    assert articles == [text for number, text in enumerate(texts) if number not in (4, 7)]
    skipped = [item for item in found if isinstance(item, Skipped)]
    assert len(skipped) == 2 and all("took more than" in item.reason for item in skipped)


def test_a_file_whose_rows_all_overrun_is_given_up(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": html_of_attributes()}) + "\n" for _ in range(9)))
    with ParserProcess(seconds=1) as parser:
        found = list(read([str(path)], parser=parser))
    assert len(found) == parser_process.OVERRUNS + 1
    assert "the rest is left out" in found[-1].reason


def test_rows_have_a_deadline_each_however_long_the_file_takes(tmp_path):
    path = tmp_path / "rows.jsonl"
    markup = f"<p>{TEXT}</p><br>" * 700
    path.write_text("".join(json.dumps({"text": markup + str(number)}) + "\n" for number in range(400)))
    started = time.monotonic()
    with ParserProcess(seconds=1.5) as parser:
        found = list(read([str(path)], parser=parser))
    assert sum(isinstance(item, Article) for item in found) == 400
    assert time.monotonic() - started > 1.5, "too short a file to show anything"


@LINUX
def test_a_child_that_has_grown_is_replaced_and_another_is_not(tmp_path):
    with ParserProcess() as parser:
        pids = []
        for size in (1, 100_000_000, 100_000_000, 100_000_000, 1):
            assert list(parser.results(Task(keep, (size,), ENDED))) == [size]
            pids += parsers(os.getpid())
    assert pids[0] == pids[1] == pids[2] != pids[3] and len(pids) == 4


@LINUX
def test_a_child_that_breaks_down_costs_one_file(tmp_path):
    (tmp_path / "a.html").write_text(html_of_attributes())
    (tmp_path / "b.txt").write_text(TEXT)
    with ParserProcess() as parser:
        items = read([str(tmp_path)], parser=parser)

        def kill():
            wait_until(lambda: parsers(os.getpid()))
            time.sleep(1)
            os.kill(parsers(os.getpid())[0], signal.SIGSEGV)

        threading.Thread(target=kill).start()
        skipped, article = items
    assert skipped.reason == "the process that read it broke down (signal 11)"
    assert isinstance(article, Article)


@LINUX
def test_stopping_ends_the_child_in_the_midst_of_a_file(tmp_path):
    (tmp_path / "a.html").write_text(html_of_attributes())
    stopped = threading.Event()
    with ParserProcess(stopped=stopped) as parser:
        threading.Timer(1, stopped.set).start()
        with pytest.raises(Stopped):
            list(read([str(tmp_path)], parser=parser))
        assert not parsers(os.getpid())


def reading(folder, **settings):
    """A process that reads a folder, and the child it has started."""
    script = f"import sys; from index.sources import read; print(list(read([{str(folder)!r}])))"
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, **settings)
    wait_until(lambda: parsers(process.pid))
    time.sleep(1)  # so that it is at work
    return process, parsers(process.pid)[0]


@LINUX
@pytest.mark.parametrize(
    ("name", "content"),
    [("a.html", html_of_attributes), ("a.pdf", lambda: pdf_of_one_stream(1900))],
    ids=["in C", "in Python"],
)
def test_a_child_does_not_outlive_a_parent_that_is_killed(tmp_path, name, content):
    data = content()
    (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    process, child = reading(tmp_path)
    assert alive(child)
    process.kill()
    _, err = process.communicate()
    wait_until(lambda: not alive(child))
    assert not err


@LINUX
def test_control_c_ends_both_without_a_word_of_the_child(tmp_path):
    (tmp_path / "a.html").write_text(html_of_attributes())
    process, child = reading(tmp_path, start_new_session=True)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=ENDED)
    wait_until(lambda: not alive(child))
    assert err.count("Traceback") == 1 and err.rstrip().endswith("KeyboardInterrupt")  # the script's own


def test_nothing_that_lies_in_the_current_folder_is_imported(tmp_path, monkeypatch):
    for module in ("pickle", "lxml", "index", "sitecustomize"):
        (tmp_path / f"{module}.py").write_text("open('taken', 'w').close()")
    (tmp_path / "a.html").write_text(f"<html><body><p>{TEXT * 9}</p></body></html>")
    monkeypatch.chdir(tmp_path)
    assert isinstance(next(read(["a.html"])), Article)
    assert not (tmp_path / "taken").exists()


def test_a_script_that_guards_nothing_can_read(tmp_path):
    (tmp_path / "a.txt").write_text(TEXT)
    script = tmp_path / "script.py"
    script.write_text(f"from index.sources import read\nprint(len(list(read([{str(tmp_path / 'a.txt')!r}]))))\n")
    result = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=ENDED)
    assert (result.stdout, result.stderr) == ("1\n", "")


def test_files_come_in_order_with_those_that_cannot_be_read(tmp_path):
    names = [f"{number:02}.txt" for number in range(20)]
    for number, name in enumerate(names):
        (tmp_path / name).write_text("" if number % 3 == 0 else f"{TEXT}{number}")
    (tmp_path / "05.txt").unlink()
    (tmp_path / "05.txt").symlink_to("/nowhere")
    assert [Path(item.location).name for item in read([str(tmp_path)])] == names


def test_a_reading_that_is_given_up_leaves_the_parser_fit_for_the_next(tmp_path):
    for number in range(9):
        (tmp_path / f"{number}.txt").write_text(f"{TEXT}{number}")
    with ParserProcess() as parser:
        items = read([str(tmp_path)], parser=parser)
        next(items)
        items.close()
        assert [item.text[-1] for item in read([str(tmp_path)], parser=parser)] == list("012345678")
