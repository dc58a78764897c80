"""Conversations and verdicts as files: Markdown, HTML and JSON with full citations, and an evaluation set."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from evals.datasets.cases import Case, Exchange, GoldSentence, half
from rag.types import Answer
from ui import answer_text
from ui.answer_text import escape_markdown, number_citations
from ui.store.conversations import Kept
from ui.web.pages import html

if TYPE_CHECKING:
    from ui.web.service import Desk

Exchanges = Sequence[tuple[Kept, Answer]]
TAG = "feedback"


def as_markdown(title: str, exchanges: Exchanges) -> str:
    """A conversation as Markdown; every text of an article or a person is escaped."""
    lines = [f"# {escape_markdown(title)}", ""]
    for kept, answer in exchanges:
        numbers = number_citations(answer)
        lines += [f"## {escape_markdown(answer.question)}", ""]
        if answer.refused:
            lines += [f"Not in these articles. {escape_markdown(answer.reason)}", ""]
        elif answer.short:
            lines += [f"**{escape_markdown(answer.short)}**", ""]
        for statement in answer.statements:
            speaker = f"{statement.speaker}: " if statement.speaker else ""
            marks = "".join(f" [{numbers[citation]}]" for citation in statement.citations)
            doubt = "" if statement.supported else " (not found in the sources)"
            lines += [f"> {escape_markdown(speaker + statement.text + marks + doubt)}", ""]
        for number, line, url in _sources(answer):
            address = f" <{link}>" if (link := html.link(url)) and not set(link) & set("<> ") else ""
            lines.append(f"{number}. {escape_markdown(line)}{address}")
        asked = f"Asked {html.moment(kept.asked_at)} UTC of library version {answer.library_version}."
        written = f" Written by {escape_markdown(writer)}." if (writer := html.writer(answer)) else ""
        lines += ["", f"*{asked}{written}*", ""]
    return "\n".join(lines)


def as_html(title: str, exchanges: Exchanges) -> str:
    """A conversation as one page that needs nothing else."""
    return html.rendered(
        "export.html",
        title=title,
        exchanges=[
            (kept, answer, number_citations(answer), _sources(answer), html.writer(answer))
            for kept, answer in exchanges
        ],
    )


def _sources(answer: Answer) -> list[tuple[int, str, str]]:
    """Number, line and address of each citation."""
    found = []
    for citation, number in number_citations(answer).items():
        try:
            article = answer.article(citation)
        except KeyError:
            found.append((number, f"{citation.article_id}, revision {citation.revision}, no longer kept", ""))
            continue
        found.append((number, answer_text.source_line(article, citation), article.url))
    return found


def as_json(title: str, exchanges: Exchanges) -> str:
    """A conversation with each answer in the schema of `clippings ask --json`."""
    answers = [
        {**kept.data, "asked_at": kept.asked_at, "ignored": list(kept.ignored), "verdict": kept.verdict}
        | ({"verdict_reason": kept.reason} if kept.verdict else {})
        for kept, _ in exchanges
    ]
    return json.dumps({"title": title, "answers": answers}, ensure_ascii=False, indent=2) + "\n"


FORMATS: dict[str, tuple[str, Callable[[str, Exchanges], str]]] = {
    "md": ("text/markdown", as_markdown),
    "html": ("text/html", as_html),
    "json": ("application/json", as_json),
}


def feedback(desk: Desk, owner: str) -> str:
    """The owner's verdicts as a question set, one JSON line each; `clippings eval` reads it.

    A good answer expects what it cites, a good refusal and "the articles do not answer this" expect a refusal. A
    bad answer without that says only that its articles were found: a person has to add what was right.
    """
    from evals.datasets.files import to_row

    rows = (case for kept in desk.conversations.judged(owner) if (case := _case(desk, owner, kept)))
    return "".join(json.dumps(to_row(case), ensure_ascii=False) + "\n" for case in rows)


def _case(desk: Desk, owner: str, kept: Kept) -> Case | None:
    before = [
        Exchange(item.question, item.data["text"])
        for item in desk.conversations.answers(owner, kept.conversation)
        if item.number < kept.number
    ]
    data = kept.data
    reason = kept.reason.partition(": ")[0]
    good = kept.verdict == "up"
    cited = [citation for statement in data["statements"] for citation in statement["citations"]]
    expected: dict[str, Any]
    if (good and data["refused"]) or (not good and reason == "unanswerable"):
        expected = {"answerable": False}
    elif good:
        expected = {
            "answers": (data["short"],) if data["short"] else (),
            "gold_articles": tuple(dict.fromkeys(citation["article"] for citation in cited)),
            "gold_sentences": tuple(
                GoldSentence(one["article"], one["text"], one["start"], one["end"]) for one in cited
            ),
        }
    else:
        found = [hit["article"] for hit in data["hits"]] or [citation["article"] for citation in cited]
        if not found:
            return None
        expected = {"gold_articles": tuple(dict.fromkeys(found))[:1]}
    as_of = data["query"]["as_of"]
    case_id = f"{TAG}-{kept.id}"
    return Case(
        case_id,
        kept.question,
        conversation=tuple(before),
        as_of=date.fromisoformat(as_of) if as_of else None,
        tags=(TAG, kept.verdict, *([reason] if reason in html.REASONS else []), half(case_id)),
        **expected,
    )
