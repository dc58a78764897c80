"""The Gradio app: which components there are and what each event does. The only gradio import.

How things look inside is in `ui.web.pages`, what they do in `ui.web.tabs`.
Importing this takes seconds, so only the server tab.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from evals.datasets.files import KINDS as QUESTIONS
from index.sources import KINDS
from ui.web import api
from ui.web.events import Action, Changes, PageEvent
from ui.web.pages import html
from ui.web.server.uploads import LARGEST_SET, LARGEST_UPLOAD, MOST_QUESTIONS
from ui.web.service import ChatService
from ui.web.tabs import ask, evaluation, library
from ui.web.tabs.ask import AskTab
from ui.web.tabs.evaluation import EvaluationTab
from ui.web.tabs.library import LibraryTab

if TYPE_CHECKING:
    from fastapi import FastAPI

ACTIONS = (
    *("ask", "drop", "edit", "open", "judge", "fresh", "pick", "rename", "delete", "find", "halt"),
    *("shelf", "view", "remove", "again", "rollback", "health", "seeds", "take", "cancel"),
    *("measure", "figures", "compare", "forget"),
)
"""What the page's own buttons trigger; `pages/static/clippings.js` sends them with the button's data."""

PARALLEL_EVENTS = 64
"""Events of one kind handled at a time; answers wait in `rate_limit.AnswerQueue`, the others are short."""

Components = dict[str, Any]


def build(service: ChatService, library_tab: LibraryTab, evaluation_tab: EvaluationTab) -> gr.Blocks:
    """The app's components and events."""
    with gr.Blocks(title="Clippings", analytics_enabled=False) as blocks:
        parts: Components = {
            "bridge": _html("bridge", None, f"window.clippings.connect(trigger, {list(ACTIONS)});"),
            "patch": _html("patch", None, "window.clippings.patched(element, watch);"),
        }
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Ask", id="ask", elem_id="ask-tab"), gr.Row(elem_id="desk"):
                parts |= _ask_components()
            with gr.Tab("Library", id="library", elem_id="library-tab") as tab, gr.Row(elem_id="stacks"):
                parts |= _library_components()
            parts["library"] = tab
            with gr.Tab("Evaluation", id="evaluation", elem_id="evaluation-tab") as tab:
                parts |= _evaluation_components()
            parts["evaluation"] = tab
        _listen_ask(AskTab(service), blocks, parts)
        _listen_library(library_tab, parts)
        _listen_evaluation(evaluation_tab, parts)
        _add_tools(service)
    return blocks


def _html(name: str, value: str | None = "", script: str | None = None) -> gr.HTML:
    # Without a listener of its own, Gradio would add one that sends every click to the server.
    return gr.HTML(value, elem_id=name, js_on_load=script, apply_default_css=False)


def _watched(name: str) -> gr.HTML:
    return _html(name, script=f"window.clippings.watched('{name}', element, watch);")


def _ask_components() -> Components:
    parts: Components = {}
    with gr.Column(elem_id="side", min_width=0):
        _html("side-top", html.render("side.html"))
        parts["conversations"] = _html("conversations")
        parts["account"] = _html("account")
    with gr.Column(elem_id="talk", min_width=0):
        parts["thread"] = _watched("thread")
        parts["live"] = _watched("live")
        with gr.Row(elem_id="composer"):
            parts["question"] = gr.Textbox(
                label="Question",
                placeholder="Ask about the articles",
                lines=1,
                max_lines=8,
                show_label=False,
                container=False,
                autofocus=True,
                elem_id="question",
            )
            parts["send"] = gr.Button("Ask", variant="primary", elem_id="send", min_width=0)
            parts["stop"] = gr.Button("Stop", elem_id="stop", min_width=0)
    with gr.Column(elem_id="evidence", min_width=0):
        parts["article"] = _watched("article")
    return {**parts, "conversation": gr.State(""), "editing": gr.State("")}


def _library_components() -> Components:
    parts: Components = {}
    with gr.Column(elem_id="catalogue", min_width=0):
        with gr.Row(elem_id="intake"):
            parts["files"] = gr.File(
                label="Drop files here, or choose them",
                file_count="multiple",
                file_types=list(KINDS),
                elem_id="files",
                show_label=False,
                height=132,
            )
            _html("take", html.render("take.html", kinds=KINDS))
        for name in ("work", "controls", "shelf", "versions"):
            parts[name] = _html(name)
    with gr.Column(elem_id="reading-room", min_width=0):
        parts["viewed"] = _watched("viewed")
    return {**parts, "query": gr.State({})}


def _evaluation_components() -> Components:
    parts: Components = {"sets": _html("sets")}
    with gr.Row(elem_id="own"):
        parts["own"] = gr.UploadButton(
            "Add your own questions", file_types=list(QUESTIONS), elem_id="own-set", size="sm"
        )
        _html("own-help", html.render("own.html", kinds=QUESTIONS, questions=MOST_QUESTIONS, largest=LARGEST_SET))
    return parts | {name: _html(name) for name in ("measure", "summary", "runs")}


_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_SHORT: dict[str, Any] = {**_QUIET, "concurrency_limit": PARALLEL_EVENTS, "trigger_mode": "multiple"}
_ANSWERING: dict[str, Any] = {**_QUIET, "concurrency_limit": PARALLEL_EVENTS, "concurrency_id": "ask"}


def _listen_ask(tab: AskTab, blocks: gr.Blocks, parts: Components) -> None:
    listen = _listener(parts)
    bridge, question = parts["bridge"], parts["question"]
    typed, outputs = ("question", "conversation", "editing"), ask.ANSWER_OUTPUTS
    for answering in (
        listen([question.submit, parts["send"].click], tab.ask, typed, outputs, **_ANSWERING),
        listen(bridge.ask, tab.ask_suggestion, ("conversation",), outputs, **_ANSWERING),
        listen(bridge.drop, tab.drop_interpretation, (), outputs, **_ANSWERING),
    ):
        listen(answering.then, tab.refresh, ("conversation",), ("conversations",))
    listen(parts["stop"].click, tab.stop, queue=False, **_QUIET)
    listen(bridge.halt, tab.stop, queue=False, **_QUIET)
    listen(bridge.edit, tab.edit, (), ("question", "editing"))
    listen(bridge.open, tab.open_evidence, (), ("article",))
    listen(bridge.judge, tab.judge, (), ("patch",))
    listen(bridge.pick, tab.open_conversation, (), ask.CONVERSATION_OUTPUTS)
    listen(bridge.fresh, tab.new_conversation, (), ask.CONVERSATION_OUTPUTS)
    listen(bridge.rename, tab.rename, ("conversation",), ("conversations",))
    listen(bridge.delete, tab.delete, ("conversation",), ask.CONVERSATION_OUTPUTS)
    listen(bridge.find, tab.search, ("conversation",), ("conversations",))
    loaded = listen(blocks.load, tab.load, (), (*ask.CONVERSATION_OUTPUTS, "account"))
    prepared = listen(loaded.then, tab.prepare_suggestions)
    # An event of its own: the conversation that is open is told when an event begins, and that wait is long.
    listen(prepared.then, tab.suggest, ("conversation",), ("thread",))


def _listen_library(tab: LibraryTab, parts: Components) -> None:
    listen = _listener(parts)
    bridge, outputs = parts["bridge"], library.OUTPUTS
    listen(parts["files"].upload, tab.add_files, ("files", "query"), (*outputs, "files"))
    listen(bridge.take, tab.add_address, ("query",), outputs)
    listen(bridge.remove, tab.remove, ("query",), outputs)
    listen(bridge.again, tab.add_again, ("query",), outputs)
    listen(bridge.rollback, tab.roll_back, ("query",), outputs)
    listen(bridge.health, tab.check, ("query",), outputs)
    listen(bridge.cancel, tab.cancel, ("query",), outputs)
    listen(bridge.seeds, tab.add_seeds, ("query", "conversation"), (*outputs, "thread"))
    listen(bridge.shelf, tab.search, ("query",), ("query", "shelf"))
    listen(bridge.view, tab.view, (), ("viewed",))
    listen(parts["library"].select, tab.show, ("query",), outputs)


def _listen_evaluation(tab: EvaluationTab, parts: Components) -> None:
    listen = _listener(parts)
    bridge = parts["bridge"]
    listen(bridge.measure, tab.run, (), (*evaluation.OUTPUTS, "summary"))
    listen(parts["own"].upload, tab.upload_set, ("own",), ("sets", "measure"))
    listen(bridge.forget, tab.remove_set, (), ("sets", "measure"))
    listen(bridge.figures, tab.show_run, (), ("summary",))
    listen(bridge.compare, tab.compare, (), ("summary",))
    listen(parts["evaluation"].select, tab.show, (), evaluation.OUTPUTS)


def _listener(parts: Components) -> Callable[..., Any]:
    """What ties an event to an action: components by name in, changes by name out."""

    def listen(
        event: Any, action: Action, inputs: Sequence[str] = (), outputs: Sequence[str] = (), **settings: Any
    ) -> Any:
        def components(changes: Changes) -> Any:
            # Gradio takes an empty dict for a value.
            return {parts[name]: value for name, value in changes.items()} or gr.skip()

        async def stepwise(*values: Any) -> Any:
            with _errors_without_folders():
                async for changes in action(_page_event(*values[-2:]), *values[:-2]):
                    yield components(changes)

        def at_once(*values: Any) -> Any:
            with _errors_without_folders():
                changes = action(_page_event(*values[-2:]), *values[:-2])
            return components(changes) if outputs else None

        handler: Any = stepwise if inspect.isasyncgenfunction(action) else at_once
        _declare(handler, len(inputs))
        tie = partial(gr.on, event) if isinstance(event, list) else event
        return tie(handler, [parts[name] for name in inputs], [parts[name] for name in outputs], **settings or _SHORT)

    return listen


@contextmanager
def _errors_without_folders() -> Iterator[None]:
    """Gradio shows the message of any error: what it says of this machine's folders is taken out."""
    try:
        yield
    except Exception as error:  # the edge to the browser: whatever it is, it is shown and logged
        raise gr.Error(html.without_folders(str(error)) or type(error).__name__) from error


def _declare(handler: Any, inputs: int) -> None:
    """Give a handler the signature by which Gradio knows to pass the request and the event, after the inputs."""
    kinds = {f"value_{number}": Any for number in range(inputs)} | {"request": gr.Request, "event": gr.EventData}
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(name, either, annotation=kind) for name, kind in kinds.items()]
    handler.__annotations__, handler.__signature__ = kinds, inspect.Signature(parameters)


def _page_event(request: gr.Request, event: gr.EventData) -> PageEvent:
    """What an event brought; `ui.web.server.middleware` put who sent it into the request."""
    data = event._data if isinstance(event._data, dict) else {}
    state, conversation = request.state, dict(request.query_params).get("c", "")
    return PageEvent(
        str(state.owner),
        str(state.client),
        str(request.session_hash),
        state.role,
        str(getattr(state, "account", "")),
        str(conversation),
        data,
    )


def _add_tools(service: ChatService) -> None:
    """What Gradio's MCP server offers to other programs."""

    async def ask(question: str, request: gr.Request) -> dict[str, Any]:
        """Answer a question from the news articles of this library, with exact quotations.

        Every statement carries citations: article id, revision, start, end (characters) and the words that stand
        there. The answer has a state, "found", "may_answer" or "not_found", with its probability and the reason.

        Args:
            question: A question about the news, in plain words.
        """
        with _errors_without_folders():
            return await api.answer_as_dict(service.ask(str(request.state.client), question))

    def search(text: str, limit: int, request: gr.Request) -> list[dict[str, Any]]:
        """Find passages of the news articles of this library, best first.

        Args:
            text: Words or a sentence to look for.
            limit: How many passages, 1 to 50.
        """
        with _errors_without_folders():
            return api.passages(service, str(request.state.client), text, max(1, min(50, limit)))

    gr.api(ask, api_name="ask", concurrency_limit=PARALLEL_EVENTS)
    gr.api(search, api_name="search", concurrency_limit=PARALLEL_EVENTS)


def mount(
    app: FastAPI,
    service: ChatService,
    library_tab: LibraryTab,
    evaluation_tab: EvaluationTab,
    root_path: str | None,
) -> FastAPI:
    """Put the app at the root of a FastAPI app; `root_path` is where a proxy in front shows it."""
    blocks = build(service, library_tab, evaluation_tab)
    # Gradio checks that a file named in an event was uploaded only once this is set, which mounting does not do.
    blocks.has_launched = True
    blocks.queue(max_size=200, default_concurrency_limit=PARALLEL_EVENTS)
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
