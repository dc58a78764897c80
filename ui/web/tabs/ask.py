"""What the Ask tab does: questions, conversations, evidence, verdicts; knows nothing of gradio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from ui.store.conversations import Verdict
from ui.web.events import Changes, PageEvent
from ui.web.pages import html
from ui.web.pages.article import Highlight, citation_highlights, hit_highlights
from ui.web.service import ChatService
from ui.web.tabs import article
from ui.web.tabs.answering import ChatQuestion, StopSignals, answer, resolve_answers, without_interpretation

CONVERSATION_OUTPUTS = ("thread", "live", "article", "conversation", "editing", "conversations")
"""Components that opening a conversation changes."""
ANSWER_OUTPUTS = ("thread", "live", "question", "editing", "conversation")
"""Components that asking a question changes."""
REVISION_GONE = "This revision of the article is no longer kept."


@dataclass(slots=True)
class AskTab:
    """The Ask tab."""

    service: ChatService
    stops: StopSignals = field(default_factory=StopSignals)

    async def ask(self, event: PageEvent, question: str, conversation: str, editing: str) -> AsyncIterator[Changes]:
        """Answer what was typed; with `editing`, in place of that stored answer."""
        if question.strip():
            async for changes in self._answer(event, ChatQuestion(question, conversation, replaces=editing)):
                yield changes

    async def ask_suggestion(self, event: PageEvent, conversation: str) -> AsyncIterator[Changes]:
        """Answer the question on a button."""
        async for changes in self._answer(event, ChatQuestion(event.text("question"), conversation)):
            yield changes

    async def drop_interpretation(self, event: PageEvent) -> AsyncIterator[Changes]:
        """Ask a stored question again without the interpretation whose chip was removed."""
        try:
            question = without_interpretation(self.service, event.owner, event.text("answer"), event.text("key"))
        except KeyError:
            return
        async for changes in self._answer(event, question):
            yield changes

    async def _answer(self, event: PageEvent, question: ChatQuestion) -> AsyncIterator[Changes]:
        first = True
        stop = self.stops.begin(event.owner, event.session)
        try:
            async for view in answer(self.service, event.owner, event.client, question, stop):
                changes: Changes = {"live": view.current}
                if first:
                    changes |= {"thread": view.earlier, "question": "", "editing": ""}
                if view.conversation != question.conversation:
                    changes["conversation"] = view.conversation
                first = False
                yield changes
        finally:
            self.stops.end(event.owner, event.session)

    def stop(self, event: PageEvent) -> Changes:
        """Stop what this page is being answered."""
        self.stops.stop(event.owner, event.session)
        return {}

    def edit(self, event: PageEvent) -> Changes:
        """Put a question back into its field; the next one asked takes its place."""
        return {"question": event.text("question"), "editing": event.text("answer")}

    def open_evidence(self, event: PageEvent) -> Changes:
        """Open the article of a citation (`answer`, `number`), of a hit (`answer`, `hit`), or an `article`."""
        return {"article": evidence(self.service, event)}

    def judge(self, event: PageEvent) -> Changes:
        """Store a verdict on an answer, and show the exchange with it; nothing when the answer is not theirs."""
        verdicts: dict[str, Verdict] = {"up": "up", "down": "down"}
        verdict = verdicts.get(event.text("verdict"), "")
        words, kind = event.text("words").strip(), event.text("kind")
        reason = f"{kind}: {words}" if verdict == "down" and kind in html.REASONS else words
        conversations = self.service.conversations
        try:
            conversations.set_verdict(event.owner, event.text("answer"), verdict, reason)
            stored = conversations.answer(event.owner, event.text("answer"))
        except KeyError:
            return {"patch": ""}
        return {"patch": html.turn(stored.resolve(self.service.article), stored)}

    def load(self, event: PageEvent) -> Changes:
        """The page as it is opened: the conversation its address names, or the start; and who is logged in."""
        account = html.render("account.html", name=event.account, role=event.role) if event.account else ""
        return self._open(event.owner, event.conversation) | {"account": account}

    def prepare_suggestions(self, event: PageEvent) -> Changes:
        """Wait until the articles are read that suggestions are made of."""
        self.service.overview()
        return {}

    def suggest(self, event: PageEvent, conversation: str) -> Changes:
        """The start with its suggestions, where no conversation was opened meanwhile; the page is there before them."""
        return {} if conversation else {"thread": start_page(self.service)}

    def open_conversation(self, event: PageEvent) -> Changes:
        """Open a conversation of the list."""
        return self._open(event.owner, event.text("id"))

    def new_conversation(self, event: PageEvent) -> Changes:
        """Begin a new conversation."""
        return self._open(event.owner, "")

    def _open(self, owner: str, conversation: str) -> Changes:
        answers = resolve_answers(self.service, owner, conversation)
        current = conversation if answers else ""
        return {
            "thread": html.thread(answers) if answers else start_page(self.service, wait=False),
            "live": "",
            "article": "",
            "conversation": current,
            "editing": "",
            "conversations": self._list(owner, current),
        }

    def refresh(self, event: PageEvent, conversation: str) -> Changes:
        """The list of conversations as it is now."""
        return {"conversations": self._list(event.owner, conversation)}

    def search(self, event: PageEvent, conversation: str) -> Changes:
        """The conversations that hold the words typed."""
        return {"conversations": self._list(event.owner, conversation, event.text("words"))}

    def rename(self, event: PageEvent, conversation: str) -> Changes:
        """Give a conversation another name."""
        self.service.conversations.rename(event.owner, event.text("id"), event.text("title"))
        return self.refresh(event, conversation)

    def delete(self, event: PageEvent, conversation: str) -> Changes:
        """Delete a conversation for good."""
        self.service.conversations.delete(event.owner, event.text("id"))
        current = event.text("id") == conversation
        return self.new_conversation(event) if current else self.refresh(event, conversation)

    def _list(self, owner: str, conversation: str, words: str = "") -> str:
        return html.conversation_list(self.service.conversations.search(owner, words), conversation, words)


def start_page(service: ChatService, wait: bool = True) -> str:
    """What an empty conversation shows; without `wait`, suggestions only where they are ready."""
    overview, model = service.overview() if wait else service.ready_overview(), service.settings.model
    if overview is not None:
        return html.start_page(
            overview.suggestions, len(overview.articles), overview.newest, len(overview.outlets), model
        )
    library = service.library()
    assert library is not None  # an empty library's overview is always ready
    return html.start_page((), library.counts[0], str(library.newest or ""), len(library.outlets), model)


def evidence(service: ChatService, event: PageEvent) -> str:
    """The article pane for a citation (`answer`, `number`), a `hit` or a `closest` sentence of it, or an `article`."""
    if "answer" not in event.data:
        return article.open_article(service, event)
    try:
        stored = service.conversations.answer(event.owner, event.text("answer"))
    except KeyError:
        return html.message("This answer is no longer kept.", "error")
    answer = stored.resolve(service.article)
    if (place := event.number("hit")) is not None:
        if place >= len(answer.hits):
            return html.message(REVISION_GONE, "error")
        hit = answer.hits[place]
        return article.pane(service, hit.article, hit_highlights(hit), label="A passage that was found")
    if (place := event.number("closest")) is not None:
        try:
            near = answer.closest[place]
            cited = answer.article(near)
        except (IndexError, KeyError):
            return html.message(REVISION_GONE, "error")
        highlight = Highlight((near.start, near.end), 0, active=True)
        return article.pane(service, cited, [highlight], label="A quotation that was found")
    try:
        citation, highlights = citation_highlights(answer, event.number("number") or 0)
        cited = answer.article(citation)
    except KeyError:
        return html.message(REVISION_GONE, "error")
    return article.pane(service, cited, highlights, answer_id=stored.id, citations=len(set(answer.citations)))
