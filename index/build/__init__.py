"""Articles in, a new published version out, and a report of what changed.

Everything is written into copies of what readers use; one transaction at the end publishes them.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from index.build import near_duplicates, reconcile
from index.build.embed_passages import (
    IndexConfig,
    Progress,
    embed_new_passages,
    embedded_text,
    find_revisions_to_embed,
    write_engines,
)
from index.build.engine_copies import EngineCopies, delete_unused_folders
from index.build.publish import changes, newest_row, publish, remember_fetched
from index.build.staging import FILE as STAGING_FILE
from index.build.staging import Staging
from index.catalog import Catalog
from index.catalog.schema import writable
from index.catalog.view import Collection, is_live
from index.errors import UserError
from index.locks import write_lock
from index.types import FetchLog, Read, Remark, Skipped, Unchanged

INNER_ORDER = "engine_copies near_duplicates reconcile publish staging embed_passages"
"""Each may import itself and those before it."""

__all__ = ["BuildReport", "IndexConfig", "Progress", "build", "embedded_text"]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did; articles in `added`, `changed`, `removed`, locations in `unchanged` and `copies`."""

    version: int
    published: bool
    """Whether there was anything to publish; if not, `version` is the one before."""
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    copies: int = 0
    """Locations that hold a text which another location holds too."""
    encoded: int = 0
    """Passages given to the encoder."""
    seconds: float = 0.0
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data, for JSON."""
        return asdict(self)


def build(
    folder: Path,
    read: Callable[[FetchLog], Iterable[Read]],
    config: IndexConfig,
    *,
    targets: Sequence[str] = (),
    prune_missing: bool = False,
    rebuild: bool = False,
    server: str = "",
    command: str = "",
    progress: Callable[[Progress], None] = lambda _: None,
) -> BuildReport:
    """Bring the library in `folder` up to what `read` yields, and publish it as a new version.

    `read` is given the log of what was fetched before. `targets` are what it reads; with `prune_missing`,
    articles whose files lay under them and were not met are removed. `rebuild` writes every passage anew.
    `server` is a Chroma server's address. Nothing is visible before the end, whatever happens on the way, and
    an interrupted build's encoding is used by the next; `progress` may raise to interrupt it. Raises UserError when
    another build is running, and when the folder cannot be written or is full.
    """
    if folder.exists() and not writable(folder):
        raise UserError(
            f"The library folder {str(folder)!r} is read-only; questions can be asked, but nothing added. "
            "Name a library you may write: --library FOLDER"
        )
    with write_lock(folder, command), closing(Catalog.create(folder)) as catalog:
        return _Build(catalog, config, server, progress).run(read, targets, prune_missing, rebuild)


@dataclass(slots=True)
class _Build:
    """One run; its fields are what the steps share."""

    catalog: Catalog
    config: IndexConfig
    server: str
    progress: Callable[[Progress], None]
    encoded: int = 0
    unchanged: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def run(
        self, read: Callable[[FetchLog], Iterable[Read]], targets: Sequence[str], prune_missing: bool, rebuild: bool
    ) -> BuildReport:
        started = time.perf_counter()
        connection = self.catalog.connection()
        version = self.catalog.current()
        staging = Staging(connection, self.catalog.folder / STAGING_FILE, self.config.fingerprint)
        self._read(staging, read(staging), version)
        staging.commit()
        with staging.batch():
            if prune_missing:
                reconcile.find_removed_locations(connection, version, [_base(target) for target in targets])
            reconcile.assign_articles(connection, version)
        change = reconcile.count_changes(connection, version)
        number = self._publish(staging, version, change, rebuild)
        staging.close()
        counts = (change.added, change.changed, self.unchanged, change.removed, change.copies, self.encoded)
        remarks = (tuple(self.skipped), tuple(self.remarks))
        return BuildReport(number or version, number is not None, *counts, time.perf_counter() - started, *remarks)

    def _read(self, staging: Staging, reads: Iterable[Read], version: int) -> None:
        connection = self.catalog.connection()
        count = 0
        for item in reads:
            if isinstance(item, Remark):
                self.remarks.append(item)
                continue
            if isinstance(item, Skipped):
                self.skipped.append(item)
                staging.add_location(item.location, failed=True)
                self.progress(Progress("reading", count))
                continue
            count += 1
            self.progress(Progress("reading", count))
            if isinstance(item, Unchanged):
                self.unchanged += 1
                staging.add_location(item.location)
                continue
            known = connection.execute(
                f"SELECT read_as FROM locations v WHERE location = :location AND {is_live('v')}",
                {"location": item.location, "version": version},
            ).fetchone()
            revision = item.revision
            before = staging.add_location(item.location, revision)
            if before is not None:
                if before != revision:
                    self.skipped.append(Skipped(item.location, "another article was read here before in this run"))
            elif known and known[0] == revision:
                self.unchanged += 1
            else:
                # An exported library's rows are named by the ids they had.
                given = item.id or item.location.rpartition("#")[2]
                staging.add_article(item, revision, _sha(item.text), given)

    def _publish(self, staging: Staging, version: int, change: reconcile.Change, rebuild: bool) -> int | None:
        """Embed what is new and publish; None when the published version holds it all already."""
        connection = self.catalog.connection()
        old = self.catalog.view().collection if version else None
        collection = self._collection(old, rebuild)
        (moved_locations,) = connection.execute(
            "SELECT (SELECT count(*) FROM staging.location_articles) + (SELECT count(*) FROM staging.removed_locations)"
        ).fetchone()
        if (old == collection and not moved_locations) or (old is None and not change.added):
            with self.catalog.transaction():
                remember_fetched(connection)
            return None
        with staging.batch():
            find_revisions_to_embed(connection, version, collection.name)
            near_duplicates.find(connection, version)
        self.encoded = embed_new_passages(connection, staging, self.config, self.progress)
        delete_unused_folders(self.catalog)
        with EngineCopies(self.catalog, collection) as copies:
            write_engines(connection, copies, self.progress)
            copies.finish()
            with self.catalog.logged_transaction() as (connection, log):
                before = newest_row(connection)
                number = publish(connection, version, copies.collection, change, self.unchanged)
                near_duplicates.publish(connection)
                log.extend(changes(connection, number, before, copies.collection.name))
        return number

    def _collection(self, old: Collection | None, rebuild: bool) -> Collection:
        """The collection of these settings: the published one, an earlier one, or a new one."""
        known = self.catalog.collections()
        if not rebuild:
            for collection in ([old] if old else []) + known[::-1]:
                if (collection.fingerprint, collection.server) == (self.config.fingerprint, self.server):
                    return collection
        # Counted from the highest, since prune drops collections.
        serial = 1 + max((int(collection.name.rpartition("-")[2]) for collection in known), default=0)
        name = f"{_sha(self.config.fingerprint)[:8]}-{serial}"
        settings = json.dumps(dict(self.config.settings), sort_keys=True)
        vectors = f"clippings-{self.catalog.library()}-{name}" if self.server else ""
        return Collection(name, self.config.fingerprint, settings, self.server, vectors, "")


def _base(target: str) -> str:
    """What the locations under a target begin with."""
    return target if "://" in target else Path(os.path.abspath(target)).as_posix().rstrip("/")  # noqa: PTH100


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
