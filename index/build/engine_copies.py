"""A collection's engine folders copied for a build to write in, and those deleted that no version needs.

Knows nothing of what is written into them.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from index.catalog import Catalog
from index.catalog.view import Collection
from index.engines import checksums
from index.engines.bm25 import WordIndex
from index.engines.bm25 import snapshot as copy_word_index
from index.engines.checksums import Sums
from index.engines.chroma import VectorIndex
from index.engines.chroma import snapshot as copy_vector_index
from index.engines.probe import Store, find_damage, seal
from index.errors import DamageError
from index.locks import delete_unused
from index.operating_system import sync_to_disk
from index.permissions import secure_engine


class EngineCopies:
    """A collection's engines copied for writing; a context manager that deletes the copies if its body fails.

    A copy is made when its engine is first asked for; those named in `fresh` begin empty. On a Chroma server
    there is no copy: what is never published there is never asked for. `finish` comes before publishing
    `collection`, which names where the engines are then. Raises DamageError where an engine to copy is damaged: what
    is copied from it would be published as sound.
    """

    def __init__(self, catalog: Catalog, collection: Collection, fresh: Sequence[str] = ()) -> None:
        self.collection = collection
        self._catalog = catalog
        self._old = collection
        self._fresh = fresh
        self._new_folders: dict[Path, Store] = {}
        self._sums: dict[str, Sums] = {}
        self._vectors: VectorIndex | None = None
        self._words: WordIndex | None = None

    def __enter__(self) -> EngineCopies:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._close()
        if kind is not None:
            for path in self._new_folders:
                shutil.rmtree(path, ignore_errors=True)

    @property
    def vectors(self) -> VectorIndex:
        if self._vectors is None:
            if self._old.server:
                self._vectors = VectorIndex(server=self._old.server, name=self._old.vectors)
                if "vectors" in self._fresh:
                    self._vectors.empty()
            else:
                self.collection = replace(self.collection, vectors=uuid.uuid4().hex[:12])
                folder = self._catalog.vectors_folder(self.collection)
                self._new_folders[folder] = "vectors"
                if self._old.vectors and "vectors" not in self._fresh:
                    old = self._catalog.vectors_folder(self._old)
                    self._check("vectors", old)
                    copy_vector_index(old, folder)
                self._vectors = VectorIndex(folder, create=True)
        return self._vectors

    @property
    def words(self) -> WordIndex:
        if self._words is None:
            self.collection = replace(self.collection, words=uuid.uuid4().hex[:12])
            folder = self._catalog.words_folder(self.collection)
            self._new_folders[folder] = "words"
            if self._old.words and "words" not in self._fresh:
                old = self._catalog.words_folder(self._old)
                self._check("words", old)
                copy_word_index(old, folder)
            self._words = WordIndex(folder, create=True)
        return self._words

    def finish(self) -> None:
        """Close the engines, give their files the library's modes and have the system put them on the disk."""
        self._close()
        for folder, store in self._new_folders.items():
            seal(store, folder, self._sums.get(store))
            secure_engine(folder)
            sync_to_disk(*folder.rglob("*"), folder)

    def _check(self, store: Store, folder: Path) -> None:
        # A write into vectors reads and writes the whole graph, which would hide damage; one into words adds files.
        if damage := find_damage(store, folder, thorough=store == "vectors"):
            raise DamageError(store, self._catalog.folder, damage)
        self._sums[store] = checksums.read(folder) or {}

    def _close(self) -> None:
        if self._vectors is not None:
            self._vectors.close()
        if self._words is not None:
            self._words.close()
        self._vectors = self._words = None


def delete_unused_folders(catalog: Catalog) -> None:
    """Delete engine folders that no version needs and nobody reads: those of interrupted builds, and those replaced."""
    needed = {catalog.vectors_folder(collection) for collection in catalog.collections()}
    needed |= {catalog.words_folder(collection) for collection in catalog.collections()}
    for parent in ("vectors", "words"):
        folder = catalog.folder / parent
        for path in folder.iterdir() if folder.is_dir() else ():
            if path not in needed:
                delete_unused(path)
