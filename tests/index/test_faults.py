"""Builds that are killed, meet a full disk or a read-only folder, or run while others build and ask."""

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from libraries import STORIES, article, embed, index, recipe
from mounts import mounted, read_only

from index.build import embedded_text
from index.build.staging import FILE as STAGING
from index.catalog import Catalog, revision_log
from index.catalog.schema import FILE as CATALOG
from index.consistency import _log_problems, check, repair
from index.engines.bm25 import WordIndex
from index.engines.chroma import VectorIndex
from index.errors import UserError
from index.locks import holder
from index.maintenance import prune

KILLS = [30, pytest.param(300, marks=pytest.mark.attack)]
ARTICLES = 40

# A server that has loaded everything and forks a child for each build, so that a kill costs no start-up.
PROCESSES = multiprocessing.get_context("forkserver" if sys.platform != "win32" else "spawn")
PROCESSES.set_forkserver_preload(["libraries", "chromadb", "tantivy"])


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "library"


def edition(number):
    """The articles of one day: all say which edition they are of, some come, some go, some stay as they were."""
    for place in range(number % 5, ARTICLES):
        changes = place % 3 != 0
        lines = [f"Edition {number if changes else 0} line {line} of story{place}." for line in range(4)]
        yield article(f"/news/{place}", "\n".join(lines), f"2023-12-{place % 28 + 1:02d}")


def build_edition(folder, number):
    return index(folder, *edition(number), targets=["/news"], prune_missing=True)


def expected(number):
    return {item.location: item.text for item in edition(number)}


def content(folder):
    """(version, {location: text}) as published, each passage asked for in both engines."""
    catalog = Catalog(folder)
    try:
        if not catalog.current():
            return 0, {}
        view = catalog.view()
        articles = {item.location: item for item in view.articles()}
        wanted = set(view.passage_ids())
        words = WordIndex(catalog.words_folder(view.collection))
        vectors = VectorIndex(catalog.vectors_folder(view.collection))
        try:
            assert wanted == view.live(key for key, _ in words.search("edition", 10_000))
            assert wanted <= set(vectors.ids())
            sample = articles[random.choice(sorted(articles))]
            passage = view.passages_of(sample.id)[0]
            asked = embed([embedded_text(sample, passage)])[0]
            nearest = vectors.nearest_allowed(asked, 10, view.live, view.passage_ids)
            assert nearest[0][1] == pytest.approx(1, abs=1e-5)
            assert passage.id in dict(nearest), "equal or nearly so, whatever words share a place"
        finally:
            words.close()
            vectors.close()
        return view.version, {place: item.text for place, item in articles.items()}
    finally:
        catalog.close()


@pytest.mark.parametrize("kills", KILLS)
def test_killed_at_any_point_a_build_leaves_the_published_version_and_the_next_completes(folder, kills):
    chance = random.Random(os.environ.get("PYTEST_RANDOM_SEED", "clippings"))
    build_edition(folder, 0)
    started = time.perf_counter()
    warm = PROCESSES.Process(target=build_edition, args=(folder, 1))
    warm.start()
    warm.join()
    longest = time.perf_counter() - started
    killed, number = 0, 1
    before, old = content(folder)
    for _ in range(4 * kills):
        if killed == kills:
            break
        child = PROCESSES.Process(target=build_edition, args=(folder, number + 1))
        begun = time.perf_counter()
        child.start()
        time.sleep(chance.uniform(0, longest))
        child.kill()
        child.join()
        if child.exitcode != -signal.SIGKILL:
            longest = max(0.9 * (time.perf_counter() - begun), 0.05)
        else:
            killed += 1
        after, new = content(folder)
        assert (after, new) in ((before, old), (before + 1, expected(number + 1)))
        assert not any(_log_problems(Catalog(folder))), "the log holds what is published, and may be ahead"
        if chance.random() < 0.5:
            number += 1
            build_edition(folder, number)
            after, new = content(folder)
            assert new == expected(number)
            assert check(folder).clean
        before, old = after, new
    assert killed == kills
    number += 1
    build_edition(folder, number)
    prune(folder)
    assert content(folder)[1] == expected(number)
    assert check(folder).clean
    assert not (folder / STAGING).exists()
    for engine in ("vectors", "words"):
        assert len(list((folder / engine).iterdir())) == 1, "nothing of the killed builds is left"


def test_killed_at_any_point_the_log_gives_back_what_was_published_or_what_was_about_to_be(folder):
    chance = random.Random(os.environ.get("PYTEST_RANDOM_SEED", "clippings"))
    build_edition(folder, 0)
    started = time.perf_counter()
    build_edition(folder, 1)
    longest = time.perf_counter() - started
    for number in range(2, 10):
        child = PROCESSES.Process(target=build_edition, args=(folder, number))
        child.start()
        time.sleep(chance.uniform(0, longest))
        child.kill()
        child.join()
        before, old = content(folder)
        (folder / CATALOG).write_bytes(b"")
        assert not repair(folder, recipe()).lost
        assert content(folder) in ((before, old), (before + 1, expected(number)))
        build_edition(folder, number)
        assert content(folder)[1] == expected(number) and check(folder).clean


def test_a_log_ahead_of_the_catalog_is_harmless_and_cut_back_by_the_next_build(folder):
    build_edition(folder, 0)
    kept = (folder / revision_log.FILE).stat().st_size
    ahead = {**revision_log.state_of(Catalog(folder).connection()), "current": 2, "last": 2}
    revision_log.append(folder, [("lives", [["nobody", "none", 2, None]])], ahead)
    with (folder / revision_log.FILE).open("ab") as log:
        log.write(b"R 0000")
    assert check(folder).clean
    build_edition(folder, 1)
    assert b"R 0000" not in (folder / revision_log.FILE).read_bytes()[kept:]
    before = content(folder)
    (folder / CATALOG).write_bytes(b"")
    assert not repair(folder, recipe()).lost and content(folder) == before and check(folder).clean


def test_the_log_grows_only_by_what_is_new_and_forgets_what_is_pruned(folder):
    build_edition(folder, 0)
    size = (folder / revision_log.FILE).stat().st_size
    index(folder, article("/news/new", "One more article, of one line."))
    assert (folder / revision_log.FILE).stat().st_size - size < size / 5
    build_edition(folder, 1)
    prune(folder)
    whole = "".join(str(rows) for rows in revision_log.read(folder))
    assert "Edition 1 line" in whole and "One more article" not in whole
    assert check(folder).clean


def build_slowly(folder, begun, go_on):
    def wait(texts):
        begun.set()
        go_on.wait(60)
        return embed(texts)

    index(folder, *STORIES, recipe=recipe(embed=wait))


def test_second_build_names_the_first_and_changes_nothing(folder):
    index(folder, STORIES[0])
    begun, go_on = PROCESSES.Event(), PROCESSES.Event()
    first = PROCESSES.Process(target=build_slowly, args=(folder, begun, go_on))
    first.start()
    assert begun.wait(60)
    for attempt in (lambda: index(folder, STORIES[1]), lambda: prune(folder)):
        with pytest.raises(UserError, match=rf"process {first.pid} .* Wait until it ends or stop it"):
            attempt()
    assert Catalog(folder).view().count() == (1, 3)
    go_on.set()
    first.join(60)
    assert first.exitcode == 0
    assert holder(folder) is None
    assert Catalog(folder).view().count() == (6, 18)
    assert check(folder).clean


def test_lock_of_a_killed_build_is_free(folder):
    begun, go_on = PROCESSES.Event(), PROCESSES.Event()
    first = PROCESSES.Process(target=build_slowly, args=(folder, begun, go_on))
    first.start()
    assert begun.wait(60)
    first.kill()
    first.join()
    assert holder(folder).pid == first.pid
    assert index(folder, *STORIES).added == 6
    assert holder(folder) is None


def ask_until(folder, stop, questions, wrong):
    """Ask both engines at whatever version is published, and tell of any answer not of that version."""
    catalog = Catalog(folder)
    random.seed(os.getpid())
    while not stop.is_set():
        view = catalog.view()
        number = view.version - 1
        words = vectors = None
        try:
            words = WordIndex(catalog.words_folder(view.collection))
            vectors = VectorIndex(catalog.vectors_folder(view.collection))
            place = random.choice([item for item in expected(number) if int(item.split("/")[2]) % 3])
            text = f"Edition {number} line 2 of story{place.split('/')[2]}."
            by_words = view.passages([key for key, _ in words.search(text, 200)])
            day = next(item.published for item in edition(number) if item.location == place)
            asked = embed([f"{day} {text}"])[0]
            nearest = vectors.nearest_allowed(asked, 10, view.live, view.passage_ids)
            by_vectors = view.passages([key for key, _ in nearest])
            for found in (by_words, by_vectors):
                if text not in {item.text[part.start : part.end] for part, item in found.values()}:
                    wrong.put(f"version {view.version}: {text!r} not found")
                for _, item in found.values():
                    if item.text != expected(number).get(item.location):
                        wrong.put(f"version {view.version}: {item.location} says {item.text!r}")
            with questions.get_lock():
                questions.value += 1
        except UserError as error:
            # Two builds were published between looking up the version and opening its engines.
            if catalog.current() == view.version or "is gone" not in str(error):
                wrong.put(str(error))
        finally:
            for engine in (words, vectors):
                if engine is not None:
                    engine.close()
    catalog.close()


def test_questions_are_answered_while_builds_publish(folder):
    build_edition(folder, 0)
    stop, questions, wrong = PROCESSES.Event(), PROCESSES.Value("i", 0), PROCESSES.Queue()
    askers = [PROCESSES.Process(target=ask_until, args=(folder, stop, questions, wrong)) for _ in range(2)]
    for asker in askers:
        asker.start()
    try:
        for number in range(1, 9):
            asked = questions.value
            assert build_edition(folder, number).version == number + 1
            deadline = time.perf_counter() + 60
            while questions.value < asked + 4 and time.perf_counter() < deadline:
                time.sleep(0.01)
    finally:
        stop.set()
        for asker in askers:
            asker.join(60)
    assert wrong.empty(), wrong.get()
    assert [asker.exitcode for asker in askers] == [0, 0]
    assert questions.value >= 32
    assert check(folder).clean


def test_reader_that_opened_before_answers_on_after_builds(folder):
    build_edition(folder, 0)
    catalog = Catalog(folder)
    view = catalog.view()
    words, vectors = (
        WordIndex(catalog.words_folder(view.collection)),
        VectorIndex(catalog.vectors_folder(view.collection)),
    )
    asked = embed(["Edition 0 line 1 of story7."])[0]
    before = words.search("story7", 3), vectors.nearest(asked, 3)
    for number in range(1, 4):
        build_edition(folder, number)
    assert (words.search("story7", 3), vectors.nearest(asked, 3)) == before
    assert len(view.passages([key for key, _ in before[0]])) == 3
    vectors.close()


def test_full_disk(tmp_path):
    disk = tmp_path / "disk"
    with mounted(disk, "-t", "tmpfs", "-o", "size=24m", "tmpfs"):
        folder = disk / "library"
        build_edition(folder, 0)
        messages = 0
        for kilobytes in (0, 20, 60, 150, 300, 600, 900, 1200, 2000, 3000):
            before, old = content(folder)
            room = shutil.disk_usage(disk).free - kilobytes * 1024
            with (disk / "ballast").open("wb") as ballast:
                ballast.write(b"x" * max(room, 0))
            try:
                build_edition(folder, before)
            except UserError as error:
                messages += 1
                assert "No space left" in str(error)
                assert "run the same command again" in str(error)
                assert content(folder) == (before, old), "readable even now"
            (disk / "ballast").unlink()
            build_edition(folder, before)
            assert content(folder) == (before + 1, expected(before))
            assert check(folder).clean
        assert messages >= 3


def test_full_disk_at_the_first_build(tmp_path):
    disk = tmp_path / "disk"
    with mounted(disk, "-t", "tmpfs", "-o", "size=100k", "tmpfs"):
        with pytest.raises(UserError, match=r"No space left|Make room"):
            build_edition(disk / "library", 0)
        subprocess.run(["mount", "-o", "remount,size=24m", str(disk)], check=True)
        assert build_edition(disk / "library", 0).version == 1


def leave_a_log(folder):
    """Publish and end at once, as in a crash, so that SQLite's log stays beside the library."""
    connection = Catalog(folder).connection()
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("INSERT OR REPLACE INTO fetched VALUES ('https://x.example', 'tag', '', '')")
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("log", [False, True])
def test_read_only_folder_answers_and_says_why_it_cannot_be_built_in(tmp_path, log):
    disk = tmp_path / "disk"
    disk.mkdir()
    build_edition(disk / "library", 0)
    if log:
        child = PROCESSES.Process(target=leave_a_log, args=(disk / "library",))
        child.start()
        child.join()
        assert (disk / "library" / "library.sqlite-wal").stat().st_size > 0
    files = sorted((path, path.stat().st_mtime_ns) for path in disk.rglob("*"))
    with read_only(disk):
        assert content(disk / "library") == (1, expected(0))
        assert check(disk / "library").clean
        assert bool(Catalog(disk / "library").connection().execute("SELECT * FROM fetched").fetchall()) == log
        for attempt in (lambda: build_edition(disk / "library", 1), lambda: prune(disk / "library")):
            with pytest.raises(UserError, match=r"read-only|Cannot write"):
                attempt()
        with pytest.raises(UserError, match="Cannot write"):
            build_edition(disk / "other", 0)
    assert files == sorted((path, path.stat().st_mtime_ns) for path in disk.rglob("*"))
