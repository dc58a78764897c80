"""Web pages and feeds: each page an article, each entry of a feed the page it links to."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from index.errors import UserError
from index.sources.encoding import Unreadable, surprise
from index.sources.fetch import Fetcher, FetchError, OutOfTime
from index.sources.page import Entry, Feed, Page, read_carried, read_page
from index.sources.parser_process import ParserProcess, Task
from index.types import Article, FetchLog, FetchRecord, Read, Remark, Skipped, Unchanged

ENTRIES = 500
"""Entries of a feed that are read in one run."""


def read_url(
    url: str, fetcher: Fetcher, log: FetchLog | None, parser: ParserProcess, feed_seconds: float
) -> Iterator[Read]:
    """The article of a page, or those of a feed; what was fetched is put in `log` after it was yielded."""
    until = time.monotonic() + feed_seconds
    try:
        page = fetcher.fetch(url, log.get(url) if log else None, until=until)
    except FetchError as error:
        yield Skipped(url, str(error))
        return
    if not isinstance(page, Page):
        yield Unchanged(url)
        return
    try:
        first, *entries = parser.results(Task(read_page, (page, url, ENTRIES), parser.seconds))
    except Unreadable as error:
        yield Skipped(url, str(error))
        return
    whole = True
    if isinstance(first, Feed):
        try:
            whole = yield from _entries(first, entries, page, url, fetcher, log, parser, until)
        except OutOfTime as error:
            whole = False
            yield Skipped(url, f"the feed took more than {feed_seconds / 60:g} min: {error}")
    else:
        yield first
    # A feed with entries still to fetch is not recorded: its next answer must not be "unchanged".
    if whole and log:
        log.put(url, page.seen)


def _entries(
    feed: Feed,
    entries: list[Entry],
    page: Page,
    url: str,
    fetcher: Fetcher,
    log: FetchLog | None,
    parser: ParserProcess,
    until: float,
) -> Generator[Read, None, bool]:
    """The articles of a feed's entries; returns whether each one was read or known. Raises OutOfTime."""
    links: set[str] = set()
    whole = True
    for number, entry in enumerate(entries, 1):
        link = entry.link
        if link in links:
            continue
        if link:
            links.add(link)
        if link and log and log.get(link):
            yield Unchanged(link)
            continue
        reason = entry.reason
        if not reason:
            # A feed's title names the outlet of its own site's pages; a collection's entries name theirs.
            own = feed.title if urlsplit(link).hostname == urlsplit(page.url).hostname else ""
            try:
                article, seen, reason = _entry_article(entry, page, entry.outlet or own, fetcher, parser, until)
            except OutOfTime as error:
                left = len(entries) - number + 1
                raise OutOfTime(f"{left} of its {feed.entries} entries are left for the next run") from error
            except (UserError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - one entry's surprise must cost one entry
                article, reason = None, surprise(error)
        if reason or article is None:
            whole = False
            yield Skipped(link or f"{url}#{number}", reason)
            continue
        yield article
        if log:
            log.put(link, seen)
    if feed.entries > len(entries):
        yield Remark(url, f"only the first {len(entries)} of {feed.entries} entries were read")
    if not feed.entries:
        yield Skipped(url, "a feed without entries")
    return whole


def _entry_article(
    entry: Entry, feed: Page, outlet: str, fetcher: Fetcher, parser: ParserProcess, until: float
) -> tuple[Article | None, FetchRecord, str]:
    """The page of an entry, with the entry's facts where the page has none; else the text it carries."""
    seen = FetchRecord(fetched_at=feed.seen.fetched_at)
    article: Article | None = None
    try:
        page = fetcher.fetch(entry.link, until=until)
        assert isinstance(page, Page)  # nothing known was given that it could be unchanged from
        (article,) = parser.results(Task(read_page, (page, entry.link, 0), parser.seconds))
        seen = page.seen
    except OutOfTime:
        raise
    except (FetchError, Unreadable) as error:
        reason = str(error)
    if article is None:
        (text,) = parser.results(Task(read_carried, (entry.carried,), parser.seconds))
        if len(text) < 200:  # a teaser is no article
            return None, seen, reason
        article = Article(text, location=entry.link, url=entry.link, fetched_at=seen.fetched_at)
    article = replace(
        article,
        title=article.title or entry.title,
        author=article.author or entry.author,
        outlet=article.outlet or outlet,
        published=article.published or entry.published,
    )
    return article, seen, ""
