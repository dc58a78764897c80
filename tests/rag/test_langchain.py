"""LangChain's own standard tests of the retriever and the embeddings, and what they leave open."""

from datetime import date

import pytest
from langchain_core.documents import Document
from langchain_tests.integration_tests import EmbeddingsIntegrationTests, RetrieversIntegrationTests

from index.engines.encoder import as_embeddings, open_encoder
from index.types import Filter
from rag.langchain import HybridRetriever

pytestmark = pytest.mark.anyio

MAJORITY = "what did Lankford say about the majority?"


class TestRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _library(self, assistant):
        self.library = assistant.library

    @property
    def retriever_constructor(self):
        return HybridRetriever

    @property
    def retriever_constructor_params(self):
        return {"library": self.library}

    @property
    def retriever_query_example(self):
        return MAJORITY


class TestEmbeddings(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self):
        return type(as_embeddings(open_encoder()))

    @pytest.fixture
    def model(self):
        return as_embeddings(open_encoder())


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def retriever(assistant):
    return HybridRetriever(library=assistant.library, k=3)


def test_a_filter_of_one_call_narrows_that_call_alone(retriever):
    november = Filter(since=date(2023, 11, 1), until=date(2023, 11, 30))
    assert {one.metadata["published"] for one in retriever.invoke(MAJORITY, filter=november)} == {"2023-11-01"}
    assert "2023-12-07" in {one.metadata["published"] for one in retriever.invoke(MAJORITY)}


def test_recency_of_one_call_changes_its_scores_alone(retriever):
    def scores(**options):
        return {one.id: one.metadata["score"] for one in retriever.invoke(MAJORITY, k=50, **options)}

    assert scores(recency=1.0) != scores()
    assert scores(recency=0.0) == scores()


def test_a_chain_binds_options_too(retriever):
    (only,) = retriever.bind(k=1).invoke(MAJORITY)
    assert isinstance(only, Document)
    assert only.id == retriever.invoke(MAJORITY)[0].id


def test_an_option_that_does_not_exist_is_an_error(retriever):
    with pytest.raises(TypeError, match="top_k"):
        retriever.invoke(MAJORITY, top_k=1)
