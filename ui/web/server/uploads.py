"""Files and addresses that people give: what is let in, and under which name it is kept.

A file's name is only read for its kind and shown; where it is kept is decided here.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from index.errors import UserError
from index.sources import KINDS
from index.types import Skipped

LARGEST_UPLOAD = 50_000_000
"""Bytes of one file."""
LARGEST_BATCH = 200_000_000
"""Bytes of one drop."""
MOST_FILES = 200
FOLDER = "uploads"
"""Inside the library's folder; articles name it as where they were read."""
LONGEST_ADDRESS = 2_000


def kept(folder: Path, files: Sequence[Path]) -> tuple[list[Path], list[Skipped]]:
    """Copy files into the library's folder; returns where they are now, and what was not let in and why.

    The name of the copy is made of letters, digits and a hash of the content, so that two files of one name
    stay two articles and the same file dropped twice is one. Raises UserError for too many at once.
    """
    if len(files) > MOST_FILES:
        raise UserError(f"{len(files)} files at once; at most {MOST_FILES} fit. Drop fewer, or: clippings index FOLDER")
    total = sum(file.stat().st_size for file in files)
    if total > LARGEST_BATCH:
        raise UserError(
            f"{total:,} bytes at once; at most {LARGEST_BATCH:,} fit. Drop fewer files, or: clippings index FOLDER"
        )
    target = folder / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    made, refused = [], []
    for file in files:
        name = shown_name(file.name)
        suffix = file.suffix.lower()
        if suffix not in KINDS:
            refused.append(Skipped(name, f"not a kind that is read; these are: {', '.join(KINDS)}"))
        elif file.stat().st_size > LARGEST_UPLOAD:
            refused.append(Skipped(name, f"larger than {LARGEST_UPLOAD:,} bytes"))
        else:
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()[:8]
            stem = re.sub(r"[^A-Za-z0-9]+", "-", file.stem)[:60].strip("-") or "file"
            copy = target / f"{stem}-{digest}{suffix}"
            shutil.copyfile(file, copy)
            made.append(copy)
    return made, refused


def shown_name(name: str) -> str:
    """A file's name fit to show: without folders and at most 120 characters."""
    return name.replace("\\", "/").rsplit("/", 1)[-1][:120] or "file"


def address(text: str) -> str:
    """An address to fetch; raises UserError for what is not one. Where it leads is checked by `index.sources.fetch`."""
    text = text.strip()
    if len(text) > LONGEST_ADDRESS:
        raise UserError(f"An address may have {LONGEST_ADDRESS:,} characters. Paste a shorter one.")
    if not re.match(r"https?://[^\s/]+", text, re.IGNORECASE):
        raise UserError(f"{text[:80]!r} is not a web address. Paste one that begins with https://")
    return text
