"""A fetched page: the article in it, or the feed it is and its entries; knows nothing of how it was fetched."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urldefrag, urljoin

from index.clean import clean, clean_line
from index.sources.encoding import Unreadable, decode, out_of_memory, surprise
from index.sources.publication_date import publication_date
from index.sources.text_files import read_text
from index.types import Article, FetchRecord, Published


@dataclass(frozen=True, slots=True)
class Page:
    """A fetched page: `url` is its address after redirects, `content` its unpacked bytes."""

    url: str
    content: bytes
    content_type: str
    charset: str
    seen: FetchRecord


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a feed: the page it links to ("" for none), what it says of it, and the markup it carries."""

    link: str
    title: str = ""
    author: str = ""
    outlet: str = ""
    """The outlet that a collection's entry names as its source."""
    published: Published | None = None
    carried: str = ""
    reason: str = ""
    """Why it cannot be read; empty where it can."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed's own title, and how many entries it has."""

    title: str
    entries: int


def read_page(page: Page, location: str, most_entries: int) -> Iterator[Article | Feed | Entry]:
    """The article of a page; of a feed, what it is and then its first `most_entries` entries. Raises Unreadable.

    With `most_entries` 0 nothing is taken for a feed.
    """
    feed = _feed(page) if most_entries else None
    if feed is None:
        yield _article(page, location)
        return
    yield Feed(clean_line(str(feed.feed.get("title", ""))), len(feed.entries))
    for entry in feed.entries[:most_entries]:
        yield _entry(entry, page.url)


def read_carried(markup: str) -> Iterator[str]:
    """The text of the markup that an entry carries."""
    from index.sources.html import fragment_text

    yield clean(fragment_text(markup)) if markup.strip() else ""


def _article(page: Page, location: str) -> Article:
    if page.content_type == "text/plain":
        text, _ = decode(page.content, page.charset)
        article = replace(read_text(text), url=page.url)
        if not article.text:
            raise Unreadable("empty")
    else:
        from index.sources.html import read_html

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


def _entry(entry: Any, base: str) -> Entry:
    said = str(entry.get("link") or entry.get("id") or "")
    try:
        link = urldefrag(urljoin(base, said)).url
    except ValueError:  # as of "http://[", which is no address
        link = ""
    if not said or not re.match(r"https?://", link):
        return Entry("", reason="a feed entry without a web address")
    try:
        return Entry(
            link,
            clean_line(_shown(str(entry.get("title", "")))),
            clean_line(str(entry.get("author", ""))),
            clean_line(str(entry.get("source", {}).get("title", ""))),
            publication_date(str(entry.get("published", ""))),
            "\n\n".join(str(part.get("value", "")) for part in entry.get("content", ())),
        )
    except Exception as error:  # one entry's surprise must cost one entry
        if out_of_memory(error):
            raise MemoryError from error
        return Entry(link, reason=surprise(error))


def _shown(title: str) -> str:
    if "<" not in title:
        return title
    from index.sources.html import fragment_text

    return fragment_text(title)
