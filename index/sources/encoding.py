"""Bytes to text, or why not: a text in the wrong letters would be quoted wrongly."""

from __future__ import annotations

import codecs
import re

from index.types import Remark

_MARKS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]


class Unreadable(Exception):
    """Why a file or row gives no article, in words fit for a report; `line` counts from 1."""

    def __init__(self, reason: str, line: int | None = None):
        super().__init__(reason)
        self.line = line


def surprise(error: Exception) -> str:
    """What to say of an item whose reader, or the library behind it, raised what nobody expected."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"it cannot be read ({' '.join(what.split())[:200]})"


def out_of_memory(error: BaseException) -> bool:
    """Whether a reader failed for want of memory, which lxml says in the code of an error of syntax."""
    lxml = type(error).__module__.startswith("lxml") and getattr(error, "code", None) == 2  # ERR_NO_MEMORY
    return lxml or isinstance(error, MemoryError)


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """The text of `data` and its encoding; raises Unreadable where no encoding is convincing.

    A byte order mark decides, then UTF-8 where it fits, then what the text declares, then what
    charset-normalizer finds where its best candidates agree.
    """
    if encoding := byte_order_mark(data):
        return _strictly(data, encoding)
    if declared.lower().startswith("iso-2022"):  # seven bits a byte, so UTF-8 would seem to fit
        return _strictly(data, declared)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _other(data, declared, error)
    if "\0" in text:
        _refuse_binary(data)
    return text, "utf-8"


def byte_order_mark(data: bytes) -> str:
    """The encoding a byte order mark states; "" where there is none."""
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "")


def encoding_remark(location: str, encoding: str) -> Remark:
    """What is said of a file whose encoding had to be guessed."""
    return Remark(location, f"read as {encoding}, which is a guess: it is not UTF-8 and names no encoding")


def mostly_utf8(data: bytes) -> bool:
    """Whether damaged text was written in UTF-8, whose sequences other encodings give only by chance."""
    return len(re.findall(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}", data)) >= 2


def declared_in_html(data: bytes) -> str:
    """The encoding a page names in its first 1,024 bytes, as browsers look for it; "" if none."""
    # takes '<meta charset="utf-8">'; not "<p>charset=utf-8"
    match = re.search(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w-]{1,40})""", data[:1024], re.I) or re.match(
        rb"""\s*<\?xml[^>]{0,100}encoding\s*=\s*["']([\w-]{1,40})""", data
    )
    return match[1].decode("ascii") if match else ""


def _strictly(data: bytes, encoding: str) -> tuple[str, str]:
    try:
        return data.decode(encoding), encoding
    except LookupError as error:
        raise Unreadable(f"it declares {encoding!r}, which is no known encoding") from error
    except UnicodeDecodeError as error:
        # What the error holds is the data without its mark.
        raise Unreadable(f"broken encoding: not {encoding} throughout", _line(error.object, error.start)) from error


def _other(data: bytes, declared: str, error: UnicodeDecodeError) -> tuple[str, str]:
    _refuse_binary(data)
    # Latin-1 pages are Windows-1252 in truth: the HTML standard reads both as that.
    declared = "cp1252" if declared.lower() in ("iso-8859-1", "latin-1", "latin1", "ascii", "us-ascii") else declared
    try:
        if declared and codecs.lookup(declared).name != "utf-8":
            return data.decode(declared), declared
    except (LookupError, UnicodeDecodeError):
        pass
    line = _line(data, error.start)
    if mostly_utf8(data):
        raise Unreadable("broken encoding: UTF-8 with damaged characters", line) from error
    encoding = _guess(data)
    if not encoding:
        raise Unreadable("broken encoding: not UTF-8, and no other encoding is convincing", line) from error
    return _strictly(data, encoding)


def _guess(data: bytes) -> str:
    """The encoding of text that names none; "" where candidates read it differently.

    Western texts read alike under several code pages but for quotes and accents: then Windows-1252, by far
    the commonest, is taken if it is among the best.
    """
    from charset_normalizer import from_bytes

    matches = list(from_bytes(data))
    if not matches:
        return ""
    best = matches[0]
    equal = [m for m in matches if m.chaos <= best.chaos and m.coherence >= best.coherence - 0.01]
    if best.chaos > 0.1 or best.coherence < 0.1:
        return ""
    if "cp1252" in (m.encoding for m in equal):
        return "cp1252"
    return best.encoding if all(str(m) == str(best) for m in equal) else ""


def _refuse_binary(data: bytes) -> None:
    # UTF-16 without its mark has a zero in every second byte, and charset-normalizer knows it.
    sample = data[:65536]
    zeros = sample.count(0) / len(sample)
    odd = len(re.findall(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]", sample)) / len(sample)
    if odd > 0.02 or (zeros and not 0.3 < zeros < 0.6):
        raise Unreadable("not text")


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1
