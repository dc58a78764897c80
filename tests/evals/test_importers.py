"""Public sets in their published shapes become articles and questions that read back and resolve."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evals.datasets import files
from evals.datasets.cases import Case
from evals.datasets.importers import FORMATS, as_stored, import_set
from evals.datasets.resolve import ArticleNames, resolve
from evals.datasets.suggest import suggest
from index.errors import UserError
from index.types import Article


def put(folder: Path, content: Mapping[str, Any]) -> Path:
    """Files of a set: JSON for .json, one object a line for .jsonl, else text as it is."""
    for name, value in content.items():
        path = folder / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".jsonl"):
            value = "\n".join(json.dumps(row) for row in value)
        path.write_text(json.dumps(value) if name.endswith(".json") else value, encoding="utf-8")
    return folder / "set"


def imported(name: str, path: Path, out: Path) -> tuple[dict[str, Article], dict[str, Case]]:
    """What an import wrote, read back and resolved without a fault."""
    written = import_set(name, path, out)
    rows = [json.loads(line) for line in (out / "articles.jsonl").read_text(encoding="utf-8").splitlines()]
    articles = {row["id"]: as_stored(row) for row in rows}
    cases = files.read(out / "questions.jsonl")
    assert (written.articles, written.cases) == (len(articles), len(cases))
    faults: list[str] = []
    resolved = list(resolve(cases, ArticleNames(articles.values()), lambda fault: faults.append(fault.reason)))
    assert len(faults) == len(written.unresolved)
    return articles, {case.id: case for case in resolved}


SQUAD = {
    "data": [
        {
            "title": "Town_council",
            "paragraphs": [
                {
                    "context": "It met.  Ada chaired. It met again in May.",
                    "qas": [
                        {
                            "id": "1",
                            "question": "Who chaired? ",
                            "answers": [
                                {"text": "Ada", "answer_start": 9},
                                {"text": "Ada", "answer_start": 9},
                            ],
                        },
                        {
                            "id": "2",
                            "question": "When did it meet again?",
                            "is_impossible": False,
                            "answers": [{"text": "May", "answer_start": 38}],
                        },
                        {
                            "id": "3",
                            "question": "Who was absent?",
                            "is_impossible": True,
                            "answers": [],
                            "plausible_answers": [{"text": "Ada", "answer_start": 9}],
                        },
                    ],
                }
            ],
        }
    ]
}


def test_squad_1_and_2(tmp_path: Path):
    path = put(tmp_path, {"dev.json": SQUAD}) / "dev.json"
    articles, cases = imported("squad", path, tmp_path / "out")
    assert articles["Town_council-0"].title == "Town council"
    assert articles["Town_council-0"].text == "It met. Ada chaired. It met again in May."
    assert cases["1"].answers == ("Ada",)
    assert [one.text for one in cases["1"].gold_sentences] == ["Ada chaired."]
    assert [one.text for one in cases["2"].gold_sentences] == ["It met again in May."]
    assert not cases["3"].answerable
    assert cases["3"].answers == ()


def test_multihop_rag(tmp_path: Path):
    facts = [
        {
            "title": "One",
            "author": "A",
            "url": "https://x.example/1",
            "source": "X",
            "category": "tech",
            "published_at": "2023-09-28T12:00:00+00:00",
            "fact": "The bridge was closed.",
        },
        {
            "title": "Two",
            "author": None,
            "url": "https://y.example/2",
            "source": "Y",
            "category": "tech",
            "published_at": "2023-10-01T14:00:29+00:00",
            "fact": "A fact that the article words otherwise.",
        },
    ]
    corpus = [{**fact, "body": "The bridge was closed. It rained."} for fact in facts]
    queries = [
        {
            "query": "Which bridge?",
            "answer": "Yes",
            "question_type": "comparison_query",
            "evidence_list": facts,
        },
        {
            "query": "Who?",
            "answer": "Insufficient information.",
            "question_type": "null_query",
            "evidence_list": [],
        },
    ]
    path = put(tmp_path, {"MultiHopRAG.json": queries, "corpus.json": corpus})
    articles, cases = imported("multihop-rag", path, tmp_path / "out")
    assert list(articles) == ["https://x.example/1", "https://y.example/2"]
    first, null = cases["multihop-0000"], cases["multihop-0001"]
    assert first.tags == ("multihop-rag", "comparison")
    assert [one.located for one in first.gold_sentences] == [True, False]
    assert (null.answerable, null.answers) == (False, ())


def test_beir(tmp_path: Path):
    path = put(
        tmp_path,
        {
            "corpus.jsonl": [
                {"_id": "d1", "title": "T", "text": "One.", "metadata": {"url": "https://x.example"}},
                {"_id": "d2", "title": "", "text": "Two."},
                {"_id": "d3", "title": "", "text": " "},
            ],
            "queries.jsonl": [{"_id": "q1", "text": "one?"}, {"_id": "q2", "text": "unjudged?"}],
            "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n",
        },
    )
    articles, cases = imported("beir", path, tmp_path / "out")
    assert list(articles) == ["d1", "d2"]
    assert articles["d1"].url == "https://x.example"
    assert {case.id: case.gold_articles for case in cases.values()} == {"q1": ("d1",)}


def test_clapnq(tmp_path: Path):
    passage = {
        "title": "Bridge",
        "text": "It closed . It was old . ",
        "sentences": ["It closed .", "It was old ."],
    }
    rows = [
        {
            "id": "1",
            "input": "why closed",
            "passages": [passage],
            "output": [
                {"answer": "", "selected_sentences": []},
                {"answer": "Because it was old.", "selected_sentences": ["It was old ."]},
            ],
        },
        {
            "id": "2",
            "input": "who closed it",
            "passages": [passage],
            "output": [{"answer": "", "selected_sentences": []}],
        },
    ]
    articles, cases = imported("clapnq", put(tmp_path, {"dev.jsonl": rows}), tmp_path / "out")
    assert len(articles) == 1
    assert [one.text for one in cases["1"].gold_sentences] == ["It was old ."]
    assert (cases["2"].answerable, cases["2"].tags) == (False, ("unanswerable",))


def test_mtrag(tmp_path: Path):
    def task(kind: str, contexts: list[dict[str, str]]) -> dict[str, Any]:
        return {
            "task_id": f"t-{kind}",
            "Collection": "govt",
            "contexts": contexts,
            "answerability": [kind],
            "Multi-Turn": ["Follow-up"],
            "targets": [{"speaker": "agent", "text": "It is closed."}],
            "input": [
                {"speaker": "user", "text": "Is there a bridge?"},
                {"speaker": "agent", "text": "Yes."},
                {"speaker": "user", "text": "Is it open?"},
            ],
        }

    contexts = [{"document_id": "d1", "title": "Bridge", "text": "The bridge is closed."}]
    tasks = [
        task("ANSWERABLE", contexts),
        task("PARTIAL", contexts),
        task("UNANSWERABLE", []),
        task("UNDERSPECIFIED", []),
    ]
    path = put(tmp_path, {"tasks.jsonl": tasks}) / "tasks.jsonl"
    articles, cases = imported("mtrag", path, tmp_path / "out")
    assert articles["d1"].title == "Bridge"
    asked = cases["t-ANSWERABLE"]
    assert (asked.question, asked.gold_articles, asked.answers) == (
        "Is it open?",
        ("d1",),
        ("It is closed.",),
    )
    assert [(one.question, one.answer) for one in asked.conversation] == [("Is there a bridge?", "Yes.")]
    assert [case.answerable for case in cases.values()] == [True, True, False, False]


def test_realtimeqa(tmp_path: Path):
    path = put(
        tmp_path,
        {
            "articles.jsonl": [
                {
                    "id": "https://x.example/1",
                    "url": "https://x.example/1",
                    "title": "T",
                    "source": "X",
                    "published_at": "2022-06-16",
                    "text": "It rained.",
                }
            ],
            "questions.jsonl": [
                {
                    "id": "1",
                    "question": "Rain?",
                    "asked_on": "2022-06-17",
                    "answers": ["rained"],
                    "choices": ["rained", "snowed"],
                    "gold_articles": ["https://x.example/1"],
                }
            ],
        },
    )
    _, cases = imported("realtimeqa", path, tmp_path / "out")
    assert str(cases["1"].as_of) == "2022-06-17"
    assert cases["1"].gold_articles == ("https://x.example/1",)


@pytest.mark.parametrize("name", FORMATS)
def test_files_of_another_shape_are_refused_in_plain_words(name: str, tmp_path: Path):
    folder = put(tmp_path, {"other.jsonl": [{"a": 1}], "other.json": {"data": [{"b": 2}]}})
    for path in (folder, folder / "other.json"):
        if name == "squad" and path.is_dir():
            continue
        with pytest.raises(UserError):
            import_set(name, path, tmp_path / "out")
    with pytest.raises(UserError, match="Nothing at"):
        import_set(name, tmp_path / "missing", tmp_path / "out")


def test_an_unknown_format_is_named_with_those_that_are_known(tmp_path: Path):
    with pytest.raises(UserError, match="squad, multihop-rag"):
        import_set("trivia", tmp_path, tmp_path / "out")


def test_suggestions_are_made_from_sentences_and_resolve():
    article = Article(
        id="n1",
        title="Bridge closed",
        location="news/bridge.txt",
        text=(
            "At least 12 people were injured in the fall. The bridge was built in 1932. "
            "It was closed in 1990. The road is flooded because the dam broke. "
            "Ada Moreno, the mayor of the small town, said repairs would begin. "
            "“We will not open it before it is safe for everyone,” said Ada Moreno."
        ),
    )
    made = {case.tags[1]: case for case in suggest([article])}
    assert {rule: (case.question, case.answers) for rule, case in made.items()} == {
        "rule:number": ("How many people were injured in the fall?", ("12",)),
        "rule:when": ("When was the bridge built?", ("1932",)),
        "rule:reason": ("Why is the road flooded?", ("the dam broke",)),
    }
    cut = Article(
        id="n1",
        title="Bridge closed",
        location="news/bridge.txt",
        text=article.text[article.text.index("Ada") :],
    )
    made = {case.tags[1]: case for case in suggest([cut])}
    assert made["rule:role"].question == "Who is the mayor of the small town?"
    assert made["rule:who-said-what"].question == "What did Ada Moreno say about “Bridge closed”?"
    assert made["rule:who-said-what"].answers == ("We will not open it before it is safe for everyone",)
    faults: list[str] = []
    for case in resolve(made.values(), ArticleNames([cut]), lambda fault: faults.append(fault.reason)):
        (sentence,) = case.gold_sentences
        assert cut.text[sentence.start : sentence.end] == sentence.text
        assert case.answers[0] in sentence.text
    assert faults == []


def test_no_more_suggestions_than_asked_for():
    text = "At least 12 people were injured in the fall."
    articles = [Article(id=str(number), text=text, location=f"{number}.txt") for number in range(9)]
    assert len(list(suggest(articles, limit=4))) == 4
