"""The real chat in a process of its own, and a real browser; shared by the tests of the web chat."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 90_000
"""Milliseconds that a page may take on a machine that does other things as well."""
ROOT = Path(__file__).parent.parent


@contextmanager
def serving(library, *options, env=()):
    """Run `clippings chat` on a free port; yields its address."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **dict(env)}
    for name in ("CLIPPINGS_LIBRARY", "OPENAI_API_KEY"):
        environment.pop(name, None)
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", "from ui.cli.chat import chat; chat()"),
            *("--library", str(library), "--port", "0", "--no-open", *options),
        ],
        cwd=library.parent,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = []
    try:
        for line in process.stderr:
            lines.append(line)
            if found := re.match(r"Clippings is at (http://\S+)/ ", line):
                # Uvicorn writes little, but a full pipe would stop it.
                threading.Thread(target=lambda: lines.extend(process.stderr), daemon=True).start()
                address = found[1].replace("//0.0.0.0:", "//127.0.0.1:")
                break
        else:
            raise AssertionError("the chat did not start:\n" + "".join(lines))
        wait_until_up(address)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_up(address, seconds=60):
    import httpx

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if httpx.get(address + "/healthz", timeout=20).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError("the chat did not answer")


@contextmanager
def launched():
    """A headless Chromium; where there is none, CI fails and others skip."""
    playwright = pytest.importorskip("playwright.sync_api") if not os.environ.get("CI") else None
    if playwright is None:
        import playwright.sync_api as playwright
    if not CHROMIUM.is_file():
        reason = f"no browser at {CHROMIUM}; install it: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


def file(name, text):
    """A file as Playwright puts it into a page."""
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


class Visit:
    """One person's browser: a page of the chat, and what it asked of the network."""

    def __init__(self, context, address, path="/"):
        self.address = address
        self.context = context
        self.page = context.new_page()
        self.requests = []
        self.errors = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.open(path)

    def open(self, path="/"):
        self.page.goto(self.address + path)
        self.page.wait_for_selector("html[data-ready]")
        self.page.wait_for_selector("#thread .start, #thread .turn")

    def reload(self):
        """Load the conversation's page again, once its address names it."""
        self.page.wait_for_url("**/?c=*")
        self.page.reload()
        self.page.wait_for_selector("#thread .turn[data-answer]")

    @property
    def box(self):
        return self.page.locator("#question textarea")

    def ask(self, question):
        """Ask and wait for the whole answer; returns its locator."""
        before = self.page.locator(".turn[data-answer]").count()
        self.box.fill(question)
        self.box.press("Enter")
        self.settled(before)
        return self.last

    def settled(self, before=0):
        self.page.wait_for_function(
            "before => document.querySelectorAll('.turn[data-answer]').length > before"
            " && !document.querySelector('#live [data-busy]')",
            arg=before,
        )

    @property
    def last(self):
        return self.page.locator(".turn").last

    def cite(self, number=1):
        """Click a chip of the last answer and wait for its highlight; returns the marked text."""
        self.last.locator(f'.cite[data-number="{number}"]').first.click()
        self.page.wait_for_selector(f'#article mark.active[data-number="{number}"]')
        return self.marked()

    def marked(self):
        return "".join(self.page.locator("#article mark.active").all_text_contents())

    def forget_work(self):
        """Empty the report of the work before, so that the next one's is not mistaken for it."""
        self.page.evaluate("document.querySelector('#work .html-container > div').innerHTML = ''")

    def worked(self):
        """Wait until the library's work has ended; returns its report."""
        self.page.wait_for_selector("#work [data-running=false]")
        return self.page.locator("#work").inner_text()

    def tab(self, name):
        self.page.get_by_role("tab", name=name, exact=True).click()
