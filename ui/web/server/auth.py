"""Who may log in: one user with a salted password hash, sessions in memory; knows nothing of pages."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import os
import secrets
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError, VerifyMismatchError
from cachetools import TTLCache

from index.errors import UserError

VARIABLE = "CLIPPINGS_AUTH"
SESSION_SECONDS = 12 * 3600.0
SHORTEST = 8
_OLD_HASH = "scrypt$"
"""How hashes began that earlier versions wrote, as `scrypt$n$r$p$salt$hash`; they are still accepted."""
_HASHER = PasswordHasher()


@dataclass(slots=True)
class Account:
    """A user name and the hash of the password; `file` is where the hash is stored, if in a file."""

    user: str
    hashed: str
    file: Path | None = None

    def accepts(self, user: str, password: str) -> bool:
        """Whether both are right; takes the same time whichever is wrong.

        A hash of an earlier version is replaced by one of today's where its file can be written.
        """
        right_password = matches(password, self.hashed)
        accepted = hmac.compare_digest(user.encode(), self.user.encode()) and right_password
        if accepted and self.hashed.startswith(_OLD_HASH) and self.file:
            self.hashed = _HASHER.hash(password)
            with suppress(OSError):
                _write(self.file, self.hashed)
        return accepted


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
    """The account of `USER:PASSWORDFILE`; raises UserError for a missing or plain-text file."""
    user, _, name = argument.partition(":")
    if not user or not name:
        raise UserError(
            f"--auth takes USER:PASSWORDFILE, not {argument!r}. Make the file: clippings chat --set-password FILE"
        )
    path = Path(name)
    try:
        hashed = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"Cannot read the password file {name!r} ({error}). Make it: clippings chat --set-password {name}"
        ) from error
    _require_hash(hashed, name)
    return Account(user, hashed, path)


def account_from_environment(environment: Mapping[str, str]) -> Account:
    """The account of CLIPPINGS_AUTH, `USER:PASSWORD` or `USER:HASH`; the password is hashed at once."""
    user, _, secret = environment.get(VARIABLE, "").partition(":")
    if not user or not secret:
        raise UserError(
            f"--auth-env reads USER:PASSWORD from {VARIABLE}, which is not set so. Set it: export {VARIABLE}=…"
        )
    if secret.startswith(("$argon2", _OLD_HASH)):
        _require_hash(secret, VARIABLE)
        return Account(user, secret)
    return Account(user, _HASHER.hash(long_enough(secret)))


def long_enough(password: str) -> str:
    """The password; raises UserError when it is shorter than eight characters."""
    if len(password) < SHORTEST:
        raise UserError(
            f"A password needs at least {SHORTEST} characters. Try again: clippings chat --set-password FILE"
        )
    return password


def write_password(path: Path, password: str) -> None:
    """Write the hash into a file that only its owner may read."""
    _write(path, _HASHER.hash(long_enough(password)))


def _write(path: Path, hashed: str) -> None:
    """Put the hash in place of what the file holds, whole or not at all."""
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=target.name)  # which only its owner may read
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(hashed + "\n")
        Path(name).replace(target)
    except OSError:
        Path(name).unlink()
        raise


def _require_hash(hashed: str, name: str) -> None:
    try:
        matches("", hashed)
    except ValueError as error:
        raise UserError(
            f"{name!r} does not hold a password hash; passwords are never kept as they are. "
            f"Make one: clippings chat --set-password FILE"
        ) from error


class Sessions:
    """Who is logged in: random tokens, forgotten after twelve hours without use and at restart."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._users: TTLCache[str, str] = TTLCache(math.inf, SESSION_SECONDS)

    def open(self, user: str) -> str:
        """A token for a user who has just logged in."""
        token = secrets.token_urlsafe(32)
        with self._guard:
            self._users[_key(token)] = user
        return token

    def user(self, token: str) -> str | None:
        """Whose token this is, or None."""
        with self._guard:
            if user := self._users.get(_key(token)):
                self._users[_key(token)] = user
            return user

    def close(self, token: str) -> None:
        with self._guard:
            self._users.pop(_key(token), None)


def _key(token: str) -> str:
    # Looked up by its hash, so that the time of a look-up tells nothing of a token.
    return hashlib.sha256(token.encode()).hexdigest()
