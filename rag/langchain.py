"""LangChain's view of the program: the retriever and the question pipeline as a Runnable, with callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import ConfigDict

from index.types import Filter
from rag.retrieve import to_document
from rag.types import Answer

if TYPE_CHECKING:
    from rag.assistant import Assistant, PipelineState


class HybridRetriever(BaseRetriever):
    """BM25 and vector search fused, as Documents whose metadata is enough to cite them.

    `k`, `filter` and `recency` are set here or for one call: `retriever.invoke(question, k=3)`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    library: Any
    """An index.library.Library."""
    k: int = 20
    """Documents at most, one a passage."""
    filter: Filter = Filter()
    recency: float = 0.0
    """0 no preference for new articles, 1 the full prior, counted from the newest article's date."""

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        filter: Filter | None = None,
        recency: float | None = None,
    ) -> list[Document]:
        hits = self.library.search(
            query,
            self.filter if filter is None else filter,
            self.k if k is None else k,
            as_of=self.library.newest,
            recency=self.recency if recency is None else recency,
            folded=False,
        )
        return [to_document(hit) for hit in hits]


def as_runnable(assistant: Assistant) -> Runnable[Any, Answer]:
    """The assistant as a Runnable: a question, or a dict of `Assistant.ask`'s arguments, in; an Answer out.

    Each stage is a step of its own, so that a tracer shows what was understood, found and answered.
    """

    def understand(value: Any) -> PipelineState:
        return assistant.understand(**({"question": value} if isinstance(value, str) else value))

    return (
        RunnableLambda(understand).with_config(run_name="understand")
        | RunnableLambda(assistant.retrieve).with_config(run_name="retrieve")
        | RunnableLambda(assistant.answer).with_config(run_name="answer")
    ).with_config(run_name="clippings")
