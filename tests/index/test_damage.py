"""A library damaged in every way we could think of: named, answered around, made again.

Every kind of damage meets one long-lived process, as a server is, that has loaded the models once. Some of each part,
and in `make attack` every kind and hundreds of random ones, meet real commands, each in a process of its own.
"""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
import random
import re
import shutil
import sys
import traceback
import zlib
from pathlib import Path

import pytest

from index import consistency
from index.catalog import Catalog, revision_log
from index.catalog.schema import FILE as CATALOG
from index.engines import checksums
from index.errors import UserError
from index.library import Library
from index.locks import IN_USE
from rag.assistant import Assistant
from rag.settings import Settings, index_config
from ui.web.service import ChatService

QUESTION = "What did Lankford say about the majority?"
ANSWER = "narrow majority"
PROCESSES = multiprocessing.get_context("forkserver" if sys.platform != "win32" else "spawn")
PROCESSES.set_forkserver_preload(
    ["chromadb", "tantivy", "onnxruntime", "ui.cli.ask", "ui.cli.library", "rag.read.reader"]
)
SEEDS = Path(__file__).parents[2] / "seeds"


def run_command(arguments, out):
    """Be `clippings ARGUMENTS`, with what it prints in a file."""
    handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.argv = ["clippings", *arguments]
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
    sys.stderr = sys.stdout
    from ui.cli import main

    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - what a terminal would show is what is tested
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.exit(code)


def clippings(folder, *arguments):
    """(exit code, output) of a command on a library; a signal that ended it is an error."""
    out = folder.with_suffix(".out")
    child = PROCESSES.Process(target=run_command, args=([*arguments, "--library", str(folder)], out))
    child.start()
    child.join(240)
    said = out.read_text(encoding="utf-8", errors="replace")
    assert child.exitcode is not None and child.exitcode >= 0, f"{arguments} ended by signal {child.exitcode}: {said}"
    assert "Traceback" not in said, f"{arguments}: {said}"
    return child.exitcode, said


def serve(connection, folder):
    """Be a process that goes on: ask, check and repair one library after the other."""
    assistant = Assistant(Library.open(folder), Settings())
    assistant.ask(QUESTION)
    encoder, config = assistant.library._encoder, index_config(Settings())

    def ask(folder):
        library = Library.open(folder)
        library._encoder = encoder  # as `Library.current` does
        answer = assistant.with_library(library).ask(QUESTION)
        return 0, "\n".join([answer.text, *answer.notes])

    def check(folder):
        report = consistency.check(folder)
        return int(not report.clean), "\n".join(map(str, report.problems))

    def repair(folder):
        report = consistency.repair(folder, config)
        return int(not report.clean or bool(report.lost)), "\n".join(
            [report.kept, *map(str, report.problems), *report.lost]
        )

    actions = {"ask": ask, "check": check, "repair": repair}
    connection.send((0, "ready"))
    while request := connection.recv():
        action, folder = request
        try:
            connection.send(actions[action](folder))
        except UserError as error:
            connection.send((1, str(error)))
        except BaseException:  # noqa: BLE001 - a panic of tantivy is no Exception; what escapes is what is tested
            connection.send((1, traceback.format_exc()))


class Server:
    """The long-lived process; begun anew after one that died, which is an error of the test that killed it."""

    def __init__(self, folder):
        self.connection, other = PROCESSES.Pipe()
        self.process = PROCESSES.Process(target=serve, args=(other, folder))
        self.process.start()
        other.close()
        assert self.connection.recv() == (0, "ready")

    def __call__(self, folder, action):
        self.connection.send((action, folder))
        try:
            code, said = self.connection.recv()
        except EOFError:
            self.process.join(10)
            raise AssertionError(f"{action} ended the process: {self.process.exitcode}") from None
        assert "Traceback" not in said, said
        return code, said

    def close(self):
        self.process.kill()
        self.process.join()


@pytest.fixture(scope="module")
def servers(sound):
    begun = []

    def server():
        if not begun or not begun[-1].process.is_alive():
            begun.append(Server(sound[0]))
        return begun[-1]

    yield server
    begun[-1].close()


def by_command(folder, action):
    arguments = {"ask": ["ask", QUESTION], "check": ["library", "check"], "repair": ["library", "check", "--repair"]}
    return clippings(folder, *arguments[action])


def content(folder):
    """Everything that the catalog holds of its versions, and the text behind each citation there could be."""
    catalog = Catalog(folder)
    connection = catalog.connection()
    try:
        tables = {
            table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
            for table in (*revision_log.TABLES, "articles", "long_sentences", "state")
        }
        return {**tables, "collections": sorted(row[:4] for row in connection.execute("SELECT * FROM collections"))}
    finally:
        catalog.close()


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Two versions: the seeds, and one of them changed; with what it holds."""
    base = tmp_path_factory.mktemp("sound")
    news, folder = base / "news", base / "library"
    shutil.copytree(SEEDS, news, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    assert clippings(folder, "index", str(news))[0] == 0
    (news / "bridge.txt").write_text(
        "The council of Harrow Bay voted for the bridge, the mayor said.", encoding="utf-8"
    )
    assert clippings(folder, "index", str(news))[0] == 0
    assert clippings(folder, "library", "check", "--repair")[0] == 0, "deletes the engines of the first version"
    for engine in ("vectors", "words"):
        assert len(list((folder / engine).iterdir())) == 1
    code, said = clippings(folder, "ask", QUESTION)
    assert code == 0 and ANSWER in said
    return folder, content(folder)


@pytest.fixture
def folder(sound, tmp_path):
    copied = tmp_path / "library"
    shutil.copytree(sound[0], copied)
    return copied


def flip(place, count=1):
    """Invert `count` bytes at a place, given as a share of the file."""

    def damage(path):
        data = bytearray(path.read_bytes())
        at = min(int(place * len(data)), max(len(data) - count, 0))
        data[at : at + count] = bytes(byte ^ 0xFF for byte in data[at : at + count])
        path.write_bytes(data)

    return damage


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    path.write_bytes(b"")


def delete(path):
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def by_folder(path):
    path.unlink()
    path.mkdir()


def by_other(path):
    path.write_bytes(b"This is another file altogether.\n" * 200)


def zeros(path):
    path.write_bytes(bytes(path.stat().st_size))


def wrong_format(path):
    data = bytearray(path.read_bytes())
    data[60:64] = (77).to_bytes(4, "big")  # where SQLite keeps user_version
    path.write_bytes(data)


def delete_checksums(path):
    path.unlink()


def other_checksums(path):
    by_other(path)


ENGINE_DAMAGE = {"middle": flip(0.5, 64), "cut": cut, "emptied": empty, "deleted": delete, "other": by_other}
VECTORS = ["chroma.sqlite3", "header.bin", "data_level0.bin", "length.bin", "index_metadata.pickle"]
WORDS = ["*.term", "*.idx", "*.store", "*.fieldnorm", "*.pos", "*.fast", "meta.json", ".managed.json"]
KINDS = [
    *(("vectors", name, kind) for name in VECTORS for kind in ENGINE_DAMAGE),
    *(("words", name, kind) for name in WORDS for kind in ("middle", "cut", "deleted")),
    *(("catalog", CATALOG, kind) for kind in ENGINE_DAMAGE),
]
MORE = {
    "catalog header": (CATALOG, flip(0, 100)),
    "catalog first page": (CATALOG, flip(0.002, 2000)),
    "catalog end": (CATALOG, flip(0.9, 4096)),
    "catalog zeros": (CATALOG, zeros),
    "catalog folder": (CATALOG, by_folder),
    "catalog format": (CATALOG, wrong_format),
    "vectors header": ("header.bin", flip(0.0, 40)),
    "vectors ids": ("chroma.sqlite3", flip(0, 100)),
    "vectors tables": ("chroma.sqlite3", flip(0.02, 4096)),
    "vectors graph end": ("data_level0.bin", flip(0.99, 64)),
    "vectors links": ("link_lists.bin", flip(0.5, 8)),
    "vectors folder for a file": ("data_level0.bin", by_folder),
    "vectors checksums": (f"vectors/*/{checksums.FILE}", delete_checksums),
    "vectors lock": (f"vectors/*/{IN_USE}", delete),
    "vectors all": ("vectors", delete),
    "words checksums": (f"words/*/{checksums.FILE}", other_checksums),
    "words folder for a file": ("*.term", by_folder),
    "words all": ("words", delete),
    "log middle": (revision_log.FILE, flip(0.5, 10)),
    "log cut": (revision_log.FILE, cut),
    "log deleted": (revision_log.FILE, delete),
}
HARMLESS = {delete_checksums, other_checksums}
"""Damage after which the engines themselves are sound: they are probed and used."""
CASES = [pytest.param(name, ENGINE_DAMAGE[kind], id=f"{part} {name} {kind}") for part, name, kind in KINDS]
CASES += [pytest.param(name, damage, id=name_of) for name_of, (name, damage) in MORE.items()]


def files(folder, name):
    found = sorted(folder.glob(name)) or sorted(folder.rglob(name))
    assert found, name
    return found


def survive(folder, before, run=by_command):
    """Ask, check, repair and ask again; everything that was there is there."""
    code, said = run(folder, "ask")
    said_first = said
    named = re.search(r"The (catalog|words|vectors) of th", said)
    assert (code == 1 and named and "check --repair" in said) or (code == 0 and ANSWER in said), said
    code, report = run(folder, "check")
    assert code in (0, 1)
    if named:
        assert code == 1 and f"{named[1]}: " in report
    code, repaired = run(folder, "repair")
    assert code == 0, repaired
    assert content(folder) == before
    code, said = run(folder, "ask")
    assert code == 0 and ANSWER in said and "damaged" not in said
    return said_first, report, repaired


@pytest.mark.parametrize(("name", "damage"), CASES)
def test_damage_is_named_and_mended(name, damage, folder, sound, servers):
    damage(files(folder, name)[0])
    before = (folder / CATALOG).read_bytes() if (folder / CATALOG).is_file() else b""
    said, report, repaired = survive(folder, sound[1], servers())
    if name != CATALOG and name != revision_log.FILE and damage not in HARMLESS:
        assert re.search(r"The (words|vectors) of this library are damaged", said)
    if "catalog: " in report:
        (kept,) = folder.glob("damaged-*")
        assert str(kept) in repaired
        assert not before or (kept / CATALOG).read_bytes() == before, "never deleted"


COMMANDS = ["catalog library.sqlite middle", "vectors chroma.sqlite3 middle", "vectors header", "words *.term cut"]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        case if case.id in COMMANDS else pytest.param(*case.values, id=case.id, marks=pytest.mark.attack)
        for case in CASES
    ],
)
def test_commands_survive_damage(name, damage, folder, sound):
    damage(files(folder, name)[0])
    survive(folder, sound[1])


def test_while_vectors_are_damaged_words_alone_answer_and_say_so(folder):
    flip(0.5, 64)(files(folder, "data_level0.bin")[0])
    code, said = clippings(folder, "ask", "--json", QUESTION)
    answer = json.loads(said)
    assert code == 0 and answer["damaged"] == ["vectors"]
    assert all(hit["vectors"] is None for hit in answer["hits"])
    assert any("vectors of this library are damaged: searched by words alone" in note for note in answer["notes"])


def test_while_words_are_damaged_vectors_alone_answer_and_a_quotation_is_an_error(folder):
    cut(files(folder, "*.term")[0])
    code, said = clippings(folder, "ask", "--json", QUESTION)
    assert code == 0 and json.loads(said)["damaged"] == ["words"]
    code, said = clippings(folder, "quote", "a narrow majority")
    assert code == 1 and "The words of the library" in said and "check --repair" in said


def test_both_engines_damaged_is_an_error_that_names_both(folder):
    shutil.rmtree(folder / "vectors")
    shutil.rmtree(folder / "words")
    code, said = clippings(folder, "ask", QUESTION)
    assert code == 1 and "words" in said and "vectors" in said and "check --repair" in said


def test_a_build_does_not_publish_what_is_damaged(folder, tmp_path):
    flip(0.5, 64)(files(folder, "data_level0.bin")[0])
    (tmp_path / "new.txt").write_text("The ferry of Harrow Bay sails again, the harbour master said.", encoding="utf-8")
    code, said = clippings(folder, "index", str(tmp_path / "new.txt"))
    assert code == 1 and "The vectors of the library" in said
    assert Library.open(folder).version == 2


def test_a_changed_letter_in_an_article_is_never_quoted(folder, sound):
    path = folder / CATALOG
    data = path.read_bytes()
    assert data.count(b"narrow majority") >= 1
    path.write_bytes(data.replace(b"narrow majority", b"marrow majority"))
    code, said = clippings(folder, "ask", QUESTION)
    assert code == 1 and "The catalog of the library" in said and "not what was stored" in said
    survive(folder, sound[1])


def test_readers_leave_every_byte_as_it_was(folder):
    engines = [path for engine in ("vectors", "words") for path in (folder / engine).rglob("*")]
    before = {path: path.read_bytes() for path in engines if path.is_file() and path.suffix != ".lock"}
    for _ in range(2):
        assert clippings(folder, "ask", QUESTION)[0] == 0
    assert clippings(folder, "library", "check")[0] == 0
    assert {path: path.read_bytes() for path in before} == before
    assert not list(folder.rglob("reader-*")), "closed"


def ask_and_die(folder):
    library = Library.open(folder)
    library.search(QUESTION)
    os._exit(3)


def test_after_a_reader_died_engines_are_probed_once(folder, monkeypatch):
    child = PROCESSES.Process(target=ask_and_die, args=(folder,))
    child.start()
    child.join()
    assert len(list(folder.rglob("reader-*"))) == 2
    code, said = clippings(folder, "ask", QUESTION)
    assert code == 0 and ANSWER in said
    assert not list(folder.rglob("reader-*"))


def test_what_both_catalog_and_log_have_lost_is_said(folder, tmp_path):
    lines = (folder / revision_log.FILE).read_bytes().splitlines(keepends=True)
    (place,) = (n for n, line in enumerate(lines) if b"Harrow Bay" in _text(line) and b'"revisions"' in _text(line))
    lines[place] = lines[place][:40] + b"x" + lines[place][41:]
    (folder / revision_log.FILE).write_bytes(b"".join(lines))
    zeros(folder / CATALOG)
    code, said = clippings(folder, "library", "check", "--repair")
    assert code == 1 and "not recovered: " in said and "bridge.txt is lost; index it again" in said
    assert clippings(folder, "library", "check")[0] == 0
    code, said = clippings(folder, "ask", QUESTION)
    assert code == 0 and ANSWER in said


def _text(line):
    return zlib.decompress(base64.b64decode(line.split()[2]))


def test_a_server_lives_through_damage_and_sees_the_repair(folder):
    service = ChatService(Settings(library=str(folder)))
    assert service.assistant().ask(QUESTION).damaged == ()
    flip(0.5, 64)(files(folder, "data_level0.bin")[0])
    service = ChatService(Settings(library=str(folder)))
    answer = service.assistant().ask(QUESTION)
    assert answer.damaged == ("vectors",) and ANSWER in answer.text
    assert clippings(folder, "library", "check", "--repair")[0] == 0
    answer = service.assistant().ask(QUESTION)
    assert answer.damaged == () and ANSWER in answer.text


@pytest.mark.attack
@pytest.mark.parametrize("seed", range(300))
def test_random_damage(seed, folder, sound):
    chance = random.Random(seed)
    target = chance.choice(sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"))
    data = bytearray(target.read_bytes())
    for _ in range(chance.choice([1, 1, 8, 200])):
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
    target.write_bytes(data)
    survive(folder, sound[1])
