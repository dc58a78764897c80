"""Passwords as hashes, and who is logged in; knows nothing of pages. The accounts themselves: `accounts`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import os
import secrets
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerificationError, VerifyMismatchError
from cachetools import TTLCache

from index.errors import UserError
from ui.store.people import Role

VARIABLE = "CLIPPINGS_AUTH"
SESSION_SECONDS = 12 * 3600.0
SHORTEST, LONGEST = 8, 1_000
"""Characters of a password."""
_OLD_HASH = "scrypt$"
"""How hashes began that earlier versions wrote, as `scrypt$n$r$p$salt$hash`; they are still accepted."""
_HASHER = PasswordHasher()


@dataclass(slots=True)
class Account:
    """A name, the hash of its password and what it may do; `file` is an earlier version's, which held one hash."""

    name: str
    hashed: str
    role: Role = "editor"
    file: Path | None = None

    def accepts(self, password: str) -> bool:
        """Whether it is the right one. A hash of an earlier version is replaced where its file can be written."""
        accepted = matches(password, self.hashed)
        if accepted and self.hashed.startswith(_OLD_HASH) and self.file:
            self.hashed = hash_of(password)
            with suppress(OSError):
                write_private(self.file, self.hashed + "\n")
        return accepted


def hash_of(password: str) -> str:
    """The salted Argon2 hash of a password."""
    return _HASHER.hash(password)


@cache
def nobodys_hash() -> str:
    """What a password is held against where there is no such account, so that this takes as long."""
    return hash_of(secrets.token_urlsafe(16))


def matches(password: str, hashed: str) -> bool:
    """Compare in constant time; raises ValueError for what is no hash of this or an earlier version."""
    if hashed.startswith(_OLD_HASH):
        _, n, r, p, salt, expected = hashed.split("$")
        digest = hashlib.scrypt(password.encode(), salt=base64.b64decode(salt), n=int(n), r=int(r), p=int(p))
        return hmac.compare_digest(digest, base64.b64decode(expected))
    try:
        return _HASHER.verify(hashed, password)
    except VerifyMismatchError:
        return False
    except VerificationError as error:
        raise ValueError(str(error)) from error


def account_from_file(argument: str) -> Account:
    """The account of `NAME:FILE`, an earlier version's file of one hash; raises UserError for any other file."""
    name, _, path = argument.partition(":")
    if not name or not path:
        raise UserError(f"--auth takes NAME:FILE, not {argument!r}. Simpler: clippings chat --add-account NAME")
    try:
        hashed = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"Cannot read the password file {path!r} ({error}). Keep the account here: "
            f"clippings chat --add-account {name}"
        ) from error
    require_hash(hashed, path)
    return Account(name, hashed, file=Path(path))


def account_from_environment(environment: Mapping[str, str]) -> Account:
    """The account of CLIPPINGS_AUTH, `NAME:PASSWORD` or `NAME:HASH`; the password is hashed at once."""
    name, _, secret = environment.get(VARIABLE, "").partition(":")
    if not name or not secret:
        raise UserError(
            f"--auth-env reads NAME:PASSWORD from {VARIABLE}, which is not set so. Set it: export {VARIABLE}=…"
        )
    if secret.startswith(("$argon2", _OLD_HASH)):
        require_hash(secret, VARIABLE)
        return Account(name, secret)
    return Account(name, hash_of(long_enough(secret)))


def long_enough(password: str) -> str:
    """The password; raises UserError when it is too short, or longer than anybody types."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UserError(
            f"A password needs at least {SHORTEST} characters, at most {LONGEST:,}. Try again with another."
        )
    return password


def write_private(path: Path, text: str) -> None:
    """Put a text in place of what a file holds, whole or not at all; only its owner may read it."""
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=target.name)  # which only its owner may read
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except OSError:
        Path(name).unlink()
        raise


def require_hash(hashed: str, name: str) -> None:
    """Raises UserError where a text is no hash of this or an earlier version; `name` says where it stands."""
    try:
        if hashed.startswith("$argon2"):
            extract_parameters(hashed)
        else:
            matches("", hashed)
    except ValueError as error:
        raise UserError(
            f"{name!r} does not hold a password hash; passwords are never kept as they are. "
            "Make one: clippings chat --add-account NAME"
        ) from error


class Sessions:
    """Who is logged in: random tokens, forgotten after twelve hours without use and at restart.

    A session ends when its account is removed or gets another password.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._accounts: TTLCache[str, tuple[str, str]] = TTLCache(math.inf, SESSION_SECONDS)

    def open(self, account: Account) -> str:
        """A token for somebody who has just logged in."""
        token = secrets.token_urlsafe(32)
        with self._guard:
            self._accounts[_key(token)] = account.name, account.hashed
        return token

    def account(self, token: str, get: Callable[[str], Account | None]) -> Account | None:
        """Whose token this is, as `get` knows the account now; None where it is nobody's."""
        if not token:
            return None
        with self._guard:
            if (session := self._accounts.get(_key(token))) is None:
                return None
            self._accounts[_key(token)] = session
        account = get(session[0])
        if account is None or account.hashed != session[1]:
            self.close(token)
            return None
        return account

    def close(self, token: str) -> None:
        with self._guard:
            self._accounts.pop(_key(token), None)


def _key(token: str) -> str:
    # Looked up by its hash, so that the time of a look-up tells nothing of a token.
    return hashlib.sha256(token.encode()).hexdigest()
