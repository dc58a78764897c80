"""Who on this machine may read a library: modes of real files, made under the umask that most systems have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from libraries import STORIES, index

from index.maintenance import prune
from index.permissions import MARK, secure
from rag.answer.reply_cache import ReplyCache
from ui.cli import cli
from ui.store.conversations import Conversations

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")


@pytest.fixture(autouse=True)
def umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder):
    """Each mode in a folder, itself included, and what has it."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        kind = "folder" if path.is_dir() else "file"
        found.setdefault((kind, oct(path.stat().st_mode & 0o777)), []).append(path.relative_to(folder).as_posix())
    return found


def loosen(folder):
    """A library as earlier versions made it."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


PRIVATE = {("folder", "0o700"), ("file", "0o600")}


def test_a_library_and_its_conversations_are_the_owners_alone(tmp_path):
    folder = tmp_path / "library"
    index(folder, *STORIES[:3])
    keeper = Conversations(folder)
    keeper.create("visitor:one", "Who won?")
    assert list(folder.glob("*-wal"))
    assert set(modes(folder)) == PRIVATE
    index(folder, *STORIES)
    prune(folder)
    assert set(modes(folder)) == PRIVATE


def test_an_open_library_is_closed_at_the_next_build_or_chat(tmp_path):
    folder = tmp_path / "library"
    index(folder, *STORIES[:3])
    Conversations(folder).create("visitor:one", "Who won?")
    (folder / "runs" / "seeds-1").mkdir(parents=True)
    (folder / "runs" / "seeds-1" / "run.json").write_text("{}")
    for closing in (lambda: index(folder, *STORIES[:4]), lambda: Conversations(folder)):
        loosen(folder)
        closing()
        assert set(modes(folder)) == PRIVATE


def test_replies_that_are_kept_are_the_owners_alone(tmp_path):
    cache = ReplyCache(tmp_path / "cache" / "replies.sqlite")
    cache.put("key", "text", 1, 1)
    assert set(modes(tmp_path / "cache")) == PRIVATE
    loosen(tmp_path / "cache")
    cache.put("key", "text", 1, 1)
    assert modes(tmp_path / "cache")["file", "0o600"] == ["replies.sqlite"]


def test_a_shared_library_stays_shared_and_its_conversations_do_not(tmp_path):
    folder, articles = tmp_path / "library", tmp_path / "articles"
    articles.mkdir()
    (articles / "a.txt").write_text("The council of Port Ellery met on Monday to talk about the harbour and its dues.")
    run = ["index", "--library", str(folder), str(articles)]
    assert CliRunner().invoke(cli, [*run, "--group-readable"]).exit_code == 0
    Conversations(folder).create("visitor:one", "Who met?")
    (articles / "b.txt").write_text("The ferry to Port Ellery will sail twice a day from the first of March this year.")
    assert CliRunner().invoke(cli, run).exit_code == 0
    found = modes(folder)
    assert set(found) == {("folder", "0o750"), ("file", "0o640"), ("file", "0o600")}
    assert {"library.sqlite", "vectors", "words"} <= {
        name.partition("/")[0] for kind in (("folder", "0o750"), ("file", "0o640")) for name in found[kind]
    }
    assert all(not name.startswith(("library.sqlite", "vectors", "words")) for name in found["file", "0o600"])
    assert "conversations.sqlite" in found["file", "0o600"]
    assert CliRunner().invoke(cli, [*run, "--owner-only"]).exit_code == 0
    assert set(modes(folder)) == PRIVATE and not (folder / MARK).exists()


def test_what_somebody_closed_is_not_opened_again(tmp_path):
    folder = tmp_path / "library"
    index(folder, *STORIES[:3])
    secure(folder, group=True)
    assert folder.stat().st_mode & 0o777 == 0o750
    folder.chmod(0o700)
    index(folder, *STORIES)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_with_the_right_mode_is_not_looked_into(tmp_path):
    engine = tmp_path / "library" / "vectors" / "one"
    engine.mkdir(parents=True)
    for path in (engine.parent.parent, engine.parent):
        path.chmod(0o700)
    (engine / "graph.bin").touch(0o644)
    secure(tmp_path / "library")
    assert (engine / "graph.bin").stat().st_mode & 0o777 == 0o644  # closed by what it lies in


def test_what_is_asked_for_by_name_follows_the_umask(tmp_path):
    index(tmp_path / "library", *STORIES[:3])
    script = [sys.executable, "-m", "ui.cli", "library", "export", "--library", "library", "articles.jsonl"]
    root = Path(__file__).parent.parent.parent
    subprocess.run(script, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(root)}, check=True)
    assert (tmp_path / "articles.jsonl").stat().st_mode & 0o777 == 0o644
