"""What the Library tab does and shows: add, remove, put back, roll back, check, search; knows nothing of gradio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.build import BuildReport
from index.errors import UserError
from ui.library_access import seeds_folder
from ui.store.conversations import RemovedArticle
from ui.store.people import require_editor
from ui.web.events import Changes, PageEvent
from ui.web.jobs import JobState, LibraryJobs
from ui.web.pages import html
from ui.web.pages.html import render
from ui.web.server import uploads
from ui.web.server.rate_limit import UPLOAD_RATE, RateLimit
from ui.web.service import ArticleRow, ChatService, LibraryOverview
from ui.web.tabs import article
from ui.web.tabs.ask import start_page

if TYPE_CHECKING:
    from index.catalog import Version

OUTPUTS = ("work", "controls", "shelf", "versions")
"""Components that depend on the library."""
PAGE = 50
"""Articles on one page of the table."""
REPORT_LIMIT = 50
"""Skipped files, and remarks, shown of a build."""
COLUMNS = {"published": "Date", "name": "Title", "outlet": "Outlet", "author": "Author"}


@dataclass(frozen=True, slots=True)
class TableQuery:
    """Which articles the table shows; dates are inclusive, ISO 8601."""

    words: str = ""
    outlet: str = ""
    since: str = ""
    until: str = ""
    sort: str = "-published"
    page: int = 1

    @classmethod
    def of(cls, data: dict[str, Any]) -> TableQuery:
        """What the page sent, whatever it sent."""
        texts = {name: str(data.get(name, ""))[:200].strip() for name in ("words", "outlet", "since", "until")}
        sort, page = str(data.get("sort", "")), str(data.get("page", "1"))
        sort = sort if sort.removeprefix("-") in COLUMNS else "-published"
        return cls(**texts, sort=sort, page=int(page) if page.isdecimal() and len(page) < 7 else 1)


@dataclass(slots=True)
class LibraryTab:
    """The Library tab; `query` is what the table shows, kept by the page."""

    service: ChatService
    jobs: LibraryJobs
    rate: RateLimit = field(default_factory=lambda: RateLimit(UPLOAD_RATE))

    def show(self, event: PageEvent, query: dict[str, Any]) -> Changes:
        """The tab as it is now."""
        overview, library = self.service.overview(), self.service.library()
        table_query = TableQuery.of(query)
        return {
            "work": job_report(self.jobs.runner.state),
            "controls": render("library-controls.html", outlets=overview.outlets, query=table_query),
            "shelf": self._table(table_query),
            "versions": versions_table(library.versions() if library else [], overview.version),
        }

    def search(self, event: PageEvent, query: dict[str, Any]) -> Changes:
        """Search, filter, sort or turn the page; a new search begins at its first page."""
        first_page = {} if {"sort", "page"} & set(event.data) else {"page": "1"}
        table_query = TableQuery.of({**query, **event.data, **first_page})
        return {"query": asdict(table_query), "shelf": self._table(table_query)}

    def view(self, event: PageEvent) -> Changes:
        """Open an article of the table."""
        return {"viewed": article.open_article(self.service, event, again="view")}

    async def add_files(
        self, event: PageEvent, files: list[str] | None, query: dict[str, Any]
    ) -> AsyncIterator[Changes]:
        """Add files; the copies that came with the request are deleted."""
        if not files:
            return
        paths = [Path(file) for file in files]

        def start() -> None:
            try:
                self.rate.take(event.client)
                before = set((self.service.folder / uploads.FOLDER).glob("*"))
                copies, rejected = uploads.save_articles(self.service.folder, paths)
                title = f"{len(paths)} files" if len(paths) > 1 else uploads.display_name(paths[0].name)
                new = [copy for copy in copies if copy not in before]
                try:
                    self.jobs.add(f"Adding {title}", [str(path) for path in copies], rejected, copies=copies)
                except UserError:  # another job is under way, so that these belong to none
                    for copy in new:
                        copy.unlink()
                    raise
            finally:
                for path in paths:
                    path.unlink(missing_ok=True)

        yield {"files": None}
        async for changes in self._follow(event, start, query):
            yield changes

    async def add_address(self, event: PageEvent, query: dict[str, Any]) -> AsyncIterator[Changes]:
        """Add the article or feed at an address, through the guarded fetcher."""

        def start() -> None:
            self.rate.take(event.client)
            url = uploads.require_address(event.text("address"))
            self.jobs.add(f"Adding {url}", [url])

        async for changes in self._follow(event, start, query):
            yield changes

    async def remove(self, event: PageEvent, query: dict[str, Any]) -> AsyncIterator[Changes]:
        """Take an article out; earlier versions keep it, and so do citations."""

        def start() -> None:
            library = self.service.library()
            live = library.article(event.text("article")) if library else None
            if library is None or live is None:
                raise UserError("That article is not in the library any more.")
            self.jobs.remove(live, library.locations(live.id))

        async for changes in self._follow(event, start, query):
            yield changes

    async def add_again(self, event: PageEvent, query: dict[str, Any]) -> AsyncIterator[Changes]:
        """Put back an article that was taken out."""
        async for changes in self._follow(event, lambda: self.jobs.add_again(event.text("article")), query):
            yield changes

    async def roll_back(self, event: PageEvent, query: dict[str, Any]) -> AsyncIterator[Changes]:
        """Publish another version."""
        if (number := event.number("version")) is not None:
            async for changes in self._follow(event, lambda: self.jobs.roll_back(number), query):
                yield changes

    async def cancel(self, event: PageEvent, query: dict[str, Any]) -> AsyncIterator[Changes]:
        """End the build that is under way, and leave the library as it was."""
        async for changes in self._follow(event, self.jobs.stop, query):
            yield changes

    async def check(self, event: PageEvent, query: dict[str, Any]) -> AsyncIterator[Changes]:
        """Compare the stores, which changes nothing."""

        def start() -> None:
            self.rate.take(event.client)
            self.jobs.check()

        async for changes in self._follow(event, start, query, editors_only=False):
            yield changes

    async def add_seeds(self, event: PageEvent, query: dict[str, Any], conversation: str) -> AsyncIterator[Changes]:
        """Load the seed articles; the start page of an empty chat follows."""
        start = lambda: self.jobs.add("Loading the seed articles", [str(seeds_folder())])  # noqa: E731
        async for changes in self._follow(event, start, query):
            if not conversation:
                state = self.jobs.runner.state
                waiting = state.running or (state.error and not state.stopping)
                changes["thread"] = html.loading(state) if waiting else start_page(self.service)
            yield changes

    async def _follow(
        self, event: PageEvent, start: Callable[[], None], query: dict[str, Any], editors_only: bool = True
    ) -> AsyncIterator[Changes]:
        """Start a job and show it until it ends, then the library as it is then."""
        try:
            if editors_only:
                require_editor(event.role)
            await asyncio.to_thread(start)
        except UserError as error:
            yield {"work": html.message(str(error), "error")}
            return
        async for state in self.jobs.runner.watch():
            yield {"work": job_report(state)}
        yield await asyncio.to_thread(self.show, event, query)

    def _table(self, query: TableQuery) -> str:
        return article_table(self.service.overview(), query, self.service.conversations.removed_articles().values())


def select_rows(rows: Iterable[ArticleRow], query: TableQuery) -> list[ArticleRow]:
    """The articles that fit, sorted; an article with no known date matches no range, and sorts last."""
    words = query.words.casefold().split()
    matching = [
        row
        for row in rows
        if (not query.outlet or row.outlet == query.outlet)
        and (not (query.since or query.until) or row.published)
        and (not query.since or row.published + "-12-31"[len(row.published) - 4 :] >= query.since)
        and (not query.until or row.published <= query.until)
        and all(word in f"{row.name} {row.outlet} {row.author}".casefold() for word in words)
    ]
    column, downwards = query.sort.removeprefix("-"), query.sort.startswith("-")
    matching.sort(key=lambda row: getattr(row, column).casefold(), reverse=downwards)
    matching.sort(key=lambda row: not getattr(row, column))
    return matching


def article_table(overview: LibraryOverview, query: TableQuery, removed: Collection[RemovedArticle] = ()) -> str:
    """One page of the articles that fit, and what was taken out and can be put back, as HTML."""
    rows = select_rows(overview.articles, query)
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(1, query.page), pages)
    live = {row.id for row in overview.articles}
    return render(
        "library.html",
        rows=rows[(page - 1) * PAGE : page * PAGE],
        matching=len(rows),
        total=len(overview.articles),
        page=page,
        pages=pages,
        query=query,
        columns=COLUMNS,
        removed=[item for item in removed if item.article not in live],
    )


def job_report(state: JobState[BuildReport | str]) -> str:
    """A running job, or what came of it, as HTML."""
    report = state.result if isinstance(state.result, BuildReport) else None
    skipped = [*state.rejected, *(report.skipped if report else ())]
    return render(
        "work.html",
        state=state,
        report=report,
        skipped=skipped[:REPORT_LIMIT],
        more=max(0, len(skipped) - REPORT_LIMIT),
        remarks=list(report.remarks[:REPORT_LIMIT]) if report else [],
    )


def versions_table(versions: Sequence[Version], current: int) -> str:
    """Every version kept, newest first, with what each changed and a way back to it, as HTML."""
    return render("versions.html", versions=list(reversed(versions)), current=current)
