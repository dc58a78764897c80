"""Nearest vectors in Chroma, in a folder and on a real server."""

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from libraries import STORIES, index, recipe

from index.catalog import Catalog
from index.consistency import check, repair
from index.engines.chroma import EXACT, VectorIndex, snapshot
from index.errors import UserError
from index.maintenance import prune


def unit(count, dimensions=16, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def names(count):
    return [f"a:b:{number}" for number in range(count)]


@pytest.fixture
def vectors(tmp_path):
    vectors = VectorIndex(tmp_path / "vectors", create=True)
    yield vectors
    vectors.close()


def test_cosine_by_hand(vectors):
    vectors.add(["east", "north", "northeast"], np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32))
    assert vectors.nearest(np.array([1, 0]), 3) == [
        ("east", pytest.approx(1)), ("northeast", pytest.approx(0.6)), ("north", pytest.approx(0, abs=1e-6))
    ]  # fmt: skip


def test_nothing_stored_finds_nothing(vectors):
    assert vectors.nearest(unit(1)[0], 5) == []
    assert vectors.nearest_among(unit(1)[0], 5, ["x"]) == []
    assert (vectors.count(), list(vectors.ids())) == (0, [])


def test_known_ids_keep_their_vectors(vectors):
    stored = unit(5)
    vectors.add(names(5), stored)
    vectors.add(names(7), unit(7, seed=1))
    assert vectors.count() == 7
    found, kept = vectors.embeddings(names(5))
    assert np.allclose(kept[np.argsort(found)], stored)


def test_delete(vectors):
    stored = unit(20)
    vectors.add(names(20), stored)
    vectors.delete(["a:b:3", "unknown"])
    assert "a:b:3" not in {key for key, _ in vectors.nearest(stored[3], 20)}
    assert set(vectors.ids()) == set(names(20)) - {"a:b:3"}


@pytest.mark.parametrize("allowed", [1, EXACT, EXACT + 1])
def test_nearest_among_is_the_best_of_the_allowed(vectors, allowed):
    stored = unit(EXACT + 200)
    vectors.add(names(len(stored)), stored)
    chosen = list(np.random.default_rng(2).permutation(len(stored))[:allowed])
    query = unit(1, seed=3)[0]
    best = sorted(chosen, key=lambda place: -stored[place] @ query)[:10]
    found = vectors.nearest_among(query, 10, [f"a:b:{place}" for place in chosen] + ["unknown"])
    assert [key for key, _ in found] == [f"a:b:{place}" for place in best]


@pytest.mark.parametrize("share", [1, 2, 3, 100])
def test_nearest_allowed_finds_all_it_may(vectors, share):
    stored = unit(1000)
    vectors.add(names(1000), stored)
    asked = []

    def allowed(ids):
        return {key for key in ids if int(key.split(":")[2]) % share == 0}

    def every():
        asked.append(1)
        return [key for key in names(1000) if allowed([key])]

    query = unit(1, seed=4)[0]
    best = sorted(range(0, 1000, share), key=lambda place: -stored[place] @ query)[:20]
    found = vectors.nearest_allowed(query, 20, allowed, every)
    assert [key for key, _ in found] == [f"a:b:{place}" for place in best]
    assert bool(asked) == (share == 100)


def test_recall_against_comparing_all(vectors):
    stored = unit(3000, 64)
    vectors.add(names(3000), stored)
    queries = unit(50, 64, seed=9)
    hits = 0
    for query in queries:
        best = {f"a:b:{place}" for place in np.argsort(-stored @ query)[:10]}
        hits += len(best & {key for key, _ in vectors.nearest(query, 10)})
    assert hits / 500 >= 0.97


def test_snapshot_while_the_original_is_open(vectors, tmp_path):
    vectors.add(names(50), unit(50))
    snapshot(tmp_path / "vectors", tmp_path / "copy")
    copy = VectorIndex(tmp_path / "copy", create=True)
    copy.delete(names(40))
    copy.add(["new"], unit(1, seed=5))
    assert (vectors.count(), copy.count()) == (50, 11)
    assert copy.nearest(unit(1, seed=5)[0], 1)[0][0] == "new"
    copy.close()


def test_everything_written_is_on_disk_for_the_next_process(tmp_path):
    stored = unit(2500)
    vectors = VectorIndex(tmp_path / "vectors", create=True)
    vectors.add(names(2500)[:500], stored[:500])
    vectors.add(names(2500)[500:], stored[500:])
    vectors.close()
    (graph,) = tmp_path.glob("vectors/*/length.bin")
    assert graph.stat().st_size == 4 * 2500


def test_no_telemetry_and_no_embedder(vectors):
    assert vectors._client.get_settings().anonymized_telemetry is False
    assert vectors._collection._embedding_function is None


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = shutil.which("chroma", path=str(Path(sys.executable).parent)) or shutil.which("chroma")
    if command is None:
        pytest.skip("the chroma command is not installed")
    folder = tmp_path_factory.mktemp("server")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [command, "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(folder)],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        else:
            raise AssertionError((folder / "log").read_text())
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def test_server_holds_what_a_folder_would(server):
    vectors = VectorIndex(server=server, name="clippings-test")
    stored = unit(1200)
    vectors.add(names(1200), stored)
    assert vectors.nearest(stored[7], 1) == [("a:b:7", pytest.approx(1, abs=1e-5))]
    assert vectors.nearest_among(stored[7], 2, ["a:b:7", "a:b:8"])[0][0] == "a:b:7"
    vectors.empty()
    assert vectors.count() == 0
    vectors.drop()
    vectors.close()


@pytest.mark.integration
def test_library_on_a_server(server, tmp_path):
    folder = tmp_path / "library"
    index(folder, *STORIES[:3], server=server)
    report = index(folder, *STORIES, server=server)
    assert (report.added, report.encoded) == (3, 9)
    collection = Catalog(folder).view().collection
    vectors = VectorIndex(server=collection.server, name=collection.vectors)
    assert vectors.count() == 18
    assert not (folder / "vectors").exists()
    vectors.delete(list(vectors.ids())[:4])
    vectors.add(["orphan:x:0"], np.eye(1, 64, dtype=np.float32))
    kinds = [(problem.store, problem.kind, problem.count) for problem in check(folder).problems]
    assert kinds == [("vectors", "missing", 4), ("vectors", "orphan", 1)]
    assert repair(folder, recipe()).clean
    index(folder, *STORIES, rebuild=True, server=server)
    prune(folder)
    assert check(folder).clean
    assert len(vectors._client.list_collections()) == 1
    vectors.close()


def test_folder_that_is_gone_is_not_made_anew(tmp_path):
    with pytest.raises(UserError, match="is gone"):
        VectorIndex(tmp_path / "vectors")
    assert not (tmp_path / "vectors").exists()


def test_no_server_names_the_next_step():
    with pytest.raises(UserError, match="chroma run"):
        VectorIndex(server="http://127.0.0.1:9")


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://x", "http://"])
def test_not_an_address(address):
    with pytest.raises(UserError, match="Not the address"):
        VectorIndex(server=address)
