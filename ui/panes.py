"""What the page's buttons ask for, from what they sent along (untrusted) to HTML; knows nothing of gradio."""

from __future__ import annotations

from typing import Any

from index.types import Article
from ui import page
from ui.conversations import Verdict
from ui.desk import Desk
from ui.page import Elsewhere, Mark


def start(desk: Desk) -> str:
    """What an empty conversation shows."""
    shelf = desk.shelf()
    return page.start_page(shelf.suggestions, len(shelf.entries), shelf.newest, len(shelf.outlets))


def article(desk: Desk, owner: str, data: dict[str, Any]) -> str:
    """The article pane for a citation (`answer`, `number`), a hit (`answer`, `hit`) or an `article`."""
    if "answer" not in data:
        return _whole(
            desk, str(data.get("article", "")), str(data.get("revision", "")), _number(data.get("at"))
        )
    try:
        kept = desk.conversations.answer(owner, str(data["answer"]))
    except KeyError:
        return page.message("This answer is no longer kept.", "error")
    answer = kept.answer(desk.article)
    if "hit" in data:
        place = _number(data["hit"]) or 0
        if not 0 <= place < len(answer.hits):
            return page.message("This revision of the article is no longer kept.", "error")
        hit = answer.hits[place]
        return _pane(desk, hit.article, page.hit_marks(hit), label="A passage that was found")
    try:
        citation, marks = page.citation_marks(answer, _number(data.get("number")) or 0)
        return _pane(
            desk, answer.article(citation), marks, kept=kept.id, citations=len(set(answer.citations))
        )
    except KeyError:
        return page.message("This revision of the article is no longer kept.", "error")


def judged(desk: Desk, owner: str, data: dict[str, Any]) -> str:
    """Store a verdict on an answer; the exchange as it looks now, or nothing when it is not theirs."""
    verdicts: dict[Any, Verdict] = {"up": "up", "down": "down"}
    verdict = verdicts.get(data.get("verdict"), "")
    words = str(data.get("words", "")).strip()
    kind = str(data.get("kind", ""))
    reason = f"{kind}: {words}" if verdict == "down" and kind in page.REASONS else words
    try:
        desk.conversations.judge(owner, str(data.get("answer", "")), verdict, reason)
        kept = desk.conversations.answer(owner, str(data.get("answer", "")))
    except KeyError:
        return ""
    return page.turn(kept.answer(desk.article), kept)


def _whole(desk: Desk, article_id: str, revision: str, at: int | None) -> str:
    found = desk.article(article_id, revision)
    if found is None:
        return page.message("This article is not in the library.", "error")
    return _pane(desk, found, [], at=at, label="Article")


def _pane(desk: Desk, found: Article, marks: list[Mark], **settings: Any) -> str:
    library = desk.library()
    assert library is not None  # an article was found in it
    elsewhere = [
        Elsewhere(related.kind, other.name, other.id, other.revision, other.outlet)
        for related in library.related(found.id)
        if (other := library.article(related.article_id, related.revision))
    ]
    elsewhere += [Elsewhere("", place) for place in map(_shown, library.locations(found.id)[1:])]
    live = library.article(found.id)
    state = ""
    if live is None:
        state = "This article is no longer in the library; it is shown as it was cited."
    elif live.revision != found.revision:
        state = "The library holds a newer revision; this is the one that was cited."
    return page.article_pane(found, marks, elsewhere=elsewhere, state=state, **settings)


def _shown(location: str) -> str:
    """A location without the folders of this machine."""
    return location if "://" in location else location.replace("\\", "/").rsplit("/", 1)[-1]


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isdecimal() and len(text) < 12 else None
