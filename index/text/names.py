"""Names in running English text, by capital letters alone: no model, no gazetteer.

Does not know a person from a place or a firm, and finds nothing in text without capitals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from index.text.lexicon import (
    CALENDAR,
    CAPITALISED_OPENERS,
    FUNCTION_WORDS,
    INSTITUTIONS,
    OFFICES,
    POLITICAL_BODIES,
    TITLES,
    capitalised,
    either,
)

_CAPITAL = r"(?:[A-Z]\.(?:[A-Z]\.?)*(?![a-z])|(?:[a-z]{1,3}[’'-])?[A-ZÀ-ÖØ-ÞĀ-Ž][\w’'‑-]*)"
_PARTICLE = (
    r"(?:(?:of|for|and)(?:[\u0020\u00a0]the)?|de(?:[\u0020\u00a0](?:la|los|las))?|del|der|den|di|da|do|la|le|van|"
    r"von|bin|ibn|al|el|y|&)"
)
# takes "Bank of England", "J.D. Vance", "Ursula von der Leyen"; not "bank", "Bank in England"
_SEQUENCE = re.compile(rf"{_CAPITAL}(?:[  ](?:{_PARTICLE}[  ](?:der[  ])?)?{_CAPITAL})*")
# takes "Lankford and the Senate"; not "Lankford & Murphy"
_JOINED = re.compile(r"[  ]and[  ](?:the[  ])?")

# takes "Secretary of State Antony Blinken"; not "Secretary of State", "Secretary Antony Blinken"
_MINISTRY = re.compile(
    r"^.*\b(?:Secretary|Minister)\s+(?:of|for)\s+(?:the\s+)?[A-Z]\w+(?:\s+and\s+[A-Z]\w+)?\s+(?=[A-Z]\S+\s+\S+)"
)

# takes "Yale University", "White House"; not "Housed", "the university"
INSTITUTION = re.compile(rf"\b{either(capitalised(INSTITUTIONS))}\b")
"""A word of names that are not a person's."""

# takes "He left. “"; not "He left. A"
_OPENING = re.compile(r"[ \t\u00a0\"'“”‘’(\[]+$")


@dataclass(frozen=True, slots=True)
class Name:
    """A name and where it stands: `text == source[start:end]`."""

    text: str
    start: int
    end: int


def find_names(text: str) -> list[Name]:
    """The capitalised sequences of a text, without ordinary words that open a sentence and names of days."""
    found = []
    for match in _SEQUENCE.finditer(text):
        if match.start() and (text[match.start() - 1].isalnum() or text[match.start() - 1] in "’'-@#"):
            continue
        for start, end in _parts(text, *match.span()):
            start = _after_openers(text, start, end)
            end = _without_possessive(text, start, end)
            words = text[start:end].split()
            if not words or all(_lower(word) in CALENDAR or _common(word) for word in words):
                continue
            if len(words) > 1 or (len(words[0].strip(".")) > 1 and _lower(words[0]) not in TITLES):
                found.append(Name(text[start:end], start, end))
    return found


def _lower(word: str) -> str:
    return word.rstrip(".").lower().replace("’", "'")


def _common(word: str) -> bool:
    """Whether a word is an ordinary one with a capital; `US` and `WHO` are not."""
    return _lower(word) in FUNCTION_WORDS and (len(word) == 1 or not word.isupper())


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Split `Sens. James Lankford and Chris Murphy` at `and`; keep `Department of Justice` whole."""
    for joint in _JOINED.finditer(text, start, end):
        yield start, joint.start()
        start = joint.end()
    yield start, end


def _after_openers(text: str, start: int, end: int) -> int:
    opening = starts_sentence(text, start)
    for word in re.findall(r"\S+\s*", text[start:end]):
        plain = word.strip()
        if not (_common(plain) or (opening and _lower(plain) in CAPITALISED_OPENERS) or _lower(plain) in CALENDAR):
            break
        start += len(word)
    return start


def _without_possessive(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1] in "’'‑-":
        end -= 1
    if text[start:end].endswith(("'s", "’s")):
        end -= 2
    return end


def starts_sentence(text: str, at: int) -> bool:
    """Whether only quotation marks and space stand between `at` and a sentence end before it."""
    before = _OPENING.sub("", text[max(0, at - 8) : at])
    return not before or before[-1] in ".!?:;\n…"


def plain_name(name: str) -> str:
    """The name without an office before it or a place after: `Sen. J.D. Vance of Ohio` → `J.D. Vance`."""
    rest = _MINISTRY.sub("", name)
    words = rest.split()
    while len(words) > 2 and _lower(words[0]) in POLITICAL_BODIES and words[1][0].isupper():
        words = words[1:]
    office = max((n for n, word in enumerate(words[:-1]) if _lower(word) in TITLES | OFFICES), default=-1)
    if office >= 0 and words[office + 1].lower() not in FUNCTION_WORDS and (office == 0 or _leads(words[: office + 1])):
        words = words[office + 1 :]
    plain = " ".join(words)
    # takes "J.D. Vance of Ohio"; not "Bank of England"
    person = re.sub(r"^(\S+\s\S+(?:\s\S+)?)\s+of\s+.*$", r"\1", plain)
    return name if INSTITUTION.search(person) else person


def _leads(words: list[str]) -> bool:
    return _lower(words[-1]) in OFFICES or all(_lower(word) in TITLES for word in words)


def shares_surname(short: str, full: str) -> bool:
    """Whether `short` can be a later mention of `full`, as `Lankford` of `James Lankford`."""
    few, many = plain_name(short).split(), plain_name(full).split()
    if short.islower():
        many = [word.lower() for word in many]
    return bool(few) and len(few) <= len(many) and many[-len(few) :] == few
