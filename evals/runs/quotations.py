"""What the program itself says about who said what, in the form that `evals.metrics.quotations` scores."""

from __future__ import annotations

import re
from bisect import bisect_left

from evals.datasets.quotations import Kind
from evals.metrics.quotations import ExtractedQuotation
from index.quotes.attribution import Attribution, attributions_near
from index.quotes.quotation_marks import QuotedSpan, quoted_spans
from index.text.lexicon import REPORTING_VERBS, SPEECH_VERBS, either
from index.types import Article, Span

FEWEST_WORDS = 3
"""Of a stretch between marks that counts as a quotation, as for the program: shorter ones are titles and terms."""


def extracted(article: Article) -> list[ExtractedQuotation]:
    """The quotations and reported statements of an article, each with the speaker that the program gives it.

    The program gives a speaker to whole sentences. Quoted words that go on from the writer's own are taken for a
    mixed statement; the content of a reported one is its sentence without the speaker and the verb.
    """
    text = article.text
    said: dict[Span, Attribution] = {}
    for at in range(0, max(1, len(text)), STEP):
        said |= attributions_near(article, at)
    spans = sorted(said)
    starts = [span[0] for span in spans]
    found = []
    for quote in quoted_spans(text):
        if len(text[quote.words_start : quote.words_end].split()) < FEWEST_WORDS:
            continue
        first = max(0, bisect_left(starts, quote.start + 1) - 1)
        over = [span for span in spans[first:] if span[0] < quote.end and quote.start < span[1]]
        speaking = next((said[span] for span in over if said[span].speaker), Attribution())
        goes_on = bool(over) and _goes_on(text, quote)
        content: tuple[Span, ...] = ((quote.words_start, quote.words_end),)
        if goes_on:
            content = _content(text, over[0], speaking.place)
        kind: Kind = "mixed" if goes_on else "direct"
        found.append(ExtractedQuotation(kind, content, speaking.speaker, speaking.place))
    found += [
        ExtractedQuotation("indirect", _content(text, span, one.place), one.speaker, one.place)
        for span, one in said.items()
        if one.reported
    ]
    return found


STEP = 6_000
"""Characters between the places that are asked for: the program reads a stretch at a time."""


def _goes_on(text: str, quote: QuotedSpan) -> bool:
    """Whether quoted words are a part of the writer's own sentence: `said it was "the best"`."""
    own = text[max(0, quote.start - 20) : quote.start]
    return text[quote.words_start].islower() and _WORD.search(own) is not None and not _VERB_BEFORE.search(own)


# takes "a ", "is "; not ", ", "said: "
_WORD = re.compile(r"[\w’'] $")
# takes "he said that ", "signs which read "; not "saying it was "
_VERB_BEFORE = re.compile(rf"\b(?:{either(SPEECH_VERBS)}|saying|stating|writing|shouting|reads?)(?: that)? $")
# takes " said that ", ", the mayor, has told the press ", " claims "; not ", the mayor, "
_VERB = re.compile(rf"(?:,[^,]{{1,80}},)?\s+(?:[\w’'-]+\s+){{0,3}}?(?:{either(REPORTING_VERBS)})\b(?:\s+that\b)?")
# takes ", according to ", " According to "; not "in accordance with "
_ACCORDING = re.compile(r",?\s*\baccording to\s+(?:the\s+)?$", re.I)


def _content(text: str, sentence: Span, place: Span | None) -> tuple[Span, ...]:
    """What a sentence says without its speaker: what follows the verb, what stands before it, or both.

    Both where the speaker is put between commas: `The fuel, officials said, caught fire.`
    """
    start, end = sentence
    if place is None or not start <= place[0] < end:
        return (sentence,)
    according = _ACCORDING.search(text, start, place[0])
    verb = None if according else _VERB.match(text, place[1], end)
    before = (start, according.start() if according else place[0])
    after = (verb.end() if verb else place[1], end)
    parts = [part for part in (before, after) if len(text[slice(*part)].split()) > 1]
    between_commas = text[: before[1]].rstrip().endswith(",") and text[after[0] : after[0] + 1] == ","
    if not parts:
        return (sentence,)
    return tuple(parts) if between_commas else (parts[-1],)
