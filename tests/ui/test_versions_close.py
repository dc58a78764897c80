"""A version that nobody asks any more gives back its files, threads and memory, however many are published."""

from __future__ import annotations

import gc
import re
import threading
from pathlib import Path

import pytest

from rag.settings import Settings
from ui.library_access import build_library
from ui.web.service import ChatService

BUILDS = 20
QUESTION = "What did the harbour master say?"


def in_use():
    """Descriptors, threads and resident memory (MB) of this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    threads, resident = (int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("Threads", "VmRSS"))
    return len(list(Path("/proc/self/fd").iterdir())), threads, resident / 1000


def publish(settings, folder, number):
    """Add an article, which makes a version."""
    text = f"Edition {number}.\n\n“The harbour is closed for {number + 2} days,” said harbour master Signe Aas. " * 3
    (folder / f"{number}.txt").write_text(text, encoding="utf-8")
    build_library(settings, [str(folder)])


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts what Linux says of a process")
def test_descriptors_threads_and_memory_return(tmp_path):
    folder = tmp_path / "news"
    folder.mkdir()
    settings = Settings(library=str(tmp_path / "library"))
    publish(settings, folder, 0)
    service = ChatService(settings)
    failures, stop = [], threading.Event()

    def keep_asking():
        while not stop.is_set():
            try:
                assert service.assistant().ask(QUESTION).statements
            except Exception as error:  # noqa: BLE001 - any failure is told after the threads have ended
                failures.append(error)
                return

    service.assistant().ask(QUESTION)
    publish(settings, folder, 1)
    service.assistant().ask(QUESTION)
    before = in_use()
    askers = [threading.Thread(target=keep_asking) for _ in range(2)]
    for asker in askers:
        asker.start()
    for number in range(2, BUILDS + 2):
        publish(settings, folder, number)
    stop.set()
    for asker in askers:
        asker.join()
    assert not failures
    assert service.library().version == BUILDS + 2
    gc.collect()
    descriptors, threads, resident = in_use()
    assert descriptors <= before[0] + 10
    assert threads <= before[1] + 4
    assert resident <= before[2] + 150
