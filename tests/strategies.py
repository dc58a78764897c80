"""Articles and filters as hypothesis draws them."""

from datetime import date

from hypothesis import strategies as st

from index.types import Article, Filter, Published

days = st.dates(date(2022, 11, 1), date(2023, 2, 28))


def _shortened(day, precision):
    return Published(day.replace(day=1, month=1 if precision == "year" else day.month), precision)


published = st.none() | st.builds(Published, days) | st.builds(_shortened, days, st.sampled_from(["month", "year"]))
names = st.sampled_from(["", "AP", "The Post", "a b", "Ünïon"])
articles = st.lists(st.builds(lambda *facts: facts, published, names, names), min_size=1, max_size=12).map(
    lambda rows: [
        Article(text="One same text.", outlet=outlet, author=author, published=day, id=f"{number:012x}")
        for number, (day, outlet, author) in enumerate(rows)
    ]
)
filters = st.builds(
    Filter,
    since=st.none() | days,
    until=st.none() | days,
    outlets=st.lists(names.filter(bool), max_size=2).map(tuple),
    authors=st.lists(names.filter(bool), max_size=2).map(tuple),
    without=st.lists(st.integers(0, 14).map(lambda number: f"{number:012x}"), max_size=3).map(tuple),
)
