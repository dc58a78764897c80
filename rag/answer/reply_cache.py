"""The replies of chat models cached on disk, keyed on everything that a reply depends on.

Knows nothing of what replies mean. The file holds replies and no keys, and can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import UserError
from index.permissions import make_file, make_folder

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

MOST_REPLIES = 5000
"""Replies stored; the oldest are deleted first."""


class ReplyCache:
    """A SQLite file of replies; safe for several threads and processes.

    Written here because LangChain's caches are passed by when a reply streams.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @staticmethod
    def key(describe: str, messages: Sequence[BaseMessage]) -> str:
        """SHA-256 of `describe` (model, address, temperature, limits) and every message with its role."""
        contents = [(message.type, str(message.text)) for message in messages]
        request = json.dumps([describe, contents], ensure_ascii=False)
        return hashlib.sha256(request.encode("utf-8", "replace")).hexdigest()

    def get(self, key: str) -> tuple[str, int, int] | None:
        """A reply, with the tokens in and out that it cost when it came."""
        if not self._path.exists():
            return None
        with self._open() as database:
            return database.execute("SELECT text, tokens_in, tokens_out FROM reply WHERE key = ?", (key,)).fetchone()

    def put(self, key: str, text: str, tokens_in: int, tokens_out: int) -> None:
        make_folder(self._path.parent)
        make_file(self._path)
        text = text.encode("utf-8", "replace").decode()
        with self._open() as database:
            database.execute(
                "INSERT OR REPLACE INTO reply VALUES (?, ?, ?, ?, ?)", (key, text, tokens_in, tokens_out, time.time())
            )
            database.execute(
                "DELETE FROM reply WHERE key NOT IN (SELECT key FROM reply ORDER BY written DESC LIMIT ?)",
                (MOST_REPLIES,),
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=10)) as database, database:
                database.execute(
                    "CREATE TABLE IF NOT EXISTS reply (key TEXT PRIMARY KEY, text TEXT NOT NULL,"
                    " tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, written REAL NOT NULL)"
                )
                yield database
        except sqlite3.Error as error:
            raise UserError(
                f"Cannot use the replies kept in {str(self._path)!r}: {error}. Delete that file, or ask with --no-cache"
            ) from error
