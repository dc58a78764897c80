"""Events of the page, sent as a program would send them: no button has to be there."""

from __future__ import annotations

import json
import secrets

import httpx


class Program:
    """Somebody who posts events; `login` is a name and a password where the chat asks for them."""

    def __init__(self, address, login=None):
        self.client = httpx.Client(base_url=address, auth=login, timeout=120)
        page = self.client.get("/")
        assert page.status_code == 200, page.text
        self.page = page.text
        config = self.client.get("/config").json()
        parts = {part["id"]: part for part in config["components"]}
        self.names = {number: part["props"].get("elem_id") for number, part in parts.items()}
        self.events = {}
        for event in config["dependencies"]:
            for part, name in event["targets"]:
                self.events[self.names.get(part), name] = event

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def send(self, part, name, inputs=None, **data):
        """Send an event and wait for its end; returns what it put into the page, by component, as one text."""
        event = self.events[part, name]
        session = secrets.token_hex(8)
        values = [(inputs or {}).get(self.names[number]) for number in event["inputs"]]
        body = {"data": values, "fn_index": event["id"], "session_hash": session, "event_data": data or None}
        joined = self.client.post("/gradio_api/queue/join", json={**body, "trigger_id": None})
        if joined.status_code != 200:
            return joined.text
        texts = []
        with self.client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as lines:
            for line in lines.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                texts.append(json.dumps(message.get("output", ""), ensure_ascii=False))
                if message.get("msg") == "process_completed":
                    return "\n".join(texts)
        raise AssertionError("the event did not end")

    def upload(self, name, content):
        """Upload a file; returns the response."""
        return self.client.post("/gradio_api/upload", files={"files": (name, content)})

    def uploaded(self, name, content):
        """Upload a file; returns what names it in an event."""
        response = self.upload(name, content)
        assert response.status_code == 200, response.text
        return {"path": response.json()[0], "meta": {"_type": "gradio.FileData"}}
