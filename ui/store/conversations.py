"""Conversations kept in the library's folder: answers with their citations, and what people thought of them.

Every call names an owner (see `ui.store.people`), and no query reaches another owner's rows. Knows nothing of how
answers are made.
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

from index.catalog.schema import open_database, transaction
from index.errors import UserError
from index.permissions import make_file, make_folder, secure
from rag.schema import Resolve, from_dict, to_dict
from rag.types import Answer
from ui.store import people

FILE = "conversations.sqlite"
TITLE_LENGTH = 120
REASON_LENGTH = 2_000
CONTEXT_TURNS = 6
"""Turns before a question that are given to the assistant."""

Verdict = Literal["", "up", "down"]

FIRST_TABLES = (
    """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    created_at TEXT NOT NULL,          -- ISO 8601, UTC
    updated_at TEXT NOT NULL
) STRICT""",
    "CREATE INDEX IF NOT EXISTS conversations_by_owner ON conversations (owner, updated_at)",
    """
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
) STRICT""",
    """
CREATE TABLE IF NOT EXISTS removed (   -- articles taken out of the library in the chat, to be put back
    article TEXT PRIMARY KEY,
    revision TEXT NOT NULL,
    name TEXT NOT NULL,
    location TEXT NOT NULL,
    removed_at TEXT NOT NULL
) STRICT""",
)
HASHED_TOKENS = ("UPDATE conversations SET owner = later_owner(owner) WHERE owner LIKE 'visitor:%'",)
"""The tokens of visitors' cookies were owners until then; `later_owner` is a function of the connection."""
TOKENS_HASHED = 2
"""The format from which on they are."""
UPGRADES = (FIRST_TABLES, HASHED_TOKENS)
"""The statements that take a file from each format to the next, from 0: a new file, or one that had no number yet."""
FORMAT = len(UPGRADES)
"""Number of the present layout, kept in `PRAGMA user_version`."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as a list shows it."""

    id: str
    title: str
    updated_at: str
    answers: int


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer in a conversation: `data` is what `rag.schema.to_dict` wrote of it."""

    id: str
    conversation: str
    number: int
    question: str
    data: dict[str, Any]
    ignored: tuple[str, ...]
    asked_at: str
    verdict: Verdict
    reason: str

    def resolve(self, article: Resolve) -> Answer:
        """The answer with its articles, from (id, revision); a pruned revision leaves its citations unresolved."""
        return from_dict(self.data, article)


@dataclass(frozen=True, slots=True)
class RemovedArticle:
    """An article that was taken out of the library, and what is needed to put it back."""

    article: str
    revision: str
    name: str
    location: str
    removed_at: str


class Conversations:
    """The conversations of one library; safe to use from any thread.

    Where the folder cannot be written, conversations that are there can be read. Raises UserError where there are
    none either, where a newer Clippings wrote them, and for every change that cannot be written.

    `machine_owner` is the machine's user where they alone use the library. Visitors' conversations of a file that an
    earlier version wrote become theirs, with the visitors' question sets and runs; without it they stay the visitors'.
    """

    def __init__(self, folder: Path, machine_owner: str = "") -> None:
        self._local = threading.local()
        self._path = folder / FILE
        self._machine_owner = machine_owner
        with self._writing():
            make_folder(folder)
            secure(folder)
            make_file(self._path)
            self._connection()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = open_database(self._path)
            connection.row_factory = sqlite3.Row
            self._upgrade(connection)
            if not connection.execute("PRAGMA database_list").fetchone()["file"]:
                connection.execute("PRAGMA query_only = ON")  # a copy, read in place of a file that cannot be written
            self._local.connection = connection
        return connection

    def _upgrade(self, connection: sqlite3.Connection) -> None:
        """Bring the file to the present format, all or nothing; where it can only be read, what is seen of it."""
        if (written := _format(connection)) > FORMAT:
            raise UserError(
                f"{str(self._path)!r} has format {written}, this Clippings reads up to {FORMAT}. "
                "Update: pip install -U clippings"
            )
        if written == FORMAT:
            return
        connection.create_function("later_owner", 1, self._later_owner, deterministic=True)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            with transaction(connection):
                if (written := _format(connection)) < TOKENS_HASHED and self._machine_owner:
                    self._take_over_homes(connection)
                for statements in UPGRADES[written:]:
                    for statement in statements:
                        connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {FORMAT}")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:
                raise
            # A temporary table stands before the file's of the same name, so that queries need not know.
            connection.execute("CREATE TEMP TABLE conversations AS SELECT * FROM main.conversations")
            for statements in UPGRADES[max(written, 1) :]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute("PRAGMA query_only = ON")

    def _later_owner(self, owner: str) -> str:
        return self._machine_owner or people.visitor_owner(owner.removeprefix(people.VISITOR))

    def _take_over_homes(self, connection: sqlite3.Connection) -> None:
        accounts: tuple[str, ...] = ()
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'conversations'").fetchone():
            owners = "SELECT DISTINCT owner FROM conversations WHERE owner NOT LIKE 'visitor:%'"
            accounts = tuple(row["owner"] for row in connection.execute(owners))
        people.take_over(self._path.parent, self._machine_owner, accounts)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turns a failure to write into a sentence that names what to do."""
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            raise UserError(
                f"Cannot keep conversations in {str(self._path.parent)!r} ({error}). Name a folder you may write: "
                "clippings chat --library FOLDER"
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing(), transaction(connection := self._connection()):
            yield connection

    def _write(self, statement: str, *values: str) -> None:
        with self._transaction() as connection:
            connection.execute(statement, values)

    def create(self, owner: str, title: str) -> str:
        """Add a new, empty conversation; returns its id."""
        conversation = secrets.token_urlsafe(12)
        row = (conversation, owner, _title(title), _now(), _now())
        self._write("INSERT INTO conversations VALUES (?, ?, ?, ?, ?)", *row)
        return conversation

    def add(
        self, owner: str, conversation: str, answer: Answer, ignored: Collection[str] = (), replaces: str = ""
    ) -> StoredAnswer:
        """Add an answer at the end, in place of the answer `replaces` if given.

        Raises KeyError when the conversation is not the owner's.
        """
        self.title(owner, conversation)  # KeyError where it is not theirs
        data, keys = to_dict(answer), tuple(sorted(ignored))
        as_json = (json.dumps(data, ensure_ascii=False), json.dumps(keys))
        with self._transaction() as connection:
            asked_at = _now()  # in the transaction, so that times and numbers are in one order
            answer_id = secrets.token_urlsafe(12)
            if replaces:
                connection.execute("DELETE FROM answers WHERE id = ? AND conversation = ?", (replaces, conversation))
            (number,) = connection.execute(
                "INSERT INTO answers (id, conversation, number, question, text, answer, ignored, asked_at) VALUES "
                "(?, ?, (SELECT coalesce(max(number), 0) + 1 FROM answers WHERE conversation = ?), ?, ?, ?, ?, ?) "
                "RETURNING number",
                (answer_id, conversation, conversation, answer.question, answer.text, *as_json, asked_at),
            ).fetchone()
            connection.execute("UPDATE conversations SET updated_at = ? WHERE id = ?", (asked_at, conversation))
        return StoredAnswer(answer_id, conversation, number, answer.question, data, keys, asked_at, "", "")

    def search(self, owner: str, words: str = "", limit: int = 200) -> list[Conversation]:
        """The owner's conversations, latest first; those whose title, questions or answers hold every word."""
        # LIKE over one person's own conversations is quick enough not to need a text index.
        condition, values = "", []
        for word in words.split():
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
        return [Conversation(*row) for row in rows]

    def answers(self, owner: str, conversation: str) -> list[StoredAnswer]:
        """The answers of a conversation in the order asked; empty when it is not the owner's."""
        return self._select("c.owner = ? AND c.id = ?", (owner, conversation))

    def answer(self, owner: str, answer_id: str) -> StoredAnswer:
        """One stored answer; raises KeyError when it is not the owner's."""
        answers = self._select("c.owner = ? AND a.id = ?", (owner, answer_id))
        if not answers:
            raise KeyError(answer_id)
        return answers[0]

    def title(self, owner: str, conversation: str) -> str:
        """Its title; raises KeyError when it is not the owner's."""
        query = "SELECT title FROM conversations WHERE id = ? AND owner = ?"
        row = self._connection().execute(query, (conversation, owner)).fetchone()
        if row is None:
            raise KeyError(conversation)
        return str(row["title"])

    def rename(self, owner: str, conversation: str, title: str) -> None:
        """Give it another title; an empty one is ignored."""
        if title.strip():
            statement = "UPDATE conversations SET title = ? WHERE id = ? AND owner = ?"
            self._write(statement, _title(title), conversation, owner)

    def delete(self, owner: str, conversation: str) -> None:
        """Remove it with its answers, for good."""
        self._write("DELETE FROM conversations WHERE id = ? AND owner = ?", conversation, owner)

    def set_verdict(self, owner: str, answer_id: str, verdict: Verdict, reason: str = "") -> None:
        """Store what the owner thinks of an answer; raises KeyError when it is not the owner's."""
        self.answer(owner, answer_id)
        statement = "UPDATE answers SET verdict = ?, reason = ? WHERE id = ?"
        self._write(statement, verdict, reason[:REASON_LENGTH].strip(), answer_id)

    def answers_with_verdict(self, owner: str) -> list[StoredAnswer]:
        """Every answer the owner gave a verdict on, oldest first."""
        return self._select("c.owner = ? AND a.verdict != ''", (owner,))

    def add_removed(self, article: str, revision: str, name: str, location: str) -> None:
        """Note that an article was taken out; the library is everybody's, so this has no owner."""
        self._write("INSERT OR REPLACE INTO removed VALUES (?, ?, ?, ?, ?)", article, revision, name, location, _now())

    def removed_articles(self) -> dict[str, RemovedArticle]:
        """What was taken out, by article id, the latest first."""
        rows = self._connection().execute("SELECT * FROM removed ORDER BY removed_at DESC LIMIT 200")
        return {row["article"]: RemovedArticle(*row) for row in rows}

    def _select(self, condition: str, values: Sequence[str]) -> list[StoredAnswer]:
        rows = self._connection().execute(
            "SELECT a.id, conversation, number, question, answer, ignored, asked_at, verdict, reason FROM answers a "
            f"JOIN conversations c ON c.id = a.conversation WHERE {condition} ORDER BY a.asked_at, a.number",
            values,
        )
        return [
            StoredAnswer(*(*row[:4], json.loads(row["answer"]), tuple(json.loads(row["ignored"])), *row[6:]))
            for row in rows
        ]


def _format(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _title(text: str) -> str:
    line = " ".join(text.split()) or "Untitled"
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
