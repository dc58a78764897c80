"""Routes for programs: questions, articles, health, exports; documented at /docs without other sites."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import fastapi_offline
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from fastapi.sse import format_sse_event
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field

from evals.datasets import files
from index.errors import UserError
from index.types import Filter
from rag.schema import article_to_dict, statement_to_dict, to_dict
from rag.types import Answer, Progress, Statement, Turn
from ui.web import exports
from ui.web.pages.html import named_articles, without_folders
from ui.web.server.rate_limit import Busy
from ui.web.service import LONGEST_QUESTION, Waiting
from ui.web.tabs.answering import resolve_answers

if TYPE_CHECKING:
    from rag.types import Event
    from ui.web.service import ChatService
    from ui.web.tabs.evaluation import EvaluationTab


REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
)
"""A report filters its questions with a script of its own; sandboxed, it can reach nothing of the chat."""


class Exchange(BaseModel):
    """What was asked before and what was answered."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(max_length=LONGEST_QUESTION)
    text: str = Field("", max_length=20_000)


class Question(BaseModel):
    """A question, and how it is to be understood."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(
        min_length=1, max_length=LONGEST_QUESTION, examples=["What did Lankford say about the majority?"]
    )
    conversation: list[Exchange] = Field(default=[], max_length=20)
    as_of: date | None = Field(None, description="The day 'last week' is counted from.")
    since: date | None = Field(None, description="Only articles published on or after this day.")
    until: date | None = Field(None, description="Only articles published on or before this day.")
    outlets: list[str] = Field(default=[], max_length=50)
    ignore: list[str] = Field(
        default=[], max_length=50, description="Keys of interpretations not to make, as `date:last week`."
    )
    stream: bool = Field(False, description="Answer with server-sent events, as `Accept: text/event-stream` does.")

    def options(self) -> dict[str, Any]:
        """What `Assistant.ask` takes beside the question and its turns."""
        filter = Filter(self.since, self.until, tuple(self.outlets))
        return {"as_of": self.as_of, "filter": filter, "ignore": frozenset(self.ignore)}

    def turns(self) -> list[Turn]:
        return [Turn(turn.question, turn.text) for turn in self.conversation]


def add(app: FastAPI, service: ChatService, evaluation: EvaluationTab) -> None:
    """Add every route to the app."""

    @app.get("/healthz", tags=["server"])
    async def healthz() -> dict[str, Any]:
        """Whether the server answers and which version of the library it reads (0: none yet)."""
        library = await asyncio.to_thread(service.library)
        return {"status": "ok", "library_version": library.version if library else 0}

    @app.post(
        "/api/ask",
        tags=["questions"],
        responses={
            200: {"content": {"application/json": {}, "text/event-stream": {}}},
            409: {"description": "There is no library yet."},
            429: {"description": "Too many questions; see Retry-After."},
        },
    )
    async def ask(question: Question, request: Request) -> Response:
        """The answer with its state and its citations, in the schema of `clippings ask --json`.

        As a stream: events `progress` ({"stage"}), `waiting` ({"ahead"}), `statement` (text, speaker, supported,
        citations), then one `answer`, or `error` ({"detail"}).
        """
        events = service.ask(request.state.client, question.question, question.turns(), **question.options())
        if question.stream or "text/event-stream" in request.headers.get("accept", ""):
            return StreamingResponse(_server_sent(events), 200, {"cache-control": "no-store"}, "text/event-stream")
        try:
            content = json.dumps(await answer_as_dict(events), ensure_ascii=False)
            return Response(content, media_type="application/json")
        except Busy as error:
            raise HTTPException(429, str(error), {"retry-after": str(error.seconds)}) from error
        except UserError as error:
            raise HTTPException(409, without_folders(str(error))) from error

    @app.get("/api/articles/{article_id}/{revision}", tags=["articles"])
    def article(article_id: str, revision: str) -> dict[str, Any]:
        """One stored revision with its text; offsets of citations count characters of it."""
        stored = service.article(article_id, revision)
        if stored is None:
            raise HTTPException(404, f"No revision {revision!r} of article {article_id!r} is kept.")
        return {**named_articles(article_to_dict(stored)), "fetched_at": stored.fetched_at, "text": stored.text}

    @app.get("/api/search", tags=["questions"])
    async def search(
        request: Request,
        text: Annotated[str, Query(min_length=1, max_length=LONGEST_QUESTION)],
        k: Annotated[int, Query(ge=1, le=50)] = 10,
    ) -> list[dict[str, Any]]:
        """The passages found for a text, best first, with their place in the article."""
        try:
            return await asyncio.to_thread(passages, service, str(request.state.client), text, k)
        except Busy as error:
            raise HTTPException(429, str(error), {"retry-after": str(error.seconds)}) from error
        except UserError as error:
            raise HTTPException(409, without_folders(str(error))) from error

    _files(app, service, evaluation)
    _documentation(app)


def _files(app: FastAPI, service: ChatService, evaluation: EvaluationTab) -> None:
    """What a person takes away; each has only their own."""

    @app.get("/api/conversations/{conversation}/export.{kind}", tags=["conversations"])
    def export(conversation: str, kind: Literal["md", "html", "json"], request: Request) -> Response:
        """One of your conversations with its full citations, as Markdown, HTML or JSON."""
        owner = request.state.owner
        try:
            title = service.conversations.title(owner, conversation)
        except KeyError:
            raise HTTPException(404, f"You have no conversation {conversation!r}.") from None
        media, write = exports.FORMATS[kind]
        content = write(title, resolve_answers(service, owner, conversation))
        return _download(content, media, f"{_file_name(title)}.{kind}")

    @app.get("/api/feedback.jsonl", tags=["conversations"])
    def feedback(request: Request) -> Response:
        """Your verdicts on answers as a question set; `clippings eval feedback.jsonl` reads it."""
        content = exports.feedback(service.conversations, request.state.owner)
        return _download(content, "application/jsonl", "feedback.jsonl")

    @app.get("/api/example.yaml", tags=["evaluation"])
    def example() -> Response:
        """A commented question set to begin one's own from."""
        return _download(files.EXAMPLE.format(name="my-questions.yaml"), "application/yaml", "my-questions.yaml")

    @app.get("/api/runs/{name}/report.html", tags=["evaluation"])
    def report(name: str, request: Request) -> HTMLResponse:
        """One of your evaluation runs as a page that needs nothing else."""
        try:
            content = evaluation.report(request.state.owner, name)
        except UserError as error:
            raise HTTPException(404, without_folders(str(error))) from error
        return HTMLResponse(content, headers={"content-security-policy": REPORT_POLICY})


def _download(content: str, media: str, name: str) -> Response:
    return Response(content, media_type=media, headers={"content-disposition": f'attachment; filename="{name}"'})


def _file_name(title: str) -> str:
    # takes the ": " of "Senate: 2024", to be replaced by one "-"; not letters and digits
    return re.sub(r"[^A-Za-z0-9]+", "-", title)[:60].strip("-").lower() or "conversation"


async def answer_as_dict(events: AsyncIterator[Event | Waiting]) -> dict[str, Any]:
    """The answer that ends the events of `ChatService.ask` as plain data; raises UserError and Busy as it does."""
    async for event in events:
        if isinstance(event, Answer):
            return named_articles(to_dict(event))
    raise UserError("The answer was cut off. Ask again.")


def passages(service: ChatService, client: str, text: str, k: int) -> list[dict[str, Any]]:
    """The hits for a text as plain data; raises UserError for an empty library, Busy when asked too much."""
    service.count(client)
    library = service.library()
    if library is None:
        raise UserError("The library is empty. Fill it: clippings index FOLDER")
    return [
        {
            **named_articles(article_to_dict(hit.article)),
            "start": hit.passage.start,
            "end": hit.passage.end,
            "text": hit.text,
        }
        | {"score": round(hit.score, 4)}
        for hit in library.search(text, k=k)
    ]


async def _server_sent(events: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    """Events of a question in the format of server-sent events."""

    def event(kind: str, data: dict[str, Any]) -> bytes:
        return format_sse_event(event=kind, data_str=json.dumps(data, ensure_ascii=False))

    try:
        async for one in events:
            if isinstance(one, Progress):
                yield event("progress", {"stage": one.stage})
            elif isinstance(one, Waiting):
                yield event("waiting", {"ahead": one.ahead})
            elif isinstance(one, Statement):
                yield event("statement", statement_to_dict(one))
            else:
                yield event("answer", named_articles(to_dict(one)))
    except UserError as error:
        yield event("error", {"detail": without_folders(str(error))})


def _documentation(app: FastAPI) -> None:
    """The OpenAPI page, with Swagger UI from the package fastapi-offline in place of a CDN."""
    folder = Path(fastapi_offline.__file__).parent / "static"
    app.mount("/ui/swagger", StaticFiles(directory=folder), name="swagger")

    @app.get("/docs", include_in_schema=False)
    def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        return get_swagger_ui_html(
            openapi_url=f"{root}/openapi.json",
            title="Clippings API",
            swagger_js_url=f"{root}/ui/swagger/swagger-ui-bundle.js",
            swagger_css_url=f"{root}/ui/swagger/swagger-ui.css",
            swagger_favicon_url=f"{root}/ui/static/icon.svg",
        )
