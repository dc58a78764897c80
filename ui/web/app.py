"""The Gradio app: which components there are and what each event does. The only gradio import.

How things look inside is in `ui.web.pages`, what they do in `ui.web.tabs`.
Importing this takes seconds, so only the server does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from evals.datasets.files import KINDS as QUESTIONS
from index.sources import KINDS
from ui.web.events import Action, Changes, Sent
from ui.web.pages import html
from ui.web.server.sets import LARGEST_SET, MOST_QUESTIONS
from ui.web.server.uploads import LARGEST_UPLOAD
from ui.web.service import Desk
from ui.web.tabs import ask, evaluation, library
from ui.web.tabs.ask import Talk
from ui.web.tabs.evaluation import Measuring
from ui.web.tabs.library import Keeping

if TYPE_CHECKING:
    from fastapi import FastAPI

ACTIONS = (
    "ask", "drop", "edit", "open", "judge", "fresh", "pick", "rename", "delete", "find", "halt",
    "shelf", "view", "remove", "again", "rollback", "health", "seeds", "take",
    "measure", "figures", "compare", "forget",
)  # fmt: skip
"""What the page's own buttons trigger; `pages/static/clippings.js` sends them with the button's data."""

LIVELY = 64
"""Events of one kind handled at a time; answers wait in `rate_limit.Gate`, the others are short."""

Components = dict[str, Any]


def build(desk: Desk, keeps: Keeping, measures: Measuring) -> gr.Blocks:
    """The app's components and events."""
    with gr.Blocks(title="Clippings", analytics_enabled=False, delete_cache=(600, 3600)) as blocks:
        parts: Components = {
            "bridge": gr.HTML(
                js_on_load=f"window.clippings.connect(trigger, {list(ACTIONS)});",
                elem_id="bridge",
                apply_default_css=False,
            ),
            "patch": gr.HTML(
                js_on_load="window.clippings.patched(element, watch);",
                elem_id="patch",
                apply_default_css=False,
            ),
        }
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Ask", id="ask", elem_id="ask-tab"), gr.Row(elem_id="desk"):
                parts |= _desk()
            with gr.Tab("Library", id="library", elem_id="library-tab") as tab, gr.Row(elem_id="stacks"):
                parts |= _stacks()
            parts["library"] = tab
            with gr.Tab("Evaluation", id="evaluation", elem_id="evaluation-tab") as tab:
                parts |= _measures()
            parts["evaluation"] = tab
        _talk_events(Talk(desk), blocks, parts)
        _keeping_events(keeps, parts)
        _measuring_events(measures, parts)
        _tools(desk)
    return blocks


def _html(name: str, value: str = "", watched: bool = False) -> gr.HTML:
    # Without a listener of its own, Gradio would add one that sends every click to the server.
    script = f"window.clippings.watched('{name}', element, watch);" if watched else None
    return gr.HTML(value, elem_id=name, js_on_load=script, apply_default_css=False)


def _desk() -> Components:
    parts: Components = {}
    with gr.Column(elem_id="side", min_width=0):
        _html("side-top", html.rendered("side.html"))
        parts["conversations"] = _html("conversations")
    with gr.Column(elem_id="talk", min_width=0):
        parts["thread"] = _html("thread", watched=True)
        parts["live"] = _html("live", watched=True)
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
        parts["article"] = _html("article", watched=True)
    return {**parts, "conversation": gr.State(""), "editing": gr.State("")}


def _stacks() -> Components:
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
            _html("take", html.rendered("take.html", kinds=KINDS))
        for name in ("work", "controls", "shelf", "versions"):
            parts[name] = _html(name)
    with gr.Column(elem_id="reading-room", min_width=0):
        parts["viewed"] = _html("viewed", watched=True)
    return {**parts, "choice": gr.State({})}


def _measures() -> Components:
    parts: Components = {"sets": _html("sets")}
    with gr.Row(elem_id="own"):
        parts["own"] = gr.UploadButton(
            "Add your own questions", file_types=list(QUESTIONS), elem_id="own-set", size="sm"
        )
        _html("own-help", html.rendered("own.html", kinds=QUESTIONS, questions=MOST_QUESTIONS, largest=LARGEST_SET))
    return parts | {name: _html(name) for name in ("measure", "summary", "runs")}


_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_SHORT: dict[str, Any] = {**_QUIET, "concurrency_limit": LIVELY, "trigger_mode": "multiple"}
_ANSWERING: dict[str, Any] = {**_QUIET, "concurrency_limit": LIVELY, "concurrency_id": "ask"}


def _talk_events(does: Talk, blocks: gr.Blocks, parts: Components) -> None:
    listen = _listener(parts)
    bridge, question = parts["bridge"], parts["question"]
    typed = ("question", "conversation", "editing")
    for asked in (
        listen([question.submit, parts["send"].click], does.ask, typed, ask.ASKING, **_ANSWERING),
        listen(bridge.ask, does.suggested, ("conversation",), ask.ASKING, **_ANSWERING),
        listen(bridge.drop, does.without, (), ask.ASKING, **_ANSWERING),
    ):
        listen(asked.then, does.refresh, ("conversation",), ("conversations",))
    listen(parts["stop"].click, does.stop, queue=False, **_QUIET)
    listen(bridge.halt, does.stop, queue=False, **_QUIET)
    listen(bridge.edit, does.edit, (), ("question", "editing"))
    listen(bridge.open, does.evidence, (), ("article",))
    listen(bridge.judge, does.judge, (), ("patch",))
    listen(bridge.pick, does.pick, (), ask.SHOWN)
    listen(bridge.fresh, does.fresh, (), ask.SHOWN)
    listen(bridge.rename, does.rename, ("conversation",), ("conversations",))
    listen(bridge.delete, does.delete, ("conversation",), ask.SHOWN)
    listen(bridge.find, does.find, ("conversation",), ("conversations",))
    loaded = listen(blocks.load, does.load, (), ask.SHOWN)
    listen(loaded.then, does.suggest, ("conversation",), ("thread",))


def _keeping_events(does: Keeping, parts: Components) -> None:
    listen = _listener(parts)
    bridge, shown = parts["bridge"], library.SHOWN
    listen(parts["files"].upload, does.drop, ("files", "choice"), (*shown, "files"))
    listen(bridge.take, does.take, ("choice",), shown)
    listen(bridge.remove, does.remove, ("choice",), shown)
    listen(bridge.again, does.again, ("choice",), shown)
    listen(bridge.rollback, does.roll_back, ("choice",), shown)
    listen(bridge.health, does.health, ("choice",), shown)
    listen(bridge.seeds, does.seeds, ("choice", "conversation"), (*shown, "thread"))
    listen(bridge.shelf, does.choose, ("choice",), ("choice", "shelf"))
    listen(bridge.view, does.view, (), ("viewed",))
    listen(parts["library"].select, does.overview, ("choice",), shown)


def _measuring_events(does: Measuring, parts: Components) -> None:
    listen = _listener(parts)
    bridge = parts["bridge"]
    listen(bridge.measure, does.run, (), (*evaluation.SHOWN, "summary"))
    listen(parts["own"].upload, does.bring, ("own",), ("sets", "measure"))
    listen(bridge.forget, does.forget, (), ("sets",))
    listen(bridge.figures, does.show, (), ("summary",))
    listen(bridge.compare, does.compare, (), ("summary",))
    listen(parts["evaluation"].select, does.overview, (), evaluation.SHOWN)


def _listener(parts: Components) -> Callable[..., Any]:
    """What ties an event to an action: components by name in, changes by name out."""

    def listen(
        event: Any, action: Action, inputs: Sequence[str] = (), outputs: Sequence[str] = (), **settings: Any
    ) -> Any:
        def components(changes: Changes) -> Any:
            # Gradio takes an empty dict for a value.
            return {parts[name]: value for name, value in changes.items()} or gr.skip()

        async def stepwise(*values: Any) -> Any:
            async for changes in action(_sent(*values[-2:]), *values[:-2]):
                yield components(changes)

        def at_once(*values: Any) -> Any:
            changes = action(_sent(*values[-2:]), *values[:-2])
            return components(changes) if outputs else None

        handler: Any = stepwise if inspect.isasyncgenfunction(action) else at_once
        _declare(handler, len(inputs))
        given = [parts[name] for name in inputs]
        shown = [parts[name] for name in outputs]
        settings = settings or _SHORT
        if isinstance(event, list):
            return gr.on(event, handler, given, shown, **settings)
        return event(handler, given, shown, **settings)

    return listen


def _declare(handler: Any, inputs: int) -> None:
    """Give a handler the signature by which Gradio knows to pass the request and the event, after the inputs."""
    kinds = {
        **{f"value_{number}": Any for number in range(inputs)},
        "request": gr.Request,
        "event": gr.EventData,
    }
    handler.__annotations__ = dict(kinds)
    handler.__signature__ = inspect.Signature(
        [
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=kind)
            for name, kind in kinds.items()
        ]
    )


def _sent(request: gr.Request, event: gr.EventData) -> Sent:
    """What an event brought; `ui.web.server.middleware` put owner and client into the request."""
    data = event._data if isinstance(event._data, dict) else {}
    return Sent(
        str(request.state.owner),
        str(request.state.client),
        str(request.session_hash),
        str(dict(request.query_params).get("c", "")),
        data,
    )


def _tools(desk: Desk) -> None:
    """What Gradio's MCP server offers to other programs."""
    from ui.web import api

    async def ask(question: str, request: gr.Request) -> dict[str, Any]:
        """Answer a question from the news articles of this library, with exact quotations.

        Every statement carries citations: article id, revision, start, end (characters) and the words that stand
        there. A question the articles do not answer is refused, with the reason.

        Args:
            question: A question about the news, in plain words.
        """
        return await api.answered(desk, str(request.state.client), question)

    def search(text: str, limit: int, request: gr.Request) -> list[dict[str, Any]]:
        """Find passages of the news articles of this library, best first.

        Args:
            text: Words or a sentence to look for.
            limit: How many passages, 1 to 50.
        """
        return api.passages(desk, str(request.state.client), text, max(1, min(50, limit)))

    gr.api(ask, api_name="ask", concurrency_limit=LIVELY)
    gr.api(search, api_name="search", concurrency_limit=LIVELY)


def mount(app: FastAPI, desk: Desk, keeps: Keeping, measures: Measuring, root_path: str | None) -> FastAPI:
    """Put the app at the root of a FastAPI app; `root_path` is where a proxy in front shows it."""
    blocks = build(desk, keeps, measures)
    # Gradio checks that a file named in an event was uploaded only once this is set, which mounting does not do.
    blocks.has_launched = True
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
