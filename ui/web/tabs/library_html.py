"""The Library tab's HTML: work under way and its report, the table of articles, versions; pure functions of records."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ui.store.conversations import Removed
from ui.web.jobs import State
from ui.web.pages.html import rendered
from ui.web.service import Entry, Shelf

if TYPE_CHECKING:
    from index.catalog import Version

PAGE = 50
REPORTED = 50
"""Skipped files and remarks shown of a build."""
COLUMNS = {"published": "Date", "name": "Title", "outlet": "Outlet", "author": "Author"}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which articles the table shows; dates are inclusive, ISO 8601."""

    words: str = ""
    outlet: str = ""
    since: str = ""
    until: str = ""
    sort: str = "-published"
    page: int = 1

    @classmethod
    def of(cls, data: dict[str, Any]) -> Choice:
        """What the page sent, whatever it sent."""
        sort = str(data.get("sort", ""))
        page = str(data.get("page", "1"))
        words, outlet, since, until = (
            str(data.get(name, ""))[:200].strip() for name in ("words", "outlet", "since", "until")
        )
        return cls(
            words,
            outlet,
            since,
            until,
            sort if sort.removeprefix("-") in COLUMNS else "-published",
            int(page) if page.isdecimal() and len(page) < 7 else 1,
        )


def chosen(entries: Iterable[Entry], choice: Choice) -> list[Entry]:
    """The articles that fit, sorted; an article with no known date matches no range, and sorts last."""
    words = choice.words.casefold().split()
    found = [
        entry
        for entry in entries
        if (not choice.outlet or entry.outlet == choice.outlet)
        and (not (choice.since or choice.until) or entry.published)
        and (not choice.since or entry.published + "-12-31"[len(entry.published) - 4 :] >= choice.since)
        and (not choice.until or entry.published <= choice.until)
        and all(word in f"{entry.name} {entry.outlet} {entry.author}".casefold() for word in words)
    ]
    column, downwards = choice.sort.removeprefix("-"), choice.sort.startswith("-")
    found.sort(key=lambda entry: getattr(entry, column).casefold(), reverse=downwards)
    found.sort(key=lambda entry: not getattr(entry, column))
    return found


def table(shelf: Shelf, choice: Choice, removed: Collection[Removed] = ()) -> str:
    """One page of the articles that fit, and what was taken out and can be put back."""
    found = chosen(shelf.entries, choice)
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, choice.page), pages)
    live = {entry.id for entry in shelf.entries}
    return rendered(
        "library.html",
        entries=found[(page - 1) * PAGE : page * PAGE],
        found=len(found),
        total=len(shelf.entries),
        page=page,
        pages=pages,
        choice=choice,
        columns=COLUMNS,
        removed=[item for item in removed if item.article not in live],
    )


def controls(shelf: Shelf, choice: Choice) -> str:
    """The fields that choose what the table shows."""
    return rendered("library-controls.html", outlets=shelf.outlets, choice=choice)


def progress(state: State) -> str:
    """Work under way, or what came of it."""
    report = state.report
    skipped = [*state.refused, *(report.skipped if report else ())]
    return rendered(
        "work.html",
        state=state,
        report=report,
        skipped=skipped[:REPORTED],
        more=max(0, len(skipped) - REPORTED),
        remarks=list(report.remarks[:REPORTED]) if report else [],
    )


def versions(kept: Sequence[Version], current: int) -> str:
    """Every version kept, newest first, with what each changed and a way back to it."""
    return rendered("versions.html", versions=list(reversed(kept)), current=current)
