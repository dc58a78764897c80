"""PDF and Word files: their text, and the facts that stand in it.

Dates of creation are of the file, not of the article, and are not used; a title or author kept in the file's
properties counts only if the text's beginning says the same.
"""

from __future__ import annotations

import logging
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from index.clean import clean, clean_line
from index.sources.encoding import Unreadable, out_of_memory
from index.sources.text_files import split_heading
from index.types import Article

if TYPE_CHECKING:
    from pypdf import PdfReader

_UNPACKED = 300_000_000
"""Bytes a Word file may unpack to."""
_PAGES = 2000


def read_pdf(path: Path) -> Article:
    """An article from a PDF's pages, in order, with words that were broken at line ends joined."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its remarks on odd files are no one's to read
    try:
        with PdfReader(path) as reader:
            if reader.is_encrypted and not _opens(reader):
                raise Unreadable("an encrypted PDF")
            if len(reader.pages) > _PAGES:
                raise Unreadable(f"more than {_PAGES:,} pages")
            pages = [page.extract_text() for page in reader.pages]
            said = reader.metadata
            title, author = (said.title or "", said.author or "") if said else ("", "")
    except Unreadable:
        raise
    except (PyPdfError, OSError) as error:
        raise Unreadable(f"not a readable PDF: {error}") from error
    except Exception as error:  # a damaged PDF makes pypdf raise nearly anything
        if out_of_memory(error):
            raise MemoryError from error
        raise Unreadable(f"not a readable PDF: {type(error).__name__}") from error
    text = _join_pages([clean(page) for page in pages])
    if not text:
        raise Unreadable("no text in this PDF: its pages may be pictures")
    return _with_properties(text, title, author)


def _opens(reader: PdfReader) -> bool:
    """Whether an encrypted PDF opens without a password, as one that only forbids printing does."""
    try:
        return bool(reader.decrypt(""))
    except Exception as error:  # an unknown or damaged encryption raises nearly anything
        if out_of_memory(error):
            raise MemoryError from error
        return False


def read_docx(path: Path) -> Article:
    """An article from a Word file's paragraphs and tables, in order."""
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
            names = set(packed.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        encrypted = path.open("rb").read(8) == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        reason = "an encrypted or old (.doc) Word file" if encrypted else f"not a Word file: {error}"
        raise Unreadable(reason) from error
    if unpacked > _UNPACKED:
        raise Unreadable(f"it unpacks to {unpacked:,} bytes, more than the limit of {_UNPACKED:,}")
    if "[Content_Types].xml" not in names:
        raise Unreadable("not a Word file")
    from docx import Document
    from docx.oxml.ns import qn
    from docx.table import Table
    from docx.text.paragraph import Paragraph

    try:
        document = Document(str(path))
        heading = ""
        blocks: list[str] = []
        for block in document.iter_inner_content():
            if isinstance(block, Table):
                # Not `row.cells`: that repeats a cell as often as the file says it spans.
                blocks.extend(Paragraph(p, block).text for p in block._element.iter(qn("w:p")))
            elif not heading and not blocks and block.style is not None and block.style.name in ("Title", "Heading 1"):
                heading = block.text
            else:
                blocks.append(block.text)
        properties = document.core_properties
        title, author = properties.title, properties.author
    except Exception as error:  # a damaged file makes python-docx and lxml raise nearly anything
        if out_of_memory(error):
            raise MemoryError from error
        raise Unreadable(f"not a readable Word file: {type(error).__name__}") from error
    text = clean("\n\n".join(blocks))
    if not text:
        raise Unreadable("no text in this Word file")
    found = _with_properties(text, title, author, titled=bool(heading.strip()))
    return replace(found, title=clean_line(heading) or found.title)


def _join_pages(pages: list[str]) -> str:
    """Pages as one text, sentences going on across the break, without page numbers and running titles."""
    edges: dict[str, int] = {}
    for page in pages:
        lines = page.split("\n")
        for line in {re.sub(r"\d+", "0", line) for line in (lines[0], lines[-1])}:
            edges[line] = edges.get(line, 0) + 1
    kept: list[str] = []
    for page in pages:
        lines = page.split("\n")
        for end in (0, -1):
            shape = re.sub(r"\d+", "0", lines[end]) if lines else ""
            if lines and (shape == "0" or (len(pages) > 2 and edges.get(shape, 0) > len(pages) / 2)):
                del lines[end]
        kept += lines
    return _join_lines([line for line in kept if line])


def _join_lines(lines: list[str]) -> str:
    """Paragraphs from printed lines: one ends where a line stops well short of the others."""
    if not lines:
        return ""
    width = sorted(map(len, lines))[int(len(lines) * 0.9)]
    # takes "well-known"; not "well-"
    words = set(re.findall(r"\w+(?:-\w+)*", " ".join(lines).lower()))
    text = ""
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        # takes "the immi-"; not "COVID-", "the immi"
        broken = re.search(r"([a-zà-ÿ]+)-$", line)
        begun = re.match(r"[a-zà-ÿ]+", after)
        if broken and begun:
            # The hyphen is the printer's unless the text writes the word with it elsewhere.
            whole = f"{broken[1]}-{begun[0]}".lower() in words
            text += line if whole else line[:-1]
        elif len(line) < (0.85 if line[-1] in '.!?:”"’)' else 0.6) * width:
            text += line + "\n\n"
        else:
            text += line + " "
    return clean(text)


def _with_properties(text: str, title: str, author: str, *, titled: bool = False) -> Article:
    title, author = clean_line(title or ""), clean_line(author or "")
    begin = clean_line(text[:1500])
    known = len(title) > 3 and title in begin
    found = split_heading(text, titled=titled)
    if known and not found.title and not titled:
        found = replace(found, title=title)
    if len(author) > 3 and author in begin and not found.author:
        found = replace(found, author=author)
    return found
