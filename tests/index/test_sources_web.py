import threading
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from costly_files import html_of_attributes
from local_web import start

from index.errors import Stopped
from index.sources import read
from index.sources.fetch import Fetcher
from index.sources.parser_process import ParserProcess
from index.types import Article, FetchRecord, Remark, Skipped, Unchanged

BODY = "The Senate rejected the aid package on Wednesday, and talks about the border went on in private. "


def page(title: str, text: str = BODY * 2, head: str = "") -> str:
    return (
        f"<html><head><title>{title}</title>{head}</head><body><article><h1>{title}</h1>"
        f"<p>{text}</p><p>A second paragraph of {title} stands here.</p></article></body></html>"
    )


def feed(*items: str, title: str = "The Daily") -> tuple:
    return (
        200,
        {"Content-Type": "application/rss+xml", "ETag": '"feed"'},
        '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>{title}</title>{"".join(items)}'
        "</channel></rss>",
    )


class Log:
    """A FetchLog in memory that notes what had been yielded when each page was recorded."""

    def __init__(self):
        self.seen: dict[str, FetchRecord] = {}
        self.yielded: list[str] = []
        self.order: list[tuple[str, bool]] = []

    def get(self, url):
        return self.seen.get(url)

    def put(self, url, seen):
        self.order.append((url, url in self.yielded))
        self.seen[url] = seen


@pytest.fixture
def web():
    web = start()
    yield web
    web.server.shutdown()
    web.server.server_close()


def run(*urls: str, log: Log | None = None) -> list:
    found = []
    with Fetcher(allow_private=True, min_delay=0) as fetcher:
        for one in read(urls, fetcher=fetcher, seen=log):
            if log:
                log.yielded.append(one.location)
            found.append(one)
    return found


def test_a_page_is_an_article_with_its_address_and_the_time_it_was_read(web):
    head = '<meta property="og:site_name" content="The Daily"><meta name="date" content="2023-12-07">'
    web.pages["/a"] = page("Deal fails", head=head)
    log = Log()
    (found,) = run(web.url + "/a", log=log)
    assert isinstance(found, Article)
    assert (found.title, found.outlet, str(found.published)) == ("Deal fails", "The Daily", "2023-12-07")
    assert found.location == found.url == web.url + "/a" and found.text.startswith("The Senate rejected")
    assert datetime.fromisoformat(found.fetched_at).date() == datetime.now(UTC).date()
    assert log.order == [(web.url + "/a", True)]


def test_a_page_without_a_date_has_none_though_it_was_read_today(web):
    web.pages["/a"] = (200, {"Last-Modified": "Thu, 07 Dec 2023 00:00:00 GMT"}, page("Deal fails"))
    (found,) = run(web.url + "/a")
    assert found.published is None and found.fetched_at


def test_a_page_may_call_only_an_address_of_its_host_its_own(web):
    web.pages["/a?x=1"] = page("One", head=f'<link rel="canonical" href="{web.url}/a">')
    web.pages["/b"] = page("Two", head='<link rel="canonical" href="https://famous.example/b">')
    one, two = run(web.url + "/a?x=1", web.url + "/b")
    assert (one.location, one.url) == (web.url + "/a?x=1", web.url + "/a")
    assert two.url == web.url + "/b"


def test_plain_text_from_the_web_is_read_as_a_text_file(web):
    web.pages["/a.txt"] = (200, {"Content-Type": "text/plain; charset=utf-8"}, f"Deal fails\n\n{BODY}")
    (found,) = run(web.url + "/a.txt")
    assert (found.title, found.text, found.url) == ("Deal fails", BODY.strip(), web.url + "/a.txt")


def test_what_the_guard_refuses_is_skipped_and_the_rest_goes_on(web):
    web.pages["/a"] = page("Deal fails")
    with Fetcher(min_delay=0) as guarded:
        (found,) = read([web.url + "/a"], fetcher=guarded)
    assert isinstance(found, Skipped) and "private" in found.reason and web.requests == []
    web.pages["/away"] = (302, {"Location": "file:///etc/passwd"}, "")
    web.pages["/empty"] = "<html><body></body></html>"
    away, empty, last = run(web.url + "/away", web.url + "/empty", web.url + "/a")
    assert isinstance(away, Skipped) and isinstance(empty, Skipped) and isinstance(last, Article)


def test_a_page_seen_before_that_has_not_changed_is_unchanged(web):
    web.pages["/a"] = lambda handler: (
        (304, {}, "") if handler.headers.get("If-None-Match") == '"1"' else (200, {"ETag": '"1"'}, page("Deal"))
    )
    log = Log()
    assert isinstance(run(web.url + "/a", log=log)[0], Article)
    assert run(web.url + "/a", log=log) == [Unchanged(web.url + "/a")]


def test_each_entry_of_a_feed_is_its_page_with_the_entrys_facts_where_the_page_has_none(web):
    web.pages["/rss"] = feed(
        "<item><title>Fed &amp; title</title><link>/1</link><dc:creator>Jane Doe</dc:creator>"
        "<pubDate>Thu, 07 Dec 2023 10:00:00 GMT</pubDate></item>",
        f"<item><title>Other</title><link>{web.url}/2#top</link><pubDate>yesterday</pubDate></item>",
        "<item><title>Twice</title><link>/1</link></item>",
        "<item><title>Nowhere</title></item>",
    )
    web.pages["/1"] = f"<html><body><article><p>{BODY * 3}</p></article></body></html>"
    web.pages["/2"] = page("Page title", head='<meta name="author" content="John Roe">')
    one, two, nowhere = run(web.url + "/rss")
    assert (one.title, one.author, one.outlet) == ("Fed & title", "Jane Doe", "The Daily")
    assert (str(one.published), one.location) == ("2023-12-07", web.url + "/1")
    assert (two.title, two.author, two.published, two.location) == (
        "Page title",
        "John Roe",
        None,
        web.url + "/2",
    )
    assert isinstance(nowhere, Skipped) and "without a web address" in nowhere.reason


def test_an_entry_seen_before_is_not_fetched_again(web):
    log = Log()
    web.pages["/rss"] = feed("<item><link>/1</link></item>")
    web.pages["/1"] = page("One")
    assert [type(r) for r in run(web.url + "/rss", log=log)] == [Article]
    assert log.order == [(web.url + "/1", True), (web.url + "/rss", False)]
    web.pages["/rss"] = feed("<item><link>/2</link></item>", "<item><link>/1</link></item>")
    web.pages["/2"] = page("Two")
    found = run(web.url + "/rss", log=log)
    assert [(type(r), r.location) for r in found] == [(Article, web.url + "/2"), (Unchanged, web.url + "/1")]
    assert web.paths().count("/1") == 1


def test_a_feed_is_recorded_only_when_every_entry_was_read(web):
    """Else its next answer, "unchanged", would hide the entry that failed."""
    log = Log()
    web.pages["/rss"] = feed("<item><link>/1</link></item>", "<item><link>/gone</link></item>")
    web.pages["/1"] = page("One")
    _, gone = run(web.url + "/rss", log=log)
    assert isinstance(gone, Skipped) and gone == Skipped(web.url + "/gone", "the server answered 404")
    assert set(log.seen) == {web.url + "/1"}
    web.pages["/gone"] = page("Back")
    assert [type(r) for r in run(web.url + "/rss", log=log)] == [Unchanged, Article]
    assert web.url + "/rss" in log.seen


def test_an_entry_whose_page_cannot_be_read_is_read_from_the_feed_if_it_carries_the_whole_text(web):
    web.pages["/robots.txt"] = "User-agent: *\nDisallow: /closed"
    html = f"<p>{BODY * 3}</p><p>More &lt;b&gt;.</p><script>x</script>"
    full = f"<content:encoded><![CDATA[{html}]]></content:encoded>"
    web.pages["/rss"] = feed(
        f"<item><title>Whole</title><link>/closed/1</link>{full}</item>",
        "<item><title>Teaser</title><link>/closed/2</link><description>Only a teaser.</description></item>",
    )
    whole, teaser = run(web.url + "/rss")
    assert (whole.title, whole.location, whole.text) == (
        "Whole", web.url + "/closed/1", f"{(BODY * 3).strip()}\n\nMore <b>."
    )  # fmt: skip
    assert isinstance(teaser, Skipped) and "robots.txt forbids" in teaser.reason


def test_an_atom_feed_names_the_outlet_of_each_entry_and_updates_are_no_publication(web):
    web.pages["/atom"] = (
        200,
        {"Content-Type": "text/xml"},
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>A collection</title>'
        '<entry><title type="html">&lt;b&gt;One&lt;/b&gt;</title><link href="/1"/>'
        "<updated>2023-12-09T00:00:00Z</updated><source><title>The Daily</title></source></entry>"
        '<entry><title>Two</title><link href="/2"/>'
        "<published>2023-12-07T00:00:00Z</published></entry></feed>",
    )
    web.pages["/1"] = f"<html><body><p>{BODY * 3}</p></body></html>"
    web.pages["/2"] = f"<html><body><p>{BODY * 4}</p></body></html>"
    one, two = run(web.url + "/atom")
    assert (one.title, one.outlet, one.published) == ("One", "The Daily", None)
    assert str(two.published) == "2023-12-07"


def test_a_collections_title_is_not_the_outlet_of_other_sites_pages(web):
    other = web.url.replace("127.0.0.1", "localhost")
    web.pages["/rss"] = feed(f"<item><link>{other}/1</link></item>", title="Collected news")
    web.pages["/1"] = f"<html><body><p>{BODY * 3}</p></body></html>"
    (found,) = run(web.url + "/rss")
    assert found.outlet == "" and found.location == other + "/1"


def test_entries_go_through_the_same_guard(web):
    web.pages["/rss"] = feed(
        "<item><link>file:///etc/passwd</link></item>",
        "<item><link>http://169.254.169.254/latest</link></item>",
    )
    with Fetcher(allow_private=True, min_delay=0) as fetcher:
        network = fetcher._connections._network
        connect = network.connect_tcp

        def only_the_feed(host, port, *args, **kwargs):
            network._allow_private = port == web.port
            return connect(host, port, *args, **kwargs)

        network.connect_tcp = only_the_feed
        found = list(read([web.url + "/rss"], fetcher=fetcher))
    assert all(isinstance(r, Skipped) for r in found)
    assert "web address" in found[0].reason and "private" in found[1].reason


def test_a_feed_body_that_looks_like_a_path_opens_no_file(web, tmp_path):
    secret = tmp_path / "feed.xml"
    secret.write_text('<rss version="2.0"><channel><item><link>http://x.example/</link></item></channel></rss>')
    web.pages["/a"] = (200, {"Content-Type": "application/xml"}, str(secret))
    (found,) = run(web.url + "/a")
    assert isinstance(found, Skipped) and found.location == web.url + "/a"


def test_an_empty_feed_a_broken_one_and_a_bomb_are_told(web):
    web.pages["/empty"] = feed()
    web.pages["/broken"] = (
        200,
        {"Content-Type": "application/rss+xml"},
        '<rss version="2.0"><channel><item>',
    )
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    web.pages["/bomb"] = (
        200,
        {"Content-Type": "application/rss+xml"},
        f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e0 "ha">{entities}]><rss version="2.0"><channel>'
        "<title>&e11;</title></channel></rss>",
    )
    for path in ("/empty", "/broken", "/bomb"):
        found = run(web.url + path)
        assert found and all(isinstance(r, Skipped) for r in found)


def test_a_feed_without_end_is_read_to_a_limit(web, monkeypatch):
    monkeypatch.setattr("index.sources.pages_feeds.ENTRIES", 3)
    web.pages["/rss"] = feed(*[f"<item><link>/{n}</link></item>" for n in range(10)])
    for n in range(10):
        web.pages[f"/{n}"] = page(f"Page {n}")
    found = run(web.url + "/rss")
    assert [type(r) for r in found] == [Article] * 3 + [Remark] and "first 3 of 10" in found[-1].text


# Limits


def test_a_page_that_costs_too_much_costs_its_entry(web):
    web.pages["/rss"] = feed(*[f"<item><title>T{n}</title><link>/{n}</link></item>" for n in range(3)])
    for n in range(3):
        web.pages[f"/{n}"] = page(f"Page {n}")
    web.pages["/1"] = html_of_attributes()
    log = Log()
    with Fetcher(allow_private=True, min_delay=0) as fetcher, ParserProcess(seconds=3) as parser:
        one, skipped, two = read([web.url + "/rss"], fetcher=fetcher, seen=log, parser=parser)
    assert (one.title, two.title) == ("Page 0", "Page 2")
    assert skipped == Skipped(web.url + "/1", "took more than 3 s to read")
    assert web.url + "/1" not in log.seen and web.url + "/rss" not in log.seen


def test_markup_that_a_feed_carries_and_costs_too_much_is_skipped(web):
    carried = html_of_attributes(900_000).replace("<", "&lt;")
    web.pages["/rss"] = feed(f"<item><link>/gone</link><content:encoded>{carried}</content:encoded></item>")
    web.pages["/a"] = page("Deal fails")
    with Fetcher(allow_private=True, min_delay=0) as fetcher, ParserProcess(seconds=4) as parser:
        skipped, article = read([web.url + "/rss", web.url + "/a"], fetcher=fetcher, parser=parser)
    assert isinstance(skipped, Skipped) and isinstance(article, Article)


def test_a_feed_has_a_deadline_for_all_its_pages_and_the_next_run_goes_on(web):
    def slow(handler):
        time.sleep(1)
        return page(f"Page {handler.path}")

    web.pages["/rss"] = feed(*[f"<item><link>/{n}</link></item>" for n in range(8)])
    for n in range(8):
        web.pages[f"/{n}"] = slow
    web.pages["/other"] = page("Other")
    log = Log()
    targets = [web.url + "/rss", web.url + "/other"]
    with Fetcher(allow_private=True, min_delay=0) as fetcher:
        *read_first, cut, other = read(targets, fetcher=fetcher, seen=log, feed_seconds=4.5)
        assert 1 <= len(read_first) < 8 and all(isinstance(item, Article) for item in read_first)
        assert cut.location == web.url + "/rss"
        assert (
            cut.reason
            == f"the feed took more than 0.075 min: {8 - len(read_first)} of its 8 entries are left for the next run"
        )
        assert isinstance(other, Article), "its own time is over, not another's"
        second = list(read(targets[:1], fetcher=fetcher, seen=log, feed_seconds=60))
    assert [type(item) for item in second] == [Unchanged] * len(read_first) + [Article] * (8 - len(read_first))


def test_a_feed_whose_pages_never_end_is_cut_off_in_the_midst_of_one(web):
    def endless(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        with suppress(OSError):
            while True:
                handler.wfile.write(b"<p>more</p>")
                time.sleep(0.1)

    web.pages["/rss"] = feed("<item><link>/1</link></item>", "<item><link>/2</link></item>")
    web.pages["/1"] = web.pages["/2"] = endless
    with Fetcher(allow_private=True, min_delay=0) as fetcher:
        (cut,) = read([web.url + "/rss"], fetcher=fetcher, feed_seconds=2)
    assert "2 of its 2 entries are left" in cut.reason


def test_stopping_ends_the_pauses_and_the_reading_of_a_feed(web):
    stopped = threading.Event()
    web.pages["/rss"] = feed("<item><link>/1</link></item>", "<item><link>/2</link></item>")
    web.pages["/1"] = web.pages["/2"] = page("Deal fails")
    with Fetcher(allow_private=True, min_delay=600, stopped=stopped) as fetcher:
        threading.Timer(1, stopped.set).start()
        with pytest.raises(Stopped):
            list(read([web.url + "/rss"], fetcher=fetcher))
