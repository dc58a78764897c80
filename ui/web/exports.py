"""Conversations and verdicts as files: Markdown, HTML and JSON with full citations, and an evaluation set."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from evals.datasets.cases import Case, Exchange, GoldSentence, half
from evals.datasets.files import to_row
from index.types import Article
from rag.types import Answer
from ui import answer_text
from ui.answer_text import escape_markdown, number_citations
from ui.store.conversations import Conversations, StoredAnswer
from ui.web.pages import html

Exchanges = Sequence[tuple[StoredAnswer, Answer]]
TAG = "feedback"


def as_markdown(title: str, exchanges: Exchanges) -> str:
    """A conversation as Markdown; every text of an article or a person is escaped."""
    lines = [f"# {escape_markdown(title)}", ""]
    for stored, answer in exchanges:
        numbers = number_citations(answer)
        lines += [f"## {escape_markdown(answer.question)}", ""]
        lines += [*answer_text.markdown_statements(answer, numbers), ""]
        for number, line, url in _sources(answer):
            address = f" <{link}>" if (link := html.link(url)) and not set(link) & set("<> ") else ""
            lines.append(f"{number}. {escape_markdown(line)}{address}")
        origin = f"Asked {html.moment(stored.asked_at)} UTC of library version {answer.library_version}."
        if writer := html.writer(answer):
            origin += f" Written by {escape_markdown(writer)}."
        lines += ["", f"*{origin}*", ""]
    return "\n".join(lines)


def as_html(title: str, exchanges: Exchanges) -> str:
    """A conversation as one HTML page that loads nothing else."""
    shown = [(stored, one, number_citations(one), _sources(one), html.writer(one)) for stored, one in exchanges]
    return html.render("export.html", title=title, exchanges=shown, **html.WORDING)


def _sources(answer: Answer) -> list[tuple[int, str, str]]:
    """Number, line and address of each citation."""
    sources = []
    for citation, number in number_citations(answer).items():
        if article := html.cited_article(answer, citation):
            sources.append((number, answer_text.source_line(_named(article), citation), article.url))
        else:
            sources.append((number, f"{citation.article_id}, revision {citation.revision}, no longer kept", ""))
    return sources


def _named(article: Article) -> Article:
    return replace(article, location=html.short_location(article.location))


def as_json(title: str, exchanges: Exchanges) -> str:
    """A conversation with each answer in the schema of `clippings ask --json`."""
    answers = [
        {
            **html.named_articles(stored.data),
            "asked_at": stored.asked_at,
            "ignored": list(stored.ignored),
            "verdict": stored.verdict,
        }
        | ({"verdict_reason": stored.reason} if stored.verdict else {})
        for stored, _ in exchanges
    ]
    return json.dumps({"title": title, "answers": answers}, ensure_ascii=False, indent=2) + "\n"


FORMATS: dict[str, tuple[str, Callable[[str, Exchanges], str]]] = {
    "md": ("text/markdown", as_markdown),
    "html": ("text/html", as_html),
    "json": ("application/json", as_json),
}


def feedback(conversations: Conversations, owner: str) -> str:
    """The owner's verdicts as a question set, one JSON line each; `clippings eval` reads it.

    A good answer expects what it cites, a good refusal and "the articles do not answer this" expect a refusal. A
    bad answer without that says only that its articles were found: a person has to add what was right.
    """
    cases = (_case(conversations, owner, stored) for stored in conversations.answers_with_verdict(owner))
    return "".join(json.dumps(to_row(case), ensure_ascii=False) + "\n" for case in cases if case)


def _case(conversations: Conversations, owner: str, stored: StoredAnswer) -> Case | None:
    earlier = [
        Exchange(item.question, item.data["text"])
        for item in conversations.answers(owner, stored.conversation)
        if item.number < stored.number
    ]
    data = stored.data
    reason = stored.reason.partition(": ")[0]
    good = stored.verdict == "up"
    citations = [citation for statement in data["statements"] for citation in statement["citations"]]
    expected: dict[str, Any]
    if (good and data["refused"]) or (not good and reason == "unanswerable"):
        expected = {"answerable": False}
    elif good:
        expected = {
            "answers": (data["short"],) if data["short"] else (),
            "gold_articles": tuple(dict.fromkeys(citation["article"] for citation in citations)),
            "gold_sentences": tuple(
                GoldSentence(one["article"], one["text"], one["start"], one["end"]) for one in citations
            ),
        }
    else:
        articles = [hit["article"] for hit in data["hits"]] or [citation["article"] for citation in citations]
        if not articles:
            return None
        expected = {"gold_articles": tuple(dict.fromkeys(articles))[:1]}
    as_of = data["query"]["as_of"]
    case_id = f"{TAG}-{stored.id}"
    return Case(
        case_id,
        stored.question,
        conversation=tuple(earlier),
        as_of=date.fromisoformat(as_of) if as_of else None,
        tags=(TAG, stored.verdict, *([reason] if reason in html.REASONS else []), half(case_id)),
        **expected,
    )
