"""The web server: the guard in front, our own routes, and the Gradio app at the root."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from index.errors import UserError
from ui.web.server.gradio_page import Dressed
from ui.web.server.middleware import Guard
from ui.web.server.options import Options
from ui.web.server.uploaded_files import UPLOAD, UploadedFiles
from ui.web.server.uploads import LARGEST_UPLOAD
from ui.web.service import Desk

if TYPE_CHECKING:
    from rag.settings import Settings

STATIC = Path(__file__).parent.parent / "pages" / "static"


def app(settings: Settings, options: Options) -> Guard:
    """The whole application; loads the library in the background, so that the page is there at once."""
    folder = tempfile.mkdtemp(prefix="clippings-uploads-")
    os.environ.update(GRADIO_TEMP_DIR=folder, GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1")

    from fastapi import FastAPI
    from fastapi.staticfiles import StaticFiles

    from ui.web import api, app
    from ui.web.jobs import Work
    from ui.web.tabs.evaluation import Measuring
    from ui.web.tabs.library import Keeping

    desk = Desk(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=_warm, args=(desk,), name="warm", daemon=True).start()
        yield
        shutil.rmtree(folder, ignore_errors=True)

    path = urlsplit(options.root_path).path.rstrip("/")
    made = FastAPI(title="Clippings", docs_url=None, redoc_url=None, lifespan=lifespan, root_path=path)
    made.mount("/ui/static", StaticFiles(directory=STATIC), name="static")
    measures = Measuring(desk)
    api.add(made, desk, measures)
    app.mount(made, desk, Keeping(desk, Work(desk, options.allow_private)), measures, options.root_path or None)
    return Guard(
        UploadedFiles(Dressed(made)),
        options.account,
        options.hosts,
        addresses=not options.on_loopback,
        proxies=options.proxies,
        uploads=UPLOAD,
        largest_upload=LARGEST_UPLOAD,
        root_path=path,
    )


def _warm(desk: Desk) -> None:
    """Load what the first question would wait for; what is wrong is said here, and again to who asks."""
    import click

    try:
        desk.warm()
    except UserError as error:
        click.echo(str(error), err=True)
