"""Dates as English writes them, each as the days it means on a given day, and the date phrases of questions.

Knows nothing of articles: "on December 7" is that day, though its articles may appear a day later. Written by
hand because dateparser's search takes "may", "second" and "US" for dates and takes tens of milliseconds.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import zip_longest
from typing import Literal

from dateutil.relativedelta import relativedelta

from index.text.lexicon import MONTH_ABBREVIATIONS, MONTHS, NUMBERS, ORDINARY_MONTHS, WEEKDAYS, either

Kind = Literal["day", "month", "year", "season", "weekday", "relative"]


@dataclass(frozen=True, slots=True)
class DateMention:
    """A date in a text, before the words around it are considered; `dated` when it names its year itself."""

    kind: Kind
    start: int
    end: int
    since: date
    until: date
    dated: bool = True


_COUNTS = {"a": 1, "an": 1} | {word: value for value, word in enumerate(NUMBERS[1:11], 1)}
_MONTH = rf"(?:{either(MONTHS)}|{either(MONTH_ABBREVIATIONS)}\b\.?)"
_WEEKDAY = either(WEEKDAYS)
_COUNT = rf"(?:\d{{1,3}}|{either(_COUNTS)})"
_YEAR = r"(?:19|20)\d{2}(?![\d%]|[-–/]\d|[.,]\d)"
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?(?![\d%:]|[.,]\d)"
# takes "Dec. 7, 2023", "7th of May", "2023-12-07", "last Friday"; not "$2020", "1.5.2020", "mayor", "2020-21"
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


def find_dates(text: str, as_of: date) -> Iterator[DateMention]:
    """Every date of a text, in order; without a year it is the latest such date not after `as_of`."""
    for match in _DATE.finditer(text):
        try:
            span = _resolve(match, as_of)
        except (ValueError, OverflowError):  # 31 June, or before the year 1
            continue
        if span:
            kind, since, until, dated = span
            yield DateMention(kind, match.start(), match.end(), since, until, dated)


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
        back = (as_of.weekday() - WEEKDAYS.index(has["weekday"].lower())) % 7
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
        about, slack = (as_of - 7 * n * day, 3) if unit.lower() == "week" else (as_of - relativedelta(months=n), 15)
        return "relative", about - slack * day, min(about + slack * day, as_of - day), True
    if unit := has["past_unit"]:
        n = _count(has["n"])
        units = {"day": relativedelta(days=n), "week": relativedelta(weeks=n), "month": relativedelta(months=n)}
        units |= {"hour": relativedelta(days=-(-n // 24)), "year": relativedelta(years=n)}
        return "relative", as_of - units[unit.lower()], as_of, True
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
    return "relative", *((first, as_of) if this else (_years(first, -1), first - day)), True


def _shift_before(one: DateMention, end: date) -> DateMention:
    """A date without a year, moved into the latest year that puts it before `end`."""
    ahead = end.year - one.since.year
    ahead -= _years(one.since, ahead) > end
    return replace(one, since=_years(one.since, ahead), until=_years(one.until, ahead), dated=True)


def _shift_after(two: DateMention, begin: date) -> DateMention:
    """A date without a year, moved into the first year that puts it after `begin`."""
    ahead = begin.year - two.until.year
    ahead += _years(two.until, ahead) < begin
    return replace(two, since=_years(two.since, ahead), until=_years(two.until, ahead), dated=True)


def _latest(month: int, day: int, as_of: date) -> date | None:
    for year in range(as_of.year, as_of.year - 9, -1):
        if day <= calendar.monthrange(year, month)[1] and date(year, month, day) <= as_of:
            return date(year, month, day)
    return None


def _whole_month(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year, month, 1) + relativedelta(day=31)


def _years(day: date, n: int) -> date:
    return day + relativedelta(years=n)


def _month(name: str) -> int:
    return 1 + next(i for i, month in enumerate(MONTHS) if month.startswith(name.lower().rstrip(".")[:3]))


def _number(day: str) -> int:
    return int(re.sub(r"\D", "", day))


def _count(word: str | None) -> int:
    return 1 if not word else int(word) if word.isdigit() else _COUNTS[word.lower()]


@dataclass(frozen=True, slots=True)
class DatePhrase:
    """`text[start:end] == phrase` means the days `since` to `until`, both included.

    An open beginning ("before June 2020") is `date.min`; an open end ("since March") is the as-of date.
    """

    phrase: str
    start: int
    end: int
    since: date
    until: date


_PARTS = {"early": (0, 0.4), "beginning": (0, 0.4), "start": (0, 0.4), "mid": (0.25, 0.75), "middle": (0.25, 0.75)}
_PARTS |= {"late": (0.6, 1), "end": (0.6, 1)}

# takes "they met on or before ", "since the beginning of ", "in early "; not "they met within "
_BEFORE = re.compile(
    r"(?:\b(?P<prep>on\s+or\s+before|on\s+or\s+after|as\s+of|prior\s+to|in|on|during|throughout|since|before"
    r"|after|until|till|by|from|between|through)\s+(?:the\s+(?:month|year)\s+(?:of\s+)?)?)?"
    r"(?:\b(?P<part>early|late|mid|(?:the\s+)?(?:beginning|start|middle|end)\s+of)(?:-|\s+))?$",
    re.I,
)
# takes " and ", " to ", "–", ", ", " or in "; not " for "
_JOIN = re.compile(r",?\s*(?:,|\band\b|\bor\b|\bto\b|\bthrough\b|\buntil\b|-|–)\s*(?:on\s+|in\s+)?", re.I)


def _ends_with(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{words})\s+$", re.I)


# takes "earlier than ", "what, except "; not "in "
_NEGATED = _ends_with(
    r"\b(?:other|rather|earlier|later|more|less) than"
    r"|\b(?:not|except|excluding|besides|unlike)|compared (?:to|with)"
)
# takes "late ", "later ", "compared to "; not "in "
_LATER = _ends_with(r"\b(?:later|early|late|by the end of|than|from)|compared (?:to|with)")
# takes "the highest rate ", "the first time "; not "prices rose "
_RECORD = re.compile(
    r"\b(?:first|times?|record|(?:high|low|bigg|larg|strong)est|most|worst|best|peak|only)\b\W+(?:\w+\W+){0,5}$", re.I
)
# takes "$3 billion", "20%", "founded"; not "voted"
_FIGURE = re.compile(
    r"(?:\b(?:founded|established|born|built|formed|[mb]illion|trillion|percent)|%|[$£€][\d.,]+)\s*$", re.I
)
# takes "the ", "Biden’s "; not "on "
_DETERMINED = re.compile(r"(?:\b(?:the|an?|this|that|his|her|their|its|our|which|every|each|no)|['’]s)\s+$", re.I)
# takes " articles on", " story", "  news"; not " newspaper", "articles"
_PUBLISHED = re.compile(
    r",?\s+(?:articles?|reports?|story|stories|pieces?|coverage|posts?|interviews?|edition|issue|news)\b", re.I
)
_EVENTS = (  # these after a date make it the name of an event, a product or a figure
    r"(?:elections?|midterms?|primar(?:y|ies)|campaigns?|season|budget|census|dollars|attacks?|riots?|insurrection"
    r"|committee|panel|hearings?|coup|bombings?|massacre|shootings?|world\s+cup|olympics?|games|finals?|open|awards?|film"
    r"|movie|album|novel|book|song|model|bid|race|levels?|average|tax|referendum|crisis|crash|war|invasion|protests?"
    r"|earthquake|tsunami|hurricane|act|bill|plot|pandemic|draft|class|deal|agreement|accords?|treaty|summit)\b"
)
# takes "?", ", they", " in Ohio"; not " resigned", " Football"
_CLAUSE = re.compile(  # these after a weekday or a month that is also a name show that it stands as a date
    r"\s*(?:$|[?.!,;:)\"”—–])|\s+(?:in|on|at|of|for|to|by|with|and|or|about|due|after|before|as|that|when|while|from"
    r"|during|over|night|morning|afternoon|evening|did|what|who|how|why|which|where|the|an?)\b",
    re.I,
)
# takes "will it", "is going to", "are planning"; not "is being built", "went"
_TO_COME = re.compile(
    r"\b(?:will|would|going\s+to|set\s+to|expect(?:s|ed)|plan(?:s|ned|ning)?|upcoming|schedul\w+|due\s+to|how\s+soon|next"
    r"|(?:is|are)\s+(?!being\b)\w+ing)\b",
    re.I,
)


def date_phrases(text: str, as_of: date) -> list[DatePhrase]:
    """Find what a question says about dates, in the order of the text; phrases never overlap.

    A date without a year is the latest such date not after `as_of`; "on Wednesday" may be `as_of` itself.
    Weeks hold whether they begin on Sunday or Monday, and "this week" is at least the last seven days.
    Nothing is returned for a date wholly after `as_of`, one that names an event ("the 2022 World Cup", "the
    January 6 attack"), a figure's year ("$3 billion in 2021"), holidays, quarters, decades, "years ago", and
    a date without a year that is long past in a question about the future.
    """
    found = list(find_dates(text, as_of))
    phrases: list[DatePhrase] = []
    taken = 0
    for one, two in zip_longest(found, found[1:]):
        if one.start < taken:
            continue
        before = _BEFORE.search(text, taken, one.start)
        begin = before.start() if before else one.start
        prep = " ".join((before["prep"] or "").lower().split()) if before else ""
        part = (before["part"] or "").lower().removeprefix("the ") if before else ""
        if two and not one.dated and two.dated and one.kind == two.kind and _JOIN.fullmatch(text, one.end, two.start):
            one = _shift_before(one, two.until)
        if two and not part and _joined(text, prep, one, two):
            two = _shift_after(two, one.since) if one.dated and not two.dated else two
            span, end = (one.since, two.until), two.end
            if not one.dated and one.since > two.until:
                span = (_years(one.since, -1), two.until)
        else:
            if not prep and not part and phrases and _JOIN.fullmatch(text, phrases[-1].end, one.start):
                # takes "in 2020", "on Friday"; not "since May"
                shared = re.match(r"in|on|during", phrases[-1].phrase, re.I)
                prep = shared[0].lower() if shared else ""
            if one.since > as_of or not _says_when(text, one, begin, prep, part, as_of):
                taken = one.end
                continue
            span, end = _span(text, text[:begin], one, prep, part, as_of), one.end
        taken = end
        if span[0] <= min(span[1], as_of):
            phrases.append(DatePhrase(text[begin:end], begin, end, *span))
    return phrases


def _joined(text: str, prep: str, one: DateMention, two: DateMention) -> bool:
    """Whether two dates are the ends of one range: "between March and May", "from 2019 to 2021"."""
    join = _JOIN.fullmatch(text, one.end, two.start)
    if not join or one.kind != two.kind or one.kind not in ("day", "month", "year"):
        return False
    word = join[0].strip(" ,").lower().split(" ")[0]
    return (prep == "between" and word == "and") or (prep == "from" and word in ("to", "through", "until", "-", "–"))


def _says_when(text: str, one: DateMention, begin: int, prep: str, part: str, as_of: date) -> bool:
    """Whether a date says when, rather than naming an event, a person or the year of a figure."""
    ahead, own, after = text[:begin], text[one.start : one.end], text[one.end :]
    # takes "'s vote"; not "s vote"
    possessive = bool(re.match(r"['’]s\b", after))
    opens = not ahead.strip(" \"“'(") or ahead.rstrip()[-1] in ".?!;:"
    # takes " Night"; not " night", " US"
    name_follows = bool(re.match(r"\s+[A-Z][a-z]", after)) and not opens
    if _NEGATED.search(ahead) or (prep == "since" and _RECORD.search(ahead)):
        return False
    if one.kind == "relative":
        if _LATER.search(ahead) or re.match(r"(?:Last|This) [A-Z]", own):
            return False
        return not (own[0] == "Y" and not opens) and not (possessive and own.lower().endswith("year"))
    if one.kind == "weekday":
        if prep in ("on", "since", "before", "after", "until", "till") or " " in own or possessive:
            return not name_follows and not (not prep and re.search(r"[A-Z]\w*\s$", ahead))
        # "died Wednesday", "early Thursday"; not "Black Friday", "a Sunday paper", "Monday Night Football"
        return (
            bool(part or re.search(r"\s[a-z0-9]+,?\s$", ahead))
            and own[0].isupper()
            and bool(_CLAUSE.match(after) and not name_follows and not _DETERMINED.search(ahead))
        )
    if possessive or re.match(rf"\s+{_EVENTS}", after, re.I):
        return False
    if not one.dated and (as_of - one.until).days > 183 and _TO_COME.search(text):
        return False
    if one.kind == "day":
        if one.dated:
            return prep != "through" and (bool(prep) or not _DETERMINED.search(ahead) or bool(_PUBLISHED.match(after)))
        nine_eleven = (one.since.month, one.since.day) == (9, 11)
        return not nine_eleven and prep in (
            "on",
            "since",
            "before",
            "after",
            "until",
            "till",
            "on or before",
            "on or after",
        )
    if one.kind == "season" or (one.kind == "month" and one.dated):
        return prep not in ("between", "from", "through") and bool(prep or part or not _DETERMINED.search(ahead))
    if " " in own:  # "last December"
        return True
    if prep not in ("in", "during", "throughout", "since", "before", "after", "until", "till") and not part:
        return False
    if name_follows or _FIGURE.search(ahead):
        return False
    # "after May resigned", "in march of the penguins"
    named = own.lower() in (*ORDINARY_MONTHS, "april", "june")
    return one.kind == "year" or not named or bool(_CLAUSE.match(after) and not re.match(r"\s+of\b", after))


def _span(text: str, ahead: str, one: DateMention, prep: str, part: str, as_of: date) -> tuple[date, date]:
    since, until = one.since, one.until
    if text[one.end : one.end + 2] in ("'s", "’s") or (prep == "on" and re.search(rf"{_EVENTS}\s+$", ahead, re.I)):
        until = as_of  # "last week's vote" and "the attack on October 7" are reported from then on
    if part and one.kind in ("month", "year"):
        days = (until - since).days
        low, high = _PARTS[part.split()[0]]
        since, until = since + timedelta(days=int(days * low)), since + timedelta(days=round(days * high))
    match prep:
        case "since" | "on or after":
            until = as_of
        case "after":
            since, until = until + timedelta(days=1), as_of
        case "before" | "prior to":
            since, until = date.min, since - timedelta(days=1)
        case "until" | "till" | "on or before" | "by":
            since = date.min
        case "as of" if one.kind != "relative":
            since = date.min
    return since, until
