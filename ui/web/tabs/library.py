"""What the Library tab does: add, remove, put back, roll back, check, choose; knows nothing of gradio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from index.errors import UserError
from ui.library_access import seeds_folder
from ui.web.events import Changes, Sent
from ui.web.jobs import Work
from ui.web.pages import html
from ui.web.server import uploads
from ui.web.server.rate_limit import UPLOADS, Rate
from ui.web.service import Desk
from ui.web.tabs import article, library_html
from ui.web.tabs.library_html import Choice

SHOWN = ("work", "controls", "shelf", "versions")
"""Everything of the tab that depends on the library."""
TICK = 0.4
"""Seconds between two looks at work under way."""


@dataclass(slots=True)
class Keeping:
    """The Library tab of one desk; `choice` is what the table shows, kept by the page."""

    desk: Desk
    work: Work
    rate: Rate = field(default_factory=lambda: Rate(UPLOADS))

    def overview(self, sent: Sent, choice: dict[str, Any]) -> Changes:
        """The tab as it is now."""
        shelf, library = self.desk.shelf(), self.desk.library()
        wanted = Choice.of(choice)
        return {
            "work": library_html.progress(self.work.state),
            "controls": library_html.controls(shelf, wanted),
            "shelf": self._table(wanted),
            "versions": library_html.versions(library.versions() if library else [], shelf.version),
        }

    def choose(self, sent: Sent, choice: dict[str, Any]) -> Changes:
        """Search, filter, sort or turn the page; a new search begins at its first page."""
        turned = {} if {"sort", "page"} & set(sent.data) else {"page": "1"}
        wanted = Choice.of({**choice, **sent.data, **turned})
        return {"choice": asdict(wanted), "shelf": self._table(wanted)}

    def view(self, sent: Sent) -> Changes:
        """Open an article of the table."""
        return {"viewed": article.whole(self.desk, sent, again="view")}

    async def drop(self, sent: Sent, files: list[str] | None, choice: dict[str, Any]) -> AsyncIterator[Changes]:
        """Add files; the copies that came with the request are deleted."""
        if not files:
            return
        given = [Path(file) for file in files]

        def begin() -> None:
            try:
                self.rate.take(sent.client)
                paths, refused = uploads.kept(self.desk.folder, given)
                title = f"{len(given)} files" if len(given) > 1 else uploads.shown_name(given[0].name)
                self.work.add(f"Adding {title}", [str(path) for path in paths], refused)
            finally:
                for file in given:
                    file.unlink(missing_ok=True)

        yield {"files": None}
        async for changes in self._doing(sent, begin, choice):
            yield changes

    async def take(self, sent: Sent, choice: dict[str, Any]) -> AsyncIterator[Changes]:
        """Add the article or feed at an address, through the guarded fetcher."""

        def begin() -> None:
            self.rate.take(sent.client)
            url = uploads.address(sent.text("address"))
            self.work.add(f"Adding {url}", [url])

        async for changes in self._doing(sent, begin, choice):
            yield changes

    async def remove(self, sent: Sent, choice: dict[str, Any]) -> AsyncIterator[Changes]:
        """Take an article out; earlier versions keep it, and so do citations."""

        def begin() -> None:
            library = self.desk.library()
            found = library.article(sent.text("article")) if library else None
            if library is None or found is None:
                raise UserError("That article is not in the library any more.")
            self.work.remove(found, library.locations(found.id))

        async for changes in self._doing(sent, begin, choice):
            yield changes

    async def again(self, sent: Sent, choice: dict[str, Any]) -> AsyncIterator[Changes]:
        """Put back an article that was taken out."""
        async for changes in self._doing(sent, lambda: self.work.add_again(sent.text("article")), choice):
            yield changes

    async def roll_back(self, sent: Sent, choice: dict[str, Any]) -> AsyncIterator[Changes]:
        """Publish another version."""
        if (number := sent.number("version")) is not None:
            async for changes in self._doing(sent, lambda: self.work.roll_back(number), choice):
                yield changes

    async def health(self, sent: Sent, choice: dict[str, Any]) -> AsyncIterator[Changes]:
        """Compare the stores."""
        async for changes in self._doing(sent, self.work.check, choice):
            yield changes

    async def seeds(self, sent: Sent, choice: dict[str, Any], conversation: str) -> AsyncIterator[Changes]:
        """Load the seed articles; the start page of an empty chat follows."""
        begin = lambda: self.work.add("Loading the seed articles", [str(seeds_folder())])  # noqa: E731
        async for changes in self._doing(sent, begin, choice):
            if not conversation:
                state = self.work.state
                waiting = state.running or state.error
                changes["thread"] = html.loading(state) if waiting else article.start(self.desk)
            yield changes

    async def _doing(self, sent: Sent, begin: Callable[[], None], choice: dict[str, Any]) -> AsyncIterator[Changes]:
        """Begin some work and show it until it ends, then the library as it is then."""
        try:
            await asyncio.to_thread(begin)
        except UserError as error:
            yield {"work": html.message(str(error), "error")}
            return
        yield {"work": library_html.progress(self.work.state)}
        while (state := await asyncio.to_thread(self.work.wait, TICK)).running:
            yield {"work": library_html.progress(state)}
        yield await asyncio.to_thread(self.overview, sent, choice)

    def _table(self, wanted: Choice) -> str:
        return library_html.table(self.desk.shelf(), wanted, self.desk.conversations.removed().values())
