"""How old a passage is, in the words the trained reader was taught. Knows nothing of how dates are found."""

from datetime import date


def age_phrase(published: date | None, as_of: date | None) -> str:
    """Name the distance from `published` to `as_of` ("3 days ago"); empty when either is unknown."""
    if published is None or as_of is None:
        return ""
    days = (as_of - published).days
    if days < 0:
        return "later"
    if days < 2:
        return ("today", "yesterday")[days]
    for limit, unit, length in ((7, "day", 1), (31, "week", 7), (365, "month", 30), (10**6, "year", 365)):
        if days < limit:
            count = max(1, days // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return ""


def heading(title: str, published: date | None, as_of: date | None) -> str:
    """Join what stands in front of a passage's text: title, date and age, as trained and as read."""
    day = f"{published:%B} {published.day}, {published.year}" if published else ""
    parts = (title.strip(), day, age_phrase(published, as_of))
    return "".join(f"{part} | " for part in parts if part)
