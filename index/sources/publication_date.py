"""Publication dates as metadata write them.

Knows only what a text states: never today's date, never the time a file was read.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from index.text.lexicon import MONTHS, either
from index.types import Precision, Published

if TYPE_CHECKING:
    from dateparser.date import DateDataParser

EARLIEST = date(1605, 1, 1)
"""The first newspaper; a date before it is a fault of the metadata."""

# The languages whose month names are tried; all of dateparser's 200 take a second on a text that is no date.
_LANGUAGES = ["en", "fr", "de", "es", "it", "pt", "nl", "pl", "ru", "uk", "sv", "tr", "ar", "zh", "ja", "ko"]
# takes "Published on: 7 May", "Date – May"; not "Updated 7 May", "dated"
_LABEL = re.compile(
    r"^(?:(?:first )?(?:published|posted|publication date|date|created)\b)\s*(?:on|at)?\s*[:|–-]?\s*", re.I
)
# takes "Last updated 7 May"; not "updates"
_AMENDED = re.compile(r"\b(?:last )?(?:updated|modified|edited|revised|corrected)\b", re.I)
# takes "at 5:30 p.m. EST", "T17:30:00+01:00", "5pm"; not "5 May"
_CLOCK = re.compile(
    r"(?:\bat\s+|[T,|•·-]\s*)?\b\d{1,2}(?::\d{2}){1,2}(?:\.\d+)?\s*(?:[ap]\.?m\b\.?)?"
    r"(?:\s*[A-Z]{2,5}\b|\s*[+-]\d{2}:?\d{2}\b|Z)*"
    r"|(?:\bat\s+)?\b\d{1,2}\s*[ap]\.?m\b\.?(?:\s*[A-Z]{2,4}\b)?",
    re.I,
)
# takes "2023-12-07", "20231207", "2023-12-07T10:00"; not "2023-12-07a", "7 May 2023"
_ISO = re.compile(r"(\d{4})(?:-?(\d{2})(?:-?(\d{2}))?)?(?=$|[T ]\d{2}:?\d{2})")
_MONTHS = [month[:3] for month in MONTHS]
# takes "/2023/12/07/", "/2023/dec/7/"; not "/2023/12/", "/12023/12/07"
_URL_DAY = re.compile(rf"(?<!\d)((?:19|20)\d{{2}})[/-](\d{{1,2}}|{either(_MONTHS)})[/-](\d{{1,2}})(?!\d)", re.I)


def publication_date(text: str) -> Published | None:
    """Read a publication date from a metadata value, or None where it gives none for sure.

    ISO 8601, RFC 822, seconds or milliseconds since 1970, and dates in words ("Dec. 7, 2023", "7 décembre
    2023") keep the precision they have: "December 2023" is a month, "2023" a year. The day is the one
    written, in the writer's own time zone. "03/04/2023" can be two days, so only what both share is kept:
    the year. Dates without a year, relative ones ("2 hours ago"), dates of an update, dates before 1605
    or after tomorrow give None.
    """
    # A page that shows both writes "Published Dec. 5, 2023 Updated Dec. 7, 2023": the first part counts.
    text = _LABEL.sub("", _AMENDED.split(" ".join(text.split()), maxsplit=1)[0].strip()).strip(" ,;|•·–-")
    if not text or len(text) > 100:
        return None
    return _plausible(_epoch(text) or _iso(text) or _in_words(text))


def url_date(url: str) -> Published | None:
    """The day an address carries, as in `/2023/12/07/` or `/2023/dec/07/`; None where it carries none."""
    days = {
        _day(int(year), int(month) if month.isdigit() else _MONTHS.index(month.lower()) + 1, int(day))
        for year, month, day in _URL_DAY.findall(url)
    }
    found = days.pop() if len(days) == 1 else None
    return _plausible(Published(found)) if found else None


def _plausible(found: Published | None) -> Published | None:
    # An empty date field becomes 1970-01-01 in many systems.
    if found is None or found == Published(date(1970, 1, 1)):
        return None
    return found if EARLIEST <= found.day <= datetime.now(UTC).date() + timedelta(days=1) else None


def _epoch(text: str) -> Published | None:
    # takes "1701939600", "1701939600.5", "1701939600000"; not "20231207"
    if not re.fullmatch(r"\d{9,10}(?:\.\d+)?|\d{12,13}", text, re.ASCII):
        return None
    seconds = float(text)
    return Published(datetime.fromtimestamp(seconds / 1000 if seconds >= 1e11 else seconds, UTC).date())


def _iso(text: str) -> Published | None:
    match = _ISO.match(text)
    if not match:
        return None
    year, month, day = match.groups()
    # "202312" may be December 2023 or a number; only the dashed form is sure.
    if month and not day and "-" not in match[0]:
        return None
    precision: Precision = "day" if day else "month" if month else "year"
    found = _day(int(year), int(month or 1), int(day or 1))
    return Published(found, precision) if found else None


def _in_words(text: str) -> Published | None:
    """What dateparser reads under every order of day and month, cut to the part the orders share."""
    text = _CLOCK.sub(" ", text).strip(" ,;|•·–-")
    if not re.search(r"\d", text):
        return None
    numbers = {int(number) for number in re.findall(r"\d+", text)}
    # takes "7 May 2023"; not "07/05/2023"
    orders = ["DMY", "MDY"] if re.search(r"[^\W\d]{3}", text) else ["DMY", "MDY", "YMD"]
    found: list[Published] = []
    for order in orders:
        data = _parser(order).get_date_data(text)
        if data is None or data.date_obj is None:
            return None
        precision: Precision = {"month": "month", "year": "year"}.get(data.period, "day")  # type: ignore[assignment]
        day = data.date_obj.date()
        # dateparser fills what it misses from today's date: the day must stand in the text.
        if precision == "day" and day.day not in numbers:
            return None
        if not {day.year, day.year % 100} & numbers:
            return None
        found.append(Published(day, precision))
    first = found[0]
    if all(other == first for other in found):
        return first
    if len({(other.day.year, other.day.month) for other in found}) == 1:
        return Published(first.day.replace(day=1), "month")
    if len({other.day.year for other in found}) == 1:
        return Published(date(first.day.year, 1, 1), "year")
    return None


@cache
def _parser(order: str) -> DateDataParser:
    from dateparser.date import DateDataParser

    return DateDataParser(
        languages=_LANGUAGES,
        settings={
            "DATE_ORDER": order,
            "REQUIRE_PARTS": ["year"],
            "PARSERS": ["absolute-time"],
            "PREFER_DAY_OF_MONTH": "first",
            "PREFER_MONTH_OF_YEAR": "first",
            "PREFER_LOCALE_DATE_ORDER": False,
        },
    )


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
