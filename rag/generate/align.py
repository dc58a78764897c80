"""Who did what, roughly: whether the names, figures, dates and negations of a sentence keep their company.

`rag.verify.supports` asks whether they stand in the sources; this asks whether they stand beside the same
words. Knows no grammar: a passive turned active keeps its company, and so do subject and object exchanged.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from index.text.names import CALENDAR, find_names
from index.text.numbers import find_figures
from index.text.tokens import FUNCTION, WORD, stem

BAR = 0.7
"""The share of a name's, figure's, date's or negation's neighbours that must stand near it in the source too.

Set where false sentences shown as supported and true ones marked as not found are about as many among
sentences that people judged: `python -m evals.verification`.
"""

BESIDE = 3
"""Content words on each side that are a word's company in a sentence."""

NEAR = 5
"""Content words on each side within which the source must hold that company."""

NEGATIONS = frozenset("no not never none nobody nothing neither nor without cannot".split())  # noqa: SIM905
_AMBIGUOUS = frozenset({"may", "march", "mar", "sun", "sat", "dec", "jan", "jun", "august"})


@dataclass(frozen=True, slots=True)
class Part:
    """A content word as it is compared; words of one name share their `group`, `pinned` ones must keep company."""

    form: str
    pinned: bool = False
    group: int = -1


def parts(text: str) -> list[Part]:
    """The content words of a text: figures by value, days and months by their first letters, others by stem."""
    figures, names = find_figures(text), find_names(text)
    found: list[Part] = []
    last = None
    for match in WORD.finditer(text):
        figure = next((each for each in figures if each.start <= match.start() < each.end), None)
        if figure is not None:
            if figure is not last:
                found.append(Part(f"{figure.value:g}", pinned=True))
            last = figure
            continue
        word = match.group().lower().replace("’", "'")
        if word in NEGATIONS or word.endswith("n't"):
            found.append(Part("not", pinned=True))
        elif word in CALENDAR and (word not in _AMBIGUOUS or match.group()[0].isupper()):
            found.append(Part(word[:3], pinned=True))
        elif (word := word.removesuffix("'s")) not in FUNCTION:
            group = next((n for n, name in enumerate(names) if name.start <= match.start() < name.end), -1)
            found.append(Part(stem(word), pinned=group >= 0, group=group))
    return found


def company(sentence: str, sources: Sequence[str], outlets: Sequence[str] = ()) -> float:
    """The least share, over all pinned words of the sentence, of neighbours that stand near it in a source too.

    1 for a sentence without names, figures, dates and negations, and for one that stands in a source. Of two
    sources each answers for its own words. An outlet that a sentence names as its source need not stand in the
    article: `outlets` are left out.
    """
    forms = [[part.form for part in parts(source)] for source in sources]
    known = {form for each in forms for form in each}
    credited = {part.form for outlet in outlets for part in parts(outlet)}
    told = [part for part in parts(sentence) if part.form not in credited or part.form in known]
    pinned = (at for at, part in enumerate(told) if part.pinned)
    return min((max(_kept(told, at, each, known) for each in forms) for at in pinned), default=1.0)


def _kept(told: Sequence[Part], at: int, source: Sequence[str], known: Collection[str]) -> float:
    """The share of a word's neighbours near it in a source, those that only other sources hold left out."""
    own = told[at]
    around = range(max(0, at - BESIDE), min(len(told), at + BESIDE + 1))
    beside = [told[n].form for n in around if n != at and not (own.group >= 0 and told[n].group == own.group)]
    if not beside:
        return 1.0
    here = [form for form in beside if form in source or form not in known]
    places = [n for n, form in enumerate(source) if form == own.form]
    nearby = [{*source[max(0, n - NEAR) : n], *source[n + 1 : n + NEAR + 1]} for n in places]
    return max((sum(form in near for form in here) / len(here) for near in nearby if here), default=0.0)
