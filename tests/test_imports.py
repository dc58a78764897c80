"""Imports go one way, between the packages and inside each, and every outside library has one home."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("index", "rag", "evals", "ui")
"""Each may import itself and those before it."""
WIDEST = 20
"""Modules that may stand side by side in one folder."""
NOBODY_IMPORTS = ("rag.training", "evals.lab")
"""Scripts and what belongs to them: the program runs without."""
TRAINED_BY = "evals.lab"
"""What may import `rag.training` all the same: both are research."""
HOMES = {
    "bs4": set(),
    "chromadb": {"index/engines/chroma.py"},
    "tantivy": {"index/engines/bm25.py"},
    "tiktoken": {"index/split.py"},
    "httpcore": {"index/sources/ssrf_guard.py"},
    "trafilatura": {"index/sources/html.py"},
    "huggingface_hub": {"index/engines/named_models.py"},
    "transformers": {"index/engines/named_models.py", "rag/training/"},
    "sentence_transformers": {"index/engines/named_models.py", "evals/bench/speed.py"},
    "torch": {"rag/read/named_span_model.py", "rag/training/", "evals/lab/"},
    "langchain": {"index/engines/encoder.py", "rag/langchain.py", "rag/answer/chat_models.py"},
    "fastapi": {"ui/web/api.py", "ui/web/server/"},
    "gradio": {"ui/web/app.py"},
}
"""Module or folder by library; no other may import it."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py"))}
PACKAGES = {name: path for name, path in MODULES.items() if path.name == "__init__.py"}


def imports(path: Path) -> Iterator[str]:
    """Every name that a file imports, inside functions too; what only type checkers see is left out."""

    def walk(node: ast.AST) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                for other in child.orelse:
                    yield from walk(other)
            elif isinstance(child, ast.Import):
                yield from (alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path} imports relatively"
                yield from (f"{child.module}.{alias.name}" for alias in child.names)
            else:
                yield from walk(child)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")))


def owner(name: str) -> str:
    """The module of ours that an imported name belongs to; empty for other libraries."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name


def inner_order(package: str) -> tuple[str, ...]:
    """What a package's `__init__` says of the order inside it, from the ground up."""
    for node in ast.parse(PACKAGES[package].read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "INNER_ORDER":
            return tuple(ast.literal_eval(node.value).split())
    return ()


def place(package: str, module: str, order: tuple[str, ...]) -> int:
    """Where a module inside a package stands in its order; the package's own code comes last."""
    inside = module.removeprefix(package).lstrip(".")
    fits = [entry for entry in order if inside == entry or inside.startswith(entry + ".")]
    assert fits or not inside, f"{PACKAGES[package]}: INNER_ORDER does not name {inside!r}"
    return order.index(max(fits, key=len)) if fits else len(order)


@pytest.mark.parametrize("name", MODULES)
def test_no_upward_import_and_no_library_away_from_home(name):
    path = MODULES[name]
    where = path.relative_to(ROOT).as_posix()
    layer = LAYERS.index(name.split(".")[0])
    for imported in imports(path):
        top = imported.split(".")[0]
        if top in LAYERS:
            assert LAYERS.index(top) <= layer, f"{where} imports {imported}"
        homes = HOMES.get(top)
        if homes is not None:
            assert where.startswith(tuple(homes)), f"{where} imports {imported}; only {sorted(homes)} may"


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_inside_a_package_follow_its_order(package):
    order = inner_order(package)
    inside = [name for name in MODULES if name.startswith(package + ".")]
    if not order:
        assert len(inside) < 2, f"{PACKAGES[package]} does not say its INNER_ORDER"
        return
    for entry in order:
        assert f"{package}.{entry}" in MODULES, f"INNER_ORDER of {package} names {entry!r}, which is not there"
    for name in [package, *inside]:
        at = place(package, name, order)
        for imported in imports(MODULES[name]):
            target = owner(imported)
            if target == name or not target.startswith(package + "."):
                continue
            assert place(package, target, order) <= at, f"{name} imports {target}, which comes later in {package}"


def test_no_import_circle():
    graph = {name: {owner(found) for found in imports(path)} - {"", name} for name, path in MODULES.items()}
    state: dict[str, int] = {}

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert state.get(name) != 1, f"circle: {' -> '.join(way[way.index(name) :])} -> {name}"
        if name not in state:
            state[name] = 1
            for other in graph[name]:
                visit(other, (*way, name))
            state[name] = 2

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("private", NOBODY_IMPORTS)
def test_training_and_research_are_imported_by_nobody(private):
    for name, path in MODULES.items():
        if not name.startswith((private, TRAINED_BY)):
            found = [imported for imported in imports(path) if owner(imported).startswith(private)]
            assert not found, f"{name} imports {found}"


@pytest.mark.parametrize("layer", LAYERS[:-1])
def test_no_command_is_started_from_below(layer):
    for path in sorted((ROOT / layer).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not node.value.startswith("ui."), f"{path}: {node.value!r}"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_folder_is_too_wide_to_find_things_in(package):
    beside = [name for name in MODULES if name.rpartition(".")[0] == package]
    assert len(beside) <= WIDEST


def test_the_check_sees_imports_in_functions_and_not_those_for_types(tmp_path):
    offender = tmp_path / "offender.py"
    offender.write_text(
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from rag.types import Hit\n\n\n"
        "def f():\n    from rag.types import Answer\n"
    )
    assert list(imports(offender)) == ["typing.TYPE_CHECKING", "rag.types.Answer"]
