"""The Gradio app: which components there are and what happens on which event. The only gradio import.

How things look inside is `ui.page`, how they are done `ui.exchange` and `ui.desk`. Importing this takes seconds,
so only the server does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from ui import page, panes
from ui.desk import Desk
from ui.exchange import Asked, Stops, answer, asked_again, exchanges
from ui.intake import LARGEST_UPLOAD

if TYPE_CHECKING:
    from fastapi import FastAPI

ACTIONS = (
    "ask", "drop", "edit", "open", "judge", "fresh", "pick", "rename", "delete", "find", "halt",
)  # fmt: skip
"""What the page's own buttons trigger; `ui/static/clippings.js` sends them with the button's data."""

LIVELY = 64
"""Events of one kind handled at a time; answers are held back by `ui.limits.Gate`, the others are short."""


def build(desk: Desk) -> gr.Blocks:
    """The app's components and events."""
    with gr.Blocks(title="Clippings", analytics_enabled=False, delete_cache=(600, 3600)) as blocks:
        bridge = gr.HTML(
            "",
            js_on_load=f"window.clippings.connect(trigger, {list(ACTIONS)});",
            elem_id="bridge",
            apply_default_css=False,
        )
        patch = gr.HTML("", js_on_load="window.clippings.patched(element, watch);", elem_id="patch")
        with gr.Tabs(elem_id="tabs"), gr.Tab("Ask", id="ask", elem_id="ask-tab"), gr.Row(elem_id="desk"):
            chat = _chat(desk)
        _chat_events(desk, blocks, bridge, patch, chat)
    return blocks


class _Chat:
    """The components of the Ask tab."""

    conversations: gr.HTML
    thread: gr.HTML
    live: gr.HTML
    question: gr.Textbox
    send: gr.Button
    stop: gr.Button
    article: gr.HTML
    conversation: gr.State
    editing: gr.State


def _html(name: str, value: str = "", watched: bool = False, **settings: Any) -> gr.HTML:
    # Without a listener of its own, Gradio would add one that sends every click to the server.
    script = f"window.clippings.watched('{name}', element, watch);" if watched else None
    return gr.HTML(value, elem_id=name, js_on_load=script, apply_default_css=False, **settings)


def _chat(desk: Desk) -> _Chat:
    chat = _Chat()
    with gr.Column(elem_id="side", min_width=0):
        gr.HTML(page.rendered("side.html"), elem_id="side-top", js_on_load=None, apply_default_css=False)
        chat.conversations = _html("conversations")
    with gr.Column(elem_id="talk", min_width=0):
        chat.thread = _html("thread", watched=True)
        chat.live = _html("live", watched=True)
        with gr.Row(elem_id="composer"):
            chat.question = gr.Textbox(
                label="Question",
                placeholder="Ask about the articles",
                lines=1,
                max_lines=8,
                show_label=False,
                container=False,
                autofocus=True,
                elem_id="question",
            )
            chat.send = gr.Button("Ask", variant="primary", elem_id="send", min_width=0)
            chat.stop = gr.Button("Stop", elem_id="stop", min_width=0)
    with gr.Column(elem_id="evidence", min_width=0):
        chat.article = _html("article", watched=True)
    chat.conversation = gr.State("")
    chat.editing = gr.State("")
    return chat


def _owner(request: gr.Request) -> str:
    """Whose conversations these are; `ui.guard` put it there."""
    return str(request.state.owner)


def _data(event: gr.EventData) -> dict[str, Any]:
    """What a button of the page sent along; untrusted."""
    return event._data if isinstance(event._data, dict) else {}


def _chat_events(desk: Desk, blocks: gr.Blocks, bridge: gr.HTML, patch: gr.HTML, chat: _Chat) -> None:
    stops = Stops()
    conversations = desk.conversations

    def listed(owner: str, conversation: str, search: str = "") -> str:
        return page.conversation_list(conversations.listed(owner, search), conversation, search)

    def opened(owner: str, conversation: str) -> dict[Any, Any]:
        """Every component of the chat as it shows a conversation, or the start where there is none."""
        kept = exchanges(desk, owner, conversation)
        return {
            chat.thread: page.thread(kept) if kept else panes.start(desk),
            chat.live: "",
            chat.article: "",
            chat.conversation: conversation if kept else "",
            chat.editing: "",
            chat.conversations: listed(owner, conversation if kept else ""),
        }

    async def asking(request: gr.Request, asked: Asked) -> AsyncIterator[dict[Any, Any]]:
        owner, session = _owner(request), str(request.session_hash)
        first = True
        stop = stops.begin(owner, session)
        try:
            async for shown in answer(desk, owner, str(request.state.client), asked, stop):
                changed: dict[Any, Any] = {chat.live: shown.current}
                if first:
                    changed |= {chat.thread: shown.earlier, chat.question: "", chat.editing: ""}
                if shown.conversation != asked.conversation:
                    changed[chat.conversation] = shown.conversation
                first = False
                yield changed
        finally:
            stops.end(owner, session)

    async def ask_typed(
        question: str, conversation: str, editing: str, request: gr.Request
    ) -> AsyncIterator[dict[Any, Any]]:
        if question.strip():
            async for changed in asking(request, Asked(question, conversation, replaces=editing)):
                yield changed

    async def ask_suggested(
        conversation: str, request: gr.Request, event: gr.EventData
    ) -> AsyncIterator[dict[Any, Any]]:
        async for changed in asking(request, Asked(str(_data(event).get("question", "")), conversation)):
            yield changed

    async def ask_without(request: gr.Request, event: gr.EventData) -> AsyncIterator[dict[Any, Any]]:
        data = _data(event)
        try:
            asked = asked_again(desk, _owner(request), str(data.get("answer")), str(data.get("key")))
        except KeyError:
            return
        async for changed in asking(request, asked):
            yield changed

    def refreshed(conversation: str, request: gr.Request) -> str:
        return listed(_owner(request), conversation)

    def edit(event: gr.EventData) -> dict[Any, Any]:
        data = _data(event)
        return {
            chat.question: str(data.get("question", "")),
            chat.editing: str(data.get("answer", "")),
        }

    def open_article(request: gr.Request, event: gr.EventData) -> str:
        return panes.article(desk, _owner(request), _data(event))

    def judge(request: gr.Request, event: gr.EventData) -> str:
        return panes.judged(desk, _owner(request), _data(event))

    def pick(request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
        return opened(_owner(request), str(_data(event).get("id", "")))

    def load(request: gr.Request) -> dict[Any, Any]:
        return opened(_owner(request), str(dict(request.query_params).get("c", "")))

    def fresh(request: gr.Request) -> dict[Any, Any]:
        return opened(_owner(request), "")

    def rename(conversation: str, request: gr.Request, event: gr.EventData) -> str:
        data = _data(event)
        conversations.rename(_owner(request), str(data.get("id", "")), str(data.get("title", "")))
        return listed(_owner(request), conversation)

    def delete(conversation: str, request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
        owner, unwanted = _owner(request), str(_data(event).get("id", ""))
        conversations.delete(owner, unwanted)
        if unwanted == conversation:
            return opened(owner, "")
        return {chat.conversations: listed(owner, conversation)}

    def find(conversation: str, request: gr.Request, event: gr.EventData) -> str:
        return listed(_owner(request), conversation, str(_data(event).get("words", "")))

    def halt(request: gr.Request) -> None:
        stops.stop(_owner(request), str(request.session_hash))

    everything = [chat.thread, chat.live, chat.article, chat.conversation, chat.editing, chat.conversations]
    asked = [chat.thread, chat.live, chat.question, chat.editing, chat.conversation]
    answering: dict[str, Any] = {
        **_QUIET,
        "outputs": asked,
        "concurrency_limit": LIVELY,
        "concurrency_id": "ask",
    }
    typed = [chat.question, chat.conversation, chat.editing]
    for event in (
        gr.on([chat.question.submit, chat.send.click], ask_typed, typed, **answering),
        bridge.ask(ask_suggested, chat.conversation, **answering),
        bridge.drop(ask_without, **answering),
    ):
        event.then(refreshed, chat.conversation, chat.conversations, **_SHORT)
    bridge.edit(edit, outputs=[chat.question, chat.editing], **_SHORT)
    bridge.open(open_article, outputs=chat.article, **_SHORT)
    bridge.judge(judge, outputs=patch, **_SHORT)
    bridge.pick(pick, outputs=everything, **_SHORT)
    bridge.fresh(fresh, outputs=everything, **_SHORT)
    bridge.rename(rename, chat.conversation, chat.conversations, **_SHORT)
    bridge.delete(delete, chat.conversation, everything, **_SHORT)
    bridge.find(find, chat.conversation, chat.conversations, **_SHORT)
    for stopping in (chat.stop.click, bridge.halt):
        stopping(halt, queue=False, **_QUIET)
    blocks.load(load, outputs=everything, **_SHORT)


_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_SHORT: dict[str, Any] = {**_QUIET, "concurrency_limit": LIVELY, "trigger_mode": "multiple"}


def mount(app: FastAPI, desk: Desk, root_path: str | None) -> FastAPI:
    """Put the app at the root of a FastAPI app; `root_path` is where a proxy in front shows it."""
    blocks = build(desk)
    blocks.queue(max_size=200, default_concurrency_limit=LIVELY)
    return gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=gr.themes.Base(
            font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"], primary_hue="blue"
        ),
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        show_error=True,
        enable_monitoring=False,
        max_file_size=LARGEST_UPLOAD,
        root_path=root_path,
        mcp_server=True,
    )
