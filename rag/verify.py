"""Citations held against the stored articles, and a model's sentences against what they cite.

Knows words, figures, names and negations; not who did what to whom: a sentence with the right words in the
wrong roles passes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from index.quotes.quotation_marks import find_quoted
from index.split import sentences
from index.text.names import CALENDAR, TITLES, find_names
from index.text.numbers import Figure, find_figures
from index.text.tokens import FUNCTION, content, fold, stem, tokens
from index.types import Article
from rag.quote import find_quotation
from rag.types import Citation, Statement

COVERAGE = 0.6
"""How much of a sentence its sources must hold; see `supports`."""

_NEGATIONS = frozenset(
    """
    no not never none nobody nothing neither nor without cannot isn't aren't wasn't weren't don't doesn't
    didn't won't wouldn't can't couldn't shouldn't hasn't haven't hadn't deny denies denied refuse refuses
    refused fail fails failed unlikely lack lacks lacked
    """.split()  # noqa: SIM905
)
_ABOUT = re.compile(
    r"\b(?:about|around|almost|nearly|approximately|roughly|some|over|under|more\s+than|less\s+than|up\s+to|"
    r"at\s+least|close\s+to|just\s+\w+)\s+[$£€¥]?$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Support:
    """Whether sources bear a sentence out, why not, and how much of its words they hold (0 to 1)."""

    supported: bool
    reasons: tuple[str, ...]
    coverage: float


def check(citation: Citation, article: Article | None) -> str | None:
    """None when the citation's text stands at its place in that revision; otherwise the reason."""
    if article is None:
        return "the library does not hold this revision of the article"
    if (article.id, article.revision) != (citation.article_id, citation.revision):
        return "the citation names another revision of the article"
    if not 0 <= citation.start < citation.end <= len(article.text):
        return "the place is outside the article"
    if article.text[citation.start : citation.end] != citation.text:
        return "the words at this place are not those cited"
    return None


def verified(
    statements: Sequence[Statement], resolve: Callable[[str, str], Article | None]
) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    """The statements with only the citations that hold, and a note for each that does not.

    `resolve(article id, revision)` gives the stored article. A quotation, whose text is a citation's own, is
    dropped when that citation fails; a model's sentence that loses its last citation stays, unsupported.
    """
    kept: list[Statement] = []
    notes: list[str] = []
    for statement in statements:
        valid = []
        for citation in statement.citations:
            reason = check(citation, resolve(citation.article_id, citation.revision))
            if reason is None:
                valid.append(citation)
            else:
                notes.append(f"A citation was dropped, {reason}: {_short(citation.text)!r}")
        lost = len(valid) < len(statement.citations)
        quotation = any(citation.text == statement.text for citation in statement.citations)
        if quotation and not any(citation.text == statement.text for citation in valid):
            continue
        if lost:
            statement = replace(statement, citations=tuple(valid), supported=statement.supported and bool(valid))
        kept.append(statement)
    return tuple(kept), tuple(notes)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def supports(sentence: str, sources: Sequence[str], *, context: Sequence[str] = (), bar: float = COVERAGE) -> Support:
    """Whether the texts a sentence cites bear it out.

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
    if denied := _denied_otherwise(sentence, [piece for source in pieces for piece in source]):
        reasons.append(f"it says no where the sources do not, or the other way round: {denied!r}")
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


def _denied_otherwise(sentence: str, pieces: Sequence[str]) -> str:
    """A word the sentence denies and the likest source sentence affirms, or the other way round."""
    wanted = set(content(sentence))
    nearest = max(pieces, key=lambda piece: len(wanted & set(content(piece))), default="")
    shared = wanted & set(content(nearest))
    if len(shared) * 2 < len(wanted):
        return ""
    differs = (_denied(sentence) ^ _denied(nearest)) & shared
    return min(differs, default="")


def _denied(text: str) -> set[str]:
    """The stems of the first two content words within five words after a negation, less those also affirmed.

    "A majority in the House, and we don't have the White House" does not deny "House".
    """
    words = tokens(text)
    found: Counter[str] = Counter()
    for at, word in enumerate(words):
        if word in _NEGATIONS:
            after = [stem(other) for other in words[at + 1 : at + 6] if other not in FUNCTION]
            found.update(after[:2])
    stands = Counter(content(text))
    return {word for word, times in found.items() if stands[word] <= times}


def _quotations(sentence: str, sources: Sequence[str]) -> list[str]:
    articles = [Article(source) for source in sources]
    return [
        f"the quoted words are not in the sources: {words!r}"
        for quote in find_quoted(sentence)
        if len(fold(words := sentence[quote.words_start : quote.words_end])) > 1
        and find_quotation(words, articles, limit=1).verdict != "found"
    ]


def _figures(sentence: str, sources: Sequence[str]) -> list[str]:
    stated = [figure for source in sources for figure in find_figures(source)]
    return [
        f"the figure is not in the sources: {sentence[figure.start : figure.end].strip()!r}"
        for figure in find_figures(sentence)
        if not any(_same(figure, other, sentence) for other in stated)
    ]


def _same(figure: Figure, other: Figure, sentence: str) -> bool:
    if figure.unit and other.unit and figure.unit != other.unit:
        return False
    slack = 0.1 * abs(other.value) if _ABOUT.search(sentence[: figure.start] + " ") else 0.0
    return abs(figure.value - other.value) <= slack + 1e-9 * abs(other.value)


def _dates(sentence: str, sources: Sequence[str]) -> list[str]:
    known = {word[:3] for source in sources for word in _parts(source) if word in CALENDAR}
    return [
        f"the date is not in the sources: {word.capitalize()!r}"
        for word in dict.fromkeys(re.findall(r"\b[A-Z][a-z]+\b", sentence))
        if word.lower() in CALENDAR and word.lower()[:3] not in known
    ]


def _initials(word: str, known: Collection[str]) -> bool:
    """Whether a word is made of the first letters of a name: `WHO` of the World Health Organization."""
    plain = word.replace(".", "")
    return len(plain) > 1 and any(letters.startswith(plain) or letters.endswith(plain) for letters in known)


def _parts(text: str) -> list[str]:
    """Its words, those joined by dots and dashes also one by one: `mid-August`, `Znak.com`."""
    words = tokens(text)
    return words + [part for word in words if not word.isalnum() for part in re.split(r"\W", word) if part]


def _names(sentence: str, sources: Sequence[str], context: Sequence[str]) -> list[str]:
    near = {stem(word) for source in sources for word in _parts(source)}
    far = near | {stem(word) for text in context for word in _parts(text)}
    initials = {
        "".join(word[0] for word in name.text.split() if word[0].isupper()).lower()
        for source in sources
        for name in find_names(source)
    }
    reasons = []
    for name in find_names(sentence):
        words = [word for word in tokens(name.text) if word not in FUNCTION | TITLES | CALENDAR]
        words = [word for word in words if not _initials(word, initials)]
        if not words:
            continue
        if stem(words[-1]) not in near or any(stem(word) not in far for word in words):
            reasons.append(f"the name is not in the sources: {name.text!r}")
    return reasons
