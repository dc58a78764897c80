"""Web pages and feeds: each page an article, each entry of a feed the page it links to."""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from index.clean import clean, clean_line
from index.sources.encoding import Unreadable, decode, surprise
from index.sources.fetch import Fetcher, FetchError, Page
from index.sources.html import fragment_text, read_html
from index.sources.publication_date import publication_date
from index.sources.text_files import read_text
from index.types import Article, FetchLog, FetchRecord, Read, Remark, Skipped, Unchanged

ENTRIES = 500
"""Entries of a feed that are read in one run."""


def read_url(url: str, fetcher: Fetcher, log: FetchLog | None) -> Iterator[Read]:
    """The article of a page, or those of a feed; what was fetched is put in `log` after it was yielded."""
    try:
        page = fetcher.fetch(url, log.get(url) if log else None)
    except FetchError as error:
        yield Skipped(url, str(error))
        return
    if not isinstance(page, Page):
        yield Unchanged(url)
        return
    try:
        feed = _feed(page)
        if feed is None:
            yield _article(page, url)
    except Unreadable as error:
        yield Skipped(url, str(error))
        return
    if feed is None:
        if log:
            log.put(url, page.seen)
        return
    whole = yield from _entries(feed, page, url, fetcher, log)
    # A feed with entries still to fetch is not recorded: its next answer must not be "unchanged".
    if whole and log:
        log.put(url, page.seen)


def _entries(feed: Any, page: Page, url: str, fetcher: Fetcher, log: FetchLog | None) -> Generator[Read, None, bool]:
    """The articles of a feed's entries; returns whether each one was read or known."""
    name = clean_line(str(feed.feed.get("title", "")))
    links: set[str] = set()
    whole = True
    for number, entry in enumerate(feed.entries, 1):
        if number > ENTRIES:
            yield Remark(url, f"only the first {ENTRIES} of {len(feed.entries)} entries were read")
            break
        said = str(entry.get("link") or entry.get("id") or "")
        try:
            link = urldefrag(urljoin(page.url, said)).url
        except ValueError:  # as of "http://[", which is no address
            link = ""
        if not said or not re.match(r"https?://", link):
            whole = False
            yield Skipped(f"{url}#{number}", "a feed entry without a web address")
            continue
        if link in links:
            continue
        links.add(link)
        if log and log.get(link):
            yield Unchanged(link)
            continue
        # A feed's title names the outlet of its own site's pages; a collection's entries name theirs.
        try:
            own = name if urlsplit(link).hostname == urlsplit(page.url).hostname else ""
            outlet = clean_line(str(entry.get("source", {}).get("title", ""))) or own
            article, seen, reason = _entry_article(entry, link, page, outlet, fetcher)
        except Exception as error:  # noqa: BLE001 - one entry's surprise must cost one entry
            article, reason = None, surprise(error)
        if article is None:
            whole = False
            yield Skipped(link, reason)
            continue
        yield article
        if log:
            log.put(link, seen)
    if not feed.entries:
        yield Skipped(url, "a feed without entries")
    return whole


def _entry_article(
    entry: Any, link: str, feed: Page, outlet: str, fetcher: Fetcher
) -> tuple[Article | None, FetchRecord, str]:
    """The page of an entry, with the entry's facts where the page has none; else the text it carries."""
    title = clean_line(_shown(str(entry.get("title", ""))))
    author = clean_line(str(entry.get("author", "")))
    published = publication_date(str(entry.get("published", "")))
    seen = FetchRecord(fetched_at=feed.seen.fetched_at)
    try:
        page = fetcher.fetch(link)
        assert isinstance(page, Page)  # nothing known was given that it could be unchanged from
        article, seen = _article(page, link), page.seen
    except (FetchError, Unreadable) as error:
        reason = str(error)
        carried = "\n\n".join(str(part.get("value", "")) for part in entry.get("content", ()))
        text = clean(fragment_text(carried)) if carried.strip() else ""
        if len(text) < 200:  # a teaser is no article
            return None, seen, reason
        article = Article(text, location=link, url=link, fetched_at=seen.fetched_at)
    article = replace(
        article,
        title=article.title or title,
        author=article.author or author,
        outlet=article.outlet or outlet,
        published=article.published or published,
    )
    return article, seen, ""


def _article(page: Page, location: str) -> Article:
    if page.content_type == "text/plain":
        text, _ = decode(page.content, page.charset)
        article = replace(read_text(text), url=page.url)
        if not article.text:
            raise Unreadable("empty")
    else:
        article = read_html(page.content, page.url, page.charset)
    return replace(article, location=location, fetched_at=page.seen.fetched_at)


def _feed(page: Page) -> Any | None:
    """The page as a feed, or None where it is not one."""
    head = page.content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    # takes "<rss version", "<feed>"; not "<feedback>", "<html>"
    if not re.search(rb"<(?:rss|feed|rdf:RDF)[\s>]", head, re.I) and "xml" not in page.content_type:
        return None
    import feedparser

    # As a file object: feedparser would open a string that looks like a path or an address.
    headers = {"content-type": f"{page.content_type}; charset={page.charset}"} if page.charset else {}
    try:
        feed = feedparser.parse(io.BytesIO(page.content), response_headers={**headers, "content-location": page.url})
    except (ValueError, LookupError, AttributeError) as error:  # what feedparser itself raises on damaged feeds
        raise Unreadable(f"the feed cannot be parsed: {error}") from error
    return feed if feed.get("version") else None


def _shown(title: str) -> str:
    return fragment_text(title) if "<" in title else title
