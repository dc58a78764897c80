"""Articles and filters as hypothesis draws them."""

from hypothesis import strategies as st

from index.types import Article, Filter

articles = st.lists(
    st.builds(lambda *facts: facts, published, names, names), min_size=1, max_size=12
).map(
    lambda rows: [
        Article(text="One same text.", outlet=outlet, author=author, published=day, id=f"{number:012x}")
        for number, (day, outlet, author) in enumerate(rows)
    ]
)  # fmt: skip
filters = st.builds(
    Filter,
    since=st.none() | days,
    until=st.none() | days,
    outlets=st.lists(names.filter(bool), max_size=2).map(tuple),
    authors=st.lists(names.filter(bool), max_size=2).map(tuple),
    without=st.lists(st.integers(0, 14).map(lambda number: f"{number:012x}"), max_size=3).map(tuple),
)
