"""Reading the library at a version, and the file it lives in."""

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from libraries import STORIES, article, index, story
from strategies import articles, filters

from index.build.reconcile import _GIVEN
from index.catalog import Catalog, revision_log
from index.catalog.schema import FILE, FORMAT
from index.errors import UserError
from index.types import Filter


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "library"


@pytest.fixture
def catalog(folder):
    index(folder, *STORIES)
    catalog = Catalog(folder)
    yield catalog
    catalog.close()


def test_no_library_names_the_next_command(folder):
    with pytest.raises(UserError, match="clippings index"):
        Catalog(folder)
    assert not Catalog.exists(folder)
    assert not folder.exists(), "looking for a library makes none"


def test_library_of_a_newer_format_says_so(catalog, folder):
    catalog.connection().execute(f"PRAGMA user_version = {FORMAT + 1}")
    revision_log.append(folder, [], revision_log.state_of(catalog.connection()))
    with pytest.raises(UserError, match=f"format {FORMAT + 1}.*pip install"):
        Catalog(folder)


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to have a header" * 20])
def test_file_that_is_no_library(folder, content):
    folder.mkdir()
    (folder / FILE).write_bytes(content)
    with pytest.raises(UserError, match=r"Name another folder|Build it anew"):
        Catalog(folder)


def test_another_programs_database_is_left_alone(folder):
    folder.mkdir()
    with sqlite3.connect(folder / FILE) as other:
        other.execute("CREATE TABLE theirs (x)")
    with pytest.raises(UserError, match="not a Clippings library"):
        index(folder, *STORIES)
    names = sqlite3.connect(folder / FILE).execute("SELECT name FROM sqlite_master").fetchall()
    assert names == [("theirs",)]


def test_library_whose_making_was_cut_short_is_made_again(folder):
    folder.mkdir()
    with sqlite3.connect(folder / FILE) as begun:
        begun.execute("PRAGMA journal_mode = WAL")
    assert (folder / FILE).stat().st_size > 0
    assert index(folder, *STORIES).version == 1


def test_tables_are_strict_and_foreign_keys_hold(catalog):
    connection = catalog.connection()
    with pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT"):
        connection.execute("UPDATE state SET current = 'x'")
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        connection.execute("INSERT INTO lives VALUES ('nobody', 'none', 1, NULL)")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,), "FULL: a commit survives a power cut"


def test_articles_come_back_as_they_were_read(catalog):
    view = catalog.view()
    found = {item.location: item for item in view.articles()}
    for given_article in STORIES:
        stored = found[given_article.location]
        assert (stored.text, stored.published, stored.revision) == (
            given_article.text, given_article.published, given_article.revision
        )  # fmt: skip
        assert _GIVEN.fullmatch(stored.id)
        assert view.article(stored.id) == stored == view.revision(stored.id, stored.revision)


def test_unknown_ids_are_none_or_left_out(catalog):
    view = catalog.view()
    assert view.article("nobody") is None
    assert view.revision("nobody", "none") is None
    assert view.passages(["", "x", "a:b:c", "nobody:none:0"]) == {}
    assert view.locations("nobody") == view.related("nobody") == view.passages_of("nobody") == []


def test_unknown_version(catalog):
    with pytest.raises(UserError, match="No version 9"):
        catalog.view(9)


def test_facts_of_a_version(folder):
    index(
        folder,
        article("/a", story(1), "2023-12-07", outlet="AP", author="Ann"),
        article("/b", story(2), "2023-11", outlet="AP"),
        article("/c", story(3), outlet="The Post"),
    )
    view = Catalog(folder).view()
    assert view.outlets() == {"AP": 2, "The Post": 1}
    assert view.authors() == {"Ann": 1}
    assert (view.oldest(), view.newest()) == (date(2023, 11, 1), date(2023, 12, 7))
    assert view.count() == (3, 9)


def test_passages_belong_to_their_version_only(folder):
    index(folder, article("/a", story(1)))
    index(folder, article("/a", story(2)))
    catalog = Catalog(folder)
    old, new = catalog.view(1), catalog.view(2)
    assert set(old.passages(old.passage_ids())) == set(old.passage_ids())
    assert new.passages(old.passage_ids()) == {}
    assert new.live(old.passage_ids() + new.passage_ids()) == set(new.passage_ids())
    article_id = next(new.articles()).id
    revision = next(old.articles()).revision
    assert new.revision(article_id, revision).text == story(1), "citations of old revisions still resolve"
    assert [item.number for item in new.passages_of(article_id)] == [0, 1, 2]


def test_view_keeps_its_version_while_a_build_publishes(folder):
    index(folder, article("/a", story(1)))
    view = Catalog(folder).view()
    before = list(view.articles()), view.passage_ids(), view.count()
    index(folder, article("/a", story(2)), article("/b", story(3)))
    assert (list(view.articles()), view.passage_ids(), view.count()) == before


@given(articles, filters)
@settings(max_examples=12, deadline=None)
def test_filters_let_through_what_filter_allows(tmp_path_factory, items, filter):
    folder = tmp_path_factory.mktemp("library")
    reads = [replace(item, text=f"Text {number}.", location=f"/{number}", id="") for number, item in enumerate(items)]
    index(folder, *reads)
    catalog = Catalog(folder)
    view = catalog.view()
    stored = {item.location: item for item in view.articles()}
    without = tuple(stored[f"/{int(key, 16)}"].id for key in filter.without if f"/{int(key, 16)}" in stored)
    wanted = Filter(filter.since, filter.until, filter.outlets, filter.authors, without)
    allowed = {item.id for item in stored.values() if wanted.allows(item)}
    assert {key.split(":")[0] for key in view.passage_ids(wanted)} == allowed
    assert {key.split(":")[0] for key in view.live(view.passage_ids(), wanted)} == allowed
    catalog.close()


def test_every_thread_has_its_connection(catalog):
    view = catalog.view()

    barrier = threading.Barrier(8)

    def ask(_):
        barrier.wait()
        return view.count(), id(catalog.connection())

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    assert {count for count, _ in found} == {(6, 18)}
    assert len({connection for _, connection in found}) == 8


def test_article_ids_page_through(folder):
    index(folder, *(article(f"/{number}", f"Text {number}.") for number in range(230)))
    assert len({item.id for item in Catalog(folder).view().articles()}) == 230


def test_opening_a_catalog_loads_no_engine():
    code = (
        "import sys; import index.build, index.consistency, index.maintenance, index.catalog; "
        "print([name for name in ('chromadb', 'tantivy', 'portalocker', 'onnxruntime') if name in sys.modules])"
    )
    root = Path(__file__).parents[2]
    said = subprocess.check_output([sys.executable, "-c", code], cwd=root, text=True)
    assert said.strip() == "[]"
