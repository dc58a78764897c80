"""What a question says about time: the days its articles were published in, and how much new ones count.

Takes what phrases mean from `index.text.dates`; adds when a day in a question is the day of the news asked for.
Knows no holidays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from index.text.dates import DatePhrase, date_phrases

NEWS_LAG = timedelta(days=3)
"""News about a day is published on it or in the days after."""

EARLY = timedelta(days=1)
"""The day before is allowed too: time zones differ."""

DEFAULT_RECENCY = 0.3
"""The weight of recency where neither the question nor the person says when."""

# takes "this week", "the latest"; not "USA Today"
_RECENT = re.compile(
    r"\b(?<!USA )(?:today|tonight|right\s+now|nowadays|currently|current|(?:the\s+)?latest|newest|recently|"
    r"lately|(?:most\s+)?recent|so\s+far|this\s+(?:week|month|morning|afternoon|evening|weekend)|at\s+the\s+moment|"
    r"these\s+days|up\s+to\s+date|breaking\s+news)\b",
    re.I,
)
# takes "past two days", "last 3 weeks"; not "last week"
_UP_TO_NOW = re.compile(r"\b(?:this|today|tonight|past|previous|over|within)\b|\blast\s+(?:\d+|\w+)\s+\w+s\b", re.I)
# takes "May 2019"; not "in May" and not "21900"
_DATED_BY_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
# takes "the article published by CNN on " before a date; not "the law that took effect on "
_PUBLISHED = re.compile(
    r"\b(?:publish(?:ed)?|report(?:s|ed|ing)?|articles?|stor(?:y|ies)|pieces?|wrote|written|dated|coverage|said|say|"
    r"news|covered|appeared|printed)\W+(?:\w+\W+){0,6}$",
    re.I,
)
# takes "stories", "coverage"; not "reported"
_REPORT = re.compile(r"\b(?:reports?|articles?|stor(?:y|ies)|pieces?|coverage|reviews?|posts?)\b", re.I)
# takes "who resigned"; not "resigned"
_SUBORDINATE = re.compile(
    r"\b(?:after|since|following|despite|because|who|whose|which|when|while|where|until|before|that|first|last|"
    r"including|compared|than|from)\b",
    re.I,
)
# takes "is due on"; not "scheduling"
_TO_COME = re.compile(r"\b(?:set|due|scheduled|expected|going|slated|planned|plan|plans|will|would)\b", re.I)
# takes "compared", "than"; not "better"
_COMPARES = re.compile(r"\b(?:between|compare[ds]?|consisten(?:t|cy)|than|both|change[ds]?|differ\w*)\b", re.I)
# takes "later", "After the vote"; not "soon after"
_THEREAFTER = re.compile(
    r"\b(?:later|subsequent|subsequently|since\s+then|afterwards|thereafter|follow(?:ed|ing|s)?|ever\s+since|"
    r"respond(?:ed)?|react(?:ed|ion)?)\b|^\W*after\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """When a question's articles were published, as far as it says."""

    since: date | None = None
    until: date | None = None
    phrases: tuple[str, ...] = ()
    """What the days were read from."""
    recent: tuple[str, ...] = ()
    """What asks for new articles without bounding them: measured on 94 real "this week" questions, days
    as a hard filter hid answers in older articles (.87 against .89-.92 in the first ten and twenty) and
    put no more of them first than recency does."""
    recency: float = DEFAULT_RECENCY
    relative: bool = False
    """Something here means nothing without the as-of date."""


def publication_range(question: str, as_of: date, ignored: frozenset[str] = frozenset()) -> TimeRange:
    """Days and recency of a question asked on `as_of`; phrases in `ignored` (lower case) are not understood.

    Several phrases together mean the span from the first to the last.
    """
    mentioned = [phrase for phrase in date_phrases(question, as_of) if phrase.phrase.lower() not in ignored]
    near = [phrase for phrase in mentioned if _reaches_now(phrase, as_of)]
    recent = [phrase.phrase for phrase in near] or [
        match.group() for match in _RECENT.finditer(question) if match.group().lower() not in ignored
    ]
    others = [phrase for phrase in mentioned if phrase not in near]
    bounds = others if any(_is_publication_time(question, phrase) for phrase in others) else []
    since = min((phrase.since for phrase in bounds), default=date.min)
    until = max((phrase.until for phrase in bounds), default=date.max)
    # Where reports are set against each other, a date beside one says nothing of the other.
    most_reports = len(bounds) + 1 - bool(_COMPARES.search(question))
    unbounded = since == date.min and until >= as_of
    if unbounded or len(_REPORT.findall(question)) > most_reports:
        return TimeRange(recent=tuple(recent), recency=1.0 if recent else DEFAULT_RECENCY, relative=bool(near))
    open_end = until >= as_of or near or _THEREAFTER.search(question)
    return TimeRange(
        since=None if since == date.min else since - EARLY,
        until=None if open_end else until + NEWS_LAG,
        phrases=tuple(phrase.phrase for phrase in bounds),
        recency=0.0,
        relative=any(not _DATED_BY_YEAR.search(phrase.phrase) for phrase in bounds),
    )


def _reaches_now(phrase: DatePhrase, as_of: date) -> bool:
    """Whether a phrase means the time up to now: `this week`, `the past two days`; not `yesterday`."""
    recent = phrase.until >= as_of and phrase.since >= as_of - timedelta(days=31)
    return recent and _UP_TO_NOW.search(phrase.phrase) is not None


def _is_publication_time(question: str, phrase: DatePhrase) -> bool:
    """Whether a phrase says when the news asked for was: at an edge of what asks, or of a report."""
    before, after = question[: phrase.start], question[phrase.end :]
    # takes what stands after the last ". " or "? "; not after "3.5"
    sentence = re.split(r"(?<=[.!?])\s+", before)[-1]
    rest = re.split(r"(?<=[.!?])(?:\s+|$)", after)[0]
    if "?" in after and "?" not in rest:
        return False
    if _PUBLISHED.search(sentence):
        return True
    clause = re.split(r"[,;:—]", sentence)[-1]
    if _TO_COME.search(clause):
        return False
    if len(sentence.split()) <= 1:
        return True
    # takes ", who left" and "and then"; not "last week?"
    ends = len(rest.split()) <= 6 and not re.search(r"[,;:—]\s*\w|\b(?:and|but|who|which|that|to)\b", rest)
    return ends and not _SUBORDINATE.search(clause)
