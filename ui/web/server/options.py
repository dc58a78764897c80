"""How the web chat is served; what it answers from is `rag.settings`."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from index.errors import UserError
from ui.web.server.auth import Account
from ui.web.server.middleware import LOOPBACK, IPNetwork


@dataclass(frozen=True, slots=True)
class Options:
    """Where the server listens, who may use it, and whether addresses pasted there may lead into its own network."""

    host: str = "127.0.0.1"
    port: int = 7860
    root_path: str = ""
    account: Account | None = None
    allow_private: bool = False
    names: tuple[str, ...] = ()
    """Further names that it is reached by."""
    proxies: tuple[IPNetwork, ...] = ()
    """Where a proxy in front may be."""

    @property
    def on_loopback(self) -> bool:
        return self.host in LOOPBACK

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
