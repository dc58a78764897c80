"""The locks themselves; that builds and questions hold them is tested in test_faults."""

from __future__ import annotations

import gc
import os
import shutil

import pytest

from index.errors import UserError
from index.locks import IN_USE, InUse, delete_unused, holder, write_lock


@pytest.fixture
def engine(tmp_path):
    """An engine's folder that holds a file."""
    folder = tmp_path / "engine"
    InUse(folder, create=True).release()
    (folder / "data").write_text("data")
    return folder


def test_the_second_writer_is_told_who_the_first_is(tmp_path):
    with (
        write_lock(tmp_path, "clippings index a.txt"),
        pytest.raises(UserError, match=rf"process {os.getpid()} on .* \(clippings index a\.txt\)"),
        write_lock(tmp_path, ""),
    ):
        raise AssertionError("two hold the lock")
    with write_lock(tmp_path, ""):
        assert holder(tmp_path).command == "clippings"
    assert holder(tmp_path) is None


def test_a_folder_that_readers_use_stays_until_the_last_lets_go(engine):
    first, second = InUse(engine), InUse(engine)
    assert not delete_unused(engine) and (engine / "data").exists()
    first.release()
    assert not delete_unused(engine)
    del second
    gc.collect()
    assert delete_unused(engine) and not engine.exists()


def test_a_folder_without_the_mark_is_deleted(engine):
    (engine / IN_USE).unlink()
    assert delete_unused(engine) and not engine.exists()


@pytest.mark.parametrize("left", [[], [IN_USE]])
def test_a_deleted_folder_cannot_be_used(engine, left):
    """Windows leaves the mark for a moment when all else is deleted already."""
    shutil.rmtree(engine)
    for name in left:
        engine.mkdir()
        (engine / name).touch()
    with pytest.raises(UserError, match="is gone"):
        InUse(engine)
