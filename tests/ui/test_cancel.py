"""A build that is cancelled, by the button of the Library tab or by Ctrl-C, leaves the library as it was."""

import os
import signal
import subprocess
import sys
import time

import pytest
from chat_server import Visit, serving
from costly_files import html_of_attributes, parsers

from index.catalog import Catalog

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
ENDED = 60
"""Seconds after which something that should end is taken not to."""


def wait_until(condition):
    end = time.monotonic() + ENDED
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.05)


@LINUX
def test_the_button_cancels_a_build_and_the_library_stays_as_it_was(browser, tmp_path, library):
    with serving(library) as address:
        someone = Visit(browser.new_context(viewport={"width": 1440, "height": 900}), address)
        page = someone.page
        someone.tab("Library")
        page.wait_for_selector("#shelf table")
        articles = page.locator("#shelf tbody tr").count()
        content = {"name": "costly.html", "mimeType": "text/html", "buffer": html_of_attributes().encode()}
        page.locator("#files input[type=file]").set_input_files(content)
        wait_until(lambda: parsers(os.getpid()))
        page.get_by_role("button", name="Cancel", exact=True).click()
        report = someone.worked()
        assert "Stopped. The library is as it was." in report
        assert not page.locator("#work [role=alert]").count()
        assert not parsers(os.getpid())
        assert page.locator("#shelf tbody tr").count() == articles
        assert page.locator("#versions tbody tr").count() == 1
        assert not list((library / "uploads").glob("*"))
        someone.forget_work()
        page.locator("#files input[type=file]").set_input_files(
            {"name": "ferry.txt", "mimeType": "text/plain", "buffer": b"The council chose Tove Lindqvist on Monday."}
        )
        assert "1 added" in someone.worked(), "the next build goes its way"
        assert not page.get_by_role("button", name="Cancel", exact=True).count()
        someone.context.close()


@LINUX
def test_control_c_ends_an_index_run_and_the_library_stays_as_it_was(tmp_path, library):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.txt").write_text("The council chose Tove Lindqvist on Monday.")
    (tmp_path / "new" / "b.html").write_text(html_of_attributes())
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "index", str(tmp_path / "new"), "--library", str(library)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: parsers(process.pid))
    time.sleep(1)  # so that it is at work
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=ENDED)
    assert process.returncode == 1 and "Traceback" not in err + out and "Aborted!" in err, (
        process.returncode,
        out,
        err,
    )
    catalog = Catalog(library)
    assert catalog.current() == 1 and len(list(catalog.view().articles())) == 3
    catalog.close()
