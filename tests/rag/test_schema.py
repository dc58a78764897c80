"""The schema of answers: what earlier versions wrote reads and is written again to the letter."""

from __future__ import annotations

import json
import tarfile
from dataclasses import fields, replace
from pathlib import Path

import pytest

from index.library import Library
from index.types import Article
from rag.schema import AnswerData, from_dict, quotation_to_dict, statement_to_dict, to_dict
from rag.types import Answer
from rag.verify.find_quotation import find_quotation

FORMAT_1 = Path(__file__).parents[1] / "fixtures" / "format-1"
LINES = (FORMAT_1 / "answers.jsonl").read_text(encoding="utf-8").splitlines()
OPTIONAL = [name for name, field in AnswerData.model_fields.items() if not field.is_required()]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("format-1")
    with tarfile.open(FORMAT_1 / "library.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return Library.open(folder / "library")


def with_keys_of(written, known):
    """What was written, without the keys that `known` lacks: those that later versions gained."""
    if isinstance(known, dict):
        return {key: with_keys_of(value, known[key]) for key, value in written.items() if key in known}
    if isinstance(known, list):
        return [with_keys_of(*pair) for pair in zip(written, known, strict=True)]
    return written


@pytest.mark.parametrize("line", LINES)
def test_an_answer_of_format_1_is_written_again_to_the_letter(line, library):
    answer = from_dict(json.loads(line), library.article)
    assert json.dumps(with_keys_of(to_dict(answer), json.loads(line)), ensure_ascii=False) == line
    for citation in answer.citations:
        assert answer.article(citation).text[citation.start : citation.end] == citation.text


def test_the_keys_of_schema_1():
    gained = ["damaged", "state", "probability", "why", "closest_speaker", "reranker"]
    assert [*json.loads(LINES[0]), *gained] == ["schema", *AnswerData.model_fields]


def test_an_answer_without_a_state_is_not_found_where_it_was_refused(library):
    answers = [from_dict(json.loads(line), library.article) for line in LINES]
    assert {(answer.state, answer.refused) for answer in answers} == {("may_answer", False), ("not_found", True)}
    assert all(
        (answer.state == "not_found") == json.loads(line)["refused"]
        for answer, line in zip(answers, LINES, strict=True)
    )


def test_what_is_read_is_made_of_the_records_of_the_program(library):
    for line in LINES:
        answer = from_dict(json.loads(line), library.article)
        assert {type(one).__module__ for one in (answer, answer.query, *answer.hits, *answer.statements)} <= {
            "rag.types",
            "index.types",
        }
        assert all(type(one) is Article for one in answer.articles)
        assert hash(answer.query)
        assert hash((answer.statements, answer.closest))


@pytest.mark.parametrize("key", OPTIONAL)
def test_an_answer_that_lacks_a_key_with_a_default_reads(key, library):
    whole = to_dict(from_dict(json.loads(LINES[0]), library.article))
    data = {name: value for name, value in whole.items() if name != key}
    default = json.loads(json.dumps(AnswerData.model_fields[key].get_default()))
    assert to_dict(from_dict(data, library.article)) == {**whole, key: default}


def test_a_key_of_the_record_is_a_key_of_the_schema():
    assert {field.name for field in fields(Answer)} | {"text", "refused"} == set(AnswerData.model_fields)


def test_keys_of_a_later_version_are_passed_over(library):
    data = json.loads(LINES[0])
    data["later"] = 1
    data["query"]["later"] = data["hits"][0]["later"] = data["statements"][0]["later"] = "x"
    assert to_dict(from_dict(data, library.article)) == to_dict(from_dict(json.loads(LINES[0]), library.article))


@pytest.mark.parametrize(
    "change", [{"schema": 99}, {"schema": None}, {"question": None}, {"hits": [{"article": "x"}]}, {"query": {}}]
)
def test_what_is_no_answer_of_schema_1_is_refused(change):
    with pytest.raises(ValueError, match=r"schema|validation"):
        from_dict({**json.loads(LINES[0]), **change}, lambda article_id, revision: None)


def test_hits_of_pruned_articles_are_left_out_and_citations_kept():
    data = json.loads(LINES[0])
    answer = from_dict(data, lambda article_id, revision: None)
    assert (answer.hits, answer.articles) == ((), ())
    assert with_keys_of(to_dict(answer)["statements"], data["statements"]) == data["statements"]


def test_a_statement_alone_is_as_in_its_answer(library):
    data = json.loads(LINES[0])
    (statement, *_) = from_dict(data, library.article).statements
    assert with_keys_of(statement_to_dict(statement), data["statements"][0]) == data["statements"][0]
    assert statement_to_dict(replace(statement, span=(1, 4)))["span"] == [1, 4]
    assert to_dict(from_dict({**data, "statements": [{**data["statements"][0], "span": [1, 4]}]}, library.article))[
        "statements"
    ][0]["span"] == [1, 4]


def test_a_quotation_as_plain_data():
    report = find_quotation("We’ve got one majority", [Article("“We’ve got a majority,” he said.", id="a")])
    assert json.loads(json.dumps(quotation_to_dict(report))) == {
        "quotation": "We’ve got one majority",
        "verdict": "partly found",
        "places": [
            {
                "article": {
                    "id": "a",
                    "revision": report.places[0].article.revision,
                    "title": "",
                    "outlet": "",
                    "author": "",
                    "published": None,
                    "url": "",
                    "location": "",
                },
                "citations": [
                    {
                        "article": "a",
                        "revision": report.places[0].article.revision,
                        "start": 1,
                        "end": 21,
                        "text": "We’ve got a majority",
                    }
                ],
                "similarity": 0.75,
                "differences": [{"kind": "changed", "quoted": "one", "stands": "a"}],
            }
        ],
    }
