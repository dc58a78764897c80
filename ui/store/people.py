"""Who uses a library: whose conversations and question sets are whose, and who may change what.

An owner is the key under which a person's things are stored: `user:NAME` of an account, `local:NAME` of the machine's
user, `visitor:HASH` of a browser. A visitor's token itself is stored nowhere.
"""

from __future__ import annotations

import getpass
import hashlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from index.errors import UserError

Role = Literal["editor", "reader", "visitor"]
"""Editors change the library; readers ask, and keep question sets and runs of their own; visitors ask."""

ACCOUNT, LOCAL, VISITOR = "user:", "local:", "visitor:"
RUNS = "runs"
"""Inside the library's folder: question sets and runs of the evaluation, a folder for each owner."""


def account_owner(name: str) -> str:
    """The owner of what an account keeps."""
    return ACCOUNT + name


def machine_owner() -> str:
    """The owner of what the user of this machine keeps, in the browser and on the command line."""
    if os.name == "nt":
        return LOCAL + getpass.getuser()
    import pwd

    try:  # not getpass, which believes the environment: `su` leaves another's name there
        return LOCAL + pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user may have no name
        return f"{LOCAL}{os.getuid()}"


def visitor_owner(token: str) -> str:
    """The owner of what a browser keeps whose cookie has this token.

    A plain hash is enough: a token is 24 random bytes, which nobody can guess from it.
    """
    return VISITOR + hashlib.sha256((VISITOR + token).encode()).hexdigest()


def home(library: Path, owner: str) -> Path:
    """The folder of an owner's question sets and runs; that of a visitor is where it was before tokens were hashed."""
    hashed = owner.removeprefix(VISITOR) if owner.startswith(VISITOR) else hashlib.sha256(owner.encode()).hexdigest()
    return library / RUNS / hashed[:16]


def take_over(library: Path, owner: str, others: Collection[str]) -> None:
    """Move question sets and runs of visitors into the owner's home; those of `others` stay. May be done again."""
    mine = home(library, owner)
    stay = {mine, *(home(library, other) for other in others)}
    for folder in [path for path in (library / RUNS).glob("*") if path.is_dir() and path not in stay]:
        mine.mkdir(parents=True, exist_ok=True)
        for item in folder.iterdir():
            if not (mine / item.name).exists():
                item.rename(mine / item.name)


def require_editor(role: Role) -> None:
    """Raises UserError for who may not change the library, its sources or its question sets."""
    if role == "reader":
        raise UserError(
            "Your account may read this library, not change it. Who runs the chat can allow it: "
            "clippings chat --make-editor NAME"
        )
    if role != "editor":
        raise UserError(
            "Visitors may ask and read here, not change the library. Who runs the chat can allow it: "
            "clippings chat --no-auth --allow-changes"
        )


def require_reader(role: Role) -> None:
    """Raises UserError for who may not keep question sets and runs of their own."""
    if role not in ("editor", "reader"):
        raise UserError(
            "Visitors may ask and read here, not run question sets. Who runs the chat can allow it: "
            "clippings chat --no-auth --allow-changes, or with an account: clippings chat --add-account NAME"
        )
