"""How well a sentence's words stand together in its sources: shares and positions, 0 for what is not there.

Knows no grammar but a passive with `by`, which turns the order of words round.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

from index.text.lexicon import CALENDAR, FUNCTION_WORDS, NEGATIONS, ORDINARY_MONTHS
from index.text.names import find_names
from index.text.numbers import find_figures
from index.text.tokens import WORD, stem, tokens


@dataclass(frozen=True, slots=True)
class AlignmentFeatures:
    """What `rag.verify.calibration` weighs; each from 0 to about 1, `absent_run` a count."""

    misplaced: float
    """How much better another name, figure or date of the sources fits the words beside one of the sentence's."""
    absent_run: float
    """The longest run of content words that no source holds."""
    pairs: float
    """The share of its pairs of neighbouring content words that stand together in the sources."""
    names_in_order: float
    """1 where at least two of its names stand in the nearest source sentence, all in their order."""
    inversions: float
    """The share of its near-by words that stand the other way round in the sources."""


NEIGHBOURS = 3
"""Content words on each side of a word that are its neighbours in a sentence."""

NEAR = 5
"""Content words on each side of it within which the source must hold those neighbours."""

_AMBIGUOUS = frozenset((*ORDINARY_MONTHS, "mar", "sun", "sat", "dec", "jan", "jun"))


def is_date(written: str) -> bool:
    """Whether a word is a day or a month: `March`, `tuesday`; not `march`, which is another word too."""
    word = written.lower()
    return word in CALENDAR and (word not in _AMBIGUOUS or written.istitle())


@dataclass(frozen=True, slots=True)
class Term:
    """A content word as it is compared; words of one name share their `group`, `anchor` ones need their neighbours."""

    form: str
    anchor: bool = False
    group: int = -1


@lru_cache(maxsize=4096)
def terms(text: str) -> tuple[Term, ...]:
    """The content words of a text: figures by value, days and months by their first letters, others by stem."""
    figures, names = find_figures(text), find_names(text)
    result: list[Term] = []
    last = None
    for match in WORD.finditer(text):
        figure = next((each for each in figures if each.start <= match.start() < each.end), None)
        if figure is not None:
            if figure is not last:
                result.append(Term(f"{figure.value:g}", anchor=True))
            last = figure
            continue
        word = match.group().lower().replace("’", "'")
        if word in NEGATIONS or word.endswith("n't"):
            result.append(Term("not", anchor=True))
        elif is_date(match.group()):
            result.append(Term(word[:3], anchor=True))
        elif (word := word.removesuffix("'s")) not in FUNCTION_WORDS:
            group = next((n for n, name in enumerate(names) if name.start <= match.start() < name.end), -1)
            result.append(Term(stem(word), anchor=group >= 0, group=group))
    return tuple(result)


@dataclass(frozen=True, slots=True)
class ContextOverlap:
    """The least shares of neighbours that stand near an anchor in a source too; 1 without such an anchor.

    `names` has the best word of each name, `others` has figures, dates and negations.
    """

    names: float
    others: float


def context_overlap(
    sentence: str, sources: Sequence[str], outlets: Sequence[str] = (), speakers: Sequence[str] = ()
) -> ContextOverlap:
    """How many of the words around each name, figure, date and negation stand around it in a source.

    Of two sources each answers for its own words. An outlet that a sentence names as its source need not stand in the
    article: `outlets` are left out. Nor need `speakers` stand near what they say there, and a figure that is in no
    source (a rounded one) stands near nothing: they are not held to their neighbours.
    """
    forms = [[term.form for term in terms(source)] for source in sources]
    known = {form for each in forms for form in each}
    credited = {term.form for outlet in outlets for term in terms(outlet)}
    own = [term for term in terms(sentence) if term.form not in credited or term.form in known]
    spoken = {term.form for name in speakers for term in terms(name)}
    names: dict[int, float] = {}
    others = [1.0]
    for at, term in enumerate(own):
        if not term.anchor or (term.group >= 0 and term.form in spoken):
            continue
        if term.form not in known and _kind(term) == "figure":
            continue
        share = max((_neighbour_share(own, at, each, known) for each in forms), default=0.0)
        if term.group >= 0:
            names[term.group] = max(names.get(term.group, 0.0), share)
        else:
            others.append(share)
    return ContextOverlap(min(names.values(), default=1.0), min(others))


def _neighbour_share(sentence: Sequence[Term], at: int, source: Sequence[str], known: Collection[str]) -> float:
    """The share of a word's neighbours near it in a source, those that only other sources hold left out."""
    anchor = sentence[at]
    around = range(max(0, at - NEIGHBOURS), min(len(sentence), at + NEIGHBOURS + 1))
    neighbours = [
        sentence[n].form for n in around if n != at and not (anchor.group >= 0 and sentence[n].group == anchor.group)
    ]
    if not neighbours:
        return 1.0
    expected = [form for form in neighbours if form in source or form not in known]
    positions = [n for n, form in enumerate(source) if form == anchor.form]
    nearby = [{*source[max(0, n - NEAR) : n], *source[n + 1 : n + NEAR + 1]} for n in positions]
    return max((sum(form in near for form in expected) / len(expected) for near in nearby if expected), default=0.0)


def alignment_features(sentence: str, sources: Sequence[str], *, outlets: Sequence[str] = ()) -> AlignmentFeatures:
    """The features of a sentence held against the sentences of its sources, in their order."""
    known = {term.form for source in sources for term in terms(source)}
    credited = {term.form for outlet in outlets for term in terms(outlet)} - known
    own = [term for term in terms(sentence) if term.form not in credited]
    places = _Places(own, sources, passive=bool(_PASSIVE.search(sentence)))
    pairs = set(pairwise(term.form for term in own))
    there = {pair for source in places.sources for pair in pairwise(term.form for term in source)}
    return AlignmentFeatures(
        misplaced=_misplaced(own, places),
        absent_run=_longest_run([term.form not in known for term in own]),
        pairs=len(pairs & there) / len(pairs) if pairs else 1.0,
        names_in_order=float(_names_in_order(sentence, _nearest(own, places, sources))),
        inversions=_inversions(own, places),
    )


REACH, SPREAD = 4, 6
"""Content words on each side of a word that belong to it in the sentence, and within which a source must hold them."""

FADING = 0.35
"""How fast a neighbour counts less with its distance."""

OTHER_SIDE = 0.5
"""What a neighbour on the other side of the word counts."""

# takes "was chosen by", "were later blocked by"; not "was there, by"
_PASSIVE = re.compile(
    r"\b(?:was|were|been|be|is|are|being)\b(?:\s+\w+){0,2}?\s+\w+(?:ed|en|wn|ght|de|ld|t)\b[^,;.]{0,40}\bby\b"
)


SAME_WORDS, SAME_BESIDE, MOST_EXCHANGED = 0.7, 3, 3
"""When a sentence repeats a source sentence's words: the share, those beside what was exchanged, how much of it."""


class _Places:
    """Where the words of the sources stand, and how well a word of the sentence fits each place."""

    def __init__(self, own: Sequence[Term], sources: Sequence[str], *, passive: bool) -> None:
        self.own = own
        self.sources = [terms(source) for source in sources]
        self._turned = [passive != bool(_PASSIVE.search(source)) for source in sources]
        self._at: dict[str, list[tuple[int, int]]] = {}
        self.kinds: dict[str, str] = {}
        for number, source in enumerate(self.sources):
            for at, term in enumerate(source):
                self._at.setdefault(term.form, []).append((number, at))
                self.kinds.setdefault(term.form, _kind(term))
        self._fits: dict[tuple[int, str], float] = {}

    def holds(self, form: str) -> bool:
        return form in self._at

    def same_name(self, one: str, other: str) -> bool:
        """Whether both stand in one name of a source."""
        for number, at in self._at[one]:
            group = self.sources[number][at].group
            if group >= 0 and any(term.group == group and term.form == other for term in self.sources[number]):
                return True
        return False

    def distances(self, one: str, other: str) -> list[int]:
        """How many words after `one` the other stands, in each source sentence that has both."""
        others = self._at.get(other, ())
        return [
            second - first for number, first in self._at.get(one, ()) for where, second in others if where == number
        ]

    def fit(self, at: int, form: str) -> float:
        """How much of what stands around the sentence's word `at` stands around `form` in the sources (0 to 1)."""
        if (at, form) not in self._fits:
            self._fits[at, form] = max((self._fit(at, *place) for place in self._at.get(form, ())), default=0.0)
        return self._fits[at, form]

    def _fit(self, at: int, number: int, place: int) -> float:
        own, source, turned = self.own, self.sources[number], self._turned[number]
        total = held = 0.0
        for near in range(max(0, at - REACH), min(len(own), at + REACH + 1)):
            if near == at or (own[near].group >= 0 and own[near].group == own[at].group):
                continue
            weight = 1 / (1 + FADING * (abs(near - at) - 1))
            total += weight
            after = (near > at) != turned
            found = [
                1.0 if (where > place) == after else OTHER_SIDE
                for where in range(max(0, place - SPREAD), min(len(source), place + SPREAD + 1))
                if where != place and source[where].form == own[near].form
            ]
            held += weight * max(found, default=0.0)
        return held / total if total else 1.0


def _kind(term: Term) -> str:
    """What a term may be exchanged for."""
    if term.group >= 0:
        return "name"
    if term.form[0].isdigit() or term.form[0] == ".":
        return "figure"
    return "date" if term.anchor and term.form != "not" else "word"


def _misplaced(own: Sequence[Term], places: _Places) -> float:
    most = 0.0
    for at, term in enumerate(own):
        kind = _kind(term)
        inside = at + 1 < len(own) and term.group >= 0 and own[at + 1].group == term.group
        if kind == "word" or inside or not places.holds(term.form):
            continue
        name = {other.form for other in own if kind == "name" and other.group == term.group}
        fits = places.fit(at, term.form)
        for form, other in places.kinds.items():
            if other != kind or form == term.form or form in name:
                continue
            gain = places.fit(at, form) - fits
            if gain > most and not places.same_name(form, term.form):
                most = gain
    return most


def substitute(sentence: str, sources: Sequence[str]) -> str:
    """A name, figure or date of the sentence where the source sentence whose words it repeats has another.

    The words before or after it must be the same in both, so that nothing but it was exchanged.
    """
    own = terms(sentence)
    forms = [term.form for term in own]
    for source in map(terms, sources):
        there = [term.form for term in source]
        if len(set(forms) & set(there)) < SAME_WORDS * len(set(forms)):
            continue
        blocks = SequenceMatcher(None, forms, there, autojunk=False).get_opcodes()
        for number, (what, first, last, start, end) in enumerate(blocks):
            if what != "replace" or len(blocks) == 1:
                continue
            beside = [each[2] - each[1] for each in blocks[max(0, number - 1) : number + 2] if each[0] == "equal"]
            kinds = {_kind(term) for term in source[start:end]} - {"word"}
            spoken = next((term for term in own[first:last] if _kind(term) in kinds and term.form not in there), None)
            moved = next((term for term in own[first:last] if _kind(term) in kinds), None)
            if (found := spoken or moved) and sum(beside) >= SAME_BESIDE and end - start <= MOST_EXCHANGED:
                return found.form
    return ""


def _longest_run(absent: Sequence[bool]) -> int:
    longest = run = 0
    for each in absent:
        run = run + 1 if each else 0
        longest = max(longest, run)
    return longest


def _inversions(own: Sequence[Term], places: _Places) -> float:
    turned = total = 0
    for at, term in enumerate(own):
        for other in own[at + 1 : at + 4]:
            if term.form != other.form and (found := places.distances(term.form, other.form)):
                total += 1
                turned += min(found, key=abs) < 0
    return turned / total if total else 0.0


def _nearest(own: Sequence[Term], places: _Places, sources: Sequence[str]) -> str:
    wanted = {term.form for term in own}
    shares = [len(wanted & {term.form for term in source}) for source in places.sources]
    return sources[shares.index(max(shares))] if shares else ""


def _names_in_order(sentence: str, source: str) -> bool:
    def starts(text: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for name in find_names(text):
            if words := tokens(name.text):
                found.setdefault(words[-1], name.start)
        return found

    own, there = starts(sentence), starts(source)
    shared = [there[word] for word in own if word in there]
    return len(shared) > 1 and shared == sorted(shared)
