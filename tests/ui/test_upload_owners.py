"""No event makes the chat read a file that was not uploaded by the same browser: asked of the real server."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import httpx
import pytest

from ui.web.server.upload_space import PREFIX

SECRET = "The vault of Port Ellery opens with the words amber heron."


@pytest.fixture
def foreign(tmp_path):
    """A file of the server's user that nobody uploaded."""
    path = tmp_path / "diary.txt"
    path.write_text(SECRET, encoding="utf-8")
    return path


@pytest.fixture
def visit(chat):
    """Opens the chat as a browser with cookies of its own."""
    opened = []

    def come():
        client = httpx.Client(base_url=chat, timeout=60)
        client.get("/")
        opened.append(client)
        return client

    yield come
    for client in opened:
        client.close()


def file_events(client):
    """(event, its inputs, where among them the file is) of every event that takes a file."""
    config = client.get("/config").json()
    kinds = {part["id"]: part["type"] for part in config["components"]}
    for event in config["dependencies"]:
        for place, part in enumerate(event["inputs"]):
            if kinds[part] in ("file", "uploadbutton"):
                yield event["id"], len(event["inputs"]), place


def post(client, event, inputs, place, value):
    data = [None] * inputs
    data[place] = value
    body = {"data": data, "fn_index": event, "session_hash": "s1", "event_data": None, "trigger_id": None}
    return client.post("/gradio_api/queue/join", json=body)


def upload(client, name="note.txt", text="An upload of one's own."):
    return client.post("/gradio_api/upload", files={"files": (name, text)}).json()[0]


def named(path):
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


def holds_secret(client):
    found = client.get("/api/search", params={"text": SECRET, "limit": 5})
    assert found.status_code == 200, found.text
    return "amber heron" in found.text


def place_of_upload():
    """Where the server put the upload that came last."""
    places = Path(tempfile.gettempdir()).glob(f"{PREFIX}*/**/note.txt")
    return max(places, key=lambda path: path.stat().st_mtime_ns)


def ways(foreign, name):
    """Paths that lead to a file which was not uploaded, as somebody might write them, or to one past its name."""
    own = place_of_upload()
    link = own.parent / "link.txt"
    link.unlink(missing_ok=True)
    link.symlink_to(foreign)
    above = own.parent / Path("../" * 12) / foreign.relative_to("/")
    return {
        "foreign": foreign,
        "above": above,
        "link": link,
        "web": "http://127.0.0.1:9/x.txt",
        "self": "/etc/hostname",
        "own": own,
        "below its name": f"{name}/../../{foreign}",
    }


def test_the_page_has_two_fields_for_files(visit):
    assert len(list(file_events(visit()))) == 2


@pytest.mark.parametrize("way", ["foreign", "above", "link", "web", "self", "own", "below its name"])
def test_a_path_that_was_not_uploaded_is_refused_in_every_field(visit, foreign, way):
    client = visit()
    path = ways(foreign, upload(client))[way]
    for event in file_events(client):
        for value in (named(path), [named(path)], {"path": str(path)}, [{"deep": [named(path)]}]):
            refused = post(client, *event, value)
            assert refused.status_code == 403, refused.text
    assert not holds_secret(client)


def test_anothers_upload_is_refused(visit):
    path = upload(visit(), text=SECRET)
    other = visit()
    for event in file_events(other):
        assert post(other, *event, [named(path)]).status_code == 403
    assert other.get(f"/gradio_api/file={path}").status_code == 403
    assert other.get(f"/gradio_api/file/{path}").status_code == 403


def test_an_upload_of_ones_own_is_taken_by_a_name_that_tells_no_place(visit):
    client = visit()
    path = upload(client)
    assert "/" not in path and "note" not in path
    assert client.get(f"/gradio_api/file={path}").text == "An upload of one's own."
    event, inputs, place = next(iter(file_events(client)))
    # Into a place of the event that takes no file, so that the library the tests share stays as it is.
    taken = post(client, event, inputs, 1 - place, [named(path)])
    assert "event_id" in taken.json()


def test_other_spellings_of_the_same_body_are_refused_too(visit, foreign):
    client = visit()
    event, inputs, place = next(iter(file_events(client)))
    data = [None] * inputs
    data[place] = [named(foreign)]
    body = json.dumps({"data": data, "fn_index": event, "session_hash": "s1"})
    for content, kind in (
        (body.encode("utf-16"), "application/json"),
        (body.encode(), "text/plain"),
        (body.replace("path", "\\u0070ath").encode(), "application/json"),
    ):
        headers = {"content-type": kind}
        refused = client.post("/gradio_api/queue/join", content=content, headers=headers)
        assert refused.status_code == 403, kind
    for path in (f"/gradio_api/run/{event}", "/gradio_api/call/ask", "/gradio_api/api/predict"):
        assert client.post(path, json=json.loads(body)).status_code == 403
