"""What a sentence says otherwise than its sources: another speaker, an opposite, a negation, `only`, `all`.

Each check is silent where the rules are not sure. What stands in no source at all is `rag.verify.support`'s.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from index.quotes.quotation_marks import quoted_spans
from index.text.lexicon import (
    ALL_WORDS,
    DENIALS,
    FUNCTION_WORDS,
    NEGATIONS,
    ONLY_WORDS,
    OPPOSITES,
    SOFT_DENIALS,
    SPEECH_VERBS,
    TITLES,
    VERBS_BESIDE_QUOTATIONS,
    either,
)
from index.text.names import find_names
from index.text.tokens import content, stem, tokens


@dataclass(frozen=True, slots=True)
class SourceSentence:
    """A sentence of a source, and the name of who says it (empty: the article gives none, or nobody's words)."""

    text: str
    speaker: str = ""


def contradictions(sentence: str, sources: Sequence[SourceSentence], outlets: Collection[str] = ()) -> Iterator[str]:
    """Why a sentence cannot be what these sentences of its sources, in their order, say; nothing where it may be.

    `outlets` may be named as who says it.
    """
    if _EMPTY_QUOTATION.search(sentence) or any(
        not content(sentence[quote.words_start : quote.words_end])
        and not tokens(sentence[quote.words_start : quote.words_end])
        for quote in quoted_spans(sentence)
    ):
        yield "a quotation in it is empty"
    if not sources:
        return
    texts = [each.text for each in sources]
    wanted = set(content(sentence))
    nearest = max(texts, key=lambda text: len(wanted & set(content(text))))
    if name := other_speaker(sentence, sources, outlets):
        yield f"somebody else says it in the sources: not {name!r}"
    if word := opposite(sentence, nearest):
        yield f"the sources say the opposite of {word!r}"
    if word := not_between(sentence, texts) or negation_mismatch(sentence, texts, nearest):
        yield f"it says no where the sources do not, or the other way round: {word!r}"
    if word := quantifier_mismatch(sentence, texts, nearest):
        yield f"it says {word!r} where the sources do not, or the other way round"


# takes “”, "", "…"; not the space between "yes" "no"
_EMPTY_QUOTATION = re.compile(r"“[^\w“”]*”|(?<![\w.,!?])\"[^\w\"]{0,4}\"(?!\w)")

_SAYS = either(
    SPEECH_VERBS,
    VERBS_BESIDE_QUOTATIONS,
    ("accused", "compared", "criticised", "criticized", "denied", "referred", "joked"),
)
# takes the " said" of "Biden said" and ", the president, told"; not " was told"
_VERB_AFTER_NAME = re.compile(
    rf"(?:,[^,]{{1,60}},)?\s+(?:(?:has|had|also|later|then|of\s[A-Z]\w+)\s+)*{_SAYS}\b(?!\s+(?:the\s+)?charges?\b)"
)
# takes "According to ", "According to the senator "; not "to "
_ACCORDING = re.compile(r"\b(?:according\s+to|in\s+the\s+words\s+of)\s+(?:[\w.-]+\s+){0,3}$", re.I)


def speakers(sentence: str) -> list[str]:
    """The names that a sentence gives for who speaks: `X said`, `according to X`."""
    return [
        name.text
        for name in find_names(sentence)
        if _VERB_AFTER_NAME.match(sentence, name.end) or _ACCORDING.search(sentence[: name.start])
    ]


def other_speaker(sentence: str, sources: Sequence[SourceSentence], outlets: Collection[str] = ()) -> str:
    """The one speaker a sentence names, where the likest source sentence has another.

    Where that names nobody, the name must stand in it or in the one before.
    """
    found = speakers(sentence)
    if len(found) != 1:
        return ""
    own = _name_words(found[0])
    if any(own & _name_words(outlet) for outlet in outlets):
        return ""
    said = set(content(sentence)) - {stem(word) for word in own}
    shares = [len(said & set(content(each.text))) for each in sources]
    at = max(range(len(sources)), key=lambda number: shares[number])
    if not shares[at]:
        return ""
    if sources[at].speaker:
        return "" if own & _name_words(sources[at].speaker) else found[0]
    near = {
        part
        for each in sources[max(0, at - 1) : at + 1]
        for word in tokens(f"{each.text} {each.speaker}")
        for part in (word, *re.split(r"\W", word))
    }
    return "" if own & near else found[0]


def _name_words(name: str) -> set[str]:
    return set(tokens(name)) - TITLES - FUNCTION_WORDS


SHORTEST_PREFIXED = 5
"""Letters of a word that a negating prefix may stand before: "unit" is not the opposite of "it"."""
_NEGATING_PREFIXES = ("un", "in", "im", "il", "ir", "dis", "non")


@cache
def _listed_opposites() -> dict[str, set[str]]:
    """The stems that are opposites of a stem."""
    found: dict[str, set[str]] = defaultdict(set)
    for one, other in OPPOSITES:
        found[stem(one)].add(stem(other))
        found[stem(other)].add(stem(one))
    return found


def opposites(word: str) -> set[str]:
    """The stems of a word's opposites: those listed, and the word with a negating prefix or without it."""
    found = set(_listed_opposites().get(stem(word), ()))
    if len(word) < SHORTEST_PREFIXED:
        return found
    for prefix in _NEGATING_PREFIXES:
        found.add(stem(prefix + word))
        if word.startswith(prefix) and len(word) - len(prefix) >= SHORTEST_PREFIXED:
            found.add(stem(word.removeprefix(prefix).strip("-")))
    return found


def opposite(sentence: str, source: str) -> str:
    """A word of the sentence that the source has not, but its opposite, which the sentence has not."""
    there = {stem(word) for word in tokens(source)}
    own = {stem(word): word for word in tokens(sentence)}
    missing = [word for form, word in own.items() if form not in there]
    return next((word for word in missing if (opposites(word) & there) - own.keys()), "")


_NEGATORS = NEGATIONS | {"unlike"}
"""What makes a negation sure."""
_ANY_DENIAL = DENIALS | _NEGATORS | SOFT_DENIALS
"""What may say no in other words: where one is near, nothing is called a mismatch."""
_BEFORE, _AFTER = 4, 8
"""Words on each side of a denial that it may deny."""


def _denies(word: str, words: Collection[str]) -> bool:
    return word in words or word.endswith("n't")


@dataclass(frozen=True, slots=True)
class _Negations:
    first: frozenset[str]
    """The first content stem after each sure negation."""
    near: frozenset[str]
    """The stems near anything that may deny."""


def _negations(text: str, other: Collection[str]) -> _Negations:
    """The negations of a text; words that may deny excuse nothing where the `other` text has them too."""
    words = tokens(text)
    denials = _NEGATORS | (_ANY_DENIAL - set(other))
    first: set[str] = set()
    near: set[str] = set()
    for at, word in enumerate(words):
        if _denies(word, _NEGATORS):
            first.update([stem(each) for each in words[at + 1 : at + 6] if each not in FUNCTION_WORDS][:1])
        if _denies(word, denials):
            near.update(stem(each) for each in words[max(0, at - _BEFORE) : at + _AFTER])
    return _Negations(frozenset(first), frozenset(near))


_NOT = ("not", "never")
_CONTRACTED = {"cannot": "can", "can't": "can", "won't": "will", "shan't": "shall"}
"""The verbs that a contraction with `not` does not leave whole."""


def _around_not(texts: Iterable[str]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """The pairs of words with a `not` or `never` between them, and those with nothing between them."""
    denied: set[tuple[str, str]] = set()
    plain: set[tuple[str, str]] = set()
    for text in texts:
        words: list[str] = []
        for word in tokens(text):
            contracted = word in _CONTRACTED or word.endswith("n't")
            words += [_CONTRACTED.get(word, word.removesuffix("n't")), "not"] if contracted else [word]
        plain.update(pairwise(words))
        denied.update((before, after) for (before, no), (_, after) in pairwise(pairwise(words)) if no in _NOT)
    return denied, plain


def not_between(sentence: str, sources: Iterable[str]) -> str:
    """The second of two words that have a `not` between them in the sentence or in its sources, and never in the other.

    Sure whatever else is denied near by, which `negation_mismatch` is not.
    """
    (denied, plain), (denied_there, plain_there) = _around_not([sentence]), _around_not(sources)
    found = ((denied & plain_there) - denied_there - plain) | ((denied_there & plain) - denied - plain_there)
    return min((after for _, after in found), default="")


def negation_mismatch(sentence: str, sources: Sequence[str], nearest: str) -> str:
    """A stem that the sentence denies and no source does, or the nearest source denies and the sentence does not."""
    words = tokens(sentence)
    own, there = _negations(sentence, tokens(nearest)), _negations(nearest, words)
    near: frozenset[str] = frozenset().union(*(_negations(text, words).near for text in sources))
    known = {stem(word) for text in sources for word in tokens(text)}
    here = set(content(sentence))
    return min(
        [
            *((own.first & known) - near),
            *(own.first if not there.near else ()),
            *((there.first & here) - own.near),
        ],
        default="",
    )


_QUANTIFIERS = {"only": ONLY_WORDS, "all": ALL_WORDS}


def _quantified(text: str) -> dict[str, set[str]]:
    """The stems that each kind of quantifier stands beside; `all but` is a kind of its own."""
    words = tokens(text)
    found: dict[str, set[str]] = {}
    for at, word in enumerate(words):
        for kind, forms in _QUANTIFIERS.items():
            if word in forms:
                after = [stem(other) for other in words[at + 1 : at + 6] if other not in FUNCTION_WORDS][:2]
                before = [stem(other) for other in words[max(0, at - 3) : at] if other not in FUNCTION_WORDS][-1:]
                kind = "all but" if kind == "all" and words[at + 1 : at + 2] == ["but"] else kind
                found.setdefault(kind, set()).update(after + (before if kind == "only" else []))
    return found


def quantifier_mismatch(sentence: str, sources: Sequence[str], nearest: str) -> str:
    """`all` that no source says, `only` of what the sentence has but without it, `all but` against `all`."""
    own, there = _quantified(sentence), _quantified(nearest)
    anywhere = {kind for text in sources for kind in _quantified(text)}
    if "all" in own and "all" not in anywhere:
        return "all"
    if ("all but" in own) != ("all but" in there) and (own.keys() | there.keys()) & {"all"}:
        return "all but"
    if "only" in there and "only" not in own and there["only"] & set(content(sentence)):
        return "only"
    return ""
