"""Whatever articles, people, files and models say is shown as text: no template and no record lets it become markup."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import lxml.html
import pytest
from markdown_it import MarkdownIt

from evals.datasets.cases import Problem
from index.build import BuildReport
from index.types import Article, Hit, Passage, Published, Skipped
from rag.types import Answer, Citation, Interpretation, Query, Statement
from ui.store.conversations import Conversation, RemovedArticle, StoredAnswer
from ui.web import exports
from ui.web.jobs import JobState
from ui.web.pages import article, html
from ui.web.pages.article import Highlight, RelatedArticle
from ui.web.server.uploads import SetUpload
from ui.web.service import ArticleRow, LibraryOverview
from ui.web.tabs.library import TableQuery, article_table, job_report

TEMPLATES = Path(html.__file__).parent / "templates"
EVIL = (
    """'"></p></textarea></style><script>alarm()</script><img src=x onerror=alarm()>"""
    """<a href="javascript:alarm()" onmouseover='alarm()'>x</a>{{ 7 * 7 }}${alarm()}&lt;b&gt;"""
)
ARTICLE = Article(
    f"{EVIL} said {EVIL}.",
    title=EVIL,
    outlet=EVIL,
    author=EVIL,
    published=Published(date(2024, 3, 5)),
    url="javascript:alarm()",
    location=f"data:text/html,{EVIL}",
    id=EVIL,
)
PLACE = Citation(ARTICLE.id, ARTICLE.revision, 0, len(EVIL), EVIL)
PASSAGE = Passage(ARTICLE.id, ARTICLE.revision, 0, 0, len(ARTICLE.text), ((0, len(ARTICLE.text)),), 9)
ANSWER = Answer(
    EVIL,
    Query(EVIL, EVIL, interpretations=(Interpretation("date", EVIL, EVIL),)),
    statements=(Statement(EVIL, (PLACE,), speaker=EVIL), Statement(EVIL, supported=False)),
    short=EVIL,
    hits=(Hit(PASSAGE, ARTICLE, 1.0),),
    articles=(ARTICLE,),
    notes=(EVIL,),
    reader=EVIL,
    model=EVIL,
    seconds={EVIL: 1.0},
)
STORED = StoredAnswer(EVIL, EVIL, 1, EVIL, {}, (f"date:{EVIL}",), EVIL, "down", f"other: {EVIL}")
REPORT = BuildReport(1, True, skipped=(Skipped(EVIL, EVIL),))

SHOWN = {
    "answer": lambda: html.turn(ANSWER, STORED),
    "answer that is no longer kept": lambda: html.turn(replace(ANSWER, articles=()), STORED),
    "refusal": lambda: html.turn(replace(ANSWER, state="not_found", statements=(), reason=EVIL), STORED),
    "answer being made": lambda: html.pending(EVIL, EVIL, ANSWER.statements, ahead=3),
    "no answer": lambda: html.unfinished(EVIL, ANSWER.statements, EVIL),
    "conversations": lambda: html.conversation_list([Conversation(EVIL, EVIL, EVIL, 1)], EVIL, EVIL),
    "start": lambda: html.start_page([EVIL], 3, EVIL, 2, EVIL),
    "message": lambda: html.message(EVIL, "error"),
    "loading": lambda: html.loading(JobState(EVIL, running=True, error=EVIL)),
    "article": lambda: article.article_pane(
        ARTICLE,
        [Highlight((0, len(EVIL)), 1, True)],
        answer_id=EVIL,
        citations=2,
        related=[RelatedArticle(EVIL, EVIL, EVIL, EVIL, EVIL), RelatedArticle("", EVIL)],
        state=EVIL,
        label=EVIL,
    ),
    "table": lambda: article_table(
        LibraryOverview(1, (ArticleRow(EVIL, EVIL, EVIL, EVIL, EVIL, EVIL),)),
        TableQuery(),
        [RemovedArticle("other", EVIL, EVIL, EVIL, EVIL)],
    ),
    "controls": lambda: html.render(
        "library-controls.html", outlets=[EVIL], query=TableQuery(words=EVIL, outlet=EVIL, since=EVIL)
    ),
    "work": lambda: job_report(JobState(EVIL, result=REPORT)),
    "work that failed": lambda: job_report(JobState(EVIL, error=EVIL)),
    "sets": lambda: html.render("sets.html", sets=[(EVIL, EVIL)], own=[(EVIL, EVIL)], selected=EVIL),
    "set that was brought": lambda: html.render(
        "own-set.html", upload=SetUpload(EVIL, problems=(Problem(EVIL, 1, EVIL, EVIL),)), limit=9
    ),
    "log-in": lambda: html.render("login.html", message=EVIL),
    "export": lambda: exports.as_html(EVIL, [(STORED, ANSWER)]),
}


@pytest.mark.parametrize("what", SHOWN)
def test_texts_are_shown_as_texts(what):
    shown = SHOWN[what]()
    tree = lxml.html.fromstring(shown)
    said = [tree.text_content(), *(value for one in tree.iter() for value in one.attrib.values())]
    assert any("<script>alarm()</script>" in text for text in said), "it is shown, word for word"
    assert not tree.xpath("//script | //img | //iframe | //object | //svg[.//script]")
    for one in tree.iter():
        assert not [name for name in one.attrib if name.startswith("on")]
        for name in ("href", "src", "action", "formaction"):
            assert not re.match(r"\s*(javascript|data|vbscript):", one.get(name, ""), re.IGNORECASE)


def test_markdown_that_is_taken_away_holds_no_markup():
    tree = lxml.html.fromstring(MarkdownIt("commonmark").render(exports.as_markdown(EVIL, [(STORED, ANSWER)])))
    assert "<script>alarm()</script>" in tree.text_content()
    assert not tree.xpath("//script | //img | //a")


@pytest.mark.parametrize("path", sorted(TEMPLATES.iterdir()), ids=lambda path: path.name)
def test_no_template_can_let_markup_through(path):
    assert html.environment().autoescape is True
    source = path.read_text(encoding="utf-8")
    for hole in (r"\|\s*safe\b", r"autoescape", r"<script", r"\son[a-z]+=", r"=\s*\{\{", r"<style[^>]*>[^<]*\{\{"):
        assert not re.search(hole, source), hole
    for address in re.findall(r'(?:href|src|action)="\{\{(.*?)\}\}', source):
        # Plots are drawings of our own, as data.
        assert address.strip().endswith("| link") or (path.name, address.strip()) == ("summary.html", "address")


def test_no_other_way_leads_into_the_page():
    """Values of HTML components come from templates: no Markdown component, no Markup, no HTML made by hand."""
    web = TEMPLATES.parents[1]
    sources = {path.relative_to(web).as_posix(): path.read_text(encoding="utf-8") for path in web.rglob("*.py")}
    assert sources["app.py"].count("gr.HTML(") == 1
    for name, source in sources.items():
        assert not re.search(r"Markup\(|gr\.Markdown|gr\.Chatbot", source), name
        assert "gr.HTML(" not in source or name == "app.py"
        # Gradio's own page gets its nonces in `gradio_page`.
        assert name == "server/gradio_page.py" or not re.search(r"""f["']{1,3}\s*<\w+""", source), name
