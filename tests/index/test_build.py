"""What a build makes of the articles it reads: identity, revisions, versions, and what it leaves alone."""

import hashlib
import sqlite3

import numpy as np
import pytest
from libraries import STORIES, article, embed, index, recipe, story

from index.build import build
from index.catalog import Catalog
from index.consistency import check
from index.engines.bm25 import WordIndex
from index.engines.chroma import VectorIndex
from index.errors import UserError
from index.maintenance import rollback
from index.types import Article, FetchRecord, Remark, Skipped, Unchanged


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "library"


def state(folder, version=None):
    """{own location: (article id, text, all locations)} of a version."""
    catalog = Catalog(folder)
    try:
        view = catalog.view(version)
        return {item.location: (item.id, item.text, view.locations(item.id)) for item in view.articles()}
    finally:
        catalog.close()


def texts(folder, version=None):
    return {place: text for place, (_, text, _) in state(folder, version).items()}


def counts(report):
    return report.added, report.changed, report.unchanged, report.removed, report.copies


def test_first_build_publishes_version_one(folder):
    report = index(folder, *STORIES)
    assert (report.version, report.published, counts(report)) == (1, True, (6, 0, 0, 0, 0))
    assert report.encoded == 18
    assert check(folder).clean


def test_id_is_the_hash_of_the_first_text_on_every_machine(folder, tmp_path):
    index(folder, STORIES[0])
    index(tmp_path / "other", STORIES[1], STORIES[0])
    expected = hashlib.sha256(story(0).encode()).hexdigest()[:12]
    assert state(folder)["/news/0.txt"][0] == state(tmp_path / "other")["/news/0.txt"][0] == expected


def test_nothing_new_publishes_nothing_and_wakes_no_engine(folder, monkeypatch):
    index(folder, *STORIES)

    def asleep(*_, **__):
        raise AssertionError("not needed when nothing changed")

    monkeypatch.setattr("index.build.engine_copies.VectorIndex", asleep)
    monkeypatch.setattr("index.build.engine_copies.WordIndex", asleep)
    report = index(folder, *STORIES, recipe=recipe(embed=asleep, split=asleep))
    assert (report.version, report.published, counts(report)) == (1, False, (0, 0, 6, 0, 0))


def test_changed_text_is_a_new_revision_of_the_same_article(folder):
    index(folder, *STORIES)
    before = state(folder)["/news/2.txt"]
    changed = article("/news/2.txt", story(2) + "\nMore.", "2023-12-03")
    report = index(folder, *STORIES[:2], changed, *STORIES[3:])
    assert counts(report) == (0, 1, 5, 0, 0)
    after = state(folder)["/news/2.txt"]
    assert after[0] == before[0]
    assert after[1] == before[1] + "\nMore."
    assert state(folder, 1)["/news/2.txt"] == before
    assert report.encoded == 4


def test_changed_title_alone_is_a_new_revision(folder):
    index(folder, article("/a", story(1), title="One"))
    report = index(folder, article("/a", story(1), title="Two"))
    assert counts(report) == (0, 1, 0, 0, 0)
    catalog = Catalog(folder)
    assert [item.title for item in catalog.view().articles()] == ["Two"]
    assert [item.title for item in catalog.view(1).articles()] == ["One"]


def test_same_text_elsewhere_is_one_article_with_two_locations_and_the_first_ones_facts(folder):
    index(folder, article("/a", story(1), title="First"))
    report = index(folder, article("/a", story(1), title="First"), article("/b", story(1), title="Second"))
    assert counts(report) == (0, 0, 1, 0, 1)
    assert state(folder)["/a"][2] == ["/a", "/b"]
    assert next(Catalog(folder).view().articles()).title == "First"
    report = index(folder, article("/b", story(1), title="Third"))
    assert counts(report) == (0, 0, 0, 0, 0)
    assert next(Catalog(folder).view().articles()).title == "First"


def test_same_text_twice_in_one_run(folder):
    report = index(folder, article("/a", story(1)), article("/b", story(1)), article("/c", story(2)))
    assert counts(report) == (2, 0, 0, 0, 1)
    assert state(folder)["/a"][2] == ["/a", "/b"]


def test_copy_that_changes_becomes_its_own_article(folder):
    index(folder, article("/a", story(1)), article("/b", story(1)))
    report = index(folder, article("/b", story(2)))
    assert counts(report) == (1, 0, 0, 0, 0)
    assert [locations for _, _, locations in state(folder).values()] in ([["/a"], ["/b"]], [["/b"], ["/a"]])


def test_own_location_that_changes_passes_the_article_to_the_copy(folder):
    index(folder, article("/a", story(1)), article("/b", story(1)))
    before = state(folder)["/a"][0]
    index(folder, article("/a", story(2)))
    after = state(folder)
    assert after["/b"][:2] == (before, story(1))
    assert after["/a"][0] != before


def test_location_that_now_holds_a_known_text_joins_that_article(folder):
    index(folder, article("/a", story(1)), article("/b", story(2)))
    report = index(folder, article("/b", story(1)))
    assert counts(report) == (0, 0, 0, 1, 1)
    assert state(folder)["/a"][2] == ["/a", "/b"]


def test_rows_that_move_keep_their_articles(folder):
    rows = [article(f"/dump.jsonl#{number}", story(number)) for number in range(4)]
    index(folder, *rows)
    ids = {text: name for name, text, _ in state(folder).values()}
    moved = [article("/dump.jsonl#0", story(9))]
    moved += [article(f"/dump.jsonl#{number + 1}", story(number)) for number in range(4)]
    report = index(folder, *moved)
    assert report.added == 1
    assert report.changed == report.removed == 0
    assert report.encoded == 3
    assert ids.items() <= {text: name for name, text, _ in state(folder).values()}.items()


def test_two_articles_that_swap_places_swap_locations(folder):
    index(folder, article("/a", story(1)), article("/b", story(2)))
    before = state(folder)
    report = index(folder, article("/a", story(2)), article("/b", story(1)))
    assert (report.added, report.changed, report.removed, report.encoded) == (0, 0, 0, 0)
    after = state(folder)
    assert after["/a"][0] == before["/b"][0]
    assert after["/b"][0] == before["/a"][0]


def test_id_taken_by_another_article_gets_a_number(folder):
    index(folder, article("/a", story(1)))
    first = state(folder)["/a"][0]
    index(folder, article("/a", story(2)))
    report = index(folder, article("/b", story(1)))
    assert report.added == 1
    assert state(folder)["/a"][0] == first
    assert state(folder)["/b"][0] == f"{first}-2"


def test_article_that_returns_gets_its_id_back_without_encoding(folder):
    index(folder, article("/n/a", story(1)), article("/n/b", story(2)))
    before = state(folder)["/n/a"][0]
    index(folder, article("/n/b", story(2)), targets=["/n"], prune_missing=True)
    report = index(folder, article("/n/c", story(1)))
    assert (report.added, report.encoded) == (1, 0)
    assert state(folder)["/n/c"][0] == before
    assert check(folder).clean


def test_one_location_read_twice_with_two_texts_says_so(folder):
    report = index(folder, article("/a", story(1)), article("/a", story(2)), article("/a", story(1)))
    assert report.added == 1
    assert [(item.location, "before in this run" in item.reason) for item in report.skipped] == [("/a", True)]


def test_prune_removes_what_is_gone_under_the_targets_only(folder):
    places = ["/n/a.txt", "/n/sub/b.txt", "/n/d.jsonl#1", "/n/d.jsonl#2", "/nn/c.txt", "https://x.example/n/a"]
    texts = {place: story(number) for number, place in enumerate(places)}
    index(folder, *(article(place, text) for place, text in texts.items()))
    report = index(folder, article("/n/d.jsonl#2", texts["/n/d.jsonl#2"]), targets=["/n"], prune_missing=True)
    assert counts(report) == (0, 0, 1, 3, 0)
    assert set(state(folder)) == {"/n/d.jsonl#2", "/nn/c.txt", "https://x.example/n/a"}


def test_prune_removes_a_page_only_when_it_is_the_target_itself(folder):
    pages = ["https://x.example/n/a", "https://x.example/n/a/b"]
    index(folder, *(article(page, story(number)) for number, page in enumerate(pages)))
    failed = Skipped(pages[0], "the server said 503")
    assert index(folder, failed, targets=[pages[0]], prune_missing=True).removed == 0
    assert index(folder, targets=[pages[0]], prune_missing=True).removed == 1
    assert set(state(folder)) == {pages[1]}


def test_without_prune_nothing_is_removed(folder):
    index(folder, *STORIES)
    assert counts(index(folder, STORIES[0], targets=["/news"])) == (0, 0, 1, 0, 0)


def test_prune_spares_what_could_not_be_read(folder):
    index(folder, article("/n/a", story(1)), article("/n/b#1", story(2)), article("/n/s/c", story(3)))
    failed = [Skipped(place, "permission denied") for place in ("/n/a", "/n/b", "/n/s")]
    report = index(folder, *failed, targets=["/n"], prune_missing=True)
    assert report.removed == 0
    assert report.skipped == tuple(failed)
    assert set(state(folder)) == {"/n/a", "/n/b#1", "/n/s/c"}


def test_prune_of_one_of_two_locations_keeps_the_article(folder):
    index(folder, article("/n/a", story(1)), article("/m/b", story(1)))
    report = index(folder, targets=["/n"], prune_missing=True)
    assert (report.removed, report.published) == (0, True)
    assert state(folder)["/m/b"][2] == ["/m/b"]


def test_unchanged_pages_are_not_missing(folder):
    index(folder, article("https://x.example/a", story(1)))
    report = index(folder, Unchanged("https://x.example/a"))
    assert counts(report) == (0, 0, 1, 0, 0)


def test_remarks_and_skips_are_reported(folder):
    remark, skip = Remark("/d.csv", "fields: body as text"), Skipped("/d.csv", "no text", 7)
    report = index(folder, remark, skip, STORIES[0])
    assert report.remarks == (remark,)
    assert report.as_dict()["skipped"] == ({"location": "/d.csv", "reason": "no text", "line": 7},)


def test_nothing_read_publishes_nothing(folder):
    report = index(folder, Skipped("/x", "empty"))
    assert (report.version, report.published) == (0, False)
    with pytest.raises(UserError, match="is empty"):
        Catalog(folder).view()


def test_other_settings_build_beside_and_both_versions_answer(folder):
    index(folder, *STORIES)

    def doubled(texts):
        return np.concatenate([embed(texts), embed(texts)], axis=1) / np.sqrt(2).astype(np.float32)

    report = index(folder, STORIES[0], recipe=recipe("double", embed=doubled))
    assert (report.version, report.encoded) == (2, 18)
    catalog = Catalog(folder)
    for version, dimensions in ((1, 64), (2, 128)):
        view = catalog.view(version)
        vectors = VectorIndex(catalog.vectors_folder(view.collection))
        assert vectors.embeddings([view.passage_ids()[0]])[1].shape == (1, dimensions)
        assert vectors.count() == 18
        vectors.close()
    assert index(folder, recipe=recipe()).encoded == 0
    assert check(folder).clean


def test_rebuild_encodes_everything_anew(folder):
    index(folder, *STORIES)
    report = index(folder, rebuild=True)
    assert (report.version, report.encoded, report.published) == (2, 18, True)
    names = {collection.name for collection in Catalog(folder).collections()}
    assert len(names) == 2
    assert check(folder).clean


def test_build_after_rollback_continues_from_the_older_version(folder):
    index(folder, article("/a", story(1)), article("/b", story(2)))
    first = state(folder)
    index(folder, article("/a", story(3)), article("/c", story(4)))
    index(folder, article("/c", story(5)), targets=["/b"], prune_missing=True)
    rollback(folder, 1)
    assert state(folder) == first
    report = index(folder, article("/d", story(6)))
    assert report.version == 4
    assert texts(folder) == {"/a": story(1), "/b": story(2), "/d": story(6)}
    assert texts(folder, 3) == {"/a": story(3), "/c": story(5)}
    assert counts(index(folder, article("/a", story(3)))) == (0, 1, 0, 0, 0)
    assert check(folder).clean


def test_failure_on_the_way_leaves_the_published_version_and_the_encoded_passages(folder):
    index(folder, STORIES[0])

    seen = []

    def interrupted(item):
        seen.append(item)
        if len(seen) == 5:
            raise KeyboardInterrupt
        return recipe().split(item)

    many = [article(f"/m/{number}", story(number, 300)) for number in range(5)]
    with pytest.raises(KeyboardInterrupt):
        index(folder, *many, recipe=recipe(split=interrupted))
    assert set(state(folder)) == {"/news/0.txt"}
    assert not (folder / "writing.json").exists()
    report = index(folder, *many)
    assert (report.added, report.encoded) == (5, 300)
    assert check(folder).clean


@pytest.mark.parametrize("step", ["VectorIndex.add", "WordIndex.write"])
def test_interrupted_while_writing(folder, monkeypatch, step):
    index(folder, STORIES[0])

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"index.build.engine_copies.{step}", interrupt)
        with pytest.raises(KeyboardInterrupt):
            index(folder, *STORIES)
    assert set(state(folder)) == {"/news/0.txt"}
    assert len(list((folder / "vectors").iterdir())) == len(list((folder / "words").iterdir())) == 1
    report = index(folder, *STORIES)
    assert (report.added, report.encoded) == (5, 0)
    assert check(folder).clean


def test_damaged_leftovers_of_a_build_are_thrown_away(folder):
    index(folder, STORIES[0])
    (folder / "building.sqlite").write_bytes(b"SQLite format 3\0" + b"\x7f" * 5000)
    assert index(folder, *STORIES).added == 5
    assert not (folder / "building.sqlite").exists()


def test_leftovers_of_an_earlier_layout_are_thrown_away(folder):
    index(folder, STORIES[0])
    with sqlite3.connect(folder / "building.sqlite") as leftover:
        leftover.execute("CREATE TABLE recipe (fingerprint TEXT NOT NULL)")
        leftover.execute("CREATE TABLE embedded_passages (revision TEXT)")
    assert index(folder, *STORIES).added == 5
    assert check(folder).clean
    assert not (folder / "building.sqlite").exists()


def test_fetch_log_is_published_with_the_articles(folder):
    page = "https://x.example/a"
    first, second = FetchRecord("tag", "", "2023-12-07T00:00:00Z"), FetchRecord("tag2", "", "2023-12-08T00:00:00Z")
    seen = []

    def read(log, answer=None, record=None):
        seen.append(log.get(page))
        if record:
            log.put(page, record)
            assert log.get(page) == record
            yield answer

    build(folder, lambda log: read(log, article(page, story(1)), first), recipe())
    assert not build(folder, lambda log: read(log, Unchanged(page), second), recipe()).published
    build(folder, read, recipe())
    rollback(folder, 1)
    build(folder, read, recipe())
    assert seen == [None, first, second, None]


def test_engine_folders_of_earlier_builds_are_swept(folder):
    for number in range(4):
        index(folder, STORIES[number])
    assert len(list((folder / "vectors").iterdir())) == len(list((folder / "words").iterdir())) == 2


def test_passages_keep_their_offsets(folder):
    index(folder, article("/a", "  Ünïcode 🙂 line.\n\nSecond\tline.  "))
    catalog = Catalog(folder)
    view = catalog.view()
    words = WordIndex(catalog.words_folder(view.collection))
    ((passage, found),) = view.passages([words.search("second", 1)[0][0]]).values()
    assert isinstance(found, Article)
    assert found.text[passage.start : passage.end] == "Second\tline.  "
