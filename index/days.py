"""Dates as English writes them, each as the days it means on a given day.

Knows nothing of the words around a date: whether it says when, names an event or is a verb is for
`index.phrases` to judge.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

Kind = Literal["day", "month", "year", "season", "weekday", "relative"]


@dataclass(frozen=True, slots=True)
class Found:
    """A date in the text before the words around it are read; `dated` when it names its year itself."""

    kind: Kind
    start: int
    end: int
    since: date
    until: date
    dated: bool = True


_MONTHS = ["january", "february", "march", "april", "may", "june", "july"]
_MONTHS += ["august", "september", "october", "november", "december"]
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
_COUNTS |= {"eight": 8, "nine": 9, "ten": 10}
_MONTH = rf"(?:{'|'.join(_MONTHS)}|(?:jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)\b\.?)"
_WEEKDAY = rf"(?:{'|'.join(_WEEKDAYS)})"
_COUNT = rf"(?:\d{{1,3}}|{'|'.join(_COUNTS)})"
_YEAR = r"(?:19|20)\d{2}(?![\d%]|[-–/]\d|[.,]\d)"
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?(?![\d%:]|[.,]\d)"
_DATE = re.compile(
    rf"""(?<![\w$£€/.-])(?:
      (?P<iso>(?:19|20)\d\d-\d\d-\d\d)(?:T\d[\d:.]*(?:Z|[+-]\d\d:?\d\d)?)?(?![\w-])
    | (?P<slash>\d{{1,2}}/\d{{1,2}}/(?:19|20)\d\d)(?![\w/-])
    | (?:{_WEEKDAY},?\s+)?(?P<m1>{_MONTH})\s+(?P<d1>{_DAY})(?:\s?[-–]\s?(?P<d2>{_DAY}))?
        (?:,?\s+(?P<y1>{_YEAR}))?
    | (?:{_WEEKDAY},?\s+)?(?:the\s+)?(?P<d3>{_DAY})(?:\s+of)?\s+(?P<m3>{_MONTH})(?:,?\s+(?P<y3>{_YEAR}))?
    | (?:the\s+)?(?:spring|summer|autumn|fall|winter)\s+(?:of\s+)?(?P<season>{_YEAR})
    | (?P<m4>{_MONTH})(?:,|\s+of)?\s+(?P<y4>{_YEAR})
    | (?:(?P<which>last|this|past|next|every|each)\s+)?(?:(?P<weekday>{_WEEKDAY})|(?P<month>{_MONTH}))
    | (?P<year>{_YEAR})
    | (?P<yesterday>yesterday|last\s+night) | (?P<today>this\s+(?:morning|afternoon|evening))
    | (?P<weekend>(?:last|this|past|over\s+the)\s+weekend)
    | (?P<ago>{_COUNT})\s+(?P<ago_unit>day|week|month)s?\s+ago
    | (?P<past>(?:(?:in|over|during|within|for)\s+the\s+)?(?:last|past|previous)\s+(?P<n>{_COUNT})
      |(?:in|over|during|within)\s+the\s+(?:last|past|previous))\s+(?P<past_unit>hour|day|week|month|year)s?
    | (?P<when>last|this|past)\s+(?P<unit>week|month|year)
    )(?!\w|-[a-z])""",
    re.I | re.X,
)


def dates(text: str, as_of: date) -> Iterator[Found]:
    """Every date of a text, in order; without a year it is the latest such date not after `as_of`."""
    for match in _DATE.finditer(text):
        try:
            span = _resolve(match, as_of)
        except (ValueError, OverflowError):  # 31 June, or before the year 1
            continue
        if span:
            kind, since, until, dated = span
            yield Found(kind, match.start(), match.end(), since, until, dated)


_Resolved = tuple[Kind, date, date, bool]


def _resolve(match: re.Match[str], as_of: date) -> _Resolved | None:
    """The days a match means; raises ValueError for a day the calendar does not have."""
    has = match.groupdict()
    day = timedelta(days=1)
    if has["iso"]:
        found = date.fromisoformat(has["iso"])
        return "day", found, found, True
    if has["slash"]:
        a, b, year = map(int, has["slash"].split("/"))
        if a == b or max(a, b) > 12:
            found = date(year, min(a, b), max(a, b))
            return "day", found, found, True
        return "day", date(year, 1, 1), date(year, 12, 31), True  # day and month cannot be told apart
    if named := has["m1"] or has["m3"]:
        first, last = _number(has["d1"] or has["d3"]), _number(has["d2"] or has["d1"] or has["d3"])
        month, stated = _month(named), has["y1"] or has["y3"]
        if stated:
            return "day", date(int(stated), month, first), date(int(stated), month, last), True
        since = _latest(month, first, as_of)
        return ("day", since, since.replace(day=last), False) if since else None
    if has["season"]:  # winter spans two years, and seasons differ between the hemispheres
        year = int(has["season"])
        return "season", date(year - 1, 12, 1), date(year + 1, 3, 1) - day, True
    if has["m4"]:
        return "month", *_whole_month(int(has["y4"]), _month(has["m4"])), True
    which = (has["which"] or "").lower()
    if which in ("next", "every", "each"):
        return None
    if has["weekday"]:
        back = (as_of.weekday() - _WEEKDAYS.index(has["weekday"].lower())) % 7
        if which == "this" and back > as_of.weekday():
            return None
        found = as_of - day * (back or (7 if which in ("last", "past") else 0))
        return "weekday", found, found, False
    if has["month"]:
        month = _month(has["month"])
        year = as_of.year - (month > as_of.month or (month == as_of.month and which in ("last", "past")))
        if which == "this" and month > as_of.month:
            return None
        return "month", *_whole_month(year, month), False
    if has["year"]:
        return "year", date(int(has["year"]), 1, 1), date(int(has["year"]), 12, 31), True
    return _relative(has, as_of)


def _relative(has: dict[str, str | None], as_of: date) -> _Resolved:
    day = timedelta(days=1)
    if has["yesterday"]:
        last_night = has["yesterday"].lower() != "yesterday"
        return "relative", as_of - day, as_of if last_night else as_of - day, True
    if has["today"]:
        return "relative", as_of, as_of, True
    if has["weekend"]:
        saturday = as_of - day * ((as_of.weekday() - 5) % 7)
        if as_of.weekday() >= 5 and has["weekend"].lower().startswith(("last", "past")):
            return "relative", saturday - 7 * day, as_of, True
        return "relative", saturday, min(saturday + day, as_of), True
    if unit := has["ago_unit"]:
        n = _count(has["ago"])
        if unit.lower() == "day":
            return "relative", as_of - n * day, as_of - n * day, True
        about, slack = (as_of - 7 * n * day, 3) if unit.lower() == "week" else (_months(as_of, -n), 15)
        return "relative", about - slack * day, min(about + slack * day, as_of - day), True
    if unit := has["past_unit"]:
        n = _count(has["n"])
        since = {
            "hour": as_of - day * -(-n // 24), "day": as_of - day * n, "week": as_of - 7 * day * n,
            "month": _months(as_of, -n), "year": years(as_of, -n),
        }[unit.lower()]  # fmt: skip
        return "relative", since, as_of, True
    this = (has["when"] or "").lower() == "this"
    if (has["unit"] or "").lower() == "week":
        monday, sunday = as_of - day * as_of.weekday(), as_of - day * (as_of.isoweekday() % 7)
        if this:
            return "relative", min(monday, sunday, as_of - 6 * day), as_of, True
        return "relative", min(monday, sunday) - 7 * day, max(monday, sunday) - day, True
    if (has["unit"] or "").lower() == "month":
        first = as_of.replace(day=1)
        return "relative", *((first, as_of) if this else ((first - day).replace(day=1), first - day)), True
    first = date(as_of.year, 1, 1)
    return "relative", *((first, as_of) if this else (years(first, -1), first - day)), True


def within(one: Found, end: date) -> Found:
    """A date without a year, moved into the latest year that puts it before `end`."""
    ahead = end.year - one.since.year
    ahead -= years(one.since, ahead) > end
    return replace(one, since=years(one.since, ahead), until=years(one.until, ahead), dated=True)


def following(two: Found, begin: date) -> Found:
    ahead = begin.year - two.until.year
    ahead += years(two.until, ahead) < begin
    return replace(two, since=years(two.since, ahead), until=years(two.until, ahead), dated=True)


def _latest(month: int, day: int, as_of: date) -> date | None:
    for year in range(as_of.year, as_of.year - 9, -1):
        if day <= calendar.monthrange(year, month)[1] and date(year, month, day) <= as_of:
            return date(year, month, day)
    return None


def _whole_month(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _months(day: date, n: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + n, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def years(day: date, n: int) -> date:
    return _months(day, 12 * n)


def _month(name: str) -> int:
    return 1 + next(i for i, month in enumerate(_MONTHS) if month.startswith(name.lower().rstrip(".")[:3]))


def _number(day: str) -> int:
    return int(re.sub(r"\D", "", day))


def _count(word: str | None) -> int:
    return 1 if not word else int(word) if word.isdigit() else _COUNTS[word.lower()]
