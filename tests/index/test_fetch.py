import gzip
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import pytest
import trustme
from local_web import start
from pytest_socket import SocketConnectBlockedError

from index.sources.fetch import Fetcher, FetchError, Page
from index.sources.ssrf_guard import is_public
from index.types import FetchRecord, Unchanged

PAGE = "<html><body><p>A page of news.</p></body></html>"


@pytest.fixture
def web():
    web = start()
    yield web
    web.server.shutdown()
    web.server.server_close()


@pytest.fixture
def fetcher():
    with Fetcher(allow_private=True, min_delay=0) as fetcher:
        yield fetcher


def refusal(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(url)
    return str(caught.value)


def test_a_page_comes_with_what_the_server_says_of_it(web, fetcher):
    web.pages["/a"] = (200, {"Content-Type": "text/html; charset=UTF-8", "ETag": '"v1"'}, PAGE)
    page = fetcher.fetch(web.url + "/a#part")
    assert isinstance(page, Page)
    assert (page.content.decode(), page.charset, page.content_type) == (PAGE, "utf-8", "text/html")
    assert page.url == web.url + "/a" and page.seen.etag == '"v1"'
    fetched = datetime.fromisoformat(page.seen.fetched_at)
    assert abs(datetime.now(UTC) - fetched) < timedelta(minutes=1)
    path, headers = web.requests[-1]
    assert path == "/a" and headers["host"] == f"127.0.0.1:{web.port}" and "Clippings" in headers["user-agent"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254",
        "100.100.100.200", "168.63.129.16", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_inside_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
def test_addresses_outside_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:7f00:1]",
    ],
)
def test_no_spelling_of_a_private_address_is_fetched(web, host):
    web.pages["/a"] = PAGE
    with Fetcher(min_delay=0) as guarded:
        reason = refusal(guarded, f"http://{host}:{web.port}/a")
    assert "private" in reason or "unknown" in reason or "web address" in reason
    assert web.requests == []


@pytest.mark.parametrize("answers", [["93.184.216.34", "127.0.0.1"], ["::1"], ["169.254.169.254"]])
def test_one_private_address_among_those_of_a_name_is_enough_to_refuse(web, answers):
    with Fetcher(min_delay=0, resolver=lambda host, port: answers) as guarded:
        assert "private" in refusal(guarded, f"http://news.example:{web.port}/a")
    assert web.requests == []


def test_a_name_that_changes_its_address_reaches_nothing_private(web):
    """Re-binding: every connection is made to the address that was looked up and checked for it."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"], ["127.0.0.1"]])
    asked = []

    def resolver(host, port):
        asked.append(host)
        return next(answers)

    web.pages["/a"] = PAGE
    with Fetcher(min_delay=0, max_seconds=0.5, resolver=resolver) as guarded:
        with pytest.raises(SocketConnectBlockedError, match=r"93\.184\.216\.34"):  # the tests' own block
            guarded.fetch(f"http://rebind.example:{web.port}/a")
        guarded._robots.clear()
        assert "private" in refusal(guarded, f"http://rebind.example:{web.port}/a")
    assert asked == ["rebind.example", "rebind.example"] and web.requests == []


def test_a_name_is_looked_up_again_for_each_connection(web):
    """The page's connection is checked too, not only that of robots.txt before it."""
    answers = iter([["127.0.0.1"], ["127.0.0.1"], ["10.0.0.1"]])
    checked = []
    web.pages["/a"] = (302, {"Location": f"http://second.example:{web.port}/b"}, "")
    with Fetcher(min_delay=0, allow_private=True, max_seconds=2, resolver=lambda h, p: next(answers)) as fetcher:
        connect = fetcher._connections._network.connect_tcp

        def watch(host, port, *args, **kwargs):
            checked.append(host)
            fetcher._connections._network._allow_private = len(checked) < 3
            return connect(host, port, *args, **kwargs)

        fetcher._connections._network.connect_tcp = watch
        assert "10.0.0.1, a private address" in refusal(fetcher, f"http://first.example:{web.port}/a")
    assert checked == ["first.example", "first.example", "second.example"]


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://2130706433/"],
)
def test_a_redirect_to_a_private_address_is_refused(web, target):
    """The first host is let through by name; the guard is on for the address it points to."""
    web.pages["/a"] = (302, {"Location": target}, "")
    with Fetcher(min_delay=0, resolver=None) as guarded:
        network = guarded._connections._network
        connect = network.connect_tcp

        def let_the_first_in(host, port, *args, **kwargs):
            network._allow_private = host == "127.0.0.1" and port == web.port
            return connect(host, port, *args, **kwargs)

        network.connect_tcp = let_the_first_in
        assert "private" in refusal(guarded, web.url + "/a")
    assert web.paths() == ["/robots.txt", "/a"]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("file:///etc/passwd", "only http"),
        ("ftp://127.0.0.1/x", "only http"),
        ("gopher://127.0.0.1/x", "only http"),
        ("http://user:secret@127.0.0.1/", "user name"),
        ("http:///x", "no host"),
    ],
)
def test_other_schemes_and_credentials_are_refused_at_once_and_after_a_redirect(web, fetcher, target, reason):
    web.pages["/a"] = (302, {"Location": target}, "")
    assert reason in refusal(fetcher, target)
    if "http:///" not in target:
        assert reason in refusal(fetcher, web.url + "/a")
    assert "secret" not in refusal(fetcher, target)


def test_redirects_are_followed_and_end(web, fetcher):
    web.pages["/a"] = (301, {"Location": "/b"}, "")
    web.pages["/b"] = PAGE
    page = fetcher.fetch(web.url + "/a")
    assert isinstance(page, Page) and page.url == web.url + "/b"
    web.pages["/loop"] = (302, {"Location": "/loop"}, "")
    assert "five redirects" in refusal(fetcher, web.url + "/loop")
    assert web.paths().count("/loop") == 6


def test_a_page_over_the_limit_is_not_read_whole(web):
    sent = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        try:
            for _ in range(2000):
                handler.wfile.write(b"x" * 10_000)
                sent.append(10_000)
        except OSError:
            pass

    web.pages["/endless"] = endless
    web.pages["/long"] = "x" * 60_000
    with Fetcher(allow_private=True, min_delay=0, max_bytes=50_000) as fetcher:
        assert "larger than the limit of 50,000 bytes" in refusal(fetcher, web.url + "/endless")
        assert "larger than" in refusal(fetcher, web.url + "/long")
    assert sum(sent) < 15_000_000


def test_a_packed_page_is_unpacked_and_a_bomb_is_not(web):
    web.pages["/packed"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(PAGE.encode()))
    web.pages["/bomb"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"\0" * 30_000_000))
    web.pages["/cut"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(PAGE.encode())[:-12])
    web.pages["/other"] = (200, {"Content-Encoding": "br"}, b"xyz")
    with Fetcher(allow_private=True, min_delay=0, max_bytes=100_000) as fetcher:
        page = fetcher.fetch(web.url + "/packed")
        assert isinstance(page, Page) and page.content.decode() == PAGE
        assert "larger than" in refusal(fetcher, web.url + "/bomb")
        assert "damaged" in refusal(fetcher, web.url + "/cut")
        assert "'br'" in refusal(fetcher, web.url + "/other")


@pytest.mark.parametrize("drip", ["headers", "body", "nothing"])
def test_a_server_that_drips_is_left_when_the_time_is_up(web, drip):
    done = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        try:
            if drip == "body":
                handler.send_response(200)
                handler.send_header("Content-Type", "text/html")
                handler.end_headers()
            else:
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not done.wait(0.1):
                if drip != "nothing":
                    handler.wfile.write(b"x")
                    handler.wfile.flush()
        except OSError:
            pass

    web.pages["/slow"] = slow
    with Fetcher(allow_private=True, min_delay=0, max_seconds=0.7) as fetcher:
        assert "took longer than 0.7 seconds" in refusal(fetcher, web.url + "/slow")
    done.set()


@pytest.mark.parametrize("kind", ["application/pdf", "image/png", "application/octet-stream", "video/mp4", ""])
def test_only_pages_and_feeds_are_read(web, fetcher, kind):
    web.pages["/a"] = (200, {"Content-Type": kind}, b"\x89PNG")
    assert "content type" in refusal(fetcher, web.url + "/a")


def test_robots_txt_is_read_once_and_kept_to(web, fetcher):
    web.pages["/robots.txt"] = (200, {"Content-Type": "text/plain"}, "User-agent: *\nDisallow: /private/\n")
    web.pages["/private/a"] = web.pages["/a"] = web.pages["/b"] = PAGE
    web.pages["/sly"] = (302, {"Location": "/private/a"}, "")
    assert isinstance(fetcher.fetch(web.url + "/a"), Page)
    assert isinstance(fetcher.fetch(web.url + "/b"), Page)
    assert "robots.txt forbids" in refusal(fetcher, web.url + "/private/a")
    assert "robots.txt forbids" in refusal(fetcher, web.url + "/sly")
    assert web.paths() == ["/robots.txt", "/a", "/b", "/sly"]


def test_robots_txt_may_name_this_program(web, fetcher):
    web.pages["/robots.txt"] = "User-agent: Clippings\nDisallow: /\n\nUser-agent: *\nAllow: /\n"
    web.pages["/a"] = PAGE
    assert "robots.txt forbids" in refusal(fetcher, web.url + "/a")


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (500, False), (503, False)])
def test_a_missing_robots_txt_allows_and_a_broken_one_does_not(web, status, allowed):
    web.pages["/robots.txt"] = (status, {"Retry-After": "0"}, "")
    web.pages["/a"] = PAGE
    with Fetcher(allow_private=True, min_delay=0) as fetcher:
        if allowed:
            assert isinstance(fetcher.fetch(web.url + "/a"), Page)
        else:
            assert "robots.txt cannot be read" in refusal(fetcher, web.url + "/a")
            before = len(web.requests)
            refusal(fetcher, web.url + "/b")
            assert len(web.requests) == before


def test_a_page_that_has_not_changed_is_not_sent_again(web, fetcher):
    def page(handler: BaseHTTPRequestHandler):
        same = handler.headers.get("If-None-Match") == '"v1"'
        return (
            (304, {}, "") if same else (200, {"ETag": '"v1"', "Last-Modified": "Thu, 07 Dec 2023 00:00:00 GMT"}, PAGE)
        )

    web.pages["/a"] = page
    first = fetcher.fetch(web.url + "/a")
    assert isinstance(first, Page)
    assert fetcher.fetch(web.url + "/a", first.seen) == Unchanged(web.url + "/a")
    assert web.requests[-1][1]["if-modified-since"] == "Thu, 07 Dec 2023 00:00:00 GMT"
    assert isinstance(fetcher.fetch(web.url + "/a", FetchRecord(etag='"v0"')), Page)


def test_a_busy_server_is_asked_again_but_not_for_ever(web, fetcher):
    answers = iter([(429, {"Retry-After": "0"}, ""), (503, {"Retry-After": "0"}, ""), (200, {}, PAGE)])
    web.pages["/a"] = lambda handler: next(answers)
    web.pages["/b"] = (503, {"Retry-After": "0"}, "")
    web.pages["/c"] = (429, {"Retry-After": "86400"}, "")
    web.pages["/d"] = (404, {}, "")
    assert isinstance(fetcher.fetch(web.url + "/a"), Page)
    assert "answered 503" in refusal(fetcher, web.url + "/b")
    assert "asks to wait 86400 seconds" in refusal(fetcher, web.url + "/c")
    assert "answered 404" in refusal(fetcher, web.url + "/d")
    paths = web.paths()
    assert [paths.count(p) for p in ("/a", "/b", "/c", "/d")] == [3, 3, 1, 1]


def test_retry_after_may_be_a_date(web, fetcher):
    soon = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    web.pages["/a"] = (429, {"Retry-After": soon}, "")
    assert "asks to wait 7" in refusal(fetcher, web.url + "/a")


def test_requests_to_a_host_keep_their_distance_and_crawl_delay_counts(web):
    times = []

    def page(handler: BaseHTTPRequestHandler):
        times.append(time.monotonic())
        return (200, {}, PAGE)

    web.pages["/a"] = web.pages["/b"] = page
    web.pages["/robots.txt"] = "User-agent: *\nCrawl-delay: 0.4\n"
    with Fetcher(allow_private=True, min_delay=0.1) as fetcher:
        threads = [threading.Thread(target=fetcher.fetch, args=(web.url + p,)) for p in ("/a", "/b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert times[1] - times[0] >= 0.39  # a lower bound: the pause itself


def test_an_unknown_host_and_a_closed_port_are_reported(fetcher):
    def nowhere(host, port):
        raise OSError("no such host")

    with Fetcher(allow_private=True, min_delay=0, resolver=nowhere) as lost:
        assert "'gone.example' is unknown" in refusal(lost, "http://gone.example/")
    assert "connection failed" in refusal(fetcher, "http://127.0.0.1:9/")


def test_environment_proxies_are_not_used(web, fetcher, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    web.pages["/a"] = PAGE
    assert isinstance(fetcher.fetch(web.url + "/a"), Page)


def test_tls_is_checked_against_the_name_though_the_address_is_pinned():
    authority = trustme.CA()
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("news.example").configure_cert(server_side)
    asked = []
    server_side.sni_callback = lambda sock, name, context: asked.append(name)
    web = start()
    web.server.socket = server_side.wrap_socket(web.server.socket, server_side=True)
    web.pages["/a"] = PAGE
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    options = {"allow_private": True, "min_delay": 0, "resolver": lambda host, port: ["127.0.0.1"]}
    with Fetcher(ssl_context=trusting, **options) as fetcher:
        page = fetcher.fetch(f"https://news.example:{web.port}/a")
        assert isinstance(page, Page) and set(asked) == {"news.example"}
        assert web.requests[-1][1]["host"] == f"news.example:{web.port}"
        assert "connection failed" in refusal(fetcher, f"https://other.example:{web.port}/a")
    with Fetcher(**options) as fetcher:
        assert "connection failed" in refusal(fetcher, f"https://news.example:{web.port}/a")
    web.server.shutdown()
    web.server.server_close()
