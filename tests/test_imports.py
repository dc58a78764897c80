"""Imports go one way, and each outside library has one home."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ["index", "rag", "evals", "ui"]
"""Each may import itself and those before it."""

HOMES = {
    "chromadb": {"index/engines/chroma.py"},
    "tantivy": {"index/engines/bm25.py"},
    "tiktoken": {"index/split.py"},
    "sentence_transformers": {"index/engines/encoder.py", "evals/bench/speed.py"},
    "gradio": {"ui/web/app.py"},
}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


def modules():
    return [path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py"))]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_upward_import_and_no_library_away_from_home(path):
    place = path.relative_to(ROOT).as_posix()
    layer = LAYERS.index(place.split("/")[0])
    for name in imports(path):
        top = name.split(".")[0]
        if top in LAYERS:
            assert LAYERS.index(top) <= layer, f"{place} imports {name}"
        assert place in HOMES.get(top, {place}), f"{place} imports {name}; only {HOMES[top]} may"


def test_the_check_sees_an_upward_import(tmp_path):
    offender = tmp_path / "offender.py"
    offender.write_text("def f():\n    from rag.types import Answer\n")
    assert list(imports(offender)) == ["rag.types"]
