"""Damaged files of every kind: each gives an article or a reason, none an exception, and none takes for ever.

Seeded, so that a failure can be repeated: the name of the file says which mutation of which sample it is.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import signal
from contextlib import contextmanager

import local_web
import pytest
from documents import pdf
from docx import Document

from index.sources import KINDS, read
from index.sources.fetch import Fetcher
from index.sources.parser_process import ParserProcess
from index.types import Article, Remark, Skipped

SECONDS = 60
"""After which a file counts as one that never ends."""
# takes "took more than 30 s to read", "the process that read it broke down (signal 11)"; not "not valid JSON"
OVERRUN = re.compile("took more than|needed more than|broke down")
ROWS = 12
NASTY = [b"\x00", b"\x02", b"\x1b", b"\xff\xfe", b"\x80", b"\xed\xa0\x80", b"&#2;", b"&#x1f;", b"\xef\xbf\xbf"]
NASTY += [b"]]>", b"<![CDATA[", b"<!--", b'"', b"'", b"\\u0000", b"\\ud800", b"\r", b"\n\n", b",", b"{", b"["]
NASTY += [b"9" * 400, b"-1e999"]
BODY = "The harbour of {place} closed on Monday, the council said. “We had no choice,” said mayor Ada Holm. " * 4


def rows():
    """Sound rows; the text of every other one is markup, as feeds and exports have it."""
    for number in range(ROWS):
        text = BODY.format(place=f"Port {number}")
        yield {
            "id": f"r{number}",
            "title": f"Harbour {number}",
            "text": f"<p>{text}</p><p>It opens in May.<br>The council said so.</p>" if number % 2 else text,
            "outlet": "The Courier",
            "published": f"2024-03-{number + 1:02d}",
        }


def page(number=0):
    return (
        f"<html><head><title>Harbour {number}</title><meta property='article:published_time' content='2024-03-01'>"
        f"</head><body><article><h1>Harbour {number}</h1><p>{BODY.format(place='Holm')}</p></article></body></html>"
    )


def samples(folder):
    """The bytes of a sound file of each kind."""
    comma, tab = io.StringIO(), io.StringIO()
    for out, delimiter in ((comma, ","), (tab, "\t")):
        writer = csv.DictWriter(out, list(next(rows())), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows())
    document = Document()
    document.add_heading("Harbour")
    document.add_paragraph(BODY)
    document.save(folder / "sample.docx")
    text = f"Harbour\nBy Ada Holm\n7 March 2024\n\n{BODY}"
    lines = "".join(json.dumps(row) + "\n" for row in rows())
    found = {
        ".txt": text.encode(),
        ".md": b"---\ntitle: Harbour\ndate: 2024-03-07\n---\n\n# Harbour\n\n" + BODY.encode(),
        ".html": page().encode(),
        ".htm": page().encode(),
        ".json": json.dumps({"articles": list(rows())}).encode(),
        ".jsonl": lines.encode(),
        ".ndjson": lines.encode(),
        ".csv": comma.getvalue().encode(),
        ".tsv": tab.getvalue().encode(),
        ".pdf": pdf(["The harbour closed on Monday.", "The council said so."], ["It opens again in May."]),
        ".docx": (folder / "sample.docx").read_bytes(),
    }
    assert set(found) == set(KINDS)
    return found


def feed():
    items = "".join(
        f"<item><title>Harbour {row['id']}</title><link>{{url}}/{row['id']}.html</link>"
        f"<pubDate>Thu, 07 Mar 2024 10:00:00 GMT</pubDate><description>{row['text']}</description></item>"
        for row in rows()
    )
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>Courier</title>{items}</channel></rss>"


def mutate(data: bytes, chance: random.Random) -> bytes:
    """The same bytes with one to six things wrong."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(out) + 1)
        to = min(len(out), at + chance.choice([1, 2, 8, 64, 512]))
        match chance.randrange(7):
            case 0:
                out[at:at] = chance.choice(NASTY)
            case 1:
                out[at:to] = chance.randbytes(to - at)
            case 2:
                del out[at:to]
            case 3:
                out[at:at] = out[at:to] * chance.randint(1, 40)
            case 4:
                del out[at:]
            case 5 if to > at:
                out[at] ^= 1 << chance.randrange(8)
            case _:
                out[at:to] = chance.choice(NASTY) * chance.randint(1, 9)
        if not out:
            return b"\x00"
    return bytes(out)


@contextmanager
def ending(name):
    """Fails where what is inside does not end."""

    def late(*_):
        raise TimeoutError(f"{name} took more than {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fuzz(folder, each, parser):
    """Read `each` mutations of every kind; returns how many files were read."""
    count = 0
    for kind, sample in samples(folder).items():
        for number in range(each):
            path = folder / f"fuzz-{number}{kind}"
            path.write_bytes(mutate(sample, random.Random(f"{kind} {number}")))
            with ending(path.name):
                items = list(read([str(path)], parser=parser))
            assert items, f"{path.name} was lost without a word"
            for item in items:
                assert isinstance(item, Article | Skipped | Remark), path.name
                assert not isinstance(item, Article) or item.text.strip(), path.name
                assert not isinstance(item, Skipped) or item.reason, path.name
                assert not isinstance(item, Skipped) or not OVERRUN.search(item.reason), f"{path.name}: {item.reason}"
            path.unlink()
            count += 1
    return count


def fuzz_feeds(each, parser):
    web = local_web.start()
    try:
        for row in rows():
            web.pages[f"/{row['id']}.html"] = page()
        sample = feed().replace("{url}", web.url).encode()
        with Fetcher(allow_private=True, min_delay=0, tries=1) as fetcher:
            for number in range(each):
                data = mutate(sample, random.Random(f"feed {number}"))
                web.pages["/feed.xml"] = (200, {"Content-Type": "application/rss+xml"}, data)
                with ending(f"feed {number}"):
                    found = list(read([web.url + "/feed.xml"], fetcher=fetcher, parser=parser))
                    assert found, f"feed {number} was lost"
                    assert not any(isinstance(item, Skipped) and OVERRUN.search(item.reason) for item in found), number
    finally:
        web.server.shutdown()
        web.server.server_close()


@pytest.fixture(scope="module")
def parser():
    with ParserProcess() as parser:
        yield parser


def test_every_damaged_file_gives_an_article_or_a_reason(tmp_path, parser, capfd):
    assert fuzz(tmp_path, 175, parser) == 175 * len(KINDS)
    assert "Traceback" not in capfd.readouterr().err  # of the child either


def test_every_damaged_feed_gives_articles_or_a_reason(parser):
    fuzz_feeds(75, parser)


@pytest.mark.attack
def test_many_more_damaged_files(tmp_path, parser):
    fuzz(tmp_path, 2000, parser)
    fuzz_feeds(1000, parser)


@pytest.mark.parametrize("damage", NASTY, ids=repr)
@pytest.mark.parametrize("kind", [".jsonl", ".csv"])
def test_damage_in_one_row_costs_that_row_at_most(tmp_path, kind, damage):
    """What ends or quotes a row may take its neighbour too; the rest are articles all the same."""
    path = tmp_path / f"rows{kind}"
    lines = samples(tmp_path)[kind].splitlines(keepends=True)
    victim = 5
    lines[victim] = lines[victim][:60] + damage + lines[victim][60:]
    path.write_bytes(b"".join(lines))
    titles = {item.title for item in read([str(path)]) if isinstance(item, Article)}
    lost = [row["title"] for row in rows() if row["title"] not in titles]
    assert len(lost) <= 1, lost


def test_a_control_character_in_the_markup_of_a_row_is_left_out(tmp_path):
    path = tmp_path / "rows.jsonl"
    texts = [f"<p>{BODY}</p><p>The \x02harbour&#2; opens\x0b in May.</p>", BODY]
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    articles = [item for item in read([str(path)]) if isinstance(item, Article)]
    assert len(articles) == 2
    assert articles[0].text.endswith("The harbour opens in May.")
