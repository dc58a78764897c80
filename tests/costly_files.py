"""Small files that cost much to read: made here, for they are nothing to keep."""

import io
import zipfile
import zlib
from pathlib import Path

from documents import assembled_pdf
from docx import Document


def docx_of_empty_paragraphs(count):
    """A Word file of so many empty paragraphs: 6 million are 40 MB unpacked, and 90 kB."""
    sound = io.BytesIO()
    Document().save(sound)
    packed = io.BytesIO()
    with zipfile.ZipFile(sound) as parts, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name in parts.namelist():
            data = parts.read(name)
            if name == "word/document.xml":
                data = data.replace(b"<w:body>", b"<w:body>" + b"<w:p/>" * count)
            out.writestr(name, data)
    return packed.getvalue()


def pdf_of_one_stream(pages, lines=200):
    """A PDF whose pages all show the same stream, which is packed."""
    shown = b"(The harbour closed on Monday, said the council.) Tj T* " * lines
    stream = zlib.compress(b"BT /F1 10 Tf 12 TL 50 750 Td " + shown + b" ET", 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join([b"5 0 R"] * pages), pages),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 3 0 R >> >> >>",
    ]
    return assembled_pdf(objects)


def html_of_attributes(count=200_000):
    """A page with a tag of so many attributes, which a parser compares with each other."""
    attributes = " ".join(f"a{number}=1" for number in range(count))
    return f"<html><body><article><p {attributes}>{'The harbour closed on Monday. ' * 20}</p></article></body></html>"


KEPT = []


def keep(size):
    """What a library that gives nothing back does."""
    KEPT.append(bytearray(size))
    yield size


def processes_under(pid):
    """The ids of a process's children (Linux)."""
    try:
        return [
            int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()
        ]
    except FileNotFoundError:
        return []


def parsers(pid):
    """The processes under a process that parse files for it, other children left out (Linux)."""
    found = []
    for child in processes_under(pid):
        try:
            command = Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8")
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += [child] if "parser_process" in command else parsers(child)
    return found
