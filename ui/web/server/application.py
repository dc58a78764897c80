"""The web server: access checks in front, our own routes, and the Gradio app at the root."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from index.errors import UserError
from index.terminal import echo
from ui.web import api
from ui.web.jobs import LibraryJobs
from ui.web.server.gradio_page import PageMiddleware
from ui.web.server.gradio_routes import GradioRoutes
from ui.web.server.middleware import AccessMiddleware
from ui.web.server.options import MEGABYTE, Options
from ui.web.server.upload_owners import UPLOAD, UploadOwners
from ui.web.server.upload_space import UploadSpace, incoming_folder, remove_incoming
from ui.web.server.uploads import LARGEST_BATCH
from ui.web.service import ChatService
from ui.web.tabs.evaluation import EvaluationTab
from ui.web.tabs.library import LibraryTab

if TYPE_CHECKING:
    from rag.settings import Settings

STATIC = Path(__file__).parent.parent / "pages" / "static"


def app(settings: Settings, options: Options) -> AccessMiddleware:
    """The whole application; loads the library in the background, so that the page is there at once."""
    incoming, mark = incoming_folder()
    os.environ.update(GRADIO_TEMP_DIR=str(incoming), GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1")

    from ui.web import app  # gradio reads these variables when it is imported

    service = ChatService(settings, options.machine_owner)
    limit, total = options.upload_limit * MEGABYTE, options.upload_space * MEGABYTE
    space = UploadSpace(incoming, service.folder, limit, total)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=_warm, args=(service,), name="warm", daemon=True).start()
        sweeping = asyncio.create_task(space.keep_sweeping())
        yield
        sweeping.cancel()
        remove_incoming(incoming, mark)

    path = urlsplit(options.root_path).path.rstrip("/")
    api_app = FastAPI(title="Clippings", docs_url=None, redoc_url=None, lifespan=lifespan, root_path=path)
    api_app.mount("/ui/static", StaticFiles(directory=STATIC), name="static")
    evaluation = EvaluationTab(service)
    api.add(api_app, service, evaluation)
    library = LibraryTab(service, LibraryJobs(service, options.allow_private))
    app.mount(api_app, service, library, evaluation, options.root_path or None)
    return AccessMiddleware(
        UploadOwners(GradioRoutes(PageMiddleware(api_app)), space),
        options.accounts,
        options.machine_owner,
        "editor" if options.allow_changes else "visitor",
        options.hosts,
        addresses=not options.on_loopback,
        proxies=options.proxies,
        uploads=UPLOAD,
        largest_upload=LARGEST_BATCH,
        root_path=path,
    )


def _warm(service: ChatService) -> None:
    """Load what the first question would wait for; what is wrong is said here, and again to who asks."""
    try:
        service.warm()
    except UserError as error:
        echo(str(error), err=True)
