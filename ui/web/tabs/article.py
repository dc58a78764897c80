"""What the page's buttons ask for, from what they sent along (untrusted) to HTML; knows nothing of gradio."""

from __future__ import annotations

from typing import Any

from index.types import Article
from ui.store.conversations import Verdict
from ui.web.events import Sent
from ui.web.pages import article as article_page
from ui.web.pages import html
from ui.web.pages.article import Elsewhere, Mark
from ui.web.service import Desk

GONE = "This revision of the article is no longer kept."


def start(desk: Desk, wait: bool = True) -> str:
    """What an empty conversation shows; without `wait`, suggestions only where they stand ready."""
    shelf, model = desk.shelf() if wait else desk.ready(), desk.settings.model
    if shelf is not None:
        return html.start_page(shelf.suggestions, len(shelf.entries), shelf.newest, len(shelf.outlets), model)
    library = desk.library()
    assert library is not None  # an empty library's shelf is always ready
    return html.start_page((), library.counts[0], str(library.newest or ""), len(library.outlets), model)


def cited(desk: Desk, sent: Sent) -> str:
    """The article pane for a citation (`answer`, `number`), a hit (`answer`, `hit`) or an `article`."""
    if "answer" not in sent.data:
        return whole(desk, sent)
    try:
        kept = desk.conversations.answer(sent.owner, sent.text("answer"))
    except KeyError:
        return html.message("This answer is no longer kept.", "error")
    answer = kept.answer(desk.article)
    if (place := sent.number("hit")) is not None:
        if place >= len(answer.hits):
            return html.message(GONE, "error")
        hit = answer.hits[place]
        return _pane(desk, hit.article, article_page.hit_marks(hit), label="A passage that was found")
    try:
        citation, marks = article_page.citation_marks(answer, sent.number("number") or 0)
        return _pane(desk, answer.article(citation), marks, kept=kept.id, citations=len(set(answer.citations)))
    except KeyError:
        return html.message(GONE, "error")


def judged(desk: Desk, sent: Sent) -> str:
    """Store a verdict on an answer; the exchange as it looks now, or nothing when it is not theirs."""
    verdicts: dict[str, Verdict] = {"up": "up", "down": "down"}
    verdict = verdicts.get(sent.text("verdict"), "")
    words, kind = sent.text("words").strip(), sent.text("kind")
    reason = f"{kind}: {words}" if verdict == "down" and kind in html.REASONS else words
    try:
        desk.conversations.judge(sent.owner, sent.text("answer"), verdict, reason)
        kept = desk.conversations.answer(sent.owner, sent.text("answer"))
    except KeyError:
        return ""
    return html.turn(kept.answer(desk.article), kept)


def whole(desk: Desk, sent: Sent, again: str = "open") -> str:
    """The `article` in its `revision` with nothing marked, from character `at`; `again` opens more of it."""
    found = desk.article(sent.text("article"), sent.text("revision"))
    if found is None:
        return html.message("This article is not in the library.", "error")
    return _pane(desk, found, [], at=sent.number("at"), label="Article", again=again)


def _pane(desk: Desk, found: Article, marks: list[Mark], **settings: Any) -> str:
    library = desk.library()
    assert library is not None  # an article was found in it
    elsewhere = [
        Elsewhere(related.kind, other.name, other.id, other.revision, other.outlet)
        for related in library.related(found.id)
        if (other := library.article(related.article_id, related.revision))
    ]
    elsewhere += [Elsewhere("", place) for place in map(html.place, library.locations(found.id)[1:])]
    live = library.article(found.id)
    state = ""
    if live is None:
        state = "This article is no longer in the library; it is shown as it was cited."
    elif live.revision != found.revision:
        state = "The library holds a newer revision; this is the one that was cited."
    return article_page.article_pane(found, marks, elsewhere=elsewhere, state=state, **settings)
