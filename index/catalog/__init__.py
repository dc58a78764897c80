"""library.sqlite: versions, revisions, passages and where they were read; the engines are derived from it.

Reading goes through `View`; writing through `index.build.publish`.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.catalog import revision_log, schema
from index.catalog.view import Collection, View, broken_revisions
from index.errors import DamageError, UserError

INNER_ORDER = "revision_log schema view"
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
        if not revision_log.last_state(folder):  # else `connect` says what is damaged
            schema.create(folder, uuid.uuid4().hex[:12])
        return cls(folder)

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether `folder` holds a library with a published version; raises UserError where it is damaged."""
        if not (folder / schema.FILE).exists() and not revision_log.last_state(folder):
            return False
        with closing(Catalog(folder)) as catalog:
            return catalog.current() > 0

    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is None or self._local.file != self._file():
            if connection is not None:
                self._forget(connection)
            self._local.connection = None
            connection = schema.connect(self.folder)
            self._local.connection, self._local.file = connection, self._file()
            with self._guard:
                self._connections.append(connection)
        return connection

    def _file(self) -> tuple[int, int]:
        """Which file library.sqlite is: a repair puts another in its place."""
        try:
            status = (self.folder / schema.FILE).stat()
        except OSError:
            return 0, 0
        return status.st_dev, status.st_ino

    def _forget(self, connection: sqlite3.Connection) -> None:
        with self._guard:
            if connection in self._connections:
                self._connections.remove(connection)
        connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One all-or-nothing change; concurrent readers see it whole or not at all."""
        connection = self.connection()
        with schema.transaction(connection):
            yield connection

    @contextmanager
    def logged_transaction(self) -> Iterator[tuple[sqlite3.Connection, list[tuple[str, Iterable[revision_log.Row]]]]]:
        """A transaction that changes what is published: its rows, put into the list, are in the log before it commits.

        Whoever enters holds the right to write. A library that has no log yet gets it here.
        """
        with self.transaction() as connection:
            if not revision_log.ends_with(self.folder, revision_log.state_of(connection)):
                self.write_log()
            changes: list[tuple[str, Iterable[revision_log.Row]]] = []
            yield connection, changes
            revision_log.append(self.folder, changes, revision_log.state_of(connection))

    def write_log(self) -> None:
        """Write the whole log anew; raises DamageError where a revision is not what was stored."""
        for key in broken_revisions(self.connection()):
            raise DamageError("catalog", self.folder, f"{key} is not what was stored")
        revision_log.write_all(self.folder, self.connection())

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
        return View(self.connection, number, self.collection(found.collection), self.folder)

    def versions(self) -> list[Version]:
        """Every version kept, oldest first."""
        return [Version(*row) for row in self.connection().execute("SELECT * FROM versions ORDER BY number")]

    def collection(self, name: str) -> Collection:
        """The collection of that name, which a version has; raises DamageError where there is none."""
        for collection in self.collections():
            if collection.name == name:
                return collection
        raise DamageError("catalog", self.folder, f"no collection {name!r}")

    def collections(self) -> list[Collection]:
        """Every collection some version needs, oldest first."""
        return [Collection(*row) for row in self.connection().execute("SELECT * FROM collections ORDER BY rowid")]

    def settings(self, version: int | None = None) -> dict[str, Any]:
        """The settings a version was built with."""
        try:
            settings: dict[str, Any] = json.loads(self.view(version).collection.settings)
        except ValueError as error:
            raise DamageError("catalog", self.folder, f"settings: {error}") from error
        return settings

    def vectors_folder(self, collection: Collection) -> Path:
        """Where Chroma keeps the collection, unless a server does."""
        return self.folder / "vectors" / collection.vectors

    def words_folder(self, collection: Collection) -> Path:
        """Where tantivy keeps the collection."""
        return self.folder / "words" / collection.words

    def _one(self, sql: str) -> Any:
        row = self.connection().execute(sql).fetchone()
        if row is None:
            raise DamageError("catalog", self.folder, "it does not say which version is published")
        return row[0]
