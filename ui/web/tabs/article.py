"""An article opened beside the chat or the table, with what the library knows of it; knows nothing of gradio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from index.types import Article
from ui.web.events import PageEvent
from ui.web.pages import html
from ui.web.pages.article import Highlight, RelatedArticle, article_pane
from ui.web.service import ChatService


def open_article(service: ChatService, event: PageEvent, again: str = "open") -> str:
    """The event's `article` in its `revision`, from character `at`; `again` is the action that opens more of it."""
    article = service.article(event.text("article"), event.text("revision"))
    if article is None:
        return html.message("This article is not in the library.", "error")
    return pane(service, article, at=event.number("at"), label="Article", again=again)


def pane(service: ChatService, article: Article, highlights: Sequence[Highlight] = (), **settings: Any) -> str:
    """`article_pane` with the articles that share its text, and a line if the library has another revision."""
    library = service.library()
    assert library is not None  # the article came from it
    related = [
        RelatedArticle(link.kind, other.name, other.id, other.revision, other.outlet)
        for link in library.related(article.id)
        if (other := library.article(link.article_id, link.revision))
    ]
    related += [RelatedArticle("", name) for name in map(html.short_location, library.locations(article.id)[1:])]
    live = library.article(article.id)
    state = ""
    if live is None:
        state = "This article is no longer in the library; it is shown as it was cited."
    elif live.revision != article.revision:
        state = "The library holds a newer revision; this is the one that was cited."
    return article_pane(article, highlights, related=related, state=state, **settings)
