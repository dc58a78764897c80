"""Whether somebody's words stand in the articles: found, partly found with what differs, or not found.

Compares words; knows nothing of meaning. Whose words they are is for the reader of the place to judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from index.errors import UserError
from index.text.lexicon import FUNCTION_WORDS
from index.text.tokens import Word, comparable_words
from index.types import Article, Span
from rag.types import Citation

Verdict = Literal["found", "partly found", "not found"]
Kind = Literal["added", "missing", "changed", "moved"]

LEAST_SIMILARITY = 0.6
"""The share of a quotation's words that must stand in a place, in order, to call it partly found there."""

WIDEST_GAP = 150
"""Words an ellipsis may stand for."""

# takes " ... ", "[…]", ". . ."; not ". A"
_ELLIPSIS = re.compile(r"\s*[\[(]\s*(?:\.\s?\.\s?\.+|…)\s*[\])]\s*|\s*(?:\.\s?\.\s?\.[.\s]*|…+)\s*")
# takes " [sic]", " (Sic)"; not "sic"
_SIC = re.compile(r"\s*[\[(]\s*sic\s*[\])]", re.I)


@dataclass(frozen=True, slots=True)
class Difference:
    """Words of a quotation that are not the article's.

    `added`: the quotation has them and the article does not; `missing`: the article has them there and the
    quotation does not; `changed`: one stands for the other; `moved`: they stand there in another order.
    """

    kind: Kind
    quoted: str
    stands: str


@dataclass(frozen=True, slots=True)
class QuotationMatch:
    """Where a quotation stands, wholly or partly: one citation for each part between its ellipses."""

    article: Article
    citations: tuple[Citation, ...]
    similarity: float
    """The share of the quotation's words that stand here in order; 1 exactly when nothing differs."""
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class QuotationReport:
    """The result for a quotation; places are exact ones, or else partial ones, likest first."""

    quotation: str
    verdict: Verdict
    places: tuple[QuotationMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class _Segment:
    """A stretch of a quotation between its ellipses."""

    text: str
    words: Sequence[Word]

    def written(self, begin: int = 0, end: int | None = None) -> str:
        return _text_of(self.text, self.words[begin:end])


def find_quotation(quotation: str, articles: Iterable[Article], *, limit: int = 20) -> QuotationReport:
    """Look a quotation up in the articles; at most `limit` exact places, or the likest of each article.

    Case, typographic quotation marks and apostrophes, dashes, spacing and punctuation do not count; an
    ellipsis may stand for up to `WIDEST_GAP` words; `[sic]` is passed over. A word that differs in any
    other way makes it partly found at best. Raises UserError when the quotation has no words.
    """
    literal = _Segment(quotation, comparable_words(quotation))
    if not literal.words:
        raise UserError(f'No words in {quotation!r}. Give the quotation: clippings quote "We\'ve got a majority"')
    pieces = [_Segment(piece, comparable_words(piece)) for piece in _ELLIPSIS.split(_SIC.sub(" ", quotation))]
    parts = [part for part in pieces if part.words] or [literal]
    exact: list[QuotationMatch] = []
    partial: list[QuotationMatch] = []
    for article in articles:
        words = comparable_words(article.text)
        forms = [word.form for word in words]
        here = _exact(article, words, forms, [literal], limit) or _exact(article, words, forms, parts, limit)
        exact += here
        if not exact and (place := _partial(article, words, forms, parts)):
            partial.append(place)
    if exact:
        return QuotationReport(quotation, "found", tuple(exact[:limit]))
    partial.sort(key=lambda place: -place.similarity)
    return QuotationReport(quotation, "partly found" if partial else "not found", tuple(partial[:limit]))


def _exact(
    article: Article, words: Sequence[Word], forms: Sequence[str], parts: Sequence[_Segment], limit: int
) -> list[QuotationMatch]:
    matches = []
    for begin in _starts(forms, parts[0], 0, len(forms)):
        spans = [(begin, begin + len(parts[0].words))]
        for part in parts[1:]:
            after = spans[-1][1]
            following = next(_starts(forms, part, after, after + WIDEST_GAP + len(part.words)), None)
            if following is None:
                break
            spans.append((following, following + len(part.words)))
        else:
            matches.append(QuotationMatch(article, _citations(article, words, spans), 1.0))
            if len(matches) == limit:
                break
    return matches


def _starts(forms: Sequence[str], part: _Segment, begin: int, end: int) -> Iterator[int]:
    """Where a part stands word for word, in order, within `forms[begin:end]`."""
    wanted = [word.form for word in part.words]
    for at in range(begin, min(end, len(forms)) - len(wanted) + 1):
        if forms[at] == wanted[0] and forms[at : at + len(wanted)] == wanted:
            yield at


def _partial(
    article: Article, words: Sequence[Word], forms: Sequence[str], parts: Sequence[_Segment]
) -> QuotationMatch | None:
    total = sum(len(part.words) for part in parts)
    same = 0
    spans: list[Span] = []
    differences: list[Difference] = []
    for part in parts:
        aligned = _align(article.text, words, forms, part)
        if aligned is None:
            differences.append(Difference("added", part.written(), ""))
            continue
        span, shared_words, changes = aligned
        if spans and span[0] < spans[-1][1]:
            differences.append(Difference("moved", part.written(), _text_of(article.text, words[span[0] : span[1]])))
        spans.append(span)
        differences += changes
        same += shared_words
    if not spans or same / total < LEAST_SIMILARITY:
        return None
    if not differences:  # every part stands there, but too far apart for an ellipsis
        differences = [Difference("moved", parts[-1].written(), _text_of(article.text, words[slice(*spans[-1])]))]
    return QuotationMatch(article, _citations(article, words, spans), min(same / total, 0.99), tuple(differences))


def _align(
    text: str, words: Sequence[Word], forms: Sequence[str], part: _Segment
) -> tuple[Span, int, list[Difference]] | None:
    """The stretch of words likest to a part, how many it shares in order, and what differs."""
    wanted = [word.form for word in part.words]
    meaning = {form for form in wanted if form not in FUNCTION_WORDS}
    if not meaning & set(forms):
        return None
    if len(forms) > len(wanted):
        near = fuzz.partial_ratio_alignment(wanted, forms)
        if near is None:
            return None
        slack = max(6, len(wanted) // 2)
        begin, end = max(0, near.dest_start - slack), min(len(forms), near.dest_end + slack)
    else:
        begin, end = 0, len(forms)
    steps = list(Levenshtein.opcodes(wanted, forms[begin:end]))
    equal = [step for step in steps if step.tag == "equal"]
    if not equal:
        return None
    first, last = begin + equal[0].dest_start, begin + equal[-1].dest_end
    shared_words = sum(step.src_end - step.src_start for step in equal)
    differences: list[Difference] = []

    def differ(quoted: str, stands: str) -> None:
        if quoted or stands:
            kind: Kind = "changed" if quoted and stands else "added" if quoted else "missing"
            differences.append(Difference(kind, quoted, stands))

    edge = _adjacent_text(text, words, first - equal[0].src_start, first, leads=True)
    differ(part.written(0, equal[0].src_start), edge)
    first -= equal[0].src_start if edge else 0
    for step in steps[steps.index(equal[0]) : steps.index(equal[-1])]:
        if step.tag != "equal":
            stands = words[begin + step.dest_start : begin + step.dest_end]
            differ(part.written(step.src_start, step.src_end), _text_of(text, stands))
    rest = len(wanted) - equal[-1].src_end
    edge = _adjacent_text(text, words, last, last + rest, leads=False)
    differ(part.written(len(wanted) - rest), edge)
    last += rest if edge else 0
    shared = {word for step in equal for word in wanted[step.src_start : step.src_end]}
    return ((first, last), shared_words, differences) if len(shared & meaning) * 2 >= len(meaning) else None


def _adjacent_text(text: str, words: Sequence[Word], begin: int, end: int, *, leads: bool) -> str:
    """The words beside a shared stretch for which a quotation has others: of the same clause, or none."""
    if begin == end or begin < 0 or end > len(words):
        return ""
    run = words[begin : end + 1] if leads else words[begin - 1 : end]
    gaps = "".join(text[left.end : right.start] for left, right in pairwise(run))
    # takes the gap in "so, he"; not the one in "he said"
    return "" if re.search(r"[.!?,;:\n”“\"]", gaps) else _text_of(text, words[begin:end])


def _text_of(text: str, words: Sequence[Word]) -> str:
    return text[words[0].start : words[-1].end] if words else ""


def _citations(article: Article, words: Sequence[Word], spans: Sequence[Span]) -> tuple[Citation, ...]:
    places = [(words[begin].start, words[end - 1].end) for begin, end in spans]
    return tuple(Citation(article.id, article.revision, start, end, article.text[start:end]) for start, end in places)
