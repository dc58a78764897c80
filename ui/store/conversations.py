"""Conversations kept in the library's folder: answers with their citations, and what people thought of them.

Every call names an owner, and no query reaches another owner's rows. Knows nothing of how answers are made.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from index.catalog.schema import transaction
from index.errors import UserError
from rag.schema import Resolve, from_dict, to_dict
from rag.types import Answer

FILE = "conversations.sqlite"
TITLE_LENGTH = 120
REASON_LENGTH = 2_000
FOLLOWED = 6
"""Turns before a question that are given to the assistant."""

Verdict = Literal["", "up", "down"]

TABLES = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    created_at TEXT NOT NULL,          -- ISO 8601, UTC
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS conversations_by_owner ON conversations (owner, updated_at);
CREATE TABLE IF NOT EXISTS answers (
    id TEXT PRIMARY KEY,
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,           -- from 1, in the order asked
    question TEXT NOT NULL,
    text TEXT NOT NULL,
    answer TEXT NOT NULL,              -- rag.schema.to_dict
    ignored TEXT NOT NULL,             -- keys of interpretations not made, a JSON list
    asked_at TEXT NOT NULL,
    verdict TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    UNIQUE (conversation, number)
) STRICT;
CREATE TABLE IF NOT EXISTS removed (   -- articles taken out of the library in the chat, to be put back
    article TEXT PRIMARY KEY,
    revision TEXT NOT NULL,
    name TEXT NOT NULL,
    location TEXT NOT NULL,
    removed_at TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as a list shows it."""

    id: str
    title: str
    updated_at: str
    answers: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept answer: `data` is what `rag.schema.to_dict` made of it."""

    id: str
    conversation: str
    number: int
    question: str
    data: dict[str, Any]
    ignored: tuple[str, ...]
    asked_at: str
    verdict: Verdict
    reason: str

    def answer(self, resolve: Resolve) -> Answer:
        """The answer with its articles found again; a pruned revision leaves its citations unresolved."""
        return from_dict(self.data, resolve)


@dataclass(frozen=True, slots=True)
class Removed:
    """An article that was taken out of the library, and what is needed to put it back."""

    article: str
    revision: str
    name: str
    location: str
    removed_at: str


class Conversations:
    """The conversations of one library; safe to use from any thread."""

    def __init__(self, folder: Path) -> None:
        self._local = threading.local()
        self._path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._connection().executescript(TABLES)
        except (OSError, sqlite3.OperationalError) as error:
            raise UserError(
                f"Cannot keep conversations in {str(folder)!r} ({error}). Name a folder you may write: "
                "clippings chat --library FOLDER"
            ) from error

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA foreign_keys = ON")
            self._local.connection = connection
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        with transaction(connection):
            yield connection

    def begin(self, owner: str, title: str) -> str:
        """A new, empty conversation; returns its id."""
        conversation = secrets.token_urlsafe(12)
        self._connection().execute(
            "INSERT INTO conversations VALUES (?, ?, ?, ?, ?)",
            (conversation, owner, _title(title), _now(), _now()),
        )
        return conversation

    def owns(self, owner: str, conversation: str) -> bool:
        """Whether the conversation exists and is the owner's."""
        found = self._connection().execute(
            "SELECT 1 FROM conversations WHERE id = ? AND owner = ?", (conversation, owner)
        )
        return found.fetchone() is not None

    def keep(
        self, owner: str, conversation: str, answer: Answer, ignored: Collection[str] = (), replaces: str = ""
    ) -> str:
        """Add an answer at the end, in place of the answer `replaces` if given; returns its id.

        Raises KeyError when the conversation is not the owner's.
        """
        self._require(owner, conversation)
        kept = secrets.token_urlsafe(12)
        with self._transaction() as connection:
            if replaces:
                connection.execute("DELETE FROM answers WHERE id = ? AND conversation = ?", (replaces, conversation))
            connection.execute(
                "INSERT INTO answers (id, conversation, number, question, text, answer, ignored, asked_at) VALUES "
                "(?, ?, (SELECT coalesce(max(number), 0) + 1 FROM answers WHERE conversation = ?), ?, ?, ?, ?, ?)",
                (
                    kept,
                    conversation,
                    conversation,
                    answer.question,
                    answer.text,
                    json.dumps(to_dict(answer), ensure_ascii=False),
                    json.dumps(sorted(ignored)),
                    _now(),
                ),
            )
            connection.execute("UPDATE conversations SET updated_at = ? WHERE id = ?", (_now(), conversation))
        return kept

    def listed(self, owner: str, search: str = "", limit: int = 200) -> list[Conversation]:
        """The owner's conversations, latest first; those whose title, questions or answers hold every word."""
        # LIKE over one person's own conversations is quick enough not to need a text index.
        condition, values = "", []
        for word in search.split():
            pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            condition += (
                " AND (c.title LIKE ? ESCAPE '\\' OR EXISTS (SELECT 1 FROM answers s WHERE s.conversation = c.id"
                " AND (s.question LIKE ? ESCAPE '\\' OR s.text LIKE ? ESCAPE '\\')))"
            )
            values += [pattern] * 3
        rows = self._connection().execute(
            "SELECT c.id, c.title, c.updated_at, count(a.id) AS answers FROM conversations c "
            f"LEFT JOIN answers a ON a.conversation = c.id WHERE c.owner = ?{condition} "
            "GROUP BY c.id ORDER BY c.updated_at DESC LIMIT ?",
            (owner, *values, limit),
        )
        return [Conversation(row["id"], row["title"], row["updated_at"], row["answers"]) for row in rows]

    def answers(self, owner: str, conversation: str) -> list[Kept]:
        """The answers of a conversation in the order asked; empty when it is not the owner's."""
        return self._kept("c.owner = ? AND c.id = ?", (owner, conversation))

    def answer(self, owner: str, kept: str) -> Kept:
        """One kept answer; raises KeyError when it is not the owner's."""
        found = self._kept("c.owner = ? AND a.id = ?", (owner, kept))
        if not found:
            raise KeyError(kept)
        return found[0]

    def title(self, owner: str, conversation: str) -> str:
        """Its title; raises KeyError when it is not the owner's."""
        row = (
            self._connection()
            .execute("SELECT title FROM conversations WHERE id = ? AND owner = ?", (conversation, owner))
            .fetchone()
        )
        if row is None:
            raise KeyError(conversation)
        return str(row["title"])

    def rename(self, owner: str, conversation: str, title: str) -> None:
        """Give it another title; an empty one is ignored."""
        if title.strip():
            self._connection().execute(
                "UPDATE conversations SET title = ? WHERE id = ? AND owner = ?",
                (_title(title), conversation, owner),
            )

    def delete(self, owner: str, conversation: str) -> None:
        """Remove it with its answers, for good."""
        self._connection().execute("DELETE FROM conversations WHERE id = ? AND owner = ?", (conversation, owner))

    def judge(self, owner: str, kept: str, verdict: Verdict, reason: str = "") -> None:
        """Store what the owner thinks of an answer; raises KeyError when it is not the owner's."""
        self.answer(owner, kept)
        self._connection().execute(
            "UPDATE answers SET verdict = ?, reason = ? WHERE id = ?",
            (verdict, reason[:REASON_LENGTH].strip(), kept),
        )

    def judged(self, owner: str) -> list[Kept]:
        """Every answer the owner gave a verdict on, oldest first."""
        return self._kept("c.owner = ? AND a.verdict != ''", (owner,))

    def remember_removed(self, article: str, revision: str, name: str, location: str) -> None:
        """Note that an article was taken out; the library is everybody's, so this has no owner."""
        self._connection().execute(
            "INSERT OR REPLACE INTO removed VALUES (?, ?, ?, ?, ?)",
            (article, revision, name, location, _now()),
        )

    def removed(self) -> dict[str, Removed]:
        """What was taken out, by article id, the latest first."""
        rows = self._connection().execute("SELECT * FROM removed ORDER BY removed_at DESC LIMIT 200")
        return {row["article"]: Removed(*row) for row in rows}

    def _require(self, owner: str, conversation: str) -> None:
        if not self.owns(owner, conversation):
            raise KeyError(conversation)

    def _kept(self, condition: str, values: Sequence[str]) -> list[Kept]:
        rows = self._connection().execute(
            "SELECT a.* FROM answers a JOIN conversations c ON c.id = a.conversation "
            f"WHERE {condition} ORDER BY a.asked_at, a.number",
            values,
        )
        return [
            Kept(
                row["id"],
                row["conversation"],
                row["number"],
                row["question"],
                json.loads(row["answer"]),
                tuple(json.loads(row["ignored"])),
                row["asked_at"],
                row["verdict"],
                row["reason"],
            )
            for row in rows
        ]


def _title(text: str) -> str:
    line = " ".join(text.split()) or "Untitled"
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
