"""The figures of a text as values: `14,000`, `fourteen thousand`, `$1.2bn`, `20 per cent`.

By hand: text2num reads "1.5 million and three million" as one number, and neither it nor word2number
knows digits with a scale or units. Of fractions in words only "half a" is read, and "one" only before a
unit or scale.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from index.text.lexicon import NUMBERS, ORDINALS, TENS, either

Unit = Literal["", "%", "$", "£", "€", "¥"]

_VALUES = {word: value for value, word in enumerate(NUMBERS)}
_VALUES |= {word: 10 * value for value, word in enumerate(TENS, 2)}
_SCALES = {"dozen": 12, "hundred": 100} | dict.fromkeys(("thousand", "k"), 10**3)
_SCALES |= dict.fromkeys(("million", "mn", "m"), 10**6)
_SCALES |= dict.fromkeys(("billion", "bn", "b"), 10**9) | dict.fromkeys(("trillion", "tn"), 10**12)
_ORDINALS = {word: value for value, word in enumerate(ORDINALS, 1)}
_UNIT_NAMES: dict[Unit, tuple[str, ...]] = {
    "%": ("%", "percent", "per cent", "percentage", "pc"),
    "$": ("$", "dollar", "dollars"),
    "£": ("£", "pound", "pounds"),
    "€": ("€", "euro", "euros"),
    "¥": ("¥", "yen"),
}
_UNITS = {name: unit for unit, names in _UNIT_NAMES.items() for name in names}
_NUMBER_WORD = "|".join([*_VALUES, "hundred", "thousand", "million", "billion", "trillion", "dozen"])
# takes "$1.2bn", "fourteen thousand", "20 per cent", "third"; not "A4", "onerous"
_FIGURE = re.compile(
    rf"(?P<money>[$£€¥])?\s?(?:"
    rf"(?<![\w.])(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    rf"(?:(?P<nth>st|nd|rd|th)\b|\s?(?P<scale>hundred|thousand|million|billion|trillion|dozen|k|mn?|bn?|tn)\b)?"
    rf"|\b(?P<half>half\s+)?(?P<words>(?:an?\s+(?=hundred|thousand|million|billion|dozen))?(?:{_NUMBER_WORD})"
    rf"(?:(?:\s+and\s+|[\s-])(?:{_NUMBER_WORD}))*)\b"
    rf"|\b(?P<ordinal>{either(ORDINALS)})\b)"
    r"(?:\s?(?P<unit>%|per\s?cent(?:age)?\b|pc\b|dollars?\b|pounds?\b|euros?\b|yen\b))?",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number a text states; `unit` is empty where it counts things."""

    value: float
    unit: Unit
    start: int
    end: int


def find_figures(text: str) -> list[Figure]:
    """The figures of a text, in order."""
    found = []
    for match in _FIGURE.finditer(text):
        unit = _UNITS[match["money"]] if match["money"] else _unit(match["unit"])
        if match["ordinal"]:
            value: float = _ORDINALS[match["ordinal"].lower()]
        elif match["digits"]:
            value = float(match["digits"].replace(",", "")) * _SCALES.get((match["scale"] or "").lower(), 1)
        else:
            # takes "one hundred and five", "twenty-one"; not "twentyone"
            words = re.split(r"\s+and\s+|[\s-]+", match["words"].lower())
            if words == ["one"] and not unit:
                continue
            value = _spelled(words) * (0.5 if match["half"] else 1)
        found.append(Figure(value, unit, match.start(), match.end()))
    return found


def _unit(word: str | None) -> Unit:
    return _UNITS[" ".join(word.lower().split())] if word else ""


def _spelled(words: list[str]) -> int:
    total = current = 0
    for word in words:
        if word in ("a", "an"):
            current = 1
        elif word in _VALUES:
            current += _VALUES[word]
        elif _SCALES[word] <= 100:
            current = max(current, 1) * _SCALES[word]
        else:
            total += max(current, 1) * _SCALES[word]
            current = 0
    return total + current
