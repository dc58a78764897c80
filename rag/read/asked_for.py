"""Whether a sentence has what a question asks for: each name, year, number and property word, there or not.

Looked at is the sentence with its neighbours, not the passage: a term is there, there as a variant, beside it, missing,
or contradicted by another of the same kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from index.text.lexicon import ALTERNATIVES, FUNCTION_WORDS
from index.text.name_variants import kind, mention, same_name
from index.text.names import find_names, plain_name
from index.text.numbers import Figure, find_figures
from index.text.tokens import content, stem, tokens
from index.types import Hit, Span
from rag.types import Query

Presence = Literal["there", "variant", "beside", "missing", "contradicted"]
TermKind = Literal["name", "year", "number", "property", "alternative"]
"""`property`: the word that says what is asked of something; `alternative`: one that has alternatives, as `killed`."""

NEAR: tuple[Presence, ...] = ("there", "variant", "beside")


@dataclass(frozen=True, slots=True)
class AskedTerm:
    """One thing a question names, and how it stands in a sentence; `instead` is what contradicts it."""

    kind: TermKind
    text: str
    presence: Presence
    instead: str = ""


# takes "how old", "which prison", "what Polish party", "how many of the pages"; not "what did"
_FOCUS = re.compile(
    r"\b(?:how|which|what|whose)\s+(?:(?:many|much)\s+)?(?:(?:of|the|a|other|others|more|percent(?:age)?\s+of)\s+)*"
    r"(?!(?:is|are|was|were|do|does|did|has|have|had|will|would|can|could|should|to|in|on|at|by)\b)"
    r"(?P<words>(?:[\w’'-]+\s+){0,2}?[\w’'-]+)",
    re.I,
)
# takes "the age of", "what is the price"; not "the of"
_OF = re.compile(
    r"\bwhat(?:['’]s|\s+(?:is|are|was|were))\s+(?:the|his|her|its|their)\s+(?P<words>(?:[\w’'-]+\s+){0,2}?[\w’'-]+)(?=\s+(?:of|for|in|at|on)\b|\s*\?|$)",
    re.I,
)
# takes "aged 47", "47 years old", "Ann Lee, 47,", "turned 47"; not "47 years ago"
_AGE = re.compile(
    r"\baged?\s+(?:of\s+)?\d+|\b\w+[\s-]years?[\s-]old\b|,\s\d{1,3}(?=[,.])|\bturned\s+\d+|\b(?:years?|months?)[\s-]old\b",
    re.I,
)
_AGE_WORDS = ("old", "age")
# takes "Donald Trump" of "How old is Donald Trump?"; nothing of "How old was the man arrested in Croydon?"
_AGE_ASKED = re.compile(
    r"\b(?:how old|(?:what|which) age)\s+(?:is|was|are|were)\s+(?P<who>(?:[\w’'.-]+\s+){0,5}?[\w’'.-]+)\s*"
    r"(?=\?|$|\b(?:when|in|at|on|during|after|before|now)\b)",
    re.I,
)
# takes "Barron" of "14-year-old son Barron", "Ann Lee" of "Ann Lee, 47,"; not "Ann Lee" of "Ann Lee, in 1947,"
_AGE_OF = re.compile(
    r"\b\w+[\s-]years?[\s-]old\s+(?:[a-z’'-]+\s+){0,4}?(?P<kin>sons?|daughters?|wife|husband|brother|sister|mother|father|"
    r"boy|girl|baby|child|grandson|granddaughter)?\s*(?P<after>(?:[A-Z][\w’'.-]+\s?){1,4})?"
    r"|(?P<before>(?:[A-Z][\w’'.-]+\s?){1,4}),\s(?:aged\s)?\d{1,3}(?=[,.])"
)

_FORMS = {
    "old": _AGE,
    "age": _AGE,
    # takes "eight metres long"; not "longing"
    "long": re.compile(
        r"\b(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|miles?|kilometres?|kilometers?|km|metres?|meters?|feet|foot|long)\b",
        re.I,
    ),
    # takes "$40", "cost", "worth"; not "free"
    "price": re.compile(r"[$£€¥]|\b(?:prices?|costs?|paid|pay|sold|worth|dollars?|euros?|pounds?)\b", re.I),
    "cost": re.compile(r"[$£€¥]|\b(?:prices?|costs?|paid|pay|worth|dollars?|euros?|pounds?)\b", re.I),
    # takes "60%", "two thirds", "half"; not "shares rose"
    "share": re.compile(r"%|\bper\s?cent|\bpercent|\b(?:half|thirds?|quarters?|fifths?)\b", re.I),
    "percentage": re.compile(r"%|\bper\s?cent|\bpercent|\b(?:half|thirds?|quarters?|fifths?)\b", re.I),
}
"""Property words that a sentence answers without the word itself."""


@lru_cache(maxsize=2_000)
def focus(question: str) -> str:
    """The property word of a question: `old` of "how old is", `prison` of "which prison"; empty where there is none."""
    for pattern in (_FOCUS, _OF):
        if match := pattern.search(question):
            kept = []
            for word in tokens(match["words"]):
                if word in FUNCTION_WORDS:
                    break
                kept.append(word)
            if kept:
                return kept[0]
    return ""


@lru_cache(maxsize=64)
def asked_terms(query: Query, hit: Hit, sentence: Span) -> tuple[AskedTerm, ...]:
    """Every name, year, number and property word of a question, and how it stands in a sentence of a hit.

    Features and reasons both ask for them, so those of the last sentences are kept.
    """
    text = hit.article.text[slice(*sentence)]
    beside = " ".join((*_neighbours(hit, sentence), hit.article.title))
    terms = [_name(name, text, beside, query) for name in _names(query)]
    published = str(hit.article.published or "")
    for figure in _figures(query):
        terms.append(_figure(figure, query.text, text, f"{beside} {published}"))
    if word := focus(query.text):
        terms.append(_property(word, text, beside))
        if word in _AGE_WORDS:
            terms += _whose_age(query, text)
    terms += _alternatives(query, text, beside)
    return tuple(terms)


def _neighbours(hit: Hit, sentence: Span) -> list[str]:
    """The sentences before and after, of the passages of the hit."""
    spans = [span for span, _ in hit.sentences()]
    at = spans.index(sentence)
    return [hit.article.text[slice(*span)] for span in spans[max(0, at - 1) : at + 2] if span != sentence]


def _understood(query: Query) -> str:
    return " ".join(chip.phrase for chip in query.interpretations if chip.kind != "follow-up").casefold()


def _names(query: Query) -> list[str]:
    """The names of a question, but what is understood as a filter, or as the speaker whose words are asked for."""
    understood = _understood(query)
    names = [plain_name(name.text) for name in find_names(query.text)]
    speaker = query.speaker.casefold()
    return [name for name in dict.fromkeys(names) if name.casefold() not in understood and name.casefold() != speaker]


def _figures(query: Query) -> list[Figure]:
    understood = _understood(query)
    return [
        one for one in find_figures(query.text) if query.text[one.start : one.end].casefold().strip() not in understood
    ]


def _name(name: str, text: str, beside: str, query: Query) -> AskedTerm:
    if here := mention(name, text):
        return AskedTerm("name", name, "there" if here == "same" else "variant")
    wanted = kind(name)
    # Another person or country in the sentence contradicts nothing: it may be the answer, or stand in its place.
    if wanted not in ("", "person", "country"):
        others = (plain_name(other.text) for other in find_names(text))
        instead = next((one for one in others if kind(one) == wanted and not mention(one, query.text)), "")
        if instead:
            return AskedTerm("name", name, "contradicted", instead)
    return AskedTerm("name", name, "beside" if mention(name, beside) else "missing")


def is_year(figure: Figure, text: str) -> bool:
    """Whether a figure of a text is a year, `2016`; not `$2,016` nor `2 thousand`."""
    # takes "2016"; not "2,016", "2016 dollars"
    written = re.fullmatch(r"\s*\d{4}", text[figure.start : figure.end])
    # takes "(1620 UTC)", "1900 hours"; not "1900, when"
    hour = re.match(r"\s*(?:UTC|GMT|hours|local)\b", text[figure.end :])
    return written is not None and hour is None and not figure.unit and 1500 <= figure.value <= 2100


def _figure(figure: Figure, question: str, text: str, beside: str) -> AskedTerm:
    year = is_year(figure, question)
    here = find_figures(text)
    shown = question[figure.start : figure.end].strip()
    label: TermKind = "year" if year else "number"
    if any(one.value == figure.value for one in here):
        return AskedTerm(label, shown, "there")
    other = next((one for one in here if is_year(one, text)), None) if year else None
    if other:
        return AskedTerm(label, shown, "contradicted", text[other.start : other.end].strip())
    near = any(one.value == figure.value for one in find_figures(beside)) or (year and shown in beside)
    return AskedTerm(label, shown, "beside" if near else "missing")


def _property(word: str, text: str, beside: str) -> AskedTerm:
    form = _FORMS.get(word)

    def stands(in_text: str) -> bool:
        return bool(form and form.search(in_text)) or stem(word) in content(in_text)

    presence: Presence = "there" if stands(text) else "beside" if stands(beside) else "missing"
    return AskedTerm("property", word, presence)


def _alternatives(query: Query, text: str, beside: str) -> Iterable[AskedTerm]:
    """The words of a question that have alternatives, and whether one of these stands in the sentence instead."""
    wanted, here = set(content(query.text)), set(content(text))
    for groups in _stems():
        asked = [group for group in groups if group & wanted]
        if len(asked) == 1:
            (group,) = asked
            word = next(w for w in tokens(query.text) if stem(w) in group)
            if group & here:
                yield AskedTerm("alternative", word, "there")
            elif group & set(content(beside)):
                yield AskedTerm("alternative", word, "beside")
            elif other := next((one for one in groups if one is not group and one & here), None):
                instead = next(w for w in tokens(text) if stem(w) in other)
                yield AskedTerm("alternative", word, "contradicted", instead)


def _whose_age(query: Query, text: str) -> Iterable[AskedTerm]:
    """Whether an age in the sentence is another's: `the Trumps' 14-year-old son Barron`, asked about Donald Trump."""
    match = _AGE_ASKED.search(query.text)
    names = find_names(match["who"]) if match else []
    if match is None or not names:
        return
    asked = plain_name(names[-1].text)
    owners = [(m["kin"], m["after"] or m["before"] or "") for m in _AGE_OF.finditer(text)]
    known = [(kin, [plain_name(name.text) for name in find_names(owner)]) for kin, owner in owners]
    if any(_may_be(asked, name) for _, named in known for name in named):
        return
    for kin, named in known:
        if named:
            yield AskedTerm("alternative", asked, "contradicted", named[0])
        elif kin and kin.lower() not in tokens(query.text):
            yield AskedTerm("alternative", asked, "contradicted", f"a {kin.lower()}")


def _may_be(asked: str, name: str) -> bool:
    """Whether a name, a first one alone too, can be that of the person asked about."""
    return same_name(asked, name) or (" " not in name and name in asked.split())


@lru_cache
def _stems() -> tuple[tuple[frozenset[str], ...], ...]:
    return tuple(
        tuple(frozenset(stem(word) for word in group.split()) for group in line.split(" / ")) for line in ALTERNATIVES
    )
