"""Nothing that ships, and nothing it depends on, looks for another machine: seen in the system calls of real processes.

Watched from outside, with `CI` unset, since some libraries keep quiet where they see it; a network namespace would hide
what is attempted.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CALLS = "connect,sendto,sendmsg,sendmmsg"
SECONDS = 60
"""How long the chat is watched: telemetry waits before it sends."""
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name not in ("CI", "CLIPPINGS_LIBRARY")},
    "PYTHONPATH": str(ROOT),
}

# takes "sin_port=htons(53), sin_addr=inet_addr("10.0.0.1")"; not unix sockets
PEER = re.compile(r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"')

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None and not os.environ.get("CI"), reason="apt-get install strace"
)


def elsewhere(log: Path) -> list[str]:
    """The calls that look for another machine, or for a name."""
    found = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if peer := PEER.search(line):
            port, address = peer.groups()
            if port == "53" or not (address.startswith("127.") or address in ("::1", "::ffff:127.0.0.1")):
                found.append(line)
    return found


@contextmanager
def watched(arguments, folder):
    """A process with its children under strace; yields it and the log of its network calls."""
    log = folder / "calls.txt"
    command = ["strace", "-f", "-qq", "-s", "64", "-e", f"trace={CALLS}", "-o", str(log), *arguments]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        yield process, log


def finished(arguments, folder):
    with watched(arguments, folder) as (process, log):
        output = process.communicate(timeout=300)[0]
    assert process.returncode == 0, output
    return output, log


def clippings(*arguments):
    return [sys.executable, "-m", "ui.cli", *arguments]


def test_what_looks_for_another_machine_is_seen(tmp_path):
    lookup = "import socket\ntry: socket.create_connection(('192.0.2.1', 9), .1)\nexcept OSError: pass"
    _, log = finished([sys.executable, "-c", lookup], tmp_path)
    assert len(elsewhere(log)) == 1


def test_indexing_and_asking_stay_on_this_machine(tmp_path):
    _, log = finished(clippings("index", str(ROOT / "seeds")), tmp_path)
    assert elsewhere(log) == []
    output, log = finished(clippings("ask", "what did Lankford say about the majority?"), tmp_path)
    assert "narrow majority" in output
    assert elsewhere(log) == []


def test_the_chat_stays_on_this_machine(tmp_path):
    import httpx

    with watched(clippings("chat", "--no-open", "--port", "0"), tmp_path) as (process, log):
        address = ""
        for line in process.stdout:
            if found := re.match(r"Clippings is at (http://\S+)/ ", line):
                address = found[1]
                break
        try:
            began = time.monotonic()
            with httpx.Client(base_url=address, timeout=60) as visitor:
                assert visitor.get("/").status_code == 200
                question = {"question": "what did Lankford say about the majority?"}
                assert "narrow majority" in visitor.post("/api/ask", json=question).json()["text"]
            time.sleep(max(0, began + SECONDS - time.monotonic()))
        finally:
            os.killpg(process.pid, signal.SIGTERM)
    assert elsewhere(log) == []
