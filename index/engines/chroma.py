"""Nearest passages by embedding, in Chroma; knows nothing of articles, versions or encoders.

The only module that imports chromadb.
"""

from __future__ import annotations

import shutil
import sqlite3
import struct
import tempfile
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from index.catalog.schema import BUSY_SECONDS, writable
from index.errors import UserError
from index.locks import InUse

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection as ChromaCollection

NAME = "passages"
"""The one collection of a folder; a server's are named by whoever opens them."""

BATCH = 1000
"""Passages written at once. Chroma rewrites its id table, the size of the whole, after each."""

HNSW: Any = {
    "space": "ip",  # of unit vectors, so the cosine
    "max_neighbors": 16,
    # With 100, Chroma's default, 1 in 30 of the 100 nearest of 12,500 news passages was missed; with 200,
    # 1 in 170, for .1 ms more a query.
    "ef_construction": 200,
    "ef_search": 200,
    # Every batch goes to disk at once: what is not there, each reader would have to insert for itself.
    "sync_threshold": 2,
}

EXACT = 500
"""Up to so many allowed passages are compared one by one: a filtered walk of the graph is slower."""

WIDEST = 8
"""Times as many of the nearest are looked through as are wanted, before all that a filter allows are."""

_SQLITE = "chroma.sqlite3"
_HEADER = struct.Struct("<i6Q")
"""hnswlib's header: format, start of level 0, slots, slots used, bytes a slot, and two offsets in a slot."""


class VectorIndex:
    """Unit vectors by passage id, in `folder` or, with `server`, in the collection `name` there.

    With `create` they begin empty where there are none. A folder that cannot be written, or on a full disk, is
    read through a private copy of its tables. Raises UserError when the folder is gone or no server answers.
    """

    def __init__(self, folder: Path | None = None, *, server: str = "", name: str = NAME, create: bool = False) -> None:
        self._mirror: tempfile.TemporaryDirectory[str] | None = None
        self._in_use: InUse | None = None
        self._client: Any  # chromadb types clients without their `close`
        if server:
            self._client = _server_client(server)
        else:
            assert folder is not None
            self._in_use = InUse(folder, create=create)
            self._client = self._open_folder(folder, create)
        self._collection = self._open(name)
        self._release = weakref.finalize(self, _close, self._client, self._mirror, self._in_use)
        self._release.atexit = False  # the system frees what an ending process holds

    def add(self, ids: Sequence[str], embeddings: np.ndarray) -> None:
        """Store unit vectors, float32 [len(ids), dimensions]; ids that are there already keep theirs."""
        for start in range(0, len(ids), BATCH):
            batch = list(ids[start : start + BATCH])
            # Asked first, because Chroma takes ten times longer to replace a vector than to add one.
            known = set(self._collection.get(ids=batch, include=[])["ids"])
            new = [place for place, key in enumerate(batch, start) if key not in known]
            if new:
                self._collection.add(ids=[ids[place] for place in new], embeddings=embeddings[new])

    def delete(self, ids: Sequence[str]) -> None:
        """Forget these passages; unknown ids are no error."""
        for start in range(0, len(ids), BATCH):
            self._collection.delete(ids=list(ids[start : start + BATCH]))

    def nearest(self, embedding: np.ndarray, k: int) -> list[tuple[str, float]]:
        """(passage id, cosine) of the `k` nearest to a unit vector [dimensions], best first (HNSW)."""
        return self._query(embedding, k)

    def nearest_among(self, embedding: np.ndarray, k: int, ids: Sequence[str]) -> list[tuple[str, float]]:
        """The same among the given passages only; exact when there are at most `EXACT` of them."""
        if not ids:
            return []
        if len(ids) > EXACT:
            from chromadb.errors import InternalError

            try:
                return self._query(embedding, k, list(ids))
            except InternalError:
                # Chroma refuses the whole query for one id it lacks, as some do until `repair`.
                held = set(self.ids())
                ids = [key for key in ids if key in held]
                return self._query(embedding, k, ids) if ids else []
        found, embeddings = self.embeddings(ids)
        if not found:
            return []
        cosines = embeddings @ np.asarray(embedding, dtype=np.float32)
        best = np.argsort(-cosines, kind="stable")[:k]
        return [(found[place], float(cosines[place])) for place in best]

    def nearest_allowed(
        self,
        embedding: np.ndarray,
        k: int,
        allowed: Callable[[list[str]], Collection[str]],
        every: Callable[[], Sequence[str]],
    ) -> list[tuple[str, float]]:
        """The `k` nearest passages that may be returned, best first; fewer only when there are no more.

        `allowed` says which of some ids may be, `every` lists all of them. Most filters let enough of the
        nearest through; only for narrow ones is every allowed passage looked up.
        """
        count, widest = k, WIDEST * k
        while True:
            found = self._query(embedding, count)
            kept = allowed([key for key, _ in found])
            if len(kept) >= k or len(found) < count:
                return [(key, cosine) for key, cosine in found if key in kept][:k]
            # As many as would do if the share stayed the same, and a third more.
            needed = 4 * k * count // (3 * max(len(kept), 1))
            if count == widest or needed > 2 * widest:
                return self.nearest_among(embedding, k, every())
            count = min(max(2 * count, needed), widest)

    def ids(self) -> Iterator[str]:
        """Every stored passage id, in no order."""
        offset = 0
        while page := self._collection.get(limit=5000, offset=offset, include=[])["ids"]:
            yield from page
            offset += len(page)

    def count(self) -> int:
        return self._collection.count()

    def embeddings(self, ids: Sequence[str]) -> tuple[list[str], np.ndarray]:
        """Those of the ids that are stored, with their vectors, float32 [found, dimensions]."""
        found = self._collection.get(ids=list(ids), include=["embeddings"])
        vectors = np.asarray(found["embeddings"], dtype=np.float32)
        return found["ids"], vectors if found["ids"] else np.empty((0, 0), dtype=np.float32)

    def drop(self) -> None:
        """Delete the whole collection, as when no version needs it."""
        self._client.delete_collection(self._collection.name)

    def empty(self) -> None:
        """Delete the whole collection and begin it anew."""
        name = self._collection.name
        self.drop()
        self._collection = self._open(name)

    def close(self) -> None:
        """Let go of files and connections, as happens by itself once nobody holds this object any more."""
        self._release()

    def _open_folder(self, folder: Path, create: bool) -> Any:
        from chromadb.errors import InternalError

        if create or writable(folder):
            try:
                return _folder_client(folder)
            except InternalError:  # as on a full disk: Chroma writes even to open
                if create:
                    raise
        self._mirror = _mirror(folder)
        return _folder_client(Path(self._mirror.name))

    def _open(self, name: str) -> ChromaCollection:
        collection: ChromaCollection = self._client.get_or_create_collection(
            name, embedding_function=None, configuration={"hnsw": HNSW}
        )
        return collection

    def _query(self, embedding: np.ndarray, k: int, ids: list[str] | None = None) -> list[tuple[str, float]]:
        query = np.asarray(embedding, dtype=np.float32).reshape(1, -1)
        found = self._collection.query(query_embeddings=query, n_results=k, ids=ids, include=["distances"])
        distances = found["distances"] or [[]]
        return [(key, 1.0 - distance) for key, distance in zip(found["ids"][0], distances[0], strict=True)]


def _close(client: Any, mirror: tempfile.TemporaryDirectory[str] | None, in_use: InUse | None) -> None:
    client.close()
    if mirror is not None:
        mirror.cleanup()
    if in_use is not None:
        in_use.release()


def is_needed(path: Path) -> bool:
    """Whether a file holds something: a graph's that Chroma has not written yet are made anew at each opening."""
    return path.suffix != ".bin" or path.with_name("index_metadata.pickle").is_file()


def is_cut_short(folder: Path) -> bool:
    """Whether a file of the graph is shorter than its header says: Chroma would read random memory as vectors."""
    for header in folder.glob("*/header.bin"):
        read = header.read_bytes()[: _HEADER.size]
        if len(read) < _HEADER.size:
            return True
        _, _, slots, used, slot_bytes, *_ = _HEADER.unpack(read)
        lengths, level = header.with_name("length.bin"), header.with_name("data_level0.bin")
        if not (lengths.is_file() and level.is_file()):
            return True
        if level.stat().st_size < used * slot_bytes or lengths.stat().st_size < used * 4 or used > slots:
            return True
    return False


def leave_unchanged_when_opened(folder: Path) -> None:
    """Have Chroma's file stay byte for byte as it is, however often it is opened, so that a checksum can be held to it.

    Chroma takes its write lock by inserting a row that nothing reads, at each opening. The insert of a row that is
    ignored takes the lock too.
    """
    with closing(sqlite3.connect(folder / _SQLITE, timeout=BUSY_SECONDS)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER IF NOT EXISTS acquire_write_unchanged BEFORE INSERT ON acquire_write "
            "BEGIN SELECT RAISE(IGNORE); END"
        )


def snapshot(source: Path, target: Path) -> None:
    """Copy a folder of vectors for a build to write in, whatever readers do in it meanwhile."""
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path.is_dir():
            shutil.copytree(path, target / path.name)
    address = (source / _SQLITE).resolve().as_uri() + "?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as old, closing(sqlite3.connect(target / _SQLITE)) as new:
        old.backup(new)


def _mirror(folder: Path) -> tempfile.TemporaryDirectory[str]:
    """Chroma writes when it opens a folder: give it its own copy of the tables and links to the graph."""
    mirror = tempfile.TemporaryDirectory(prefix="clippings-vectors-")
    shutil.copyfile(folder / _SQLITE, Path(mirror.name) / _SQLITE)
    for path in folder.iterdir():
        if path.is_dir():
            (Path(mirror.name) / path.name).symlink_to(path.resolve(), target_is_directory=True)
    return mirror


def _settings() -> Any:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


def _folder_client(folder: Path) -> ClientAPI:
    import chromadb

    return chromadb.PersistentClient(path=str(folder), settings=_settings())


def _server_client(server: str) -> ClientAPI:
    import chromadb

    address = urlsplit(server)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise UserError(f"Not the address of a Chroma server: {server!r}. Example: http://localhost:8000")
    secure = address.scheme == "https"
    try:
        return chromadb.HttpClient(
            host=address.hostname, port=address.port or (443 if secure else 8000), ssl=secure, settings=_settings()
        )
    except ValueError as error:  # what chromadb makes of a refused connection
        raise UserError(f"No Chroma server answers at {server!r}. Start one: chroma run --path FOLDER") from error
