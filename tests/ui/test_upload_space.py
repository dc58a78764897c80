"""Uploads are counted as they come, have limits for each person and for the disk, and do not stay: on real servers."""

from __future__ import annotations

import os
import tempfile
import time

import httpx
import pytest
from chat_server import PATIENCE, Visit, file, serving
from page_events import Program

from index.errors import UserError
from index.locks import IN_USE
from ui.web.server.accounts import FILE, Accounts
from ui.web.server.upload_space import PREFIX, UploadSpace, incoming_folder, remove_incoming

MB = 1_000_000
PASSWORDS = {"ada": "correct horse battery", "eve": "battery, staple, horse"}


def waiting(folder):
    """The uploads that wait in the folder of a server whose temporary folder this is; Gradio makes empty files, too."""
    return [path for path in folder.glob(f"{PREFIX}*/**/*") if path.is_file() and path.stat().st_size]


def chunks(size):
    """A multipart body of a file, without an announced length."""
    yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="large.txt"\r\n\r\n'
    for _ in range(size // 50_000):
        yield b"a" * 50_000
    yield b"\r\n--x--\r\n"


def test_each_person_has_a_limit_that_is_counted_as_bytes_come(library, tmp_path):
    accounts = Accounts(library / FILE)
    for name, password in PASSWORDS.items():
        accounts.add(name, password, "editor")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with (
        serving(library, "--upload-limit", "3", env={"TMPDIR": str(temporary)}) as address,
        Program(address, ("ada", PASSWORDS["ada"])) as ada,
        Program(address, ("eve", PASSWORDS["eve"])) as eve,
    ):
        assert ada.upload("one.txt", b"a" * 2 * MB).status_code == 200
        announced = ada.upload("two.txt", b"b" * 2 * MB)
        assert announced.status_code == 413
        assert "One person may upload 3 MB an hour here, and 2.0 MB of them are used" in announced.text
        assert "--upload-limit" in announced.text
        kind = {"content-type": "multipart/form-data; boundary=x"}
        counted = ada.client.post("/gradio_api/upload", content=chunks(2 * MB), headers=kind)
        assert counted.status_code == 413 and "One person may upload 3 MB" in counted.text
        assert eve.upload("three.txt", b"c" * 2 * MB).status_code == 200
        assert sum(path.stat().st_size for path in waiting(temporary)) < 5.5 * MB


def test_all_uploads_together_have_a_limit_on_the_disk(library, tmp_path):
    (library / "uploads").mkdir()
    (library / "uploads" / "kept.pdf").write_bytes(b"x" * 2 * MB)
    with serving(library, "--upload-space", "5") as address, Program(address) as someone:
        assert someone.upload("one.txt", b"a" * 2 * MB).status_code == 200
        refused = someone.upload("two.txt", b"b" * 2 * MB)
        assert refused.status_code == 413
        assert "All uploads together may take 5 MB here" in refused.text and "--upload-space" in refused.text
        (library / "uploads" / "kept.pdf").unlink()
        assert someone.upload("two.txt", b"b" * 2 * MB).status_code == 200


def test_the_page_names_the_limit(library, browser):
    with serving(library, "--upload-limit", "1") as address, browser.new_context() as context:
        context.set_default_timeout(PATIENCE)
        someone = Visit(context, address)
        someone.tab("Library")
        someone.page.locator("#files input[type=file]").set_input_files([file("large.txt", "a" * 2 * MB)])
        told = someone.page.locator("body", has_text="One person may upload 1 MB an hour here")
        told.wait_for()


def test_what_was_used_and_what_could_not_be_read_is_deleted(library, tmp_path):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with serving(library, env={"TMPDIR": str(temporary)}) as address, Program(address) as someone:
        files = [
            someone.uploaded("ferry.txt", b"The harbour council chose Tove Lindqvist as pilot of the ferry on Monday."),
            someone.uploaded("broken.pdf", b"this is no pdf"),
        ]
        report = someone.send("files", "upload", {"files": files})
        assert "1 added" in report and "1 skipped" in report
        assert waiting(temporary) == []
        assert [path.suffix for path in (library / "uploads").iterdir()] == [".txt"]
        again = someone.uploaded(
            "ferry.txt", b"The harbour council chose Tove Lindqvist as pilot of the ferry on Monday."
        )
        assert "1 unchanged" in someone.send("files", "upload", {"files": [again]})
        assert [path.suffix for path in (library / "uploads").iterdir()] == [".txt"]
    assert list(temporary.glob(f"{PREFIX}*")) == []


def test_uploads_that_nobody_uses_are_deleted_after_a_while(tmp_path):
    space = UploadSpace(tmp_path, tmp_path / "library", MB, MB)
    (tmp_path / "old").mkdir()
    old, new, mark = tmp_path / "old" / "a.txt", tmp_path / "part-of-a-file", tmp_path / IN_USE
    for path in (old, new, mark):
        path.write_bytes(b"x")
    hours_ago = time.time() - 2 * 3600
    for path in (old, mark, tmp_path / "old"):
        os.utime(path, (hours_ago, hours_ago))
    space.sweep()
    assert not old.exists() and new.exists() and mark.exists()
    os.utime(tmp_path / "old", (hours_ago, hours_ago))
    space.sweep()
    assert not (tmp_path / "old").exists()


def test_what_a_killed_server_left_is_deleted_by_the_next_and_a_running_ones_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / f"{PREFIX}of-a-killed-one"
    left.mkdir()
    (left / IN_USE).touch()
    (left / "large.txt").write_bytes(b"x" * 1000)
    running, mark = incoming_folder()
    (running / "waiting.txt").write_bytes(b"x")
    another, other_mark = incoming_folder()
    assert not left.exists() and (running / "waiting.txt").exists()
    for folder, held in ((running, mark), (another, other_mark)):
        remove_incoming(folder, held)
    assert list(tmp_path.iterdir()) == []


def test_an_address_is_a_person_where_nobody_logs_in(library):
    """A visitor who throws the cookie away is the same person."""
    options = ("--host", "0.0.0.0", "--no-auth", "--allow-changes", "--upload-limit", "3")
    with serving(library, *options) as address:
        answers = []
        for number in range(3):
            files = {"files": ("x.txt", f"{number}".encode() * 1_400_000)}
            answers.append(httpx.post(address + "/gradio_api/upload", files=files, timeout=60).status_code)
    assert answers == [200, 200, 413]


def test_the_bytes_of_one_person_do_not_count_against_another_and_are_forgotten_in_number(tmp_path):
    space = UploadSpace(tmp_path, tmp_path, 10, 1_000_000)
    space.count("ada", 8)
    space.count("eve", 8)
    with pytest.raises(UserError, match="One person may upload"):
        space.count("ada", 8)
    for number in range(20_100):
        space.count(f"address {number}", 1)
    assert len(space._persons) == 20_000
