"""Sentences made wrong by rule: one number, name or date exchanged, or one negation put in or taken out.

A change is made so that the sentence reads as before and says something its article does not; it cannot know
whether, by chance, the new sentence is true as well.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from index.text.lexicon import AUXILIARIES, CALENDAR, COUNTS, MONTHS, ORDINARY_MONTHS, WEEKDAYS, capitalised, either
from index.text.names import find_names

_NUMBER = re.compile(r"(?<![\w.,-])\d{1,3}(?:,\d{3})+|(?<![\w.,-])\d+(?:\.\d+)?(?![\w-])")
_NUMBER_WORD = re.compile(rf"\b({either(COUNTS)})\b", re.I)
_DAYS, _MONTHS = capitalised(WEEKDAYS), capitalised(MONTHS)
_LOWER = (word for word in WEEKDAYS + MONTHS if word not in ORDINARY_MONTHS)
_DATE = re.compile(rf"\b(?:{either(_DAYS, _MONTHS, _LOWER)}|(?:19|20)\d\d)\b")
_NOT = re.compile(
    rf"\b(?:({either(AUXILIARIES)})(?: not|n['’]t)|cannot)\b",
    re.I,
)
_AUXILIARY = re.compile(r"\b(is|are|was|were|will|would|can|could|should|has been|have been|had been)\b(?! not)", re.I)


def number(sentence: str, article: str, chance: random.Random) -> str | None:
    """One number exchanged for another, of the article where it has one to spare."""
    if found := _pick(_NUMBER, sentence, chance):
        here = set(_NUMBER.findall(sentence))
        digits = len(found[0])
        spare = [n for n in dict.fromkeys(_NUMBER.findall(article)) if n not in here and abs(len(n) - digits) <= 1]
        return _put(sentence, found, chance.choice(spare) if spare else _beside(found[0], chance))
    if found := _pick(_NUMBER_WORD, sentence, chance):
        word = chance.choice([word for word in COUNTS if word != found[0].lower()])
        return _put(sentence, found, word.capitalize() if found[0][0].isupper() else word)
    return None


def _beside(written: str, chance: random.Random) -> str:
    changed = str(int(written.replace(",", "").split(".")[0]) + chance.choice((1, 2, 10)))
    return f"{int(changed):,}" if "," in written else changed


def name(sentence: str, article: str, chance: random.Random) -> str | None:
    """One name exchanged for another that the same article holds: the hardest kind to see."""
    named = [found for found in find_names(sentence) if found.text.lower() not in CALENDAR]
    if not named:
        return None
    replaced = chance.choice(named)
    words = set(sentence.lower().split())
    spare = [
        other
        for other in dict.fromkeys(found.text for found in find_names(article))
        if not set(other.lower().split()) & words and len(other.split()) <= len(replaced.text.split()) + 1
    ]
    if not spare:
        return None
    return sentence[: replaced.start] + chance.choice(spare) + sentence[replaced.end :]


def date(sentence: str, article: str, chance: random.Random) -> str | None:
    """One weekday, month or year exchanged for another."""
    if not (found := _pick(_DATE, sentence, chance)):
        return None
    written = found[0]
    for family in (_DAYS, _MONTHS):
        if written.capitalize() in family:
            other = chance.choice([word for word in family if word != written.capitalize()])
            return _put(sentence, found, other if written[0].isupper() else other.lower())
    return _put(sentence, found, str(int(written) + chance.choice((-2, -1, 1))))


def negation(sentence: str, article: str, chance: random.Random) -> str | None:
    """One `not` taken out, or put in after an auxiliary verb outside quotation marks."""
    if found := _pick(_NOT, sentence, chance):
        return _put(sentence, found, found[1] or "can")
    if found := _pick(_AUXILIARY, sentence, chance):
        first, *rest = found[0].split()
        return _put(sentence, found, " ".join([first, "not", *rest]))
    return None


KINDS: dict[str, Callable[[str, str, random.Random], str | None]] = {
    "number": number,
    "name": name,
    "date": date,
    "negation": negation,
}
"""Each takes a sentence, its article and a source of chance; None where it finds nothing to change."""


def _pick(pattern: re.Pattern[str], sentence: str, chance: random.Random) -> re.Match[str] | None:
    found = list(pattern.finditer(sentence))
    return chance.choice(found) if found else None


def _put(sentence: str, found: re.Match[str], word: str) -> str:
    return sentence[: found.start()] + word + sentence[found.end() :]
