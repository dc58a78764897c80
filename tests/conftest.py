"""What the tests share: a library of the seed articles, built once with the real encoder and engines."""

import pytest

from index.library import Library
from rag.assistant import Assistant
from rag.settings import Settings
from ui.cli_library import build_library, seeds_folder


@pytest.fixture(scope="session")
def seeds_library(tmp_path_factory):
    """Folder of a library of the three seed articles; not to be written in."""
    folder = tmp_path_factory.mktemp("seeds") / "library"
    build_library(Settings(library=str(folder)), [str(seeds_folder())])
    return folder


@pytest.fixture(scope="session")
def assistant(seeds_library):
    """The default assistant over the seed articles."""
    settings = Settings(library=str(seeds_library))
    return Assistant(Library.open(seeds_library), settings)
