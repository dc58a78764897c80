"""What is shown of an article is exactly its text, marked exactly where it was cited; links go only to the web."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import UserError
from index.split import paragraphs
from index.types import Article
from ui.web.pages import article, html
from ui.web.pages.article import Highlight
from ui.web.server import uploads
from ui.web.server.rate_limit import Busy, RateLimit
from ui.web.service import ArticleRow
from ui.web.tabs.library import TableQuery, select_rows

TEXT = st.text(alphabet="ab .\n<&é", min_size=1, max_size=80)


@given(TEXT, st.lists(st.tuples(st.integers(0, 80), st.integers(1, 30)), max_size=4))
def test_pieces_are_the_text_and_marks_are_exact(text, places):
    marks = [
        Highlight((start, min(start + length, len(text))), number, number == 1)
        for number, (start, length) in enumerate(places, start=1)
        if start < len(text)
    ]
    shown = article.blocks(text, marks, 0, len(text))
    assert ["".join(piece.text for piece in block) for block in shown] == [text[a:b] for a, b in paragraphs(text)]
    active = next((mark for mark in marks if mark.active), None)
    if active:
        inside = "".join(
            text[max(a, active.span[0]) : min(b, active.span[1])]
            for a, b in paragraphs(text)
            if a < active.span[1] and active.span[0] < b
        )
        assert "".join(piece.text for block in shown for piece in block if piece.active) == inside


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "http:",
        "file:///etc",
        "http://[x",
    ],
)
def test_only_web_addresses_are_linked(url):
    assert html.link(url) == ""
    assert "href" not in article.article_pane(Article("Text.", title="T", url=url, location=url))


def test_links_tell_nothing_of_the_page_they_leave():
    pane = article.article_pane(Article("Text.", url="https://example.org/?a=1&b=<2>"))
    assert 'href="https://example.org/?a=1&amp;b=&lt;2&gt;" target="_blank" rel="noopener noreferrer"' in pane


def test_names_cannot_turn_the_direction_of_the_page():
    assert "\u202e" not in article.article_pane(Article("Text.", title="safe\u202egpj.exe"))


def test_a_long_article_is_shown_around_the_citation():
    text = "x" * 1_000_000 + "HERE" + "y" * 1_000_000
    start, end = article.window(text, 1_000_000)
    assert end - start == article.LONGEST_TEXT and "HERE" in text[start:end]
    assert article.window(text, len(text) - 1)[1] == len(text)


def entry(name, published="", outlet=""):
    return ArticleRow(name, "r", name, outlet, "", published)


def test_the_table_filters_by_day_month_and_year():
    entries = [entry("a", "2024"), entry("b", "2023-12"), entry("c", "2023-12-07"), entry("d")]
    assert [found.name for found in select_rows(entries, TableQuery(since="2023-12-10"))] == ["a", "b"]
    assert [found.name for found in select_rows(entries, TableQuery(until="2023-12-06"))] == ["b"]
    assert [found.name for found in select_rows(entries, TableQuery(sort="name", words="A"))] == ["a"]
    assert select_rows(entries, TableQuery.of({"sort": "password"}))[-1].name == "d"


def test_uploads_keep_their_content_and_lose_their_path(tmp_path):
    given_files = tmp_path / "given"
    given_files.mkdir()
    for name, text in {"..name;rm -rf.txt": "one", "same.txt": "two", "tool.exe": "three"}.items():
        (given_files / name).write_text(text)
    made, refused = uploads.save_articles(tmp_path / "library", sorted(given_files.iterdir()))
    assert {path.parent for path in made} == {tmp_path / "library" / "uploads"}
    assert sorted(path.read_text() for path in made) == ["one", "two"]
    assert all(path.name.replace("-", "").replace(".", "").isalnum() for path in made)
    assert [skipped.location for skipped in refused] == ["tool.exe"]
    with pytest.raises(UserError, match="at most 200"):
        uploads.save_articles(tmp_path, [given_files / "same.txt"] * 201)


@pytest.mark.parametrize("text", ["file:///etc/passwd", "ftp://example.org", "example", "https://"])
def test_only_web_addresses_are_taken(text):
    with pytest.raises(UserError, match="https://"):
        uploads.require_address(text)


def test_a_client_over_its_rate_is_told_when_to_come_back():
    rate = RateLimit(2)
    rate.take("ada")
    rate.take("ada")
    rate.take("eve")
    with pytest.raises(Busy, match=r"At most 2 a minute here. Try again in \d+ seconds.") as caught:
        rate.take("ada")
    assert 1 <= caught.value.seconds <= 60


def test_a_small_library_suggests_what_those_quoted_in_it_said(seeds_library):
    from rag.settings import Settings
    from ui.web.service import SUGGESTIONS, ChatService

    suggested = ChatService(Settings(library=str(seeds_library))).overview().suggestions
    assert len(suggested) == SUGGESTIONS == len(set(suggested))
    assert suggested[1] == "What did John Thune say?", "the newest article's first"
    assert not any("White House" in question for question in suggested), "only people"
