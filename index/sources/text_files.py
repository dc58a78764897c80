"""Text and Markdown files, and the conventions of plain text that say title, date, author and outlet."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from index.clean import clean, clean_line
from index.sources.metadata import Facts, facts
from index.sources.publication_date import publication_date
from index.text.lexicon import MONTH_ABBREVIATIONS, MONTHS, WEEKDAYS, capitalised, either
from index.types import Article, Published

# takes "date 2023-12-07 Text", "date 2023-12-07\n"; not "dated 2023-12-07", "date 2023-12-07x"
_SEED = re.compile(r"\s*date[ \t]+(\d{4}-\d{2}-\d{2})(?:[ \t]+|[ \t]*(?:\n|$))")
_KEYS = dict.fromkeys(("title", "headline"), "title")
_KEYS |= dict.fromkeys(("date", "published", "publication date", "publish date"), "date")
_KEYS |= dict.fromkeys(("source", "outlet", "publisher", "publication", "newspaper"), "outlet")
_KEYS |= dict.fromkeys(("author", "authors", "byline", "by"), "author") | dict.fromkeys(("url", "link"), "url")
# takes "Published: 7 May 2023"; not "Published 7 May 2023", "Time: 5pm"
_HEADER = re.compile(rf"({'|'.join(_KEYS)})[ \t]*:[ \t]*(\S.{{0,300}})", re.I)
_NAME = (
    r"[A-ZÀ-Ý][\w.’'-]*"
    r"(?:[ \t]+(?:(?:de|van|von|der|den|la|le|bin|al|el|da|di|du|y)[ \t]+)*[A-ZÀ-Ý][\w.’'-]*){1,3}"
)
# takes "By Ada Moreno", "BY Ada Moreno, Jan van der Berg and Li Wei"; not "By the council", "By Ada"
_BYLINE = re.compile(rf"(?:By|BY)[ \t]+({_NAME}(?:(?:,|[ \t]+and|[ \t]*&)[ \t]+{_NAME}){{0,3}})[ \t]*")
_PLACE = r"[A-Z][A-Z.’' -]{2,40}(?:/[A-Z][A-Z.’' -]+)*(?:,[ \t]+[A-Z][\w.]*(?:[ \t][A-Z][\w.]*)?)?"
_AGENCIES = "AP|Reuters|AFP|UPI|dpa|DPA|Xinhua|Kyodo|ANSA|TASS|EFE|Bloomberg|CNN"
_MONTH = rf"{either(capitalised(MONTHS))}|{either(capitalised(MONTH_ABBREVIATIONS))}\b\.?"
# takes "WASHINGTON — The", "LONDON, March 3 (Reuters) - The"; not "London — The", "WASHINGTON The"
DATELINE = re.compile(
    rf"(?P<place>{_PLACE})(?:,[ \t]+(?P<date>(?:{_MONTH})[ \t]+\d{{1,2}}(?:,[ \t]+\d{{4}})?))?"
    rf"(?:[ \t]+\((?P<agency>{_AGENCIES})\))?[ \t]*(?:—|–|--|[ \t]-)[ \t]*(?=\S)"
)
"""`WASHINGTON — `, `LONDON, March 3 (Reuters) - `: part of the text, and never a title."""


def read_text(text: str) -> Article:
    """An article from the text of a .txt file."""
    return split_heading(paragraphs(clean(text)))


def read_markdown(text: str) -> Article:
    """An article from Markdown: front matter and a first heading say what it is; its marks are taken out."""
    front, body = _front_matter(text)
    heading, body = _unmark(body)
    found = split_heading(clean(body), titled=bool(heading or front.title))
    return replace(
        found,
        title=front.title or clean_line(heading) or found.title,
        outlet=front.outlet or found.outlet,
        author=front.author or found.author,
        url=front.url or found.url,
        published=front.published or found.published,
    )


def split_heading(text: str, *, titled: bool = False) -> Article:
    """Take the heading off a cleaned text: the seeds' `date 2023-12-07 `, `Title: ...`, a byline, a title.

    What it says becomes the article's facts, what follows it the article's text.
    A first short line alone is the title, unless `titled` says that one is known or the line is a dateline or
    a sentence of reported speech. What is not surely a heading stays in the text.
    """
    found = Article(text)
    if match := _SEED.match(text):
        published = publication_date(match[1])
        if published:
            found = Article(text[match.end() :].lstrip("\n"), published=published)
    found = _header_lines(found)
    title_known = titled or bool(found.title)
    for _ in range(3):
        line, rest = _first_line(found.text)
        if not rest:
            break
        if byline := _BYLINE.fullmatch(line):
            found = replace(found, text=rest, author=found.author or byline[1])
        elif not found.published and len(line) < 60 and (published := _date_line(line)):
            found = replace(found, text=rest, published=published)
        elif not title_known and _is_title(line, found.text):
            found, title_known = replace(found, text=rest, title=line), True
        else:
            break
    found = _dateline(found)
    return replace(found, text=clean(found.text))


def paragraphs(text: str) -> str:
    """Join the lines of a hard-wrapped text; where every line is a paragraph, set blank lines between.

    A text is hard-wrapped when nearly every line break inside its paragraphs stands where the next word
    would have passed the longest line.
    """
    blocks = [block.split("\n") for block in text.split("\n\n")]
    inner = [(line, after) for block in blocks for line, after in pairwise(block)]
    if not inner:
        return text
    width = max(len(line) for block in blocks for line in block)
    full = sum(len(line) + 1 + len(after.split(" ", 1)[0]) > width for line, after in inner)
    if width <= 120 and len(inner) >= 3 and full / len(inner) >= 0.9:
        return "\n\n".join(" ".join(block) for block in blocks)
    ends = sum(line[-1:] in '.!?”"’)' for line, _ in inner)
    if len(blocks) == 1 and len(inner) >= 2 and ends / len(inner) >= 0.6:
        return "\n\n".join(blocks[0])
    return text


def _first_line(text: str) -> tuple[str, str]:
    line, _, rest = text.partition("\n")
    return line, rest.lstrip("\n")


def _is_title(line: str, text: str) -> bool:
    alone = text.startswith(line + "\n\n") and len(line.split()) > 1 and len(line) <= 120
    # takes "The mayor said on Friday."; not "Mayor says no"
    reported = re.search(r"\b(?:said|says|told)\b[^.]*\.$", line)
    return alone and not (DATELINE.match(line) or reported or line[0] in "-*•|>")


def _header_lines(found: Article) -> Article:
    facts: dict[str, str] = {}
    published = found.published
    text = found.text
    while text:
        line, rest = _first_line(text)
        match = _HEADER.fullmatch(line)
        if not match or not rest:
            break
        key, value = _KEYS[match[1].lower()], match[2].strip()
        if key in facts or (key == "url" and not re.match(r"https?://\S+$", value)):
            break
        if key == "date":
            published = publication_date(value)
            if not published:
                break
        facts[key], text = value, rest
    facts.pop("date", None)
    return replace(found, text=text, published=published, **facts) if text != found.text else found


def _date_line(line: str) -> Published | None:
    """A line that is nothing but a full date, perhaps after "Published"."""
    known = rf"\b(?:{_MONTH}|published|posted|{either(WEEKDAYS)})"
    worded = re.sub(known, "", line, flags=re.I)
    if re.search(r"[^\W\d_]{4,}", worded):
        return None
    published = publication_date(line)
    return published if published and published.precision == "day" else None


def _dateline(found: Article) -> Article:
    """What a dateline says for certain: the agency, and the date where it has its year."""
    match = DATELINE.match(found.text)
    if not match:
        return found
    published = publication_date(match["date"]) if match["date"] else None
    return replace(found, outlet=found.outlet or match["agency"] or "", published=found.published or published)


def _front_matter(text: str) -> tuple[Facts, str]:
    # takes "---\ntitle: A\n---\n"; not "title: A\n---\n"
    match = re.match(r"\ufeff?---[ \t]*\r?\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)", text, re.S)
    if not match or len(match[1]) > 20_000:
        return Facts(), text
    import yaml

    try:
        # As strings: YAML would turn a date into a day it may not state.
        data = yaml.load(match[1], Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError):
        return Facts(), text
    return (facts(data), text[match.end() :]) if isinstance(data, dict) else (Facts(), text)


def _unmark(text: str) -> tuple[str, str]:
    """A first heading, and Markdown as a reader sees it: no signs, images or comments."""
    from markdown_it import MarkdownIt

    blocks: list[str] = []
    heading, level = "", ""
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "heading_open":
            level = token.tag
        elif token.type in ("fence", "code_block"):
            blocks.append(token.content)
        elif token.type == "inline":
            shown = "".join(
                {"softbreak": " ", "hardbreak": "\n"}.get(child.type, child.content)
                for child in token.children or ()
                if child.type not in ("image", "html_inline")
            )
            if level == "h1" and not blocks and not heading:
                heading = shown
            else:
                blocks.append(shown)
            level = ""
    return heading, "\n\n".join(blocks)
