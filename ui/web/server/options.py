"""How the web chat is served; what it answers from is `rag.settings`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ui.web.server.auth import Account
from ui.web.server.middleware import LOOPBACK


@dataclass(frozen=True, slots=True)
class Options:
    """Where the server listens, who may use it, and whether addresses pasted there may lead into its own network."""

    host: str = "127.0.0.1"
    port: int = 7860
    root_path: str = ""
    account: Account | None = None
    allow_private: bool = False

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names the server answers to: its own and its proxy's while it listens on loopback, else any."""
        if self.host not in LOOPBACK:
            return ()
        proxy = urlsplit(self.root_path).hostname
        return (*LOOPBACK, *([proxy] if proxy else []))
