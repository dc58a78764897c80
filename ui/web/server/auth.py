"""Who may log in: one user with a salted password hash, sessions in memory; knows nothing of pages."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from index.errors import UserError

VARIABLE = "CLIPPINGS_AUTH"
SESSION_SECONDS = 12 * 3600.0
SHORTEST = 8
_COST = {"n": 2**14, "r": 8, "p": 1}
"""OWASP's lowest advice for scrypt is n = 2^14 with r = 8, p = 5; log-ins here are rate-limited as well."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user name and `scrypt$n$r$p$salt$hash` of the password."""

    user: str
    hashed: str

    def accepts(self, user: str, password: str) -> bool:
        """Whether both are right; takes the same time whichever is wrong."""
        right_password = matches(password, self.hashed)
        return hmac.compare_digest(user.encode(), self.user.encode()) and right_password


def hash_password(password: str) -> str:
    """A salted scrypt hash as one line of text."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, **_COST)
    encoded = [base64.b64encode(part).decode() for part in (salt, digest)]
    return "$".join(["scrypt", *(str(value) for value in _COST.values()), *encoded])


def matches(password: str, hashed: str) -> bool:
    """Compare in constant time; raises ValueError for what `hash_password` did not write."""
    name, n, r, p, salt, expected = hashed.split("$")
    if name != "scrypt":
        raise ValueError(f"not a scrypt hash: {name!r}")
    digest = hashlib.scrypt(password.encode(), salt=base64.b64decode(salt), n=int(n), r=int(r), p=int(p))
    return hmac.compare_digest(digest, base64.b64decode(expected))


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
    return Account(user, hashed)


def account_from_environment(environment: Mapping[str, str]) -> Account:
    """The account of CLIPPINGS_AUTH, `USER:PASSWORD` or `USER:HASH`; the password is hashed at once."""
    user, _, secret = environment.get(VARIABLE, "").partition(":")
    if not user or not secret:
        raise UserError(
            f"--auth-env reads USER:PASSWORD from {VARIABLE}, which is not set so. Set it: export {VARIABLE}=…"
        )
    if secret.startswith("scrypt$"):
        _require_hash(secret, VARIABLE)
        return Account(user, secret)
    return Account(user, hash_password(long_enough(secret)))


def long_enough(password: str) -> str:
    """The password; raises UserError when it is shorter than eight characters."""
    if len(password) < SHORTEST:
        raise UserError(
            f"A password needs at least {SHORTEST} characters. Try again: clippings chat --set-password FILE"
        )
    return password


def write_password(path: Path, password: str) -> None:
    """Write the hash into a file that only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(hash_password(long_enough(password)) + "\n")


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
        self._sessions: dict[str, tuple[str, float]] = {}

    def open(self, user: str) -> str:
        """A token for a user who has just logged in."""
        token = secrets.token_urlsafe(32)
        now = time.monotonic()
        with self._guard:
            self._sessions = {key: value for key, value in self._sessions.items() if now - value[1] < SESSION_SECONDS}
            self._sessions[_key(token)] = (user, now)
        return token

    def user(self, token: str) -> str | None:
        """Whose token this is, or None."""
        now = time.monotonic()
        with self._guard:
            user, used = self._sessions.get(_key(token), ("", 0.0))
            if not user or now - used >= SESSION_SECONDS:
                return None
            self._sessions[_key(token)] = (user, now)
            return user

    def close(self, token: str) -> None:
        with self._guard:
            self._sessions.pop(_key(token), None)


def _key(token: str) -> str:
    # Looked up by its hash, so that the time of a look-up tells nothing of a token.
    return hashlib.sha256(token.encode()).hexdigest()
