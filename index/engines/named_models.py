"""Models by name or folder in Hugging Face's format: found here, else downloaded; then files alone are read.

The only module that imports huggingface_hub, transformers and sentence_transformers, all when a model is named and not
before: they take seconds. Code that comes with a model is never run, and pickled weights are not unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from index.errors import UserError
from index.terminal import echo

HINT = "See docs/models.md; clippings config shows where the setting comes from."

WEIGHTS = "*.safetensors"
"""Names of weights that hold numbers and nothing that could run."""

DOWNLOADED = ["*.json", "*.txt", "*.model", "*.jinja", WEIGHTS, "[0-9]_*/pytorch_model.bin"]
"""Files of a repository that are fetched. The last are layers that sentence-transformers puts after a model; it reads
them, as transformers does, with torch's `weights_only`."""
NOT_DOWNLOADED = ["onnx/*", "openvino/*", "*fp16*", "original/*"]

# takes "deepset/roberta-base-squad2", "gpt2"; not "/srv/models/x", "./x", "a/b/c" and not "openai:x"
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?")
# takes the name of a file in huggingface_hub's cache that is the SHA-256 of its bytes; not a shorter git hash
_SHA256 = re.compile(r"[0-9a-f]{64}")

Loaded = TypeVar("Loaded")


def is_repository(name: str) -> bool:
    """Whether `name` could be a model's name on huggingface.co, as `owner/model`."""
    return _REPOSITORY.fullmatch(name) is not None


def is_model_folder(folder: Path) -> bool:
    """Whether a folder holds a model in Hugging Face's format, or in that of sentence-transformers."""
    return any((folder / name).is_file() for name in ("config.json", "modules.json"))


def find_model(name: str, setting: str, download: bool = True) -> Path:
    """The folder of a model: `name` itself, or where the files of the repository of that name are kept.

    `setting` is the setting that named it. What is on this machine is taken as it is, without a look at the network;
    otherwise it is downloaded once, with a progress bar on standard error. Raises UserError where that is not possible
    or, with `download` false, would be needed.
    """
    if Path(name).is_dir():
        if not is_model_folder(Path(name)):
            raise UserError(
                f"The folder {name!r} holds no model that can be the {setting}: it has no config.json. {HINT}"
            )
        return Path(name)
    if not is_repository(name):
        raise UserError(f"There is no folder {name!r} for the {setting}, nor can that be a model's name. {HINT}")
    repositories = [name]
    if setting == "encoder" and "/" not in name:
        repositories.insert(0, f"sentence-transformers/{name}")  # as sentence-transformers takes such names
    for repository in repositories:
        if folder := _cached(repository):
            return folder
    return _download(repositories[0], name, setting, download)


def _cache() -> str | None:
    """The folder of downloads, where sentence-transformers was told another than huggingface_hub's own."""
    return os.environ.get("SENTENCE_TRANSFORMERS_HOME")


def _cached(repository: str) -> Path | None:
    """The folder of a repository's files on this machine; None where some are missing."""
    from huggingface_hub import snapshot_download

    try:
        # Without the network this only looks; it raises where the list of files says that one is missing.
        folder = snapshot_download(
            repository,
            cache_dir=_cache(),
            local_files_only=True,
            allow_patterns=DOWNLOADED,
            ignore_patterns=NOT_DOWNLOADED,
        )
    except (OSError, ValueError):
        return None
    # Whoever fetched it file by file left no list.
    complete = is_model_folder(Path(folder)) and any(
        path for pattern in (WEIGHTS, "*.bin") for path in Path(folder).rglob(pattern)
    )
    return Path(folder) if complete else None


def _download(repository: str, name: str, setting: str, allowed: bool) -> Path:
    from huggingface_hub import constants, snapshot_download

    lacking = (
        f"The {setting} {name!r} is not on this machine: there is no folder of that name, and none was downloaded."
    )
    advice = (
        f"Where there is a network: hf download {repository} (then copy {_cache() or constants.HF_HUB_CACHE!r} to this "
        f"machine); or name a folder. {HINT}"
    )
    if not allowed:
        raise UserError(f"{lacking} {advice}")
    if constants.HF_HUB_OFFLINE:
        raise UserError(f"{lacking} Downloading is off (HF_HUB_OFFLINE). {advice}")
    echo(f"Downloading the {setting} {repository!r} from {constants.ENDPOINT}, once", err=True)
    try:
        folder = Path(
            snapshot_download(repository, cache_dir=_cache(), allow_patterns=DOWNLOADED, ignore_patterns=NOT_DOWNLOADED)
        )
    except Exception as error:  # the Hub's client raises classes of its own and of two HTTP libraries
        raise UserError(f"{lacking} The download failed: {_first_line(error)}. {advice}") from error
    if not is_model_folder(folder) or not any(folder.rglob(WEIGHTS)):
        raise UserError(
            f"{repository!r} has no config.json or no weights in the safetensors format, the only one that is "
            f"downloaded, so it cannot be the {setting}. {HINT}"
        )
    return folder


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(". ") if lines else type(error).__name__


def weights_fingerprint(folder: Path) -> str:
    """First 12 hex digits of a SHA-256 over the weights in `folder`, or over nothing where there are none."""
    digest = hashlib.sha256()
    files = sorted(folder.rglob(WEIGHTS)) or sorted(folder.rglob("*.bin"))
    for path in files:
        if _SHA256.fullmatch(known := path.resolve().name):  # huggingface_hub's cache has hashed it already
            digest.update(bytes.fromhex(known))
            continue
        status = path.stat()
        digest.update(_digest(path, status.st_size, status.st_mtime_ns))
    return digest.hexdigest()[:12]


@lru_cache(maxsize=64)
def _digest(path: Path, _size: int, _modified: int) -> bytes:
    """The SHA-256 of a file, read once as long as it stays as it is: a build and a question ask for it twice."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def model_label(name: str, folder: Path) -> str:
    """What a model is called in answers and headers: its name, or the folder's without its path, and its weights."""
    return f"{folder.resolve().name if Path(name).is_dir() else name}@{weights_fingerprint(folder)[:8]}"


def load_sentence_transformer(name: str, download: bool = True) -> Any:
    """The SentenceTransformer of that name or folder. Raises UserError."""
    folder = find_model(name, "encoder", download)

    def load() -> Any:
        from sentence_transformers import SentenceTransformer

        # Encoders of before safetensors go on working: transformers reads their files with `weights_only`.
        safe = {"use_safetensors": True} if any(folder.rglob(WEIGHTS)) else None
        return SentenceTransformer(str(folder), local_files_only=True, trust_remote_code=False, model_kwargs=safe)

    return _loaded(load, name, "encoder")


def load_cross_encoder(name: str, max_length: int) -> tuple[Any, str]:
    """The sentence-transformers CrossEncoder of that name or folder, which reads `max_length` tokens, and its label.

    Raises UserError where it is none, or gives more than one score a pair.
    """
    folder = find_model(name, "reranker")
    _require_safetensors(folder, name, "reranker")

    def load() -> Any:
        from sentence_transformers import CrossEncoder

        if not (folder / "modules.json").is_file() and not _architecture(folder).endswith("SequenceClassification"):
            raise ValueError(f"it is a {_architecture(folder) or 'model of no known kind'}, not a cross-encoder")
        model = CrossEncoder(
            str(folder),
            local_files_only=True,
            trust_remote_code=False,
            max_length=max_length,
            model_kwargs={"use_safetensors": True},
        )
        if model.num_labels != 1:
            raise ValueError(f"it gives {model.num_labels} scores a pair, where a reranker gives one")
        return model.eval()

    return _loaded(load, name, "reranker"), model_label(name, folder)


def load_question_answering(name: str) -> tuple[Any, Any, str]:
    """The extractive question-answering model of that name or folder, its tokenizer, and its label.

    The model is an AutoModelForQuestionAnswering, the tokenizer one of transformers that stands on `tokenizers`.
    Raises UserError where the model has no trained span head, or its tokenizer tells no offsets.
    """
    folder = find_model(name, "reader")
    _require_safetensors(folder, name, "reader")

    def load() -> tuple[Any, Any]:
        from transformers import AutoModelForQuestionAnswering, AutoTokenizer

        local = {"local_files_only": True, "trust_remote_code": False}
        tokenizer = AutoTokenizer.from_pretrained(str(folder), **local)
        if not tokenizer.is_fast:
            raise ValueError("its tokenizer does not say where in the text a token stands")
        model, found = AutoModelForQuestionAnswering.from_pretrained(
            str(folder), use_safetensors=True, output_loading_info=True, dtype="float32", **local
        )
        if missing := sorted(found["missing_keys"]):
            raise ValueError(f"it is no extractive question-answering model: {missing[0]!r} is not among its weights")
        return model.eval(), tokenizer

    return (*_loaded(load, name, "reader"), model_label(name, folder))


def _architecture(folder: Path) -> str:
    """The class that a config.json names; empty where it names none."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return str((config.get("architectures") or [""])[0])


def _require_safetensors(folder: Path, name: str, setting: str) -> None:
    if not any(folder.rglob(WEIGHTS)):
        raise UserError(
            f"The {setting} {name!r} has no weights in the safetensors format; others could run code when they are "
            f"read. Save it anew with model.save_pretrained(FOLDER), then name that folder. {HINT}"
        )


def _loaded(load: Callable[[], Loaded], name: str, setting: str) -> Loaded:
    """What `load` returns, whatever it raises told as a UserError."""
    from transformers.utils import logging

    # Its bars and remarks about loading would stand in every answer's way; what is wrong with a model is an error here.
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        return load()
    except Exception as error:  # a model's files are anybody's: each library raises what it stumbles on
        raise UserError(f"Cannot load the {setting} {name!r}: {_first_line(error)}. {HINT}") from error
