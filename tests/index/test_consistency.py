"""Damage found and repaired, versions taken back and dropped, a library taken elsewhere."""

import hashlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from libraries import STORIES, article, embed, index, recipe, story

from index.build import build
from index.catalog import Catalog
from index.catalog.schema import FILE
from index.consistency import check, repair
from index.engines.bm25 import WordIndex
from index.engines.chroma import VectorIndex
from index.engines.probe import seal
from index.errors import UserError
from index.maintenance import export, prune, rollback, stats
from index.sources import read


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "library"
    index(folder, *STORIES)
    return folder


def vectors_of(folder):
    catalog = Catalog(folder)
    return VectorIndex(catalog.vectors_folder(catalog.view().collection))


def words_of(folder):
    catalog = Catalog(folder)
    return WordIndex(catalog.words_folder(catalog.view().collection))


def problems(folder):
    return [(problem.store, problem.kind, problem.count) for problem in check(folder).problems]


def texts(folder, version=None):
    return sorted(item.text for item in Catalog(folder).view(version).articles())


def test_sound_library(folder):
    checked = check(folder)
    assert (checked.clean, checked.version, checked.articles, checked.passages) == (True, 1, 6, 18)
    assert json.loads(json.dumps(checked.as_dict()))["clean"] is True


def test_missing_and_orphan_passages_are_found_and_repaired(folder):
    vectors, words = vectors_of(folder), words_of(folder)
    vectors.delete(sorted(vectors.ids())[:5])
    vectors.add(["gone:revision:0"], embed(["nothing"]))
    words.write(delete=sorted(words.ids())[-3:])
    for engine in (vectors, words):
        engine.close()
    for engine in ("vectors", "words"):
        (made,) = (folder / engine).iterdir()
        seal(engine, made)
    assert problems(folder) == [("vectors", "missing", 5), ("vectors", "orphan", 1), ("words", "missing", 3)]
    assert repair(folder, recipe()).clean
    assert check(folder).version == 1
    hit = vectors_of(folder).nearest(embed([story(2).splitlines()[1]])[0], 1)[0][0]
    ((passage, found),) = Catalog(folder).view().passages([hit]).values()
    assert found.text[passage.start : passage.end] == story(2).splitlines()[1]


@pytest.mark.parametrize("engine", ["vectors", "words"])
@pytest.mark.parametrize("damage", ["deleted", "emptied", "overwritten"])
def test_damaged_engine_is_made_again(folder, engine, damage):
    for path in list((folder / engine).rglob("*")):
        if damage == "overwritten" and path.is_file():
            path.write_bytes(b"\x7f" * path.stat().st_size)
    if damage != "overwritten":
        shutil.rmtree(folder / engine)
    if damage == "emptied":
        collection = Catalog(folder).view().collection
        (folder / engine / getattr(collection, engine)).mkdir(parents=True)
    assert {store for store, _, _ in problems(folder)} == {engine}
    assert repair(folder, recipe()).clean
    assert len(words_of(folder).search("event3x1", 5)) == 1


def test_graph_without_its_vectors_is_damage(folder):
    (level,) = (folder / "vectors").rglob("data_level0.bin")
    level.write_bytes(level.read_bytes()[: 5 * 396])
    assert problems(folder)[0][:2] == ("vectors", "damaged")
    assert repair(folder, recipe()).clean


def test_words_are_repaired_without_the_encoder(folder):
    words = words_of(folder)
    words.write(delete=list(words.ids()))

    def asleep(_):
        raise AssertionError("not needed")

    assert repair(folder, recipe(embed=asleep)).clean


def test_vectors_are_not_repaired_with_another_encoder(folder):
    shutil.rmtree(folder / "vectors")
    with pytest.raises(UserError, match="--rebuild"):
        repair(folder, recipe("another"))


def test_damaged_catalog_is_reported(folder):
    with sqlite3.connect(folder / FILE) as connection:
        connection.execute("DELETE FROM passages WHERE number = 2")
        connection.execute('UPDATE passages SET "end" = 100000 WHERE number = 1')
    kinds = problems(folder)
    assert ("catalog", "damaged", 6) in kinds
    assert ("vectors", "orphan", 6) in kinds


def test_rollback_and_back(folder):
    index(folder, article("/news/0.txt", "Another text.", "2023-12-01"))
    before, after = texts(folder, 1), texts(folder, 2)
    rollback(folder, 1)
    assert texts(folder) == before
    rollback(folder, 2)
    assert texts(folder) == after
    with pytest.raises(UserError, match="No version 7"):
        rollback(folder, 7)


def test_prune_keeps_the_published_version_whole(folder):
    for number in range(3):
        index(folder, article("/news/0.txt", story(10 + number, 30), "2023-12-01"))
    kept = texts(folder), texts(folder, 3)
    pruned = prune(folder, keep=2)
    assert (pruned.versions, pruned.revisions, pruned.passages) == ((1, 2), 2, 33)
    assert (texts(folder), texts(folder, 3)) == kept
    assert vectors_of(folder).count() == words_of(folder).count() == 15 + 60
    assert check(folder).clean
    assert index(folder, article("/news/0.txt", story(12, 30), "2023-12-01")).version == 4


def test_prune_of_little_deletes_in_place(folder):
    index(folder, article("/news/0.txt", "Another text.", "2023-12-01"))
    pruned = prune(folder)
    assert pruned.passages == 3
    assert vectors_of(folder).count() == words_of(folder).count() == 16
    assert check(folder).clean


def test_prune_after_rollback_drops_the_abandoned_versions_and_their_numbers(folder):
    index(folder, article("/news/0.txt", "Another text.", "2023-12-01"))
    rollback(folder, 1)
    assert prune(folder).versions == (2,)
    assert check(folder).clean
    assert index(folder, article("/news/9.txt", story(9))).version == 3
    assert check(folder).clean


def test_prune_drops_collections_no_version_needs(folder):
    index(folder, *STORIES, rebuild=True)
    prune(folder)
    assert len(Catalog(folder).collections()) == 1
    assert len(list((folder / "vectors").iterdir())) == len(list((folder / "words").iterdir())) == 1


def test_prune_frees_disk(folder):
    index(folder, *(article(f"/big/{number}", story(number + 50, 200)) for number in range(5)))
    index(folder, targets=["/big"], prune_missing=True)
    pruned = prune(folder)
    assert pruned.bytes_freed > 500_000


def test_prune_of_nothing_and_of_everything(folder):
    assert prune(folder).versions == ()
    with pytest.raises(UserError, match="Cannot keep 0"):
        prune(folder, keep=0)


def test_pruned_article_can_come_back(folder):
    index(folder, *STORIES[1:], targets=["/news"], prune_missing=True)
    prune(folder)
    report = index(folder, STORIES[0])
    assert (report.added, report.encoded) == (1, 3)
    assert check(folder).clean


def test_export_reads_back_to_the_same_ids_and_revisions(tmp_path):
    seeds = Path(__file__).parents[2] / "seeds"
    rows = [
        {"text": story(1), "title": "A “title”", "source": "AP", "author": "Ann & Bob", "date": "2023-12"},
        {"text": "Ünïcode 🙂 text.\n\nA list:\n- one\n- two", "url": "https://x.example/2", "date": "2022"},
        {"text": story(1)},
        {"text": story(2)},
    ]

    def write(name, rows):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    def build_from(folder, *targets):
        return build(tmp_path / folder, lambda log: read(targets, seen=log), recipe())

    build_from("one", write("rows.jsonl", rows), str(seeds))
    build_from("one", write("rows.jsonl", [*rows[:3], {"text": story(9)}]))
    one = Catalog(tmp_path / "one").view()
    exported = list(export(one))
    report = build_from("two", write("export.jsonl", exported))
    assert (report.added, report.skipped) == (6, ())
    two = Catalog(tmp_path / "two").view()
    assert {item.id: item.revision for item in two.articles()} == {item.id: item.revision for item in one.articles()}
    (changed,) = (item for item in two.articles() if "story 9" in item.text)
    assert changed.id != hashlib.sha256(changed.text.encode()).hexdigest()[:12]
    (copied,) = (row for row in exported if "story 1" in row["text"])
    assert [place.rpartition("#")[2] for place in copied["locations"]] == ["1", "3"]


def test_stats(folder):
    index(folder, article("/a", story(8), "2024-01-05", outlet="AP"))
    found = stats(folder)
    assert (found.current, len(found.versions), found.articles, found.passages) == (2, 2, 7, 21)
    assert (found.oldest, found.newest, found.outlets) == ("2023-12-01", "2024-01-05", {"AP": 1})
    assert found.settings == {"encoder": "words"}
    assert min(found.sizes.values()) > 0
    assert json.loads(json.dumps(found.as_dict()))["current"] == 2
