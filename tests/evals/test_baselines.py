"""Baselines and our own run over a real library: real engines, real encoder, a handful of articles."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from evals.datasets.cases import BadRows, Case, GoldSentence
from evals.results import observe
from evals.runs import baselines, systems
from index.build import build
from index.engines.encoder import Encoder, open_encoder
from index.library import Library
from index.sources import read
from index.types import Article
from rag.settings import Settings, index_config

FILLER = " ".join(
    f"The council spoke of matter number {number} at some length and came to no end." for number in range(40)
)
ARTICLES = {
    "council": f"Ada Moreno chaired the meeting. It cost 40 euros. Nobody voted against it.\n\n{FILLER}",
    "flood": "The river rose by two metres. Bridges were closed in the old town. Schools stayed open.",
    "bakery": "The bakery on the square sells bread made of rye. Its oven is a hundred years old.",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("baselines")
    articles = folder / "articles"
    articles.mkdir()
    for name, text in ARTICLES.items():
        (articles / f"{name}.txt").write_text(text, encoding="utf-8")
    build(folder / "library", lambda log: read([str(articles)], seen=log), index_config(Settings()))
    return Library.open(folder / "library")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return open_encoder()


@pytest.fixture(scope="module")
def tutorial(library: Library, encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> baselines.Tutorial:
    return baselines.tutorial(library, encoder, tmp_path_factory.mktemp("tutorial"))


def articles(library: Library) -> dict[str, Article]:
    return {Path(article.location).stem: article for article in library.articles()}


CASE = Case(id="a", question="By how many metres did the river rise?", answers=("two metres",))


def test_bm25_quotes_the_first_sentences_of_its_best_passage(library: Library):
    flood = articles(library)["flood"]
    result = observe(CASE, baselines.bm25(library)(CASE))
    assert [one.text for one in result.statements] == [
        "The river rose by two metres.",
        "Bridges were closed in the old town.",
        "Schools stayed open.",
    ]
    assert all(one.verbatim for one in result.citations)
    assert result.hits[0].article_id == flood.id
    assert 0 < result.confidence < 1
    assert (result.short, result.seconds) == ("", {})


def test_bm25_refuses_only_when_no_word_is_found(library: Library):
    answer = baselines.bm25(library)(Case(id="b", question="Xylophone quarks?"))
    assert (answer.refused, answer.confidence, answer.hits) == (True, 0.0, ())


def test_hidden_articles_are_found_by_no_system(library: Library, tutorial: baselines.Tutorial):
    flood = articles(library)["flood"].id
    hidden = Case(id="c", question=CASE.question, answerable=False, hidden=(flood,))
    for system in (baselines.bm25(library), tutorial):
        found = {hit.article.id for hit in system(CASE).hits}
        assert flood in found
        assert flood not in {hit.article.id for hit in system(hidden).hits}


def test_the_tutorial_cuts_a_thousand_characters_with_overlap(library: Library):
    article = articles(library)["council"]
    chunks = baselines.split(article)
    assert len(chunks) > 2
    assert all(chunk.end - chunk.start <= baselines.CHARACTERS for chunk in chunks)
    assert any(later.start < earlier.end for earlier, later in pairwise(chunks))
    for chunk in chunks:
        assert all(chunk.start <= start < end <= chunk.end for start, end in chunk.sentences)


def test_the_tutorial_finds_by_meaning_and_takes_up_its_index(
    library: Library, tutorial: baselines.Tutorial, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
):
    result = observe(CASE, tutorial(CASE))
    assert result.hits[0].article_id == articles(library)["flood"].id
    assert all(one.verbatim for one in result.citations)
    assert result.seconds["total"] > 0
    asked = tutorial.search("loaves", 1)
    assert asked[0].article.id == articles(library)["bakery"].id
    encoded: list[int] = []
    monkeypatch.setattr(type(encoder), "embed", lambda self, texts: encoded.append(len(texts)))
    baselines.Tutorial(library.articles(), encoder, tutorial._vectors)
    assert encoded == []


def test_cases_are_tied_to_the_library_or_the_run_does_not_begin(library: Library):
    path = Path("set.jsonl")
    good = Case(id="g", question="?", gold_sentences=(GoldSentence("flood", "Schools stayed open."),))
    bad = Case(id="b", question="?", gold_articles=("drought.txt",))
    with pytest.raises(BadRows, match=r"'drought\.txt' is not in the library"):
        systems.tie([good, bad], library, path)
    cases, notes = systems.tie([good, bad], library, path, skip=True)
    assert [case.id for case in cases] == ["g"]
    assert cases[0].gold_articles == (articles(library)["flood"].id,)
    assert len(notes) == 1


def test_the_header_changes_with_the_library_and_the_questions(library: Library, tmp_path: Path):
    cases = [CASE]
    header = systems.header("x", Path("set.jsonl"), cases, library, "s")
    assert header.fingerprint == systems.header("x", Path("set.jsonl"), cases, library, "s").fingerprint
    assert header.packages["chromadb"]
    assert json.dumps(header.packages)
    other = systems.header("x", Path("set.jsonl"), [CASE, Case(id="b", question="?")], library, "s")
    assert other.fingerprint != header.fingerprint
    (tmp_path / "one.txt").write_text("Another article. It is short.")
    build(tmp_path / "library", lambda log: read([str(tmp_path / "one.txt")], seen=log), index_config(Settings()))
    elsewhere = systems.header("x", Path("set.jsonl"), cases, Library.open(tmp_path / "library"), "s")
    assert elsewhere.library_hash != header.library_hash
