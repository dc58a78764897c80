"""The accounts of a library: a file of names, roles and hashes of passwords that only its owner may read.

One line each, `NAME:ROLE:HASH`. A running chat reads it again when it has changed, so that whoever is added can log in
at once, and whoever is removed is out at once.
"""

from __future__ import annotations

import os
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from index.errors import UserError
from index.permissions import make_folder
from ui.store.people import Role
from ui.web.server.auth import Account, hash_of, long_enough, matches, nobodys_hash, require_hash, write_private

FILE = "accounts"
"""Inside the library's folder."""
LONGEST_NAME = 64
ROLES: tuple[Role, ...] = ("editor", "reader")
LOCK_SECONDS = 30.0


class Accounts:
    """Everybody who may log in: the accounts of a file, and `others`, which stand in none; safe from any thread.

    Where both have a name, the file's counts. Each method raises UserError where the file cannot be read.
    """

    def __init__(self, file: Path, others: Sequence[Account] = ()) -> None:
        self.file = file
        self._others = {account.name: account for account in others}
        self._guard = threading.Lock()
        self._read_at: tuple[int, ...] = ()
        self._accounts: dict[str, Account] = {}

    def all(self) -> list[Account]:
        """Every account, by name."""
        accounts = {**self._others, **self._read()}
        return [accounts[name] for name in sorted(accounts, key=str.casefold)]

    def get(self, name: str) -> Account | None:
        """The account of that name, or None."""
        name = unicodedata.normalize("NFC", name)
        return self._read().get(name) or self._others.get(name)

    def accepts(self, name: str, password: str) -> Account | None:
        """The account that has this name and password; takes the same time whichever is wrong."""
        account = self.get(name)
        if account is None:
            matches(password, nobodys_hash())
            return None
        try:
            return account if account.accepts(password) else None
        except ValueError as error:
            raise UserError(
                f"The password of {account.name!r} is damaged ({error}). Give it another: "
                f"clippings chat --change-password {account.name}"
            ) from error

    def add(self, name: str, password: str, role: Role) -> str:
        """Add an account; returns its name as it is kept. Raises UserError for a name that is taken or no name."""
        name = checked_name(name)
        with self._changing() as accounts:
            for other in accounts:
                if other.casefold() == name.casefold():
                    raise UserError(
                        f"There is an account {other!r} already. Give it another password: "
                        f"clippings chat --change-password {other}"
                    )
            accounts[name] = Account(name, hash_of(long_enough(password)), role)
        return name

    def require(self, name: str) -> str:
        """The name of an account of the file; raises UserError where there is none."""
        name = unicodedata.normalize("NFC", name.strip())
        if name not in self._read():
            names = ", ".join(map(repr, self._read())) or "none yet"
            raise UserError(
                f"There is no account {name!r}; these are: {names}. Add it: clippings chat --add-account NAME"
            )
        return name

    def remove(self, name: str) -> None:
        """Remove an account; what it has kept stays. Raises UserError where there is none of that name."""
        self._change(name, lambda account: None)

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password, which ends its sessions."""
        hashed = hash_of(long_enough(password))
        self._change(name, lambda account: Account(account.name, hashed, account.role))

    def set_role(self, name: str, role: Role) -> None:
        """Make an account a reader or an editor."""
        self._change(name, lambda account: Account(account.name, account.hashed, role))

    def _change(self, name: str, change: Callable[[Account], Account | None]) -> None:
        with self._changing() as accounts:
            name = self.require(name)
            if changed := change(accounts.pop(name)):
                accounts[name] = changed

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Account]]:
        """The accounts of the file, to be changed; written when the block ends well, one process at a time."""
        from portalocker import Lock, LockException

        try:
            make_folder(self.file.parent)
            with Lock(f"{self.file}.lock", "a", timeout=LOCK_SECONDS):
                accounts = dict(self._read())
                yield accounts
                lines = [f"{account.name}:{account.role}:{account.hashed}\n" for account in accounts.values()]
                write_private(self.file, "".join(lines))
        except (OSError, LockException) as error:
            raise UserError(
                f"Cannot write {str(self.file)!r} ({error}). Name a library you may write: "
                "clippings chat --library FOLDER"
            ) from error

    def _read(self) -> dict[str, Account]:
        """The accounts of the file by name; read again where the file is another than before."""
        try:
            status = self.file.stat()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise UserError(f"Cannot read the accounts in {str(self.file)!r} ({error}).") from error
        now = (status.st_ino, status.st_size, status.st_mtime_ns)
        with self._guard:
            if now != self._read_at:
                if os.name != "nt" and status.st_mode & 0o077:
                    with suppress(OSError):  # somebody else's, or on a file system without modes
                        self.file.chmod(0o600)
                self._accounts, self._read_at = _parse(self.file), now
            return self._accounts


def checked_name(name: str) -> str:
    """A name as it is kept; raises UserError for what nobody could type or tell from others."""
    name = unicodedata.normalize("NFC", name.strip())
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or set(name) & set(':/\\"'):
        raise UserError(
            f"{name[:80]!r} is no name for an account: 1 to {LONGEST_NAME} printable characters without colons, "
            "slashes and quotes. Try: clippings chat --add-account ada"
        )
    return name


def _parse(file: Path) -> dict[str, Account]:
    accounts = {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Cannot read the accounts in {str(file)!r} ({error}).") from error
    roles: dict[str, Role] = {role: role for role in ROLES}
    for number, line in enumerate(lines, start=1):
        name, _, rest = line.partition(":")
        role, _, hashed = rest.partition(":")
        if not line.strip():
            continue
        if role not in roles:
            raise UserError(
                f"Line {number} of {str(file)!r} is no account: NAME:ROLE:HASH, with a role of {', '.join(ROLES)}. "
                "Remove it, then add the account anew: clippings chat --add-account NAME"
            )
        require_hash(hashed, f"line {number} of {file}")
        accounts[name] = Account(name, hashed, roles[role])
    return accounts
