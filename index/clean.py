"""Text as it is stored and quoted: what a reader sees, in one spelling; every offset counts these characters.

Knows nothing of formats or of which line breaks separate paragraphs: a line break stays one, a blank line
stays one.
"""

from __future__ import annotations

import re
import unicodedata

# Bytes 80-9F of Windows text that was decoded as Latin-1: HTML reads them as Windows-1252, and so do we.
_WINDOWS = {code: bytes([code]).decode("cp1252", errors="ignore") for code in range(0x80, 0xA0)}
_BREAKS = {0x0B: "\n", 0x0C: "\n\n", 0x2028: "\n", 0x2029: "\n\n"}
_CONTROLS = [*range(0x00, 0x09), *range(0x0E, 0x20), 0x7F]
# Shown by no renderer: soft hyphen, combining grapheme joiner, zero-width space and word joiner, byte order
# mark, direction marks, embeddings, overrides and isolates, invisible operators, annotation anchors.
_INVISIBLE = [
    *map(ord, "\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\ufeff\ufffe\uffff"),
    *(
        code
        for first, last in ((0x202A, 0x202E), (0x2060, 0x206F), (0xFFF9, 0xFFFB))
        for code in range(first, last + 1)
    ),
]
_REPLACE: dict[int, str] = {
    **_WINDOWS,
    **_BREAKS,
    **dict.fromkeys([*_CONTROLS, *_INVISIBLE], ""),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
    **dict.fromkeys((0x09, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " "),
}

# Joiners shape Arabic, Indic and emoji, and are invisible elsewhere.
_JOINED = "\u0590-\u1cff\u2190-\u2bff\ufb1d-\ufdff\ufe0f\ufe70-\ufefe\U0001f000-\U0001faff"
_JOINER = re.compile(f"(?<=[{_JOINED}])([\u200c\u200d])(?=[{_JOINED}])|[\u200c\u200d]")
# Tag characters spell regional flags after a black flag; elsewhere they are invisible text.
_TAGS = re.compile("(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f)|[\U000e0000-\U000e007f]")
# takes "é", "\t"; not "plain text\n"
_ASCII_PLAIN = re.compile(r"[^\n\x20-\x7e]")


def clean(text: str) -> str:
    """Give the text one spelling without changing what a reader sees; `clean(clean(x)) == clean(x)`.

    NFC, not NFKC: ligatures, fractions, superscripts and full-width letters look different from their
    compatibility forms, so a quotation would no longer match its source to the eye.
    Runs of blanks become one space, lines lose blanks at both ends, at most one blank line stands in a row.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _ASCII_PLAIN.search(text):
        text = _TAGS.sub(r"\1", text.translate(_REPLACE))
        text = _JOINER.sub(r"\1", unicodedata.normalize("NFC", text))
        text = unicodedata.normalize("NFC", text)
    text = re.sub(" {2,}", " ", text)
    text = re.sub(" ?\n ?", "\n", text)
    return re.sub("\n{3,}", "\n\n", text).strip(" \n")


def clean_line(text: str) -> str:
    """Clean a title, name or outlet, which stands on one line."""
    return " ".join(clean(text).split())
