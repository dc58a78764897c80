"""Libraries of earlier formats: opened, upgraded in one transaction, read where nothing can be written, built upon."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import tarfile
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from click.testing import CliRunner
from libraries import article
from mounts import read_only

from index.build import build
from index.catalog import Catalog, schema
from index.catalog.schema import FILE, FORMAT, UPGRADES, Upgrade
from index.consistency import check, repair
from index.engines.bm25 import FIELDS
from index.errors import UserError
from index.library import Library
from index.maintenance import stats
from rag.settings import Settings, index_config
from ui.cli.library import library as commands

FORMATS = sorted(int(path.name.partition("-")[2]) for path in (Path(__file__).parents[1] / "fixtures").glob("format-*"))
BROKEN = Upgrade((), ("UPDATE state SET library = 'half'", "UPDATE missing SET number = 1"))


def library_of(number, folder):
    with tarfile.open(Path(__file__).parents[1] / "fixtures" / f"format-{number}" / "library.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "library"


@pytest.fixture
def old(tmp_path):
    """A library of format 1 with the three seed articles."""
    return library_of(1, tmp_path)


def stored(folder):
    """Format, fingerprint and name, read past the program."""
    connection = sqlite3.connect(folder / FILE)
    try:
        (number,) = connection.execute("PRAGMA user_version").fetchone()
        return number, *connection.execute("SELECT fingerprint, library FROM collections, state").fetchone()
    finally:
        connection.close()


def answers(folder):
    library = Library.open(folder)
    return library.counts, [hit.article.title for hit in library.search("Who won the election?", k=3)]


def test_every_format_but_this_one_has_a_step_and_a_library_kept():
    assert list(UPGRADES) == list(range(2, FORMAT + 1))
    assert list(range(1, FORMAT)) == FORMATS


@pytest.mark.parametrize("number", FORMATS)
def test_an_earlier_library_opens_upgraded(number, tmp_path):
    folder = library_of(number, tmp_path)
    assert stored(folder)[0] == number
    (articles, passages), titles = answers(folder)
    assert (articles, len(titles)) == (3, 3) and passages > 3
    upgraded = stored(folder)
    assert upgraded[0] == FORMAT
    assert check(folder).clean and stored(folder) == upgraded, "a second opening changes nothing"
    assert Catalog(folder).view().collection.fingerprint == index_config(Settings()).fingerprint


def test_the_fingerprint_names_the_fields_of_the_word_index(old):
    before = stored(old)[1]
    after = Catalog(old).view().collection
    assert after.fingerprint == f"{before} words: {' '.join(FIELDS)}" and after.word_fields == FIELDS


def test_a_build_upon_an_earlier_library_encodes_only_what_is_new(old):
    new = article("/news/new.txt", "The council of Harrow Bay voted for the bridge.", title="A bridge")
    report = build(old, lambda log: iter([new]), index_config(Settings()))
    assert (report.added, report.changed, report.removed, report.encoded) == (1, 0, 0, 1)
    assert Library.open(old).counts[0] == 4 and check(old).clean


def test_an_earlier_library_gets_its_log_at_the_next_build_or_repair(old):
    assert check(old).unlogged and check(old).clean
    new = article("/news/new.txt", "The council of Harrow Bay voted for the bridge.", title="A bridge")
    build(old, lambda log: iter([new]), index_config(Settings()))
    titles = sorted(item.title for item in Library.open(old).articles())
    assert not check(old).unlogged
    (old / FILE).write_bytes(b"")
    report = repair(old, index_config(Settings()))
    assert report.clean and not report.lost
    assert sorted(item.title for item in Library.open(old).articles()) == titles


@pytest.mark.parametrize("log", [False, True])
def test_an_earlier_library_is_read_in_place_where_nothing_can_be_written(old, log):
    expected = answers(old)
    shutil.rmtree(old)
    library_of(1, old.parent)
    if log:
        connection = sqlite3.connect(old / FILE)
        connection.execute("DELETE FROM fetched")
        connection.execute("INSERT INTO fetched VALUES ('https://x.example', 'tag', '', '')")
        connection.commit()
        for name in (FILE, f"{FILE}-wal"):  # as after a crash: closing takes the log away
            shutil.copyfile(old / name, old / f"{name}.kept")
        connection.close()
        for name in (FILE, f"{FILE}-wal"):
            (old / f"{name}.kept").replace(old / name)
    files = {path: path.read_bytes() for path in old.rglob("*") if path.is_file()}
    with read_only(old):
        assert answers(old) == expected
        assert check(old).clean and not stats(old).lacks
        assert Catalog(old).view().collection.word_fields == FIELDS
    assert {path: path.read_bytes() for path in old.rglob("*") if path.is_file()} == files


def test_an_upgrade_that_fails_leaves_the_library_as_it_was(old, monkeypatch):
    before = stored(old)
    monkeypatch.setattr(schema, "FORMAT", FORMAT + 1)
    monkeypatch.setitem(UPGRADES, FORMAT + 1, BROKEN)
    with pytest.raises(UserError, match="no such table: missing"):
        Catalog(old)
    assert stored(old) == before
    monkeypatch.undo()
    assert answers(old)[0][0] == 3


def killed_halfway(folder):
    class Killing(dict):
        def __getitem__(self, number):
            if number > FORMAT:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().__getitem__(number)

    schema.FORMAT, schema.UPGRADES = FORMAT + 1, Killing(UPGRADES)
    Catalog(folder)


def test_an_upgrade_that_is_killed_leaves_the_library_as_it_was(old):
    before = stored(old)
    child = get_context("spawn").Process(target=killed_halfway, args=(old,))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    assert stored(old) == before
    assert answers(old)[0][0] == 3


def opened(folder):
    return Catalog(folder).view().collection.fingerprint


def test_several_that_open_an_earlier_library_at_once_upgrade_it_once(old):
    expected = f"{stored(old)[1]} words: {' '.join(FIELDS)}"
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(opened, [old] * 8)) == {expected}
    assert stored(old)[:2] == (FORMAT, expected)


def test_a_newer_library_is_refused_by_its_format(old):
    with sqlite3.connect(old / FILE) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(UserError, match=rf"has format {FORMAT + 1}, this Clippings reads up to {FORMAT}\. Update: "):
        Catalog(old)


def test_a_library_says_what_it_lacks_until_its_next_build(old):
    Catalog(old).close()
    with sqlite3.connect(old / FILE) as connection:
        connection.execute("UPDATE collections SET fingerprint = replace(fingerprint, ' outlet author', '')")
    lacks = "made before the word index held outlet, author; run: clippings index --rebuild FILE_OR_FOLDER"
    assert check(old).lacks == lacks and check(old).clean
    assert stats(old).lacks == lacks
    for command in (["--library", str(old)], ["check", "--library", str(old)]):
        said = CliRunner().invoke(commands, command)
        assert lacks in said.output.splitlines() and said.exit_code == 0
    new = article("/news/new.txt", "The council of Harrow Bay voted for the bridge.")
    report = build(old, lambda log: iter([new]), index_config(Settings()))
    assert report.encoded > 1 and not stats(old).lacks and not check(old).lacks
