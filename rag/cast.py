"""The people an article names: which short name is whose, and which names are no person's."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

from rag.names import INSTITUTION, Name, plain_name

_HE = re.compile(
    r"(?:\b(?:Mr|Sir|Lord|King|Prince|Father)\.?|\b(?:spokesman|congressman|chairman|father|brother|son|husband))\s*,?\s*$"
)
_SHE = re.compile(
    r"(?:\b(?:Mrs|Ms|Miss|Lady|Baroness|Queen|Princess|Dame|Madam)\.?|\b(?:spokeswoman|congresswoman|chairwoman|mother|"
    r"sister|daughter|wife|actress|widow))\s*,?\s*$"
)
_PLACE = re.compile(r"\b(?:in|at|near|across|into|outside)\s+$", re.I)
_THE = re.compile(r"\bthe\s+$", re.I)


def _placed(text: str, ahead: str, name: Name) -> bool:
    """Whether a name is a place's or institution's: `in Turkey`, `the Kremlin`, not `the Biden plan`."""
    return bool(_PLACE.search(ahead)) or (
        bool(_THE.search(ahead)) and not re.match(r"(?:['’]s?)?\s+[a-z]|-", text[name.end : name.end + 5])
    )


class Cast:
    """Knows the names of one article outside its quotations, in order."""

    def __init__(self, text: str, names: Sequence[Name]) -> None:
        self._starts = [name.start for name in names]
        self._plain: list[str] = []
        self._of: defaultdict[str, list[int]] = defaultdict(list)
        self._not_people: set[str] = set()
        self._titled: set[str] = set()
        self._gender: dict[str, str] = {}
        for number, name in enumerate(names):
            plain = plain_name(name.text)
            ahead = text[max(0, name.start - 24) : name.start] + name.text[: name.text.find(plain)]
            titled = re.search(r"\b(?:Mr|Mrs|Ms|Dr|Sens?|Reps?|Gov|Sir|Lord|Lady|Mayor)\.?\s$", ahead)
            if titled:
                plain = re.sub(r"(?<=.)\s+of\s+.*$", "", plain)
            last = plain.split()[-1]
            self._plain.append(plain)
            self._of[last].append(number)
            if _placed(text, ahead, name) or INSTITUTION.search(plain) or plain.replace(".", "").isupper():
                self._not_people.add(plain)
            if titled or plain != name.text:
                self._titled.add(last)
            if _HE.search(ahead):
                self._gender[last] = "he"
            elif _SHE.search(ahead):
                self._gender[last] = "she"

    def fullest(self, at: int) -> str:
        """The longest form given by then of the name at `at`; itself where two people share it."""
        plain = self._plain[bisect_left(self._starts, at)]
        words = plain.split()
        longer: dict[str, None] = {}
        for number in self._of[words[-1]]:
            other = self._plain[number]
            if self._starts[number] > at:
                break
            if (
                len(other.split()) > len(words)
                and other.split()[-len(words) :] == words
                and not INSTITUTION.search(other)
            ):
                longer[other] = None
        if not longer:
            return plain
        best = max(longer, key=len)
        same = all(set(other.replace(".", "").split()) <= set(best.replace(".", "").split()) for other in longer)
        return best if same else plain

    def is_person(self, name: str) -> bool:
        """Whether a name, as `fullest` gives it, has what persons' names have here."""
        words = name.split()
        if name in self._not_people or INSTITUTION.search(name):
            return False
        return len(words) in (2, 3, 4) or words[-1] in self._titled

    def may_be_person(self, name: str) -> bool:
        """Whether nothing here speaks against a speaker being a person."""
        return name not in self._not_people and not INSTITUTION.search(name)

    def fits(self, name: str, pronoun: str) -> bool:
        """Whether nothing in the article speaks against `he` or `she` for a name."""
        return self._gender.get(name.split()[-1], pronoun) == pronoun

    def between(self, start: int, end: int) -> list[tuple[int, str]]:
        """The names that start in a stretch of the text, as written without titles, with their places."""
        low, high = bisect_left(self._starts, start), bisect_left(self._starts, end)
        return [(self._starts[number], self._plain[number]) for number in range(low, high)]
