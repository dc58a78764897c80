"""Opening the library that the settings name and building it, for the command line and the web chat alike."""

from __future__ import annotations

import shlex
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from index.build import BuildReport, Progress, build
from index.errors import STOPPED, Stopped, UserError
from index.library import Library
from index.terminal import echo, progress_bar
from rag.settings import index_config

if TYPE_CHECKING:
    from index.sources.fetch import Fetcher
    from index.types import FetchLog, Read
    from rag.settings import Settings


def seeds_folder() -> Path:
    """The folder of the seed articles that come with the program."""
    spec = find_spec("seeds")
    assert spec is not None and spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations)))


def typed_command() -> str:
    """The command line of this process, as another process that wants the library is shown it."""
    return shlex.join(["clippings", *sys.argv[1:]])


def open_library(settings: Settings, origins: dict[str, str]) -> Library:
    """The library the settings name; the default one is built from the seed articles when it is missing.

    Raises UserError where another was named and there is none. `origins` are those of `rag.settings.load`.
    """
    build_default_library(settings, origins)
    if not Library.exists(settings.library):
        raise UserError(
            f"No library at {settings.library!r}. Build one: clippings index FOLDER --library {settings.library}"
        )
    return Library.open(settings.library)


def build_default_library(settings: Settings, origins: dict[str, str]) -> BuildReport | None:
    """Build the default library from the seed articles; None where there is one, or another was named."""
    if origins["library"] != "default" or Library.exists(settings.library):
        return None
    echo(f"No library yet: building {settings.library!r} from the seed articles.", err=True)
    return build_library(settings, [str(seeds_folder())])


def fetch_models(settings: Settings) -> None:
    """Download the models that the settings name and this machine lacks. Raises UserError where that fails."""
    from index.engines.encoder import DEFAULT, is_provider
    from index.engines.named_models import find_model
    from rag.read.from_settings import is_named

    if settings.encoder != DEFAULT and not is_provider(settings.encoder):
        find_model(settings.encoder, "encoder")
    if settings.reranker:
        find_model(settings.reranker, "reranker")
    if is_named(settings.reader):
        find_model(settings.reader, "reader")


def build_library(
    settings: Settings,
    targets: Sequence[str],
    *,
    articles: Iterable[Read] | None = None,
    prune_missing: bool = False,
    rebuild: bool = False,
    allow_private: bool = False,
    command: str = "",
    progress: Callable[[Progress], None] | None = None,
    stopped: threading.Event | None = None,
) -> BuildReport:
    """Read `targets` (files, folders, addresses) into the settings' library and publish a new version.

    `articles` takes the place of what stands at the targets. `allow_private` lets addresses lead to private and
    loopback hosts. `command` is shown to another process that wants to build meanwhile. Without `progress` a bar
    on standard error shows it. When `stopped` is set, the build ends between two articles and raises Stopped. Raises
    UserError as `index.build.build` and `index.sources.read` do.
    """
    # Asking needs no readers of file formats, and they take a while to load.
    from index.sources import read
    from index.sources.parser_process import ParserProcess

    stopped = stopped or threading.Event()
    with ExitStack() as stack:
        show = progress or stack.enter_context(build_progress())
        parser = stack.enter_context(ParserProcess(stopped=stopped))
        fetcher: Fetcher | None = None
        if any("://" in target for target in targets):
            from index.sources.fetch import Fetcher

            fetcher = stack.enter_context(Fetcher(allow_private=allow_private, stopped=stopped))

        def read_targets(log: FetchLog) -> Iterator[Read]:
            yield from read(targets, fetcher=fetcher, seen=log, parser=parser) if articles is None else articles
            parser.close()  # what comes after takes longer, and needs its memory

        def show_unless_stopped(progress: Progress) -> None:
            if stopped.is_set():
                raise Stopped(STOPPED)
            show(progress)

        return build(
            Path(settings.library),
            read_targets,
            index_config(settings),
            targets=targets,
            prune_missing=prune_missing,
            rebuild=rebuild,
            server=settings.chroma,
            command=command or typed_command(),
            progress=show_unless_stopped,
        )


@contextmanager
def build_progress() -> Iterator[Callable[[Progress], None]]:
    """A bar on standard error for each stage of a build; nothing where that is no terminal."""
    bar = progress_bar(unit=" articles")
    stage = ""

    def show(progress: Progress) -> None:
        nonlocal stage
        if stage != progress.stage:
            stage = progress.stage
            bar.set_description(stage, refresh=False)
            bar.reset(total=progress.total)
        bar.update(progress.done - bar.n)

    try:
        yield show
    finally:
        bar.close()
