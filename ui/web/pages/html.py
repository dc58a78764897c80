"""The chat's HTML: answers, the article pane and the conversation list; pure functions of records.

Every text goes through a template engine that escapes it; only templates hold markup.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from index.types import Article, Hit, Published
from rag.answer.extractive import ExtractiveAnswerer
from rag.types import Answer, Citation, Statement
from ui.answer_text import HEADINGS, closest_heading, emphasis, heading, number_citations
from ui.store.conversations import Conversation, StoredAnswer

CLOSEST_PASSAGES = 3
"""Shown with a refusal."""
STAGES = {
    "wait": "Waiting for a free turn",
    "understand": "Understanding the question",
    "retrieve": "Searching the articles",
    "read": "Reading what was found",
    "write": "Writing the answer",
}
REASONS = {
    "wrong": "The answer is wrong",
    "unanswerable": "The articles do not answer this",
    "refused": "The articles do answer this",
    "incomplete": "Something is missing",
    "other": "Something else",
}
"""What a person may say of an answer, and the words shown for it."""

# takes the "/home/ada/" of "'/home/ada/a.txt' is empty" and "C:\\news\\"; not "https://a.example/b/c" or "and/or"
_FOLDERS = re.compile(r"""(?<![\w:/.~-])(?:/(?:[^\s/'"“”<>|]+/)+|[A-Za-z]:\\+(?:[^\\\s'"“”<>|]+\\+)*)""")
# Takes U+202E, which makes "gpj.exe" read as "exe.jpg"; not letters of a right-to-left script.
# Direction marks and overrides can make a title, a name or a question read as something else. Stored article
# text has none, see index.clean.
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


WORDING: dict[str, Any] = {"heading": heading, "closest_heading": closest_heading, "emphasis": emphasis}
"""What templates say of an answer's state, as the terminal says it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A cited article and the numbers of the citations that point into it."""

    numbers: tuple[int, ...]
    article: Article | None


@cache
def environment() -> Environment:
    """The templates of the chat, escaping every value."""
    environment = Environment(
        loader=PackageLoader("ui.web.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_without_direction_marks,
    )
    environment.filters.update(
        day=day, link=link, moment=moment, short_location=short_location, without_folders=without_folders
    )
    return environment


def _without_direction_marks(value: Any) -> Any:
    return type(value)(_BIDI.sub("", value)) if isinstance(value, str) else value


def render(template: str, **values: Any) -> str:
    """A template of `ui/web/pages/templates` filled in."""
    return environment().get_template(template).render(**values)


def day(published: Published | None) -> str:
    """`7 December 2023`, `December 2023` or `2023`, as far as it is known."""
    if published is None:
        return "date unknown"
    month = published.day.strftime("%B %Y")
    return {"day": f"{published.day.day} {month}", "month": month, "year": str(published.day.year)}[published.precision]


def moment(iso: str) -> str:
    """An ISO time to the minute, UTC."""
    return iso[:16].replace("T", " ")


def short_location(location: str) -> str:
    """A location without the folders of this machine."""
    return location if "://" in location else location.replace("\\", "/").rsplit("/", 1)[-1]


def without_folders(text: str) -> str:
    """A message with the names of files and without the folders of this machine, which are nobody's business."""
    return _FOLDERS.sub("", text)


def named_articles(data: dict[str, Any]) -> dict[str, Any]:
    """An article, or an answer with its articles, as plain data that names files and no folder."""
    if "articles" in data:
        return {**data, "articles": [named_articles(article) for article in data["articles"]]}
    return {**data, "location": short_location(data["location"])}


def link(url: str) -> str:
    """The address if it is http(s) and names a host, else nothing: nothing else may be linked."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme.lower() in ("http", "https") and parts.netloc else ""


def thread(answers: Sequence[tuple[StoredAnswer, Answer]]) -> str:
    """The exchanges of a conversation, oldest first."""
    return "".join(turn(answer, stored) for stored, answer in answers)


def turn(answer: Answer, stored: StoredAnswer) -> str:
    """One question and its finished answer."""
    return _exchange(answer.question, answer.statements, answer, stored)


def pending(question: str, stage: str, statements: Sequence[Statement] = (), ahead: int = 0) -> str:
    """One question while it is being answered; `ahead` counts questions that come first."""
    status = STAGES.get(stage, stage)
    if ahead:
        status += f": {ahead} ahead of you"
    return _exchange(question, statements, status=status)


def unfinished(question: str, statements: Sequence[Statement], message: str) -> str:
    """A question that got no whole answer: stopped, too many at once, or an error."""
    return _exchange(question, statements, message=without_folders(message))


def _exchange(
    question: str,
    statements: Sequence[Statement],
    answer: Answer | None = None,
    stored: StoredAnswer | None = None,
    status: str = "",
    message: str = "",
) -> str:
    cited = dict.fromkeys(citation for statement in statements for citation in statement.citations)
    numbers = {citation: number for number, citation in enumerate(cited, start=1)}
    hits = answer.hits[:CLOSEST_PASSAGES] if answer else ()
    return render(
        "turn.html",
        question=question,
        statements=statements,
        answer=answer,
        numbers=numbers,
        labels={citation: _label(answer, citation) for citation in numbers},
        sources=sources(answer) if answer else [],
        closest=[(number, hit, _opening(hit)) for number, hit in enumerate(hits)],
        quoted=_quoted(answer) if answer and answer.closest_speaker else [],
        heading=HEADINGS[answer.state] if answer else "",
        closest_heading=closest_heading(answer) if answer else "",
        emphasis=emphasis,
        stored=stored,
        status=status,
        message=message,
        writer=writer(answer) if answer else "",
        reasons=REASONS,
    )


def _quoted(answer: Answer) -> list[tuple[int, Citation, Article]]:
    """The closest sentences, each with its number from 0 and its article, but those no longer kept."""
    cited = ((number, one, cited_article(answer, one)) for number, one in enumerate(answer.closest))
    return [(number, one, article) for number, one, article in cited if article]


def _opening(hit: Hit) -> str:
    opening = " ".join(hit.article.text[start:end] for start, end in hit.passage.sentences[:2])
    return opening if len(opening) <= 400 else opening[:400].rsplit(" ", 1)[0] + " …"


def cited_article(answer: Answer, citation: Citation) -> Article | None:
    """The article that is cited; None where that revision is no longer kept."""
    try:
        return answer.article(citation)
    except KeyError:
        return None


def _label(answer: Answer | None, citation: Citation) -> str:
    article = cited_article(answer, citation) if answer else None
    if article is None:
        return "this revision is no longer kept" if answer else ""
    return ", ".join(part for part in (article.name, article.outlet, day(article.published)) if part)


def writer(answer: Answer) -> str:
    """The chat model that wrote the answer; empty where it quotes."""
    return "" if answer.model == ExtractiveAnswerer.name else answer.model


def sources(answer: Answer) -> list[Source]:
    """The cited articles in the order of their first citation."""
    grouped: dict[tuple[str, str], list[int]] = {}
    articles: dict[tuple[str, str], Article | None] = {}
    for citation, number in number_citations(answer).items():
        key = (citation.article_id, citation.revision)
        grouped.setdefault(key, []).append(number)
        articles[key] = cited_article(answer, citation)
    return [Source(tuple(numbers), articles[key]) for key, numbers in grouped.items()]


def conversation_list(items: Sequence[Conversation], current: str = "", search: str = "") -> str:
    """The list of conversations, the current one marked; without the search field."""
    return render("conversations.html", items=items, current=current, search=search)


def start_page(suggestions: Sequence[str], articles: int, newest: str, outlets: int, model: str = "") -> str:
    """What an empty conversation shows: suggested questions, or what to do about an empty library."""
    return render("start.html", suggestions=suggestions, articles=articles, newest=newest, outlets=outlets, model=model)


def message(text: str, kind: str = "note") -> str:
    """One line for a person: a note or an error."""
    return render("message.html", text=without_folders(text), kind=kind)


def loading(state: Any) -> str:
    """The start of an empty conversation while the seed articles are being read."""
    return render("loading.html", state=state)
