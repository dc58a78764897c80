"""library.sqlite: versions, revisions, passages and where they were read; the engines are derived from it.

Reading goes through `View`; writing through `index.build.publish`.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.catalog import schema
from index.catalog.view import Collection, View
from index.errors import UserError

INNER_ORDER = "schema view"
"""Each may import itself and those before it."""


@dataclass(frozen=True, slots=True)
class Version:
    """One published state of the library; counts are of articles, `unchanged` of locations."""

    number: int
    parent: int
    collection: str
    created_at: str
    articles: int
    passages: int
    added: int
    changed: int
    removed: int
    unchanged: int


class Catalog:
    """The library in `folder`; one SQLite connection a thread.

    Raises UserError when there is no library there, or one that cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self.connection()

    @classmethod
    def create(cls, folder: Path) -> Catalog:
        """Open the library in `folder`, making an empty one first where there is none."""
        schema.create(folder, uuid.uuid4().hex[:12])
        return cls(folder)

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether `folder` holds a library with a published version."""
        if not (folder / schema.FILE).is_file():
            return False
        with closing(Catalog(folder)) as catalog:
            return catalog.current() > 0

    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = schema.connect(self.folder)
            self._local.connection = connection
            with self._guard:
                self._connections.append(connection)
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One all-or-nothing change; concurrent readers see it whole or not at all."""
        connection = self.connection()
        with schema.transaction(connection):
            yield connection

    def close(self) -> None:
        """Close every thread's connection; the catalog cannot be used afterwards."""
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()

    def current(self) -> int:
        """The published version, 0 before the first build."""
        return self._one("SELECT current FROM state")

    def library(self) -> str:
        """What names this library among others on one Chroma server."""
        return self._one("SELECT library FROM state")

    def view(self, version: int | None = None) -> View:
        """The library at a version, by default the published one.

        Raises UserError when nothing was published yet or the version is gone.
        """
        number = self.current() if version is None else version
        if number == 0:
            raise UserError(f"The library at {str(self.folder)!r} is empty. Fill it: clippings index FILE_OR_FOLDER")
        found = next((item for item in self.versions() if item.number == number), None)
        if found is None:
            raise UserError(f"No version {number!r} in {str(self.folder)!r}. List them: clippings library")
        return View(self.connection, number, self.collection(found.collection))

    def versions(self) -> list[Version]:
        """Every version kept, oldest first."""
        return [Version(*row) for row in self.connection().execute("SELECT * FROM versions ORDER BY number")]

    def collection(self, name: str) -> Collection:
        """The collection of that name; raises KeyError for an unknown one."""
        return {collection.name: collection for collection in self.collections()}[name]

    def collections(self) -> list[Collection]:
        """Every collection some version needs, oldest first."""
        return [Collection(*row) for row in self.connection().execute("SELECT * FROM collections ORDER BY rowid")]

    def settings(self, version: int | None = None) -> dict[str, Any]:
        """The settings a version was built with."""
        settings: dict[str, Any] = json.loads(self.view(version).collection.settings)
        return settings

    def vectors_folder(self, collection: Collection) -> Path:
        """Where Chroma keeps the collection, unless a server does."""
        return self.folder / "vectors" / collection.vectors

    def words_folder(self, collection: Collection) -> Path:
        """Where tantivy keeps the collection."""
        return self.folder / "words" / collection.words

    def _one(self, sql: str) -> Any:
        return self.connection().execute(sql).fetchone()[0]
