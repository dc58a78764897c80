"""What the tests share: a library of the seed articles, built once with the real encoder and engines, and its chat."""

import tarfile
from pathlib import Path

import pytest
from chat_server import PATIENCE, Visit, launched, serving

from index.library import Library
from rag.assistant import Assistant
from rag.settings import Settings
from ui.library_access import build_library, seeds_folder

FORMAT_1 = Path(__file__).parent / "fixtures" / "format-1" / "library.tar.gz"


def seeded(folder):
    build_library(Settings(library=str(folder)), [str(seeds_folder())])
    return folder


@pytest.fixture(scope="session")
def seeds_library(tmp_path_factory):
    """Folder of a library of the three seed articles; not to be written in."""
    return seeded(tmp_path_factory.mktemp("seeds") / "library")


@pytest.fixture
def library_1(tmp_path):
    """Folder of a library of format 1 with a conversation of four answers, whose file has no format number."""
    with tarfile.open(FORMAT_1) as archive:
        archive.extractall(tmp_path / "disk", filter="data")
    return tmp_path / "disk" / "library"


@pytest.fixture(scope="session")
def assistant(seeds_library):
    """The default assistant over the seed articles."""
    settings = Settings(library=str(seeds_library))
    return Assistant(Library.open(seeds_library), settings)


@pytest.fixture(scope="session")
def chat(tmp_path_factory):
    """Address of a chat with the three seed articles, a library of its own."""
    with serving(seeded(tmp_path_factory.mktemp("chat") / "library")) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; one a module, for its event loop would be in the way of tests with their own."""
    with launched() as browser:
        yield browser


@pytest.fixture
def visitor(browser):
    """What opens an address as somebody who was never there before."""
    contexts = []

    def come(address, path="/", **settings):
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **settings})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return Visit(context, address, path)

    yield come
    for context in contexts:
        context.close()
