"""Sentences perturbed by rule: one number, name or date exchanged, or one negation put in or taken out.

A perturbed sentence still reads well and says something that its article does not; by chance it may be true.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from index.text.lexicon import AUXILIARIES, CALENDAR, COUNTS, MONTHS, ORDINARY_MONTHS, WEEKDAYS, capitalised, either
from index.text.names import find_names

# takes "1,250" of "1,250 people" and "3.5" of "3.5 metres"; not "24" of "F-24" or "2024-05-03"
_NUMBER = re.compile(r"(?<![\w.,-])\d{1,3}(?:,\d{3})+|(?<![\w.,-])\d+(?:\.\d+)?(?![\w-])")
# takes "four" of "Four senators"; not "often"
_NUMBER_WORD = re.compile(rf"\b({either(COUNTS)})\b", re.I)
_DAYS, _MONTHS = capitalised(WEEKDAYS), capitalised(MONTHS)
_LOWER = (word for word in WEEKDAYS + MONTHS if word not in ORDINARY_MONTHS)
# takes "Monday", "monday", "May" and "1998"; not "may" (a verb) or "1850"
_DATE = re.compile(rf"\b(?:{either(_DAYS, _MONTHS, _LOWER)}|(?:19|20)\d\d)\b")
# takes "was not", "wasn't" and "cannot"; not "nothing" or "not all"
_NOT = re.compile(rf"\b(?:({either(AUXILIARIES)})(?: not|n['’]t)|cannot)\b", re.I)
# takes "will" and "has been"; not "was" of "was not", nor "has" alone
_AUXILIARY = re.compile(r"\b(is|are|was|were|will|would|can|could|should|has been|have been|had been)\b(?! not)", re.I)


def number(sentence: str, article: str, chance: random.Random) -> str | None:
    """One number exchanged for another, of the article where it has one to spare."""
    if match := _choose(_NUMBER, sentence, chance):
        here = set(_NUMBER.findall(sentence))
        digits = len(match[0])
        spare = [n for n in dict.fromkeys(_NUMBER.findall(article)) if n not in here and abs(len(n) - digits) <= 1]
        return _replace(sentence, match, chance.choice(spare) if spare else _near(match[0], chance))
    if match := _choose(_NUMBER_WORD, sentence, chance):
        word = chance.choice([word for word in COUNTS if word != match[0].lower()])
        return _replace(sentence, match, word.capitalize() if match[0][0].isupper() else word)
    return None


def _near(written: str, chance: random.Random) -> str:
    """Another number a little higher, its thousands separated as they were."""
    changed = str(int(written.replace(",", "").split(".")[0]) + chance.choice((1, 2, 10)))
    return f"{int(changed):,}" if "," in written else changed


def name(sentence: str, article: str, chance: random.Random) -> str | None:
    """One name exchanged for another that the same article holds: the hardest kind to see."""
    names = [one for one in find_names(sentence) if one.text.lower() not in CALENDAR]
    if not names:
        return None
    old = chance.choice(names)
    words = set(sentence.lower().split())
    spare = [
        other
        for other in dict.fromkeys(one.text for one in find_names(article))
        if not set(other.lower().split()) & words and len(other.split()) <= len(old.text.split()) + 1
    ]
    return sentence[: old.start] + chance.choice(spare) + sentence[old.end :] if spare else None


def date(sentence: str, article: str, chance: random.Random) -> str | None:
    """One weekday, month or year exchanged for another."""
    if not (match := _choose(_DATE, sentence, chance)):
        return None
    written = match[0]
    for family in (_DAYS, _MONTHS):
        if written.capitalize() in family:
            other = chance.choice([word for word in family if word != written.capitalize()])
            return _replace(sentence, match, other if written[0].isupper() else other.lower())
    return _replace(sentence, match, str(int(written) + chance.choice((-2, -1, 1))))


def negation(sentence: str, article: str, chance: random.Random) -> str | None:
    """One `not` taken out, or put in after an auxiliary verb outside quotation marks."""
    if match := _choose(_NOT, sentence, chance):
        return _replace(sentence, match, match[1] or "can")
    if match := _choose(_AUXILIARY, sentence, chance):
        first, *rest = match[0].split()
        return _replace(sentence, match, " ".join([first, "not", *rest]))
    return None


PERTURBATIONS: dict[str, Callable[[str, str, random.Random], str | None]]
PERTURBATIONS = {"number": number, "name": name, "date": date, "negation": negation}
"""Each takes a sentence, its article and a random generator; None where it finds nothing to change."""


def _choose(pattern: re.Pattern[str], sentence: str, chance: random.Random) -> re.Match[str] | None:
    matches = list(pattern.finditer(sentence))
    return chance.choice(matches) if matches else None


def _replace(sentence: str, match: re.Match[str], word: str) -> str:
    return sentence[: match.start()] + word + sentence[match.end() :]
