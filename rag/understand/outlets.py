"""Outlets and authors of the library where a question names them as its source, not as its topic.

Knows only the names it is given, ways of spelling them (`The Verge`, `theverge.com`), and a few initials.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from index.text.lexicon import FUNCTION_WORDS, OUTLET_VERBS, either

_ABBREVIATIONS = {
    "nytimes": "newyorktimes", "nyt": "newyorktimes", "wsj": "wallstreetjournal", "wapo": "washingtonpost",
    "ft": "financialtimes", "smh": "sydneymorningherald", "ap": "associatedpress",
    "apnews": "associatedpress", "latimes": "losangelestimes", "nypost": "newyorkpost",
    "sfchronicle": "sanfranciscochronicle", "afp": "agencefrancepresse",
    "scmp": "southchinamorningpost", "csmonitor": "christiansciencemonitor",
}  # fmt: skip
_WORDS_AS_NAMES = frozenset(
    """
    age atlantic business economist express fortune globe guardian hill herald independent insider intercept
    life local mail mercury metro mirror money mother nation nature news now observer people post reason roar
    science science slate sport sports standard star sun telegraph time times verge vice vox week wired world
    """.split()  # noqa: SIM905
)
"""Outlet names that are everyday words: believed only with a capital or right after a cue."""

# takes "AT&T", "theverge.com", "O'Neil"; not the quotation marks around a word
_TOKEN = re.compile(r"\w(?:[\w&'’.-]*\w)?")
# takes "https://www.theverge.com/tech"; not "U.S."
_DOMAIN = re.compile(r"^(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})(?:/.*)?$", re.I)
_PIECE = (
    r"(?:articles?|reports?|stor(?:y|ies)|pieces?|coverage|interviews?|reporting|columns?|editorials?|op-eds?|"
    r"posts?|newsletters?|guides?|features?|investigations?|accounts?|narratives?|portrayals?|analys[ie]s|"
    r"reviews?|depictions?|publications?|excerpts?|profiles?|descriptions?|discussions?)"
)
_REPORTS = either(OUTLET_VERBS)
# takes "according to the ", "an article in ", "covered by both " before an outlet; not "shares in "
_BEFORE = re.compile(
    r"(?:\baccording\s+to|\breport(?:s|ed|ing)?\s+(?:in|by|from|on)|\bas\s+per|\bvia"
    r"|\b(?:publish|cover|discuss|featur|mention|writ|describ|portray|highlight|suggest|claim|not|quot|cit|detail|"
    r"characteri[sz]|indicat|depict|attribut|stat|identif|recogni[sz]|referenc|provid|present|outlin|profil|say)"
    r"(?:ed|ten|t|d|te|ied|te?d)?\s+(?:\w+\s+)?(?:in|by|on)"
    rf"|\b{_PIECE}\s+(?:\w+\s+)?(?:in|by|from|on|of)(?:\s+both)?|\bsources?\s+(?:like|such\s+as|including)"
    r"|\b(?:said|say|says|wrote|write|appeared|appear|read|told|quoted|printed|run|ran|found|find)\s+in"
    rf"|\b{_PIECE}\s+(?:published|featured|found|appearing)\s+(?:in|by|on)"
    r")\s+(?:both\s+)?(?:an?\s+|the\s+)?(?:\w+\s+)?[\"'“‘]?$",
    re.I,
)
# takes "in the " and "from " before an outlet; not "within "
_IN = re.compile(r"\b(?:in|from|by)\s+(?:both\s+)?(?:the\s+)?[\"'“‘]?$", re.I)
# takes "bought shares in ", "fired from " before a company; not "reported in "
_DEALINGS = re.compile(
    r"\b(?:stakes?|shares?|jobs?|roles?|work(?:ed|s|ing)?|fired|hired|acquired|bought|sued|resign(?:ed)?|"
    r"retire[ds]?|owned|employed|dismissed|suspended|paid|banned|invest(?:ed|ing|ment)?|ousted|departure|aired|"
    r"broadcast|made|layoffs?|interview(?:ed)?|money|lawsuit|settlement|away|left|cut)\s+(?:\w+\s+)?"
    r"(?:in|from|by)\s+(?:the\s+)?[\"'“‘]?$",
    re.I,
)
# takes " executives", "'s chief" after a name; not "?" and not " about the vote"
_NOT_END = re.compile(
    r"^[\"'”’]?(?:['’]s?)?\s+(?!(?:and|or|about|on|regarding|that|discussing|published|in|from|for|"
    r"as|after|before|at|with|to|which|who|what|when|how|did|does|was|were|is|are|has|have|this|last|"
    r"between|while|during|since)\b)\w",
    re.I,
)
# takes "What did the " before an outlet; not "said that "
_ASKED = re.compile(
    r"\b(?:what|how|why|did|does|do|has|have|had|was|is|when|where|who)\s+(?:\w+\s+)?(?:the\s+|an?\s+)?[\"'“‘]?$", re.I
)
# takes "'s recent article", " report"; not " on the report"
_AFTER_PIECE = re.compile(
    rf"^[\"'”’]?(?:['’]s?)?\s+(?:(?!(?:of|in|on|to|that|and|for|is|was)\b)[\w-]+\s+){{0,3}}?{_PIECE}\b", re.I
)
# takes " recently reported", " says"; not " employs"
_AFTER_REPORTS = re.compile(
    rf"^[\"'”’]?(?:,?\s+(?:both|also|consistently|recently|later|previously|initially|subsequently))?\s+"
    rf"(?:(?:has|have|had)\s+)?{_REPORTS}\b",
    re.I,
)
# takes " poll", " CEO", "/Siena"; not " article"
_NOT_SOURCE = re.compile(
    r"^/|^[\"'”’]?\s+(?:\d|poll\b|survey\b|of\b|headquarters\b|employees?\b|staff\b|anchors?\b|"
    r"hosts?\b|viewers?\b|CEO\b|executives?\b|shares?\b|stock\b)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a question names sources the library knows: the phrase as written, and their `names` there."""

    phrase: str
    start: int
    end: int
    names: tuple[str, ...]


def outlets_in(question: str, outlets: Collection[str]) -> list[Mention]:
    """The outlets a question asks its answer from."""
    mentions = _mentions(question, _outlet_spellings(frozenset(outlets)))
    # Beside one sure source the other mentions are allowed too: that can only show more, never hide.
    return mentions if any(_is_source(question, mention) for mention in mentions) else []


def authors_in(question: str, authors: Collection[str]) -> list[Mention]:
    """The authors a question asks articles by; a person of that name who is merely mentioned is not one."""
    result = []
    for mention in _mentions(question, _author_spellings(frozenset(authors))):
        before, after = question[: mention.start], question[mention.end :]
        # takes "an article by "; not "elected by "
        written_by = re.search(rf"\b(?:(?:written|reported|{_PIECE})\s+by|{_PIECE}\s+(?:from|of))\s+$", before, re.I)
        writes = _ASKED.search(before) and re.match(r"\s+(?:writ(?:e|ten)|wrote|report(?:ed)?|cover(?:ed)?)\b", after)
        # takes "'s latest column"; not "'s lawyer"
        owns = re.match(rf"['’]s?\s+(?:[\w-]+\s+){{0,2}}?{_PIECE}\b", after, re.I)
        if written_by or writes or owns:
            result.append(mention)
    return result


def is_outlet(name: str, outlets: Collection[str]) -> bool:
    """Whether a name is a spelling of one of the outlets, so that it is not taken for a speaker."""
    return _normalise(name) in _outlet_spellings(frozenset(outlets))


def _is_source(question: str, mention: Mention) -> bool:
    before, after = question[: mention.start], question[mention.end :]
    if _NOT_SOURCE.match(after):
        return False
    if _BEFORE.search(before) or _AFTER_PIECE.match(after):
        return True
    if before.endswith(("'", "‘", '"', "“")) and after.startswith(("'", "’", '"', "”")):
        return True
    if _IN.search(before):
        return not (_DEALINGS.search(before) or _NOT_END.match(after))
    return bool(_AFTER_REPORTS.match(after))


def _mentions(question: str, spellings: dict[str, tuple[str, ...]]) -> list[Mention]:
    """Longest spellings, seven words at most, first from the left; never overlapping."""
    words = list(_TOKEN.finditer(question))
    mentions, at = [], 0
    while at < len(words):
        for count in range(min(7, len(words) - at), 0, -1):
            start, end = words[at].start(), words[at + count - 1].end()
            if mention := _mention(question, start, end, spellings):
                mentions.append(mention)
                at += count
                break
        else:
            at += 1
    return mentions


def _mention(question: str, start: int, end: int, spellings: dict[str, tuple[str, ...]]) -> Mention | None:
    # takes "’s" off "CNN’s"; nothing off "Yahoo!"
    phrase = re.sub(r"['’]s?$", "", question[start:end])
    end = start + len(phrase)
    key = _normalise(phrase)
    known = spellings.get(key) or spellings.get(_ABBREVIATIONS.get(key, ""))
    if not known or phrase.lower() in FUNCTION_WORDS or phrase.lower() == "the":
        return None
    bare = re.sub(r"^the\s+", "", phrase, flags=re.I)
    if len(bare) < 4 and not bare[0].isupper() and not _DOMAIN.match(phrase):
        return None
    if bare.lower() in _WORDS_AS_NAMES and not bare[0].isupper():
        before, after = question[:start], question[end:]
        if phrase == bare or not (_BEFORE.search(before) or (_ASKED.search(before) and _AFTER_REPORTS.match(after))):
            return None
    return Mention(phrase, start, end, known)


def _normalise(name: str) -> str:
    """Letters and digits alone, lower case, no `the`, no domain ending: `www.theverge.com` → `verge`."""
    domain = _DOMAIN.match(name.strip())
    if domain:
        labels = [label for label in domain[1].lower().split(".") if label not in {"www", "edition", "amp", "m", "go"}]
        labels = labels[: -2 if len(labels) > 2 and labels[-2] in {"co", "com", "org", "net", "gov", "ac"} else -1]
        name = max(labels, key=len, default="")
    squashed = re.sub(r"[\W_]+", "", name.lower().replace("&", "and"))
    return squashed[3:] if squashed.startswith("the") and (domain or re.match(r"\s*the\s", name, re.I)) else squashed


@lru_cache(maxsize=8)
def _outlet_spellings(outlets: frozenset[str]) -> dict[str, tuple[str, ...]]:
    spellings: defaultdict[str, set[str]] = defaultdict(set)
    for outlet in outlets:
        for spelling in _spellings_of(outlet):
            spellings[spelling].add(outlet)
    for key, full in _ABBREVIATIONS.items():
        if key in spellings or full in spellings:
            spellings[key] = spellings[full] = spellings[key] | spellings[full]
    return {key: tuple(sorted(names)) for key, names in spellings.items() if key}


def _spellings_of(outlet: str) -> Iterator[str]:
    yield _normalise(outlet)
    # takes "BBC" of "BBC | News", "The Age" of "The Age - Melbourne"; not "Al-Monitor" apart
    for part in re.split(r"\s+[|–—:-]\s+", outlet)[:1]:
        yield _normalise(part)
        # takes " Online" off "Daily Mail Online"; nothing off "Online"
        shortened = re.sub(r"\s+(?:Online|Magazine|Newspaper|English)$", "", part)
        yield _normalise(shortened)
        # takes "CBS" of "CBSSports.com", "Fox" of "Fox News"; not "Sky News"
        if match := re.match(r"^([A-Z]{2,5}|Fox|FOX)\s?(?:News|Sports?|Online)$", re.sub(r"\.\w+$", "", shortened)):
            yield _normalise(match[1])
    squashed = _normalise(outlet)
    if _DOMAIN.match(outlet) and squashed.endswith("news") and len(squashed) > 6:
        yield squashed.removesuffix("news")


@lru_cache(maxsize=8)
def _author_spellings(authors: frozenset[str]) -> dict[str, tuple[str, ...]]:
    spellings: defaultdict[str, set[str]] = defaultdict(set)
    for author in authors:
        # takes "Ann Lee" and "Bo Day" of "By Ann Lee and Bo Day"; not "Andy" apart
        for name in re.split(r"\s*(?:,|;|\band\b|&)\s*", re.sub(r"^by\s+", "", author, flags=re.I)):
            if len(name.split()) > 1:
                spellings[_normalise(name)].add(author)
    return {key: tuple(sorted(names)) for key, names in spellings.items() if key}
