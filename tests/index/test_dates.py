import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sources.publication_date import publication_date, url_date
from index.text.dates import DatePhrase, date_phrases
from index.types import Published

AS_OF = date(2023, 12, 13)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("2023-12-07", "2023-12-07"),
        ("20231207", "2023-12-07"),
        ("2023-12-07T23:30:00-05:00", "2023-12-07"),  # the writer's day, not UTC's
        ("2023-12-07 10:00:00 +0000 UTC", "2023-12-07"),
        ("2023/12/07", "2023-12-07"),
        ("Thu, 07 Dec 2023 18:00:00 GMT", "2023-12-07"),
        ("Thu Dec 7 18:00:00 2023", "2023-12-07"),
        ("1701978000", "2023-12-07"),
        ("1701978000000", "2023-12-07"),
        ("Dec. 7, 2023", "2023-12-07"),
        ("December 7th, 2023", "2023-12-07"),
        ("7 December 2023", "2023-12-07"),
        ("Thursday, December 7, 2023 5:30 p.m. ET", "2023-12-07"),
        ("Published: Dec. 7, 2023 at 5:30 p.m. EST", "2023-12-07"),
        ("Published Dec. 7, 2023 Updated Dec. 9, 2023", "2023-12-07"),
        ("7 décembre 2023", "2023-12-07"),
        ("7. Dezember 2023", "2023-12-07"),
        ("31/12/2023", "2023-12-31"),
        ("12/31/2023", "2023-12-31"),
        ("04/04/2023", "2023-04-04"),
        ("December 2023", "2023-12"),
        ("2023-12", "2023-12"),
        ("2023", "2023"),
        ("03/04/2023", "2023"),  # 3 April or March 4
        ("12-07-2023", "2023"),
        ("November 5, 1605", "1605-11-05"),
    ],
)
def test_a_publication_date_keeps_what_it_says(text, known):
    assert str(publication_date(text)) == known


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "today", "now", "2 hours ago", "last week", "December 7", "7 December", "Thursday",
        "Updated Dec. 9, 2023", "12345", "202312", "03/04/05", "1970-01-01T00:00:00Z", "0", "0001-01-01",
        "0000-00-00", "2023-13-45", "2999-01-01", "abc", "Issue 12", "Mozart, 1756-1791",
        "1234567", "99999999999999", "x" * 5000, "2023-02-30", "Q3", "٣",
    ],
)  # fmt: skip
def test_what_is_not_surely_a_publication_date_is_none(text):
    assert publication_date(text) is None


def test_a_date_to_come_is_refused():
    soon = datetime.now(UTC).date() + timedelta(days=3)
    assert publication_date(soon.isoformat()) is None
    assert publication_date(str(soon.year + 1)) is None


@given(st.text(max_size=40) | st.from_regex(r"[0-9a-zA-Z/:., -]{0,25}", fullmatch=True))
def test_any_text_gives_a_date_it_holds_or_none(text):
    found = publication_date(text)
    digits = "".join(c for c in text if c.isdigit())
    assert found is None or isinstance(found, Published)
    if found and len(digits) < 9:  # not an epoch
        assert f"{found.day.year % 100:02}" in "".join(str(int(c)) for c in digits)


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://x.example/2023/12/07/senate", "2023-12-07"),
        ("https://x.example/world/2023/dec/07/senate", "2023-12-07"),
        ("https://x.example/senate-2023-12-07.html", "2023-12-07"),
        ("https://x.example/2023/13/07/", None),
        ("https://x.example/2023/12/", None),
        ("https://x.example/2023/12/07/on-2022-11-01", None),
        ("https://x.example/12023/12/07", None),
    ],
)
def test_an_address_may_carry_its_day(url, known):
    found = url_date(url)
    assert (found and str(found)) == known


def span(text: str) -> list[tuple[str, str, str]]:
    return [(p.phrase, p.since.isoformat(), p.until.isoformat()) for p in date_phrases(text, AS_OF)]


@pytest.mark.parametrize(
    ("text", "phrase", "since", "until"),
    [
        ("What happened on December 7?", "on December 7", "2023-12-07", "2023-12-07"),
        ("What happened on December 20?", "on December 20", "2022-12-20", "2022-12-20"),
        ("What happened on December 13?", "on December 13", "2023-12-13", "2023-12-13"),
        ("what was said on dec. 7th about aid", "on dec. 7th", "2023-12-07", "2023-12-07"),
        ("The vote of December 7, 2022?", "December 7, 2022", "2022-12-07", "2022-12-07"),
        ("Who spoke on 7 Dec 2022?", "on 7 Dec 2022", "2022-12-07", "2022-12-07"),
        ("Who spoke on Thursday, December 7?", "on Thursday, December 7", "2023-12-07", "2023-12-07"),
        ("Who spoke on the 7th of December?", "on the 7th of December", "2023-12-07", "2023-12-07"),
        ("The Verge's December 7, 2022, article", "December 7, 2022", "2022-12-07", "2022-12-07"),
        ("published on 2023-10-04", "on 2023-10-04", "2023-10-04", "2023-10-04"),
        ("at '2023-10-04T20:07:42+00:00'", "2023-10-04T20:07:42+00:00", "2023-10-04", "2023-10-04"),
        ("What happened on 12/31/2022?", "on 12/31/2022", "2022-12-31", "2022-12-31"),
        ("What happened on 3/4/2022?", "on 3/4/2022", "2022-01-01", "2022-12-31"),
        ("What happened in November?", "in November", "2023-11-01", "2023-11-30"),
        ("what happened in december", "in december", "2023-12-01", "2023-12-31"),
        ("What happened in May?", "in May", "2023-05-01", "2023-05-31"),
        ("what happened in march in kyiv", "in march", "2023-03-01", "2023-03-31"),
        ("What happened in November 2022?", "in November 2022", "2022-11-01", "2022-11-30"),
        ("What happened in February of 2020?", "in February of 2020", "2020-02-01", "2020-02-29"),
        ("What happened last December?", "last December", "2022-12-01", "2022-12-31"),
        ("What happened in 2022?", "in 2022", "2022-01-01", "2022-12-31"),
        ("Who resigned last week?", "last week", "2023-12-03", "2023-12-10"),
        ("Who resigned this week?", "this week", "2023-12-07", "2023-12-13"),
        ("Who resigned in last week's vote?", "in last week", "2023-12-03", "2023-12-13"),
        ("Who resigned yesterday?", "yesterday", "2023-12-12", "2023-12-12"),
        ("Who resigned last night?", "last night", "2023-12-12", "2023-12-13"),
        ("Who resigned this morning?", "this morning", "2023-12-13", "2023-12-13"),
        ("Who resigned last weekend?", "last weekend", "2023-12-09", "2023-12-10"),
        ("Who resigned last month?", "last month", "2023-11-01", "2023-11-30"),
        ("Who resigned this month?", "this month", "2023-12-01", "2023-12-13"),
        ("Who resigned this year?", "this year", "2023-01-01", "2023-12-13"),
        ("Who resigned last year?", "last year", "2022-01-01", "2022-12-31"),
        ("Who resigned in the past month?", "in the past month", "2023-11-13", "2023-12-13"),
        ("Who resigned in the last two weeks?", "in the last two weeks", "2023-11-29", "2023-12-13"),
        ("Who resigned over the past 48 hours?", "over the past 48 hours", "2023-12-11", "2023-12-13"),
        ("Who resigned two weeks ago?", "two weeks ago", "2023-11-26", "2023-12-02"),
        ("Who resigned 3 days ago?", "3 days ago", "2023-12-10", "2023-12-10"),
        ("Who resigned on Wednesday?", "on Wednesday", "2023-12-13", "2023-12-13"),
        ("Who resigned on Thursday night?", "on Thursday", "2023-12-07", "2023-12-07"),
        ("Who resigned last Wednesday?", "last Wednesday", "2023-12-06", "2023-12-06"),
        ("The senator who resigned Tuesday, was he ill?", "Tuesday", "2023-12-12", "2023-12-12"),
        ("What followed Tuesday's vote?", "Tuesday", "2023-12-12", "2023-12-13"),
        ("What has changed since March?", "since March", "2023-03-01", "2023-12-13"),
        ("What has changed since 13 June?", "since 13 June", "2023-06-13", "2023-12-13"),
        ("What was said before June 2020?", "before June 2020", "0001-01-01", "2020-05-31"),
        ("What was said after 5 May?", "after 5 May", "2023-05-06", "2023-12-13"),
        ("What was said until October?", "until October", "0001-01-01", "2023-10-31"),
        ("Between March and May 2020, who led?", "Between March and May 2020", "2020-03-01", "2020-05-31"),
        ("who led between May and July?", "between May and July", "2023-05-01", "2023-07-31"),
        ("led between November and February?", "between November and February", "2022-11-01", "2023-02-28"),
        ("who led between May 2021 and July 2022", "between May 2021 and July 2022", "2021-05-01",
         "2022-07-31"),
        ("led from November to February 2022?", "from November to February 2022", "2021-11-01", "2022-02-28"),
        ("Who led from 2019 to 2021?", "from 2019 to 2021", "2019-01-01", "2021-12-31"),
        ("between May 9, 2022, and July 21, 2022?", "between May 9, 2022, and July 21, 2022",
         "2022-05-09", "2022-07-21"),
        ("What happened on December 5-7, 2022?", "on December 5-7, 2022", "2022-12-05", "2022-12-07"),
        ("What happened in early 2020?", "in early 2020", "2020-01-01", "2020-05-26"),
        ("What happened in late November?", "in late November", "2023-11-18", "2023-11-30"),
        ("What happened at the end of November?", "the end of November", "2023-11-18", "2023-11-30"),
        ("What happened in the summer of 2020?", "in the summer of 2020", "2019-12-01", "2021-02-28"),
        ("What did Hamas's attack on October 7 change?", "on October 7", "2023-10-07", "2023-12-13"),
    ],
)  # fmt: skip
def test_a_phrase_means_these_days(text, phrase, since, until):
    assert span(text) == [(phrase, since, until)]


def test_dates_side_by_side_share_their_preposition():
    assert span("the reports of November 3 and the ones published on September 28, 2023, and December 5, 2023?") == [
        ("on September 28, 2023", "2023-09-28", "2023-09-28"),
        ("December 5, 2023", "2023-12-05", "2023-12-05"),
    ]
    assert span("What happened in March and May 2022?") == [
        ("in March", "2022-03-01", "2022-03-31"),
        ("May 2022", "2022-05-01", "2022-05-31"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Who won the 2022 World Cup?", "Who won the World Cup 2022?",
        "What was said about the 2020 election?",
        "What did 9/11 change?", "What happened on September 11?", "Who planned the January 6 attack?",
        "the January 6, 2021 attack on the Capitol", "the May 2020 killing of George Floyd",
        "What may happen next?", "May I ask who won?", "may 10 people vote at once?",
        "Who will march on Washington?",
        "the march of history", "how fast do they march on a 5 km route", "What did Theresa May say?",
        "What did April Jones say in June Smith's office?", "What changed after May resigned?",
        "Who came second?", "in March Madness, who won?", "the sun and a wed couple sat",
        "He is 19 and she is 2020 metres up", "Google paid $26.3 billion in 2021",
        "the company founded in 2015",
        "It cost $2,022 in cash", "for the first time since 1979", "the highest rate since 2001",
        "Which airline will cut flights during November 2024?", "plans to merge in 2024?",
        "What will open on December 20?", "next week", "next Monday", "later this year", "early next month",
        "on Black Friday", "Ash Wednesday services", "a Sunday paper", "every Monday", "on Sundays",
        "Who hosts Saturday Night Live?", "Who hosts Last Week Tonight?", "the film Yesterday by Danny Boyle",
        "What is 24/7 care?", "in the 1990s", "Q3 2022 earnings", "since Thanksgiving", "in recent weeks",
        "two years ago", "compared to a year ago", "on a date other than October 19, 2023",
        "the FBI search of Mar-a-Lago", "in Mar-a-Lago", "today's newspapers such as USA Today",
        "in 2022-23", "Artemis 2024 mission", "route 2023", "by 2030", "on February 30, 2023", "on 45 May",
        "this year's US Open", "Boeing 737 in 2020x", "version 2020.1", "Juneteenth", "Mayor of London", "",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_date_gives_nothing(text):
    assert span(text) == []


WORDS = re.findall(
    r"\S+",
    "on in since before after between from and to last next this week month year Monday May march Dec. 7 "
    "31st 2022 2020, Feb 29 , ? ’s early the of 12/11/2022 2023-02-29 ago two 999 weeks",
)


@given(
    st.lists(
        st.sampled_from(WORDS) | st.text(max_size=5),
        max_size=14,
    ).map(" ".join),
    st.dates(),
)
def test_phrases_stand_in_the_text_and_never_lie_ahead(text, as_of):
    end = 0
    for phrase in date_phrases(text, as_of):
        assert isinstance(phrase, DatePhrase)
        assert text[phrase.start : phrase.end] == phrase.phrase and phrase.start >= end
        assert phrase.since <= phrase.until and phrase.since <= as_of
        end = phrase.end


def test_importing_dates_loads_no_date_library():
    code = (
        "import sys, index.sources.publication_date; "
        "assert not {'dateparser', 'dateutil.parser', 'regex'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
