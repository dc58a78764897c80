import csv
import io
import json
import os
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from documents import pdf
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from index import sources
from index.clean import clean
from index.errors import UserError
from index.sources.parser_process import ParserProcess
from index.sources.text_files import DATELINE, paragraphs
from index.types import Article, Remark, Skipped

SEEDS = Path(__file__).parents[2] / "seeds"
LONG = "The Senate rejected the aid package on Wednesday, and talks about the border went on in private. "


PARSER = ParserProcess()
"""One for all tests here, for starting one takes a while."""


@pytest.fixture(scope="module", autouse=True)
def _ended():
    yield
    PARSER.close()


def read(targets, **limits):
    return sources.read(targets, parser=PARSER, **limits)


def of(kind, *targets, **limits):
    return [r for r in read([str(t) for t in targets], **limits) if isinstance(r, kind)]


def article(path: Path, content: str | bytes) -> Article:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    (found,) = of(Article, path)
    assert found.text == clean(found.text) and found.fetched_at == ""
    return found


def skipped(path: Path, content: str | bytes) -> Skipped:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    (found,) = read([str(path)])
    assert isinstance(found, Skipped)
    return found


def rows(path: Path, *lines: object) -> list:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return list(read([str(path)]))


# Plain text


def test_the_seeds_give_their_dates_titles_and_texts():
    one, two, three = of(Article, SEEDS)
    assert [str(a.published or "") for a in (one, two, three)] == ["2023-12-07", "2023-11-01", ""]
    assert one.text.startswith("One day after Senate Republicans rejected") and one.title == ""
    assert two.text.startswith("Hoping for bipartisan agreement") and two.title == ""
    assert three.title.startswith("Biden sees Ukraine aid as a priority.") and "vexing" in three.title
    assert three.text.startswith("WASHINGTON — President Joe Biden has said")
    assert "\"We've got a narrow majority in the House, we" in one.text
    assert one.location == (SEEDS / "000_db4f924d33a00bfe.txt").absolute().as_posix()


@pytest.mark.parametrize(
    ("text", "title", "begins"),
    [
        ("Deal fails in the Senate\n\n" + LONG, "Deal fails in the Senate", "The Senate"),
        ("“We will win,” the senator said.\n\n" + LONG, "", "“We will win,”"),
        ("WASHINGTON — A short first paragraph.\n\n" + LONG, "", "WASHINGTON — A short"),
        ("LONDON (Reuters) - A short one.\n\n" + LONG, "", "LONDON (Reuters)"),
        ("- an item of a list\n\n" + LONG, "", "- an item"),
        (LONG * 2 + "\n\n" + LONG, "", "The Senate"),
        ("Just one line that is all there is", "", "Just one line"),
        ("Deal fails\nBy Jane Doe\nDecember 7, 2023\n\n" + LONG, "", "Deal fails"),
    ],
)
def test_a_first_short_line_alone_is_a_title(tmp_path, text, title, begins):
    found = article(tmp_path / "a.txt", text)
    assert found.title == title and found.text.startswith(begins)


def test_header_lines_a_byline_and_a_date_line_are_taken_off(tmp_path):
    found = article(
        tmp_path / "a.txt",
        "Title: Deal fails\nDate: 7 December 2023\nSource: The Daily\nURL: https://daily.example/a\n\n"
        f"By Jane Doe and Luis de la Cruz\n\n{LONG}",
    )
    assert (found.title, str(found.published), found.outlet) == ("Deal fails", "2023-12-07", "The Daily")
    assert (found.author, found.url) == ("Jane Doe and Luis de la Cruz", "https://daily.example/a")
    assert found.text == LONG.strip()
    found = article(tmp_path / "b.txt", f"Deal fails again\n\nBy Jane Doe\n\nPublished: Dec. 7, 2023\n\n{LONG}")
    assert (found.title, found.author, str(found.published)) == ("Deal fails again", "Jane Doe", "2023-12-07")


@pytest.mark.parametrize(
    "text",
    [
        "By now everyone knows the story of the deal that was never made in Washington.\n\n" + LONG,
        "Date: soon\n\n" + LONG,
        "Source: one line and nothing else",
        "date night is 2023-12-07 in the city for the couples who had waited long for it.\n\n" + LONG,
        "May 5, 2023 was the day on which everything changed for the senators and their many aides.\n\n" + LONG,
    ],
)
def test_what_is_not_surely_a_heading_stays_text(tmp_path, text):
    found = article(tmp_path / "a.txt", text)
    assert text[:10] in (found.title or found.text)[:10] and found.published is None and found.author == ""


@pytest.mark.parametrize(
    ("line", "outlet", "published"),
    [
        ("WASHINGTON — President Biden said", "", ""),
        ("LONDON, March 3 (Reuters) - The bank", "Reuters", ""),
        ("LONDON, March 3, 2022 (Reuters) - The bank", "Reuters", "2022-03-03"),
        ("SAN FRANCISCO, Calif. (AP) — The city", "AP", ""),
        ("NEW YORK/LONDON -- Markets", "", ""),
    ],
)
def test_a_dateline_stays_in_the_text_and_says_what_is_certain(tmp_path, line, outlet, published):
    found = article(tmp_path / "a.txt", f"A title of it\n\n{line} {LONG}\n\n{LONG}")
    assert found.text.startswith(line) and found.title == "A title of it"
    assert (found.outlet, str(found.published or "")) == (outlet, published)


@pytest.mark.parametrize("line", ["A — dash", "Washington — not", "THE END", "U.S. stocks - up", "NASA said — on"])
def test_what_is_no_dateline(line):
    assert not DATELINE.match(line)


def test_hard_wrapped_lines_are_joined_and_others_are_kept():
    words = (LONG * 4).split()
    wrapped, line = [], ""
    for word in words:
        if len(line) + 1 + len(word) > 60:
            wrapped.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    wrapped.append(line)
    text = "\n".join(wrapped) + "\n\n" + "\n".join(wrapped)
    assert paragraphs(text) == " ".join(words) + "\n\n" + " ".join(words)
    assert paragraphs("One.\nTwo is here.\nThree!") == "One.\n\nTwo is here.\n\nThree!"
    verse = "Two roads diverged\nin a yellow wood\nand sorry I could not\ntravel both\n\nand be one traveler"
    assert paragraphs(verse) == verse


def test_markdown_gives_front_matter_heading_and_the_text_as_shown(tmp_path):
    found = article(
        tmp_path / "a.md",
        "---\ntitle: Deal *fails*\ndate: 2023-12\nauthor: [Jane Doe, John Roe]\nsource: The Daily\n---\n\n"
        "First **bold** paragraph\nover [two](https://x.example) lines.\n\n> Quoted `code` here.\n\n"
        "- one\n- two\n\n![picture](x.png)\n\n<!-- hidden -->\n\nSnake_case and 2 * 3 * 4 stay.\n",
    )
    assert (found.title, str(found.published), found.author) == (
        "Deal *fails*",
        "2023-12",
        "Jane Doe, John Roe",
    )
    assert found.outlet == "The Daily"
    assert found.text == (
        "First bold paragraph over two lines.\n\nQuoted code here.\n\none\n\ntwo\n\nSnake_case and 2 * 3 * 4 stay."
    )
    found = article(tmp_path / "b.md", f"# Deal fails again\n\nDecember 7, 2023\n\n{LONG}\n")
    assert (found.title, str(found.published), found.text) == ("Deal fails again", "2023-12-07", LONG.strip())


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8-sig", "“Café” — a plain text of São Paulo, long enough to be read."),
        ("utf-16", "“Café” — a plain text of São Paulo, long enough to be read."),
        (
            "cp1252",
            "“We’ve got a narrow majority,” he said in a café in São Paulo on Monday, officials said.",
        ),
        ("cp1251", "Президент заявил, что переговоры будут продолжены в следующем месяце в Москве."),
    ],
)
def test_other_encodings_are_read_and_a_guess_is_said(tmp_path, encoding, text):
    found = article(tmp_path / "a.txt", text.encode(encoding))
    assert found.text == text
    assert bool(of(Remark, tmp_path)) == encoding.startswith("cp")


# Rows


def test_rows_say_which_fields_they_used(tmp_path):
    found = rows(
        tmp_path / "a.jsonl",
        {"id": "x-1", "headline": "One", "body": LONG, "publisher": {"name": "The Daily"},
         "byline": "Jane Doe", "link": "https://d.example/1", "publish_date": "Dec. 7, 2023"},
        "",
        {"title": "Two", "text": "Second.\n\nText.", "source": "Other", "author": ["A B", {"name": "C D"}],
         "url": "https://d.example/2", "publishedAt": "2023-12-07T10:00:00Z"},
        {"Title": None, "content": "Third text, alone.", "date": "whenever", "url": "javascript:alert(1)"},
    )  # fmt: skip
    one, two, three, remark = found
    base = (tmp_path / "a.jsonl").as_posix()
    assert (one.title, one.outlet, one.author, one.url) == (
        "One",
        "The Daily",
        "Jane Doe",
        "https://d.example/1",
    )
    assert (two.title, two.outlet, two.author, two.text) == ("Two", "Other", "A B, C D", "Second.\n\nText.")
    assert [str(a.published or "") for a in (one, two, three)] == ["2023-12-07", "2023-12-07", ""]
    assert [a.location for a in (one, two, three)] == [f"{base}#x-1", f"{base}#3", f"{base}#4"]
    assert (three.title, three.url) == ("", "")
    assert isinstance(remark, Remark) and remark.text == (
        "3 rows: text from 'body' or 'text' or 'content', title from 'headline' or 'title', outlet from "
        "'publisher' or 'source', author from 'byline' or 'author', url from 'link' or 'url', date from "
        "'publish_date' or 'publishedAt', id from 'id'"
    )


@pytest.mark.parametrize(
    ("value", "places"),
    [
        ([{"text": "One."}, {"id": 7, "text": "Two."}], ["#1", "#7"]),
        ({"articles": [{"text": "One."}, {"text": "Two."}]}, ["#1", "#2"]),
        (
            {"status": "ok", "response": {"docs": [{"id": "a", "body": "One."}, {"body": "Two."}]}},
            ["#a", "#2"],
        ),
        ({"a1": {"text": "One."}, "b2": {"text": "Two."}}, ["#a1", "#b2"]),
        ([{"id": "a", "text": "One."}, {"id": "a", "text": "Two."}], ["#a", "#a:2"]),
        ({"title": "T", "text": ["One.", "Two."]}, [""]),
    ],
)
def test_json_holds_one_article_or_many(tmp_path, value, places):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(value))
    found = of(Article, path)
    assert [a.location for a in found] == [path.as_posix() + place for place in places]
    assert "\n\n".join(a.text for a in found) == "One.\n\nTwo."
    assert len(of(Remark, path)) == 1


def test_markup_in_a_row_is_read_as_shown(tmp_path):
    html = "<p>First &amp; best.</p><script>evil()</script><p>Second<br>line<!-- x -->.</p>"
    found = rows(tmp_path / "a.json", json.dumps({"content": {"rendered": html}}))
    assert found[0].text == "First & best.\n\nSecond\nline."
    assert (
        rows(tmp_path / "a.json", json.dumps({"text": "2 < 3 and 5 > 4 &amp; so"}))[0].text
        == "2 < 3 and 5 > 4 &amp; so"
    )


def test_rows_that_cannot_be_read_are_told_by_line_and_the_rest_goes_on(tmp_path):
    path = tmp_path / "a.jsonl"
    lines = [
        b'{"text": "One."}', b'{"text": "cut', b'{"title": "no text"}', b"[1, 2]", b'{"text": "\xff\xfe"}',
        b'{"text": "   "}', b"[" * 100_000, b'{"text": ' + b"9" * 5000 + b"}", b'{"text": "\\ud83d half"}',
        b'{"text": "Last."}',
    ]  # fmt: skip
    path.write_bytes(b"\n".join(lines))
    found = list(read([str(path)]))
    assert [a.text for a in found if isinstance(a, Article)] == ["One.", "\ufffd half", "Last."]
    problems = {s.line: s.reason for s in found if isinstance(s, Skipped)}
    assert sorted(problems) == [2, 3, 4, 5, 6, 7, 8]
    assert "not valid JSON" in problems[2] and "'title'" in problems[3] and "not UTF-8" in problems[5]
    assert "deep" in problems[7]


def test_a_line_of_many_megabytes_is_passed_over(tmp_path):
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'{"text": "One."}\n{"text": "' + b"x" * 40_000_000 + b'"}\n{"text": "Two."}\n')
    found = list(read([str(path)]))
    assert [a.text for a in found if isinstance(a, Article)] == ["One.", "Two."]
    assert [(s.line, "longer than" in s.reason) for s in found if isinstance(s, Skipped)] == [(2, True)]


def test_csv_and_tsv_in_the_shapes_spreadsheets_write(tmp_path):
    table = [
        ["Headline", "Body", "Date"],
        ["One", 'First, "text"\n\nwith lines.', "2023-12-07"],
        ["Two", "2nd", "2023"],
    ]
    for name, delimiter, encoding in [
        ("a.csv", ",", "utf-8"), ("b.csv", ";", "utf-8-sig"), ("c.tsv", "\t", "utf-16"),
        ("d.csv", "|", "utf-8"),
    ]:  # fmt: skip
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter).writerows(table)
        (tmp_path / name).write_bytes(out.getvalue().encode(encoding))
        one, two = of(Article, tmp_path / name)
        assert (one.title, one.text, str(one.published)) == (
            "One",
            'First, "text"\n\nwith lines.',
            "2023-12-07",
        )
        assert (two.title, two.text, str(two.published)) == ("Two", "2nd", "2023")
        assert two.location.endswith(f"{name}#2")


def test_csv_rows_that_cannot_be_read_are_told_by_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(
        b'text,title\nOne.,a\nTwo.,b,extra,more\nThr\xffee.,caf\xc3\xa9\n"Fo"ur.,d\nF\xc3\xaeve.\n"never closed,\nx\n'
    )
    found = list(read([str(path)]))
    assert [a.text for a in found if isinstance(a, Article)] == ["One.", "Fîve."]
    problems = {s.line: s.reason for s in found if isinstance(s, Skipped)}
    assert sorted(problems) == [3, 4, 5, 7]
    assert "4 fields under 2" in problems[3] and "encoding" in problems[4] and "not valid CSV" in problems[7]
    assert "no text column" in skipped(tmp_path / "b.csv", "a,b\n1,2\n").reason


def test_a_csv_field_of_ten_megabytes_is_read_and_one_over_the_limit_is_not(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("title,text\none," + "word " * 2_000_000 + "\ntwo," + "x" * 17_000_000 + "\nthree,Last.\n")
    found = list(read([str(path)]))
    assert [(a.title, len(a.text)) for a in found if isinstance(a, Article)] == [
        ("one", 9_999_999),
        ("three", 5),
    ]
    assert [s.line for s in found if isinstance(s, Skipped)] == [3]


def test_a_file_of_nothing_but_broken_rows_is_given_up(tmp_path):
    found = rows(tmp_path / "a.jsonl", *["{"] * 5000)
    assert len(found) == 1001 and "left out" in found[-1].reason


# HTML, PDF, Word


PAGE = """<html><head><title>Senate rejects deal | The Daily</title><meta charset="{charset}">
<meta property="og:site_name" content="The Daily"><meta name="author" content="Jane Doe">{head}
<script>var x = "evil script";</script><style>p {{ color: red }}</style></head>
<body><nav><a href="/">Home</a> <a href="/politics">Politics</a></nav>
<article><h1>Senate rejects deal</h1>{byline}
<p>WASHINGTON — The Senate rejected the deal on Wednesday, leaving the aid in doubt this winter.</p>
<p>“We&rsquo;ve got a narrow majority,” he <b>said</b>. “That&#39;s it,” said&nbsp;Lankford, R-Okla.</p>
<p onclick="alert(1)">The vote was 49 to 51, &lt;script&gt; and all. It came after weeks.</p></article>
<footer>Copyright 2021 The Daily. All rights reserved.</footer></body></html>"""


def page(head: str = "", byline: str = "", charset: str = "utf-8") -> str:
    return PAGE.format(head=head, byline=byline, charset=charset)


def test_html_gives_text_title_author_and_outlet(tmp_path):
    found = article(tmp_path / "a.html", page())
    assert (found.title, found.author, found.outlet) == ("Senate rejects deal", "Jane Doe", "The Daily")
    assert found.text.split("\n\n") == [
        "WASHINGTON — The Senate rejected the deal on Wednesday, leaving the aid in doubt this winter.",
        "“We’ve got a narrow majority,” he said. “That's it,” said Lankford, R-Okla.",
        "The vote was 49 to 51, <script> and all. It came after weeks.",
    ]
    assert found.published is None


@pytest.mark.parametrize(
    ("head", "byline", "published"),
    [
        ('<meta property="article:published_time" content="2023-12-07T22:00:00-05:00">', "", "2023-12-07"),
        ('<meta name="date" content="December 2023">', "", "2023-12"),
        ('<meta name="date" content="2023">', "", "2023"),
        ('<meta name="date" content="03/04/2023">', "", "2023"),
        ('<script type="application/ld+json">{"@graph": [{"@type": "NewsArticle",'
         ' "datePublished": "2022-05-06",'
         ' "dateModified": "2023-01-01"}]}</script>', "", "2022-05-06"),
        ('<script type="application/ld+json">{"dateModified": "2023-01-01"}</script>', "", ""),
        ('<meta property="article:modified_time" content="2024-01-07T22:00:00-05:00">', "", ""),
        ('<link rel="canonical" href="https://daily.example/2023/12/07/deal">', "", "2023-12-07"),
        ("", '<time datetime="2023-12-07T10:00">Dec 7</time>', "2023-12-07"),
        ("", '<time datetime="2023-12-07">a</time><time datetime="2023-11-01">b</time>', ""),
        ("", '<span class="date">Published Dec. 7, 2023</span>', "2023-12-07"),
        ("", '<span class="date">Updated Dec. 7, 2023</span>', ""),
        ("", '<span class="date">2 hours ago</span>', ""),
        ('<script type="application/ld+json">{"datePublished": ' + "[" * 3000 + "</script>", "", ""),
    ],
)  # fmt: skip
def test_html_dates_are_of_publication_or_unknown(tmp_path, head, byline, published):
    found = article(tmp_path / "a.html", page(head, byline))
    assert str(found.published or "") == published


def test_html_in_another_encoding_is_read_as_it_declares(tmp_path):
    found = article(tmp_path / "a.html", page(charset="windows-1252").encode("cp1252"))
    assert "“We’ve got a narrow majority,”" in found.text


def test_japanese_mail_encoding_is_read_as_it_declares(tmp_path):
    text = "大統領は木曜日、来月も交渉を続けると述べた。首都での会談は二日間続いた。" * 5
    markup = f'<html><head><meta charset="iso-2022-jp"></head><body><article><p>{text}</p></article></body></html>'
    assert article(tmp_path / "a.html", markup.encode("iso-2022-jp")).text == text
    unknown = markup.replace("iso-2022-jp", "iso-2022-zz").encode("iso-2022-jp")
    assert "no known encoding" in skipped(tmp_path / "b.html", unknown).reason


def test_html_without_text_or_nested_without_end_is_told(tmp_path):
    assert "no main text" in skipped(tmp_path / "a.html", "<html><body><script>x</script></body></html>").reason
    assert skipped(tmp_path / "b.html", "<div>" * 200_000 + "text").reason
    assert skipped(tmp_path / "c.html", b"\x89PNG\r\n\x1a\n" + bytes(500)).reason == "not text"


def test_a_pdf_is_read_across_lines_and_pages(tmp_path):
    first = [
        "Deal fails in the Senate", "By Jane Doe",
        "The Senate rejected the aid package on Wednesday, and nego-",
        "tiations about the border went on behind closed doors for a",
        "well-known senator and for his party, as the year goes to a",
        "close.",
        "A second paragraph tells of the well-",
        "known senator who leads these talks about the border, and it",
        "goes on over the page without",
        "1",
    ]  # fmt: skip
    data = pdf(first, ["a break in the sentence.", "2"], title="Deal fails in the Senate", author="Jane Doe")
    found = article(tmp_path / "a.pdf", data)
    assert (found.title, found.author, found.published) == ("Deal fails in the Senate", "Jane Doe", None)
    assert "and negotiations about" in found.text and "the well-known senator who leads" in found.text
    assert "to a close.\n\nA second paragraph" in found.text
    assert "\n1" not in found.text and found.text.endswith("sentence.")


def test_pdfs_that_cannot_be_read_are_told(tmp_path):
    assert skipped(tmp_path / "a.pdf", pdf(["secret"], password="x")).reason == "an encrypted PDF"
    assert "no text" in skipped(tmp_path / "b.pdf", pdf([])).reason
    assert "not a readable PDF" in skipped(tmp_path / "c.pdf", b"%PDF-1.7 nothing more").reason
    assert "not a readable PDF" in skipped(tmp_path / "d.pdf", os.urandom(5000)).reason


def docx(path: Path) -> Path:
    document = Document()
    document.add_heading("Deal fails", level=0)
    document.add_paragraph("By Jane Doe")
    document.add_paragraph(LONG)
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Yes", "49"
    document.add_paragraph("The end.")
    document.core_properties.author = "python-docx"
    document.core_properties.created = datetime(2020, 1, 1)
    document.save(str(path))
    return path


def test_a_word_file_is_read_in_order(tmp_path):
    (found,) = of(Article, docx(tmp_path / "a.docx"))
    assert (found.title, found.author, found.published) == ("Deal fails", "Jane Doe", None)
    assert found.text.split("\n\n") == [LONG.strip(), "Yes", "49", "The end."]


def test_a_word_file_that_unpacks_without_end_is_refused(tmp_path):
    bomb = tmp_path / "bomb.docx"
    docx(bomb)
    with (
        zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as packed,
        packed.open("word/media/x.xml", "w") as part,
    ):
        for _ in range(400):
            part.write(bytes(1_000_000))
    assert bomb.stat().st_size < 1_000_000
    (found,) = read([str(bomb)])
    assert isinstance(found, Skipped) and "unpacks to" in found.reason


def test_a_word_file_with_a_cell_that_spans_without_end_is_read(tmp_path):
    path = docx(tmp_path / "a.docx")
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    body = parts["word/document.xml"]
    parts["word/document.xml"] = body.replace(b"<w:tcPr>", b'<w:tcPr><w:gridSpan w:val="2000000000"/>', 1)
    assert parts["word/document.xml"] != body
    with zipfile.ZipFile(path, "w") as packed:
        for name, part in parts.items():
            packed.writestr(name, part)
    (found,) = of(Article, path)
    assert "49" in found.text


def test_files_that_are_no_word_file_are_told(tmp_path):
    assert "not a Word file" in skipped(tmp_path / "a.docx", "just text").reason
    assert "encrypted or old" in skipped(tmp_path / "b.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)).reason
    entity = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:document xmlns:w="w">&e;</w:document>'
    with zipfile.ZipFile(tmp_path / "c.docx", "w") as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("word/document.xml", entity)
    (found,) = read([str(tmp_path / "c.docx")])
    assert isinstance(found, Skipped) and "root:" not in str(found)


# Files and folders


@pytest.mark.parametrize(
    ("name", "content", "reason", "line"),
    [
        ("a.txt", b"", "empty", None),
        ("a.txt", b"  \n\n \t ", "empty", None),
        ("a.md", b"<!-- -->\n", "empty", None),
        ("a.txt", b"\0" * 3000, "not text", None),
        ("a.txt", bytes(range(256)) * 20, "not text", None),
        ("a.txt", "Ein Café\nund noch ein Café\nund ".encode() + b"\xff\xfe mehr", "broken encoding", 3),
        ("a.txt", b"\xef\xbb\xbfText\n\xff", "broken encoding", 2),
        ("a.json", b'{"text": "x"', "not valid JSON", 1),
        ("a.json", b'{"title": "x"}', "no text field among 'title'", None),
        ("a.json", b"[" * 200_000, "nested too deeply", None),
        ("a.json", b'{"data": ' * 900 + b"1" + b"}" * 900, "no text field", None),
        ("a.json", b"[]", "no rows", None),
        ("a.json", b"3", "a single int", None),
        ("a.jsonl", b"\n\n", "no rows", None),
        ("a.csv", b"text,title\n", "no rows", None),
        ("a.jpg", b"\xff\xd8\xff", "not a kind of file", None),
        ("README", b"text", "not a kind of file", None),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, name, content, reason, line):
    found = skipped(tmp_path / name, content)
    assert reason in found.reason and found.line == line
    assert found.location == (tmp_path / name).as_posix()


def test_a_file_over_the_limit_is_never_opened(tmp_path):
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.truncate(300_000_000)
    path.chmod(0)
    (found,) = read([str(path)])
    assert isinstance(found, Skipped) and "300,000,000 bytes, more than the limit" in found.reason
    (tmp_path / "b.txt").write_text("Twelve bytes")
    (found,) = read([str(tmp_path / "b.txt")], max_bytes=11)
    assert isinstance(found, Skipped)


def test_folders_are_read_in_order_without_hidden_files_or_links_out(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside / "b", inside / ".git", outside):
        folder.mkdir(parents=True)
    names = ["a.txt", "B.txt", "b/c.txt", "b/ä #1;rm -rf.txt", ".hidden.txt", ".git/x.txt"]
    for number, name in enumerate(names):
        (inside / name).write_text(f"Text number {number}.")
    (outside / "secret.txt").write_text("Secret.")
    (inside / "z-loop").symlink_to(inside, target_is_directory=True)
    (inside / "z-self.txt").symlink_to(inside / "z-self.txt")
    (inside / "z-out").symlink_to(outside, target_is_directory=True)
    (inside / "z-out.txt").symlink_to(outside / "secret.txt")
    (inside / "z-twin.txt").symlink_to(inside / "a.txt")
    (inside / "z-gone.txt").symlink_to(inside / "gone.txt")
    (inside / "z-annexed.txt").symlink_to(inside / ".git" / "x.txt")
    found = list(read([str(inside), str(inside / "a.txt")]))
    base = inside.as_posix()
    assert [a.location.removeprefix(base) for a in found if isinstance(a, Article)] == [
        "/B.txt", "/a.txt", "/z-annexed.txt", "/b/c.txt", "/b/ä #1;rm -rf.txt",
    ]  # fmt: skip
    problems = {s.location.removeprefix(base): s.reason for s in found if isinstance(s, Skipped)}
    assert set(problems) == {"/z-self.txt", "/z-out", "/z-out.txt", "/z-gone.txt"}
    assert "out of the folder" in problems["/z-out"] and "nowhere" in problems["/z-gone.txt"]


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.txt")
    (found,) = read([str(tmp_path)])
    assert isinstance(found, Skipped) and found.reason == "not a regular file"


def test_a_name_that_is_not_utf8_is_told_in_words_that_can_be_stored(tmp_path):
    path = os.fsencode(tmp_path) + b"/a\xff.txt"
    os.close(os.open(path, os.O_CREAT))
    (found,) = read([str(tmp_path)])
    assert isinstance(found, Skipped) and found.location.endswith("/a\\xff.txt")
    found.location.encode("utf-8")


def test_nothing_is_read_when_a_target_is_missing(tmp_path):
    (tmp_path / "a.txt").write_text("Text.")
    for bad in (str(tmp_path / "missing.txt"), "file:///etc/passwd", "ftp://x.example/a"):
        with pytest.raises(UserError, match="'"):
            read([str(tmp_path / "a.txt"), bad])


def test_articles_come_one_at_a_time(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "One."}\n' * 3)
    articles = read([str(path)])
    assert next(articles).location.endswith("#1")
    path.unlink()
    (tmp_path / "b.txt").write_text("x")
    assert next(articles).location.endswith("#2")


ANY = st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("kind", [".txt", ".md", ".html", ".json", ".jsonl", ".csv", ".tsv", ".pdf", ".docx"])
def test_any_bytes_give_articles_or_reasons(kind, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / f"a{kind}"

    @settings(deadline=None)  # the first of a kind imports its library
    @given(ANY | ANY.map(lambda data: b"text,title\n" + data) | ANY.map(lambda data: b"<p>" + data))
    def check(data: bytes) -> None:
        path.write_bytes(data)
        found = list(read([str(path)]))
        assert found
        for one in found:
            if isinstance(one, Article):
                assert one.text and one.text == clean(one.text)
            elif isinstance(one, Skipped):
                assert one.reason

    check()
