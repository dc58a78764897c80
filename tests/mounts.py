"""File systems of a test's own: small ones, and folders in which nothing can be written, not even by root."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest


@contextmanager
def mounted(path, *options):
    """A file system of our own at `path`, where the machine lets us."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a file system takes root on Linux")
    path.mkdir(exist_ok=True)
    made = subprocess.run(["mount", *options, str(path)], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"this machine mounts nothing: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@contextmanager
def read_only(path):
    """A folder that only takes reading."""
    with mounted(path, "--bind", str(path)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(path)], check=True)
        yield
