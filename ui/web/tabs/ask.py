"""What the Ask tab does: questions, conversations, evidence, verdicts; knows nothing of gradio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from ui.web.events import Changes, Sent
from ui.web.pages import html
from ui.web.service import Desk
from ui.web.tabs import article
from ui.web.tabs.answering import Asked, Stops, answer, asked_again, exchanges

SHOWN = ("thread", "live", "article", "conversation", "editing", "conversations")
"""Everything that opening a conversation changes."""
ASKING = ("thread", "live", "question", "editing", "conversation")


@dataclass(slots=True)
class Talk:
    """The Ask tab of one desk."""

    desk: Desk
    stops: Stops = field(default_factory=Stops)

    async def ask(self, sent: Sent, question: str, conversation: str, editing: str) -> AsyncIterator[Changes]:
        """Answer what was typed; with `editing`, in place of that kept answer."""
        if question.strip():
            async for changes in self._asking(sent, Asked(question, conversation, replaces=editing)):
                yield changes

    async def suggested(self, sent: Sent, conversation: str) -> AsyncIterator[Changes]:
        """Answer the question on a button."""
        async for changes in self._asking(sent, Asked(sent.text("question"), conversation)):
            yield changes

    async def without(self, sent: Sent) -> AsyncIterator[Changes]:
        """Ask a kept question again without the thing understood whose chip was removed."""
        try:
            asked = asked_again(self.desk, sent.owner, sent.text("answer"), sent.text("key"))
        except KeyError:
            return
        async for changes in self._asking(sent, asked):
            yield changes

    async def _asking(self, sent: Sent, asked: Asked) -> AsyncIterator[Changes]:
        first = True
        stop = self.stops.begin(sent.owner, sent.session)
        try:
            async for shown in answer(self.desk, sent.owner, sent.client, asked, stop):
                changes: Changes = {"live": shown.current}
                if first:
                    changes |= {"thread": shown.earlier, "question": "", "editing": ""}
                if shown.conversation != asked.conversation:
                    changes["conversation"] = shown.conversation
                first = False
                yield changes
        finally:
            self.stops.end(sent.owner, sent.session)

    def stop(self, sent: Sent) -> Changes:
        """Stop what this page is being answered."""
        self.stops.stop(sent.owner, sent.session)
        return {}

    def edit(self, sent: Sent) -> Changes:
        """Put a question back into its field; the next one asked takes its place."""
        return {"question": sent.text("question"), "editing": sent.text("answer")}

    def evidence(self, sent: Sent) -> Changes:
        """Open the article of a citation or a hit."""
        return {"article": article.cited(self.desk, sent)}

    def judge(self, sent: Sent) -> Changes:
        """Keep a verdict, and show the exchange with it."""
        return {"patch": article.judged(self.desk, sent)}

    def load(self, sent: Sent) -> Changes:
        """The page as it is opened: the conversation its address names, or the start."""
        return self._open(sent.owner, sent.opened)

    def suggest(self, sent: Sent, conversation: str) -> Changes:
        """The start with its suggestions, once they are made; the page was there before them."""
        return {} if conversation else {"thread": article.start(self.desk)}

    def pick(self, sent: Sent) -> Changes:
        """Open a conversation of the list."""
        return self._open(sent.owner, sent.text("id"))

    def fresh(self, sent: Sent) -> Changes:
        """Begin anew."""
        return self._open(sent.owner, "")

    def _open(self, owner: str, conversation: str) -> Changes:
        kept = exchanges(self.desk, owner, conversation)
        opened = conversation if kept else ""
        return {
            "thread": html.thread(kept) if kept else article.start(self.desk, wait=False),
            "live": "",
            "article": "",
            "conversation": opened,
            "editing": "",
            "conversations": self._listed(owner, opened),
        }

    def refresh(self, sent: Sent, conversation: str) -> Changes:
        """The list of conversations as it is now."""
        return {"conversations": self._listed(sent.owner, conversation)}

    def find(self, sent: Sent, conversation: str) -> Changes:
        """The conversations that hold the words typed."""
        return {"conversations": self._listed(sent.owner, conversation, sent.text("words"))}

    def rename(self, sent: Sent, conversation: str) -> Changes:
        """Give a conversation another name."""
        self.desk.conversations.rename(sent.owner, sent.text("id"), sent.text("title"))
        return self.refresh(sent, conversation)

    def delete(self, sent: Sent, conversation: str) -> Changes:
        """Delete a conversation for good."""
        self.desk.conversations.delete(sent.owner, sent.text("id"))
        return self.fresh(sent) if sent.text("id") == conversation else self.refresh(sent, conversation)

    def _listed(self, owner: str, conversation: str, words: str = "") -> Any:
        found = self.desk.conversations.listed(owner, words)
        return html.conversation_list(found, conversation, words)
