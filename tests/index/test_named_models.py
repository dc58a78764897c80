"""Models by name: downloaded once from a real server that speaks as the Hub does, then read without a network."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import named_models
import pytest
from transformers import BertForQuestionAnswering, BertForSequenceClassification

from index.engines.encoder import packaged_model

ROOT = Path(__file__).parents[2]
NAME = "somebody/small-reader"
COMMIT = "c0ffee" + "0" * 34
QUESTION = "what did Lankford say about the majority?"


class Hub(http.server.BaseHTTPRequestHandler):
    """What huggingface_hub asks of huggingface.co for one repository, whose files are those of `folder`."""

    folder: Path
    asked: list[str]

    def log_message(self, *_):
        """Nothing: the paths asked for are kept."""

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.asked.append(path)
        files = {file.name: file for file in self.folder.iterdir()}
        if path.startswith(f"/api/models/{NAME}/tree/"):
            tree = [
                {"type": "file", "path": name, "size": file.stat().st_size, "oid": git_hash(file)}
                for name, file in files.items()
            ]
            self._send(json.dumps(tree).encode(), "application/json")
        elif path.startswith(f"/api/models/{NAME}"):
            siblings = [{"rfilename": name} for name in files]
            self._send(json.dumps({"id": NAME, "sha": COMMIT, "siblings": siblings}).encode(), "application/json")
        elif (name := path.removeprefix(f"/{NAME}/resolve/{COMMIT}/")) in files:
            self._send(files[name].read_bytes(), "application/octet-stream", git_hash(files[name]))
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _send(self, body, kind, etag=""):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if etag:
            self.send_header("ETag", f'"{etag}"')
            self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def git_hash(file):
    body = file.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()


@contextmanager
def hub(folder):
    """The address of a hub with the files of `folder`, and the paths asked for."""
    asked = []
    handler = type("OneHub", (Hub,), {"folder": folder, "asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = named_models.small(BertForQuestionAnswering, tmp_path_factory.mktemp("hub") / "model")
    (folder / "pytorch_model.bin").write_bytes(b"never to be fetched")
    (folder / "own.py").write_text("raise SystemExit")
    return folder


def environment(home, **values):
    """A process's environment without anything of Hugging Face's but what is given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return {**inherited, "PYTHONPATH": str(ROOT), "HF_HOME": str(home), **values}


def clippings(*arguments, before=(), **environment):
    command = [*before, sys.executable, "-m", "ui.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **environment)


def test_a_named_reader_is_downloaded_once_with_a_bar_and_then_read_without_a_network(model, tmp_path, seeds_library):
    home = tmp_path / "home"
    ask = ("ask", QUESTION, "--library", str(seeds_library), "--json")
    with hub(model) as (address, asked):
        first = clippings(*ask, env=environment(home, HF_ENDPOINT=address, CLIPPINGS_READER=NAME))
        assert first.returncode == 0, first.stderr
        assert f"Downloading the reader '{NAME}' from {address}" in first.stderr
        assert re.search(r"\d+%\|", first.stderr), "no progress bar"
        assert not [path for path in asked if path.endswith((".bin", ".py"))]
        assert not [path for path in asked if not path.startswith((f"/api/models/{NAME}", f"/{NAME}/resolve/"))]
        count = len(asked)
        again = clippings(*ask, env=environment(home, HF_ENDPOINT=address, CLIPPINGS_READER=NAME))
        assert (again.returncode, again.stderr.count("%|"), len(asked)) == (0, 0, count), again.stderr
    answers = [json.loads(run.stdout) for run in (first, again)]
    assert answers[0]["reader"] == answers[1]["reader"]
    assert answers[0]["reader"].startswith(f"{NAME}@")
    if shutil.which("strace"):
        log = tmp_path / "calls"
        watched = ("strace", "-f", "-qq", "-e", "trace=connect,sendto", "-o", str(log))
        alone = clippings(*ask, before=watched, env=environment(home, CLIPPINGS_READER=NAME))
        assert alone.returncode == 0, alone.stderr
        assert "AF_INET" not in log.read_text(errors="replace")


def test_a_download_that_broke_off_goes_on(model, tmp_path):
    home, whole = tmp_path / "home", model / "model.safetensors"
    code = "from index.engines.named_models import find_model; print(find_model('somebody/small-reader', 'reader'))"
    partial = tmp_path / "partial"
    shutil.copytree(model, partial, ignore=shutil.ignore_patterns("*.safetensors"))

    def fetch(address):
        command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"]
        env = environment(home, HF_ENDPOINT=address)
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=env)

    with hub(partial) as (address, _):
        first = fetch(address)
    assert first.returncode and "no weights in the safetensors format" in first.stderr
    with hub(model) as (address, _):
        shutil.rmtree(home / "hub" / "models--somebody--small-reader" / "trees", ignore_errors=True)
        second = fetch(address)
    assert second.returncode == 0, second.stderr
    assert (Path(second.stdout.strip()) / whole.name).read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("setting", ["reader", "reranker", "encoder"])
def test_offline_and_not_here_is_an_error_with_the_model_and_what_to_type(setting, tmp_path, seeds_library):
    given = {f"CLIPPINGS_{setting.upper()}": "nobody/no-such-model", "HF_HUB_OFFLINE": "1"}
    library = str(seeds_library) if setting != "encoder" else str(tmp_path / "library")
    command = ["ask", QUESTION] if setting != "encoder" else ["index", str(ROOT / "seeds")]
    run = clippings(*command, "--library", library, env=environment(tmp_path, **given))
    assert run.returncode == 1, run.stderr
    (line,) = [line for line in run.stderr.splitlines() if "Error" in line]
    assert f"{setting} 'nobody/no-such-model'" in line
    assert "hf download nobody/no-such-model" in line and "HF_HUB_OFFLINE" in line
    assert "Traceback" not in run.stderr


def test_a_server_that_has_no_such_model_is_told_so(model, tmp_path, seeds_library):
    with hub(model) as (address, _):
        env = environment(tmp_path, HF_ENDPOINT=address, CLIPPINGS_RERANKER="nobody/no-such-model")
        run = clippings("ask", QUESTION, "--library", str(seeds_library), env=env)
    assert run.returncode == 1
    assert "reranker 'nobody/no-such-model'" in run.stderr and "Traceback" not in run.stderr


def test_a_library_that_names_an_encoder_makes_nobody_download_it(model, tmp_path):
    """A library that came from elsewhere names its encoder; nobody here did."""
    library, encoder = tmp_path / "library", tmp_path / "encoder"
    shutil.copytree(packaged_model(), encoder)
    made = ("index", str(ROOT / "seeds"), "--library", str(library), "--encoder", str(encoder))
    built = clippings(*made, env=environment(tmp_path))
    assert built.returncode == 0, built.stderr
    shutil.rmtree(encoder)
    with sqlite3.connect(library / "library.sqlite") as database:
        ((before,),) = database.execute("SELECT settings FROM collections").fetchall()
        database.execute("UPDATE collections SET settings = ?", (before.replace(str(encoder), NAME),))
    with hub(model) as (address, asked):
        run = clippings("ask", QUESTION, "--library", str(library), env=environment(tmp_path, HF_ENDPOINT=address))
    assert run.returncode == 1 and f"hf download {NAME}" in run.stderr, run.stderr
    assert asked == []


def test_the_chat_fetches_what_is_named_before_it_listens(tmp_path, seeds_library):
    env = environment(tmp_path, HF_HUB_OFFLINE="1", CLIPPINGS_READER="nobody/no-such-model")
    run = clippings("chat", "--no-open", "--port", "0", "--library", str(seeds_library), env=env)
    assert run.returncode == 1 and "hf download nobody/no-such-model" in run.stderr
    assert "Clippings is at" not in run.stderr


def test_config_and_sources_show_the_models(tmp_path, seeds_library):
    reranker = named_models.small(BertForSequenceClassification, tmp_path / "order", num_labels=1)
    env = environment(tmp_path, CLIPPINGS_RERANKER=str(reranker))
    shown = clippings("config", "--json", env=env)
    assert json.loads(shown.stdout)["reranker"] == {"value": str(reranker), "from": "CLIPPINGS_RERANKER"}
    run = clippings("ask", QUESTION, "--library", str(seeds_library), "--show-sources", env=env)
    assert run.returncode == 0, run.stderr
    assert re.search(r"reranker order@[0-9a-f]{8}, reader trained-", run.stdout)
    questions = tmp_path / "set.jsonl"
    questions.write_text(json.dumps({"id": "a", "question": QUESTION, "answers": ["narrow majority"]}) + "\n")
    out = tmp_path / "run"
    run = clippings("eval", str(questions), "--library", str(seeds_library), "--out", str(out), env=env)
    assert run.returncode == 0, run.stderr
    models = json.loads((out / "run.json").read_text())["models"]
    assert models["encoder"] == "all-MiniLM-L6-v2" and models["reranker"].startswith("order@")
    assert models["reranker"] in (out / "report.html").read_text()
