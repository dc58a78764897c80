"""Words of a text: tokens, content words and stems to compare meaning by, folded words to compare quotations by.

English.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

WORD = re.compile(r"[^\W_]+(?:[’'.&-][^\W_]+)*", re.UNICODE)

# By hand: the lists of sklearn and nltk hold words that carry meaning in news ("down", "against", "system",
# "bill", "not") and cost an import or a download.
FUNCTION = frozenset(
    """
    a about above after again all also although am an and another any anybody anyone anything are as at be
    because been before being below between both but by can cannot could did do does doing done during each
    either else even ever every few for from further get gets getting give given go goes going got had has
    have having he hence her here hers herself him himself his how however i if in into is it its itself
    just let like made make makes making many may me might mine more most much must my myself neither next
    now of off on once one ones only or other others our ours ourselves out over own per please quite rather
    really same she should since so some somebody someone something still such than that the their theirs
    them themselves then there these they thing things this those though through thus to too under until up
    upon us very was we well were what whatever when where whether which while who whom whose why will with
    within without would yes yet you your yours yourself
    aren't can't couldn't didn't doesn't don't hadn't hasn't haven't he'd he'll he's i'd i'll i'm i've isn't
    it'd it'll it's let's she'd she'll she's shouldn't that'd that's there's they'd they'll they're they've
    wasn't we'd we'll we're we've weren't what's where's who's won't wouldn't you'd you'll you're you've
    mr mrs ms dr
    """.split()  # noqa: SIM905
)

ASKING = frozenset(
    """
    ask asked asking believe believes chronology clarify comment commented describe described detail details
    develop developed development elaborate evolve evolved explain feel feels find happen happened happening
    happens information know list mean meant mention mentioned name opinion position quote quoted react reaction
    respond response said say saying says show speak speaking spoke stance statement talk talked talking tell
    telling think thinks thought timeline told understand unfold unfolded view views want wanted
    """.split()  # noqa: SIM905
)
"""Words that say what is wanted rather than what it is about."""


def tokens(text: str) -> list[str]:
    """The words of a text in order, lower case, typographic apostrophes made straight, without `'s`."""
    found = (match.group().lower().replace("’", "'") for match in WORD.finditer(text))
    return [word[:-2] if word.endswith("'s") and word not in FUNCTION else word for word in found]


@lru_cache(maxsize=1)
def _stemmer():  # type: ignore[no-untyped-def]
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The Snowball (Porter 2) stem of a lower-case word."""
    return word if any(character.isdigit() for character in word) else _stemmer().stemWord(word)


def content(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order, repeats kept."""
    return [stem(word) for word in tokens(text) if word not in FUNCTION]


_FOLDED_WORD = re.compile(
    r"(?:[^\W\d_]\.){2,}"  # U.S.
    r"|\d+(?:[.,]\d+)*(?:st|nd|rd|th)?(?![^\W_])"
    r"|(?:\[[^\W\d_]{1,3}\])?[^\W_]+(?:[’'‘ʼ`][^\W_]+)*"  # [W]e've
    r"|[$€£¥%]"
)
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`", "'"))


@dataclass(frozen=True, slots=True)
class Word:
    """A word as compared, and its place: `text[start:end]` is how it is written."""

    form: str
    start: int
    end: int


def fold(text: str) -> list[Word]:
    """The words of a text in order; figures keep their value (`1,000` is `1000`), acronyms lose dots."""
    return [Word(_folded(match.group()), match.start(), match.end()) for match in _FOLDED_WORD.finditer(text)]


def _folded(word: str) -> str:
    form = unicodedata.normalize("NFKC", word).casefold().translate(_APOSTROPHES)
    if form[0].isdigit():
        return re.sub(r",(?=\d{3}(?:\D|$))", "", form)
    return re.sub(r"[.\[\]]", "", form)
