"""What an event of the page brings with it; what passes between `ui.web.app` and the modules that know no gradio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ui.store.people import Role

Changes = dict[str, Any]
"""Component name → its new value."""

Action = Callable[..., Any]
"""(PageEvent, then one value for each input) → Changes at once, or an async generator of them."""


@dataclass(frozen=True, slots=True)
class PageEvent:
    """Who sent an event, and what the button or form that sent it carried; `data` is untrusted."""

    owner: str
    """Whose conversations these are."""
    client: str
    """Who is counted against limits."""
    session: str
    """One opened page."""
    role: Role = "visitor"
    """What they may do; each action that changes something asks for it."""
    account: str = ""
    """The name of who logged in with the page."""
    conversation: str = ""
    """The conversation that the page's address names."""
    data: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A field as text, empty where it is missing."""
        return str(self.data.get(name, ""))

    def number(self, name: str) -> int | None:
        """A field as a number counted from 0, None where it is none."""
        text = self.text(name)
        return int(text) if text.isdecimal() and len(text) < 12 else None
