"""What a case asks, as the program understands it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.types import Filter
from rag.types import Query, Turn
from rag.understand import understand

if TYPE_CHECKING:
    from evals.datasets.cases import Case
    from index.library import Library


def query_of(library: Library, case: Case) -> Query:
    """The query of a case, understood without a chat model; its hidden articles are kept from every search."""
    turns = [Turn(exchange.question, exchange.answer) for exchange in case.conversation]
    return understand(
        case.question,
        turns,
        as_of=case.as_of,
        newest=library.newest,
        outlets=library.outlets,
        authors=library.authors,
        filter=Filter(without=case.hidden),
    )
