from __future__ import annotations

import shutil

import pytest


@pytest.fixture
def library(tmp_path, seeds_library):
    """Folder of a library of the three seed articles, to be changed."""
    folder = tmp_path / "library"
    shutil.copytree(seeds_library, folder)
    return folder
