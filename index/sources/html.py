"""Web pages: the main text through trafilatura, the publication date only where the page states one.

trafilatura's own dates (htmldate) are not used: it gives "December 2023" today's day of the month, takes a
date of modification for one of publication, and 03/04/2023 for the third of April.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from lxml import etree, html

from index.clean import clean, clean_line
from index.sources.encoding import Unreadable, declared_in_html, decode, out_of_memory
from index.sources.publication_date import publication_date, url_date
from index.types import Article, Published

_META = """
    article:published_time og:article:published_time og:published_time datepublished date pubdate publishdate
    publish-date publish_date publication_date publicationdate published_time published-date originalpublicationdate
    article.published parsely-pub-date sailthru.date cxenseparse:recs:publishtime bt:pubdate
    citation_publication_date citation_date dc.date dc.date.issued dc.date.created dcterms.date dcterms.issued
    dcterms.created rnews:datepublished ptime
""".split()  # noqa: SIM905


def read_html(data: bytes, url: str = "", charset: str = "") -> Article:
    """An article from a page's bytes; `charset` is what its server said. Raises Unreadable."""
    text, _ = decode(data, charset or declared_in_html(data))
    text = _CONTROL.sub("", text)
    if not text.strip():
        raise Unreadable("empty")
    from trafilatura import bare_extraction

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it finds odd is told below
    tree = _parse(text)
    found: Any = None
    # First without tables, whose cells are no sentences; old pages are laid out in them, though.
    for tables in (False, True):
        try:
            found = bare_extraction(text, with_metadata=True, include_comments=False, include_tables=tables)
        except (ValueError, RecursionError, etree.LxmlError) as error:
            if out_of_memory(error):
                raise MemoryError from error
            raise Unreadable(f"the page cannot be parsed: {error}") from error
        if found and found.text and len(found.text) > 100:
            break
    if not found or not found.text or not found.text.strip():
        raise Unreadable("no main text found")
    title = clean_line(found.title or "")
    # takes "| a | b |"; not "a | b"
    lines = [re.sub(r"^\||\s*\|\s*$", "", line).replace(" | ", ", ") for line in found.text.split("\n")]
    body = clean("\n\n".join(lines))
    if title and body.startswith(title + "\n\n"):
        body = body[len(title) + 2 :]
    # A page may call another address its own only within its host.
    canonical = str(found.url or "")
    same = not url or urlsplit(canonical).hostname == urlsplit(url).hostname
    # takes "https://x.example/a"; not "/a", "https://x.example/a b"
    address = canonical if same and re.match(r"https?://\S+$", canonical) else url
    return Article(
        body,
        title=title,
        outlet=clean_line(found.sitename or ""),
        author=clean_line((found.author or "").replace(";", ",")),
        published=_published(tree, address) or url_date(url),
        url=address,
    )


def fragment_text(markup: str) -> str:
    """The text of a piece of HTML, as kept in feeds and rows, with its paragraphs apart; nothing left out."""
    tree = _parse(f"<div>{markup}</div>")
    for element in tree.iter():
        # A character reference such as &#2; may bring in what the tree cannot be given back.
        element.text, element.tail = _without_controls(element.text), _without_controls(element.tail)
    for element in tree.xpath("//script | //style | //template | //noscript | //comment()"):
        element.drop_tree()
    for element in tree.iter("br"):
        element.tail = "\n" + (element.tail or "").lstrip("\n")
    for element in tree.xpath("//p|//div|//li|//blockquote|//h1|//h2|//h3|//h4|//h5|//h6|//tr|//pre|//figure"):
        element.text = "\n\n" + (element.text or "")
        element.tail = "\n\n" + (element.tail or "")
    return str(tree.text_content())


# takes \x00 and \x0b, which XML has no place for; not tab, line feed and carriage return
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def _without_controls(text: str | None) -> str | None:
    return _CONTROL.sub("", text) if text else text


def _parse(text: str) -> html.HtmlElement:
    try:
        # As bytes, for lxml refuses a str that declares an encoding.
        parser = html.HTMLParser(encoding="utf-8", huge_tree=False)
        return html.document_fromstring(_CONTROL.sub("", text).encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        if out_of_memory(error):
            raise MemoryError from error
        raise Unreadable(f"the page cannot be parsed: {error}") from error


def _published(tree: html.HtmlElement, url: str) -> Published | None:
    """The first date of publication that a page states, from the surest place to the least sure."""
    for value in _linked_data(tree):
        if found := publication_date(value):
            return found
    metas = {
        (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").lower(): meta.get("content", "")
        for meta in reversed(tree.xpath("//meta[@content]"))
    }
    for name in _META:
        if found := publication_date(metas.get(name, "")):
            return found
    for element in tree.xpath("//*[@itemprop='datePublished'] | //time[@pubdate]"):
        if found := publication_date(element.get("datetime") or element.get("content") or element.text_content()):
            return found
    if found := url_date(url):
        return found
    return _visible_date(tree)


def _visible_date(tree: html.HtmlElement) -> Published | None:
    """The one date a page shows in its head or byline; several different ones say nothing for sure."""
    for path in (
        "(//article)[1]//time[@datetime]",
        "(//main | //header)//time[@datetime]",
        "//*[contains(@class, 'date') or contains(@class, 'publish') or contains(@class, 'byline')"
        " or contains(@class, 'timestamp')]",
    ):
        found = set()
        for element in tree.xpath(path):
            said = " ".join(element.text_content().split())
            around = f"{element.get('class', '')} {element.get('id', '')} {said}".lower()
            if len(said) <= 80 and not re.search(r"updat|modif|copyright|©", around):
                found.add(publication_date(element.get("datetime") or said))
        found.discard(None)
        if len(found) == 1:
            return found.pop()
    return None


def _linked_data(tree: html.HtmlElement) -> Iterator[str]:
    """`datePublished` of the JSON-LD of a page."""
    for script in tree.xpath("//script[@type='application/ld+json']/text()"):
        try:
            yield from _dates_in(json.loads(script, strict=False), 0)
        except (ValueError, RecursionError):
            continue


def _dates_in(data: Any, depth: int) -> Iterator[str]:
    if isinstance(data, dict) and depth < 6:
        if isinstance(data.get("datePublished"), str):
            yield data["datePublished"]
        for key in ("@graph", "mainEntity", "mainEntityOfPage"):
            yield from _dates_in(data.get(key), depth + 1)
    elif isinstance(data, list) and depth < 6:
        for item in data[:50]:
            yield from _dates_in(item, depth + 1)
