"""How the web chat is served; what it answers from is `rag.settings`."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from index.errors import UserError
from ui.store.people import machine_owner
from ui.web.server.accounts import Accounts
from ui.web.server.middleware import LOOPBACK, IPNetwork

MEGABYTE = 1_000_000
UPLOAD_LIMIT = 1_000
"""Megabytes that one person may upload in an hour."""
UPLOAD_SPACE = 10_000
"""Megabytes that all uploads together may take on disk."""


@dataclass(frozen=True, slots=True)
class Options:
    """Where the server listens, who may use it and how much they may upload.

    Without `accounts` nobody logs in: everybody is the machine's user where nobody else can reach it, else a visitor.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    root_path: str = ""
    accounts: Accounts | None = None
    allow_changes: bool = False
    """Whether visitors may change the library."""
    allow_private: bool = False
    """Whether addresses pasted in the page may lead into the server's own network."""
    names: tuple[str, ...] = ()
    """Further names that it is reached by."""
    proxies: tuple[IPNetwork, ...] = ()
    """Where a proxy in front may be."""
    upload_limit: int = UPLOAD_LIMIT
    upload_space: int = UPLOAD_SPACE

    @property
    def on_loopback(self) -> bool:
        return self.host in LOOPBACK

    @property
    def for_others(self) -> bool:
        """Whether others than this machine's user can reach it: off loopback, and through a proxy."""
        return not self.on_loopback or bool(self.proxies or self.root_path or self.names)

    @property
    def machine_owner(self) -> str:
        """The machine's user where they alone use it without logging in, else empty."""
        return "" if self.accounts or self.for_others else machine_owner()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names it answers to: loopback's, its proxy's, those given and, off loopback, the machine's."""
        proxy = urlsplit(self.root_path).hostname
        machine = () if self.on_loopback else (socket.gethostname(), socket.getfqdn(), self.host)
        names = (*LOOPBACK, *machine, *self.names, *([proxy] if proxy else []))
        return tuple(dict.fromkeys(name.lower() for name in names))


def network(text: str) -> IPNetwork:
    """The address or network of a proxy; raises UserError for anything else."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise UserError(
            f"{text!r} is no address of a proxy. Write it as: clippings chat --behind-proxy 127.0.0.1"
        ) from error
