"""Whether the texts that a model's sentence cites support it.

Its quoted words, figures, dates and names must stand there; it must not contradict them
(`rag.verify.contradictions`); and its words must stand together there as they do in it (`rag.verify.alignment`).
Knows no meaning: a true sentence in other words than its sources' may be taken for an unsupported one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from index.quotes.quotation_marks import quoted_spans
from index.split import sentences
from index.text.lexicon import CALENDAR, FUNCTION_WORDS, TITLES
from index.text.names import find_names
from index.text.numbers import Figure, find_figures
from index.text.tokens import comparable_words, content, stem, tokens
from index.types import Article
from rag.verify import calibration
from rag.verify.alignment import AlignmentFeatures, alignment_features, context_overlap, is_date, substitute
from rag.verify.contradictions import SourceSentence, contradictions, speakers
from rag.verify.find_quotation import find_quotation

LEAST_SHARED = 1 / 3
"""The share of a sentence's content words below which its sources are not looked at any closer."""

NEAR_NAMES, NEAR_OTHERS, CLOSE = 0.4, 0.7, 0.5
"""The least `ContextOverlap` of a sentence's names, and of its figures, dates and negations where it is close to its
sources: the share of its pairs of neighbouring words that stand together there. Further off, other words may surround
them."""

# takes the "nearly $" before a figure; not "nearly all of"
_ABOUT = re.compile(
    r"\b(?:about|around|almost|nearly|approximately|roughly|some|over|under|more\s+than|less\s+than|up\s+to|"
    r"at\s+least|close\s+to|just\s+\w+)\s+[$£€¥]?$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Support:
    """Whether sources support a sentence, why not, and how probable that is (0 to 1; 0 where something excludes it)."""

    supported: bool
    reasons: tuple[str, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What excludes that the sources say it, and, where nothing does, how its words align with theirs."""

    reasons: tuple[str, ...]
    features: AlignmentFeatures | None = None


def source_sentences(text: str) -> tuple[SourceSentence, ...]:
    """The sentences of a text of which nobody knows who speaks."""
    return tuple(SourceSentence(text[start:end]) for start, end in sentences(text))


def supports(
    sentence: str,
    sources: Sequence[Sequence[SourceSentence]],
    *,
    context: Sequence[str] = (),
    outlets: Sequence[str] = (),
    bar: float | None = None,
) -> Support:
    """Whether the texts a sentence cites support it, each given as its sentences in order.

    Nothing may exclude it, and it must be at least as probable as `bar` (by default the fitted one). A name's first
    words may stand in `context` instead (the whole articles); `outlets` may be named.
    """
    fitted = calibration.load()
    found = findings(sentence, sources, context=context, outlets=outlets)
    if found.features is None:
        return Support(False, found.reasons, 0.0)
    probability = fitted.probability(found.features)
    if probability < (fitted.bar if bar is None else bar):
        missing = _missing(sentence, sources)
        return Support(
            False, ("too little of it is in the sources" + (f" (not: {missing})" if missing else ""),), probability
        )
    return Support(True, (), probability)


def findings(
    sentence: str,
    sources: Sequence[Sequence[SourceSentence]],
    *,
    context: Sequence[str] = (),
    outlets: Sequence[str] = (),
) -> Findings:
    """What `supports` judges by; see there for its arguments."""
    every = tuple(chain.from_iterable(sources))
    texts = [each.text for each in every]
    wanted = set(content(sentence))
    shared = wanted & {word for text in texts for word in content(text)}
    wholes = [" ".join(each.text for each in source) for source in sources]
    reasons = (
        *_quotations(sentence, wholes),
        *_figures(sentence, wholes),
        *_dates(sentence, wholes),
        *_names(sentence, [*wholes, *outlets], context),
        *contradictions(sentence, every, outlets),
    )
    initials = frozenset().union(*map(_initials, texts))
    if not reasons and (word := substitute(sentence, texts)) and not _is_acronym(word, initials):
        reasons = (f"the sources have another name, figure or date in the place of {word!r}",)
    if not reasons and (not shared or len(shared) < LEAST_SHARED * len(wanted)):
        missing = _missing(sentence, sources)
        reasons = ("too little of it is in the sources" + (f" (not: {missing})" if missing else ""),)
    if reasons:
        return Findings(reasons)
    features = alignment_features(sentence, texts, outlets=outlets)
    said_by = speakers(sentence)
    # The contradictions above hold one speaker to what the sources say, not two.
    near = context_overlap(sentence, wholes, outlets, said_by if len(said_by) == 1 else ())
    if near.names < NEAR_NAMES:
        return Findings(("a name in it stands among other words in the sources",))
    if features.pairs >= CLOSE and near.others < NEAR_OTHERS:
        return Findings(("a figure, date or negation in it stands among other words in the sources",))
    return Findings((), features)


def _missing(sentence: str, sources: Sequence[Sequence[SourceSentence]]) -> str:
    """Some of the content words that no source holds."""
    held = {word for source in sources for each in source for word in content(each.text)}
    return ", ".join([word for word in dict.fromkeys(content(sentence)) if word not in held][:6])


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
        # takes "March", "monday" and the "August" of "mid-August"; not "2024"
        for word in dict.fromkeys(re.findall(r"\b[A-Za-z]+\b", sentence))
        if is_date(word) and word.lower()[:3] not in known
    ]


def _is_acronym(word: str, known: Collection[str]) -> bool:
    """Whether a word is made of the first letters of a name: `WHO` of the World Health Organization."""
    plain = word.replace(".", "")
    return len(plain) > 1 and any(letters.startswith(plain) or letters.endswith(plain) for letters in known)


def _words_and_parts(text: str) -> list[str]:
    """The words of a text, those joined by dots and dashes also one by one: `mid-August`, `Znak.com`."""
    words = tokens(text)
    return words + [part for word in words if not word.isalnum() for part in re.split(r"\W", word) if part]


@lru_cache(maxsize=256)
def _stems(text: str) -> frozenset[str]:
    """The stems of a text's words and of their parts; kept for the texts asked for last."""
    return frozenset(stem(word) for word in _words_and_parts(text))


@lru_cache(maxsize=256)
def _initials(text: str) -> frozenset[str]:
    """The first letters of each name of a text, lower case."""
    return frozenset(
        "".join(word[0] for word in name.text.split() if word[0].isupper()).lower() for name in find_names(text)
    )


def _names(sentence: str, sources: Sequence[str], context: Sequence[str]) -> list[str]:
    near = frozenset().union(*map(_stems, sources))
    anywhere = near.union(*map(_stems, context))
    initials = frozenset().union(*map(_initials, (*sources, *context)))
    reasons = []
    for name in find_names(sentence):
        words = [word for word in tokens(name.text) if word not in FUNCTION_WORDS | TITLES | CALENDAR]
        words = [word for word in words if not _is_acronym(word, initials)]
        if words and (stem(words[-1]) not in near or any(stem(word) not in anywhere for word in words)):
            reasons.append(f"the name is not in the sources: {name.text!r}")
    return reasons
