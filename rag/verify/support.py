"""Whether the texts that a model's sentence cites support it: their words, figures, names, dates and negations.

`supports` asks whether these stand in the sources, `context_overlap` whether they stand among the same words there.
Knows no grammar: a passive turned active passes, and so do subject and object exchanged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.quotes.quotation_marks import quoted_spans
from index.split import sentences
from index.text.lexicon import CALENDAR, DENIALS, FUNCTION_WORDS, NEGATIONS, ORDINARY_MONTHS, TITLES
from index.text.names import find_names
from index.text.numbers import Figure, find_figures
from index.text.tokens import WORD, comparable_words, content, stem, tokens
from index.types import Article
from rag.verify.find_quotation import find_quotation

LEAST_COVERAGE = 0.6
"""How much of a sentence its sources must hold; see `supports`."""

# takes the "nearly $" before a figure; not "nearly all of"
_ABOUT = re.compile(
    r"\b(?:about|around|almost|nearly|approximately|roughly|some|over|under|more\s+than|less\s+than|up\s+to|"
    r"at\s+least|close\s+to|just\s+\w+)\s+[$£€¥]?$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Support:
    """Whether sources support a sentence, why not, and how much of it they hold (0 to 1)."""

    supported: bool
    reasons: tuple[str, ...]
    coverage: float


def supports(
    sentence: str, sources: Sequence[str], *, context: Sequence[str] = (), bar: float = LEAST_COVERAGE
) -> Support:
    """Whether the texts a sentence cites support it.

    Its quoted words, figures, dates and names must stand in `sources` (a name's first words may stand in
    `context` instead: the whole articles); it must not deny what they affirm or affirm what they deny; and
    they must hold at least `bar` of it. What they hold is the mean of two shares: of its content words, in
    the likest sentence of each source, and of its pairs of neighbouring content words, anywhere in them. On
    the sentences people judged for QAGS that mean tells supported from not with an area under the curve of
    .84 (CNN/DM) and .64 (XSum), content words of three sentences together with .69 and .61.
    """
    reasons = [
        *_quotations(sentence, sources),
        *_figures(sentence, sources),
        *_dates(sentence, sources),
        *_names(sentence, sources, context),
    ]
    pieces = [[source[start:end] for start, end in sentences(source)] for source in sources]
    coverage, missing = _coverage(content(sentence), pieces)
    if coverage < bar:
        reasons.append("too little of it is in the sources" + (f" (not: {missing})" if missing else ""))
    if word := _negation_mismatch(sentence, [piece for source in pieces for piece in source]):
        reasons.append(f"it says no where the sources do not, or the other way round: {word!r}")
    return Support(not reasons, tuple(reasons), coverage)


def _coverage(wanted: Sequence[str], sources: Sequence[Sequence[str]]) -> tuple[float, str]:
    """The share held, and some of the words that are not."""
    if not wanted:
        return 0.0, ""
    held: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    for pieces in sources:
        stems = [content(piece) for piece in pieces]
        held |= max((set(wanted) & set(each) for each in stems), key=len, default=set())
        pairs.update(pair for each in stems for pair in pairwise(each))
    words = len(held) / len(set(wanted))
    own = set(pairwise(wanted))
    share = (words + len(own & pairs) / len(own)) / 2 if own else words
    return share, ", ".join([word for word in dict.fromkeys(wanted) if word not in held][:6])


def _negation_mismatch(sentence: str, pieces: Sequence[str]) -> str:
    """A word the sentence denies and the likest source sentence affirms, or the other way round."""
    wanted = set(content(sentence))
    nearest = max(pieces, key=lambda piece: len(wanted & set(content(piece))), default="")
    shared = wanted & set(content(nearest))
    if len(shared) * 2 < len(wanted):
        return ""
    return min((_negated(sentence) ^ _negated(nearest)) & shared, default="")


def _negated(text: str) -> set[str]:
    """The stems of the first two content words within five words after a negation, less those also affirmed.

    "A majority in the House, and we don't have the White House" does not deny "House".
    """
    words = tokens(text)
    negated: Counter[str] = Counter()
    for at, word in enumerate(words):
        if word in DENIALS:
            after = [stem(other) for other in words[at + 1 : at + 6] if other not in FUNCTION_WORDS]
            negated.update(after[:2])
    stands = Counter(content(text))
    return {word for word, times in negated.items() if stands[word] <= times}


def _quotations(sentence: str, sources: Sequence[str]) -> list[str]:
    articles = [Article(source) for source in sources]
    return [
        f"the quoted words are not in the sources: {words!r}"
        for quote in quoted_spans(sentence)
        if len(comparable_words(words := sentence[quote.words_start : quote.words_end])) > 1
        and find_quotation(words, articles, limit=1).verdict != "found"
    ]


def _figures(sentence: str, sources: Sequence[str]) -> list[str]:
    in_sources = [figure for source in sources for figure in find_figures(source)]
    return [
        f"the figure is not in the sources: {sentence[figure.start : figure.end].strip()!r}"
        for figure in find_figures(sentence)
        if not any(_same_figure(figure, other, sentence) for other in in_sources)
    ]


def _same_figure(figure: Figure, other: Figure, sentence: str) -> bool:
    if figure.unit and other.unit and figure.unit != other.unit:
        return False
    slack = 0.1 * abs(other.value) if _ABOUT.search(sentence[: figure.start] + " ") else 0.0
    return abs(figure.value - other.value) <= slack + 1e-9 * abs(other.value)


def _dates(sentence: str, sources: Sequence[str]) -> list[str]:
    known = {word[:3] for source in sources for word in _words_and_parts(source) if word in CALENDAR}
    return [
        f"the date is not in the sources: {word.capitalize()!r}"
        # takes "March"; not "march" and not "MARCH"
        for word in dict.fromkeys(re.findall(r"\b[A-Z][a-z]+\b", sentence))
        if word.lower() in CALENDAR and word.lower()[:3] not in known
    ]


def _is_acronym(word: str, known: Collection[str]) -> bool:
    """Whether a word is made of the first letters of a name: `WHO` of the World Health Organization."""
    plain = word.replace(".", "")
    return len(plain) > 1 and any(letters.startswith(plain) or letters.endswith(plain) for letters in known)


def _words_and_parts(text: str) -> list[str]:
    """The words of a text, those joined by dots and dashes also one by one: `mid-August`, `Znak.com`."""
    words = tokens(text)
    return words + [part for word in words if not word.isalnum() for part in re.split(r"\W", word) if part]


def _names(sentence: str, sources: Sequence[str], context: Sequence[str]) -> list[str]:
    near = {stem(word) for source in sources for word in _words_and_parts(source)}
    far = near | {stem(word) for text in context for word in _words_and_parts(text)}
    initials = {
        "".join(word[0] for word in name.text.split() if word[0].isupper()).lower()
        for source in sources
        for name in find_names(source)
    }
    reasons = []
    for name in find_names(sentence):
        words = [word for word in tokens(name.text) if word not in FUNCTION_WORDS | TITLES | CALENDAR]
        words = [word for word in words if not _is_acronym(word, initials)]
        if words and (stem(words[-1]) not in near or any(stem(word) not in far for word in words)):
            reasons.append(f"the name is not in the sources: {name.text!r}")
    return reasons


LEAST_CONTEXT_OVERLAP = 0.7
"""The share of a name's, figure's, date's or negation's neighbours that must stand near it in the source too.

Set where false sentences shown as supported and true ones marked as not found are about as many among
sentences that people judged: `python -m evals.lab.verification`.
"""

NEIGHBOURS = 3
"""Content words on each side of a word that are its neighbours in a sentence."""

NEAR = 5
"""Content words on each side of it within which the source must hold those neighbours."""

_AMBIGUOUS = frozenset((*ORDINARY_MONTHS, "mar", "sun", "sat", "dec", "jan", "jun"))


@dataclass(frozen=True, slots=True)
class Term:
    """A content word as it is compared; words of one name share their `group`, `anchor` ones need their neighbours."""

    form: str
    anchor: bool = False
    group: int = -1


def terms(text: str) -> list[Term]:
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
        elif word in CALENDAR and (word not in _AMBIGUOUS or match.group()[0].isupper()):
            result.append(Term(word[:3], anchor=True))
        elif (word := word.removesuffix("'s")) not in FUNCTION_WORDS:
            group = next((n for n, name in enumerate(names) if name.start <= match.start() < name.end), -1)
            result.append(Term(stem(word), anchor=group >= 0, group=group))
    return result


def context_overlap(sentence: str, sources: Sequence[str], outlets: Sequence[str] = ()) -> float:
    """The least share, over all anchors of the sentence, of neighbours that stand near the anchor in a source too.

    Anchors are names, figures, dates and negations. 1 for a sentence without any, and for one that stands in a source.
    Of two sources each answers for its own words. An outlet that a sentence names as its source need not stand in the
    article: `outlets` are left out.
    """
    forms = [[term.form for term in terms(source)] for source in sources]
    known = {form for each in forms for form in each}
    credited = {term.form for outlet in outlets for term in terms(outlet)}
    own = [term for term in terms(sentence) if term.form not in credited or term.form in known]
    anchors = (at for at, term in enumerate(own) if term.anchor)
    return min((max(_neighbour_share(own, at, each, known) for each in forms) for at in anchors), default=1.0)


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
