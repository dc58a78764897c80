"""What people take away: conversations with full citations, verdicts that `clippings eval` can run."""

from dataclasses import replace

import pytest

from evals.datasets import files
from rag.schema import to_dict
from rag.settings import Settings
from ui.store.conversations import Conversations
from ui.web import exports
from ui.web.service import ChatService

QUESTION = "What did Lankford say about the majority?"


@pytest.fixture
def service(seeds_library, tmp_path):
    service = ChatService(Settings(library=str(seeds_library)))
    service.conversations = Conversations(tmp_path)
    return service


@pytest.fixture(scope="module")
def answer(assistant):
    return assistant.ask(QUESTION)


def store(service, *answers):
    conversation = service.conversations.create("ada", QUESTION)
    for answer in answers:
        service.conversations.add("ada", conversation, answer)
    return [(item, item.resolve(service.article)) for item in service.conversations.answers("ada", conversation)]


def test_every_format_names_the_place_of_every_citation(service, answer):
    exchanges = store(service, answer)
    for kind in ("md", "html"):
        _, write = exports.FORMATS[kind]
        text = write("Title", exchanges).replace("\\", "")
        for citation in answer.citations:
            assert f"characters {citation.start}-{citation.end}" in text


def test_texts_stay_texts(service, answer):
    hostile = replace(answer, question="<script>x</script> [a](javascript:b) **c**")
    exchanges = store(service, hostile)
    assert "<script>" not in exports.as_html("<script>", exchanges)
    markdown = exports.as_markdown("<img>", exchanges)
    assert "<script>" not in markdown and "[a](" not in markdown and "**c" not in markdown


def test_a_pruned_revision_leaves_its_answer_readable(service, answer):
    ((item, _),) = store(service, answer)
    gone = [(item, item.resolve(lambda *_: None))]
    for _, write in exports.FORMATS.values():
        assert "narrow majority" in write("Title", gone).replace("\\", "")


@pytest.mark.parametrize(
    ("verdict", "reason", "answerable", "sentences"),
    [
        ("up", "", True, True),
        ("down", "unanswerable: nobody says", False, False),
        ("down", "wrong: it was Murphy", True, False),
        ("down", "", True, False),
    ],
)
def test_a_verdict_becomes_a_question_that_can_be_run(
    service, answer, tmp_path, verdict, reason, answerable, sentences
):
    ((item, _),) = store(service, answer)
    service.conversations.set_verdict("ada", item.id, verdict, reason)
    path = tmp_path / "feedback.jsonl"
    path.write_text(exports.feedback(service.conversations, "ada"), encoding="utf-8")
    (case,) = files.read(path)
    assert (case.question, case.answerable, bool(case.gold_sentences)) == (QUESTION, answerable, sentences)
    assert "feedback" in case.tags and verdict in case.tags
    for sentence in case.gold_sentences:
        revision = next(c.revision for c in answer.citations if c.article_id == sentence.article)
        assert service.article(sentence.article, revision).text[sentence.start : sentence.end] == sentence.text


def test_only_ones_own_verdicts_are_exported(service, answer):
    ((item, _),) = store(service, answer)
    service.conversations.set_verdict("ada", item.id, "up")
    assert exports.feedback(service.conversations, "eve") == ""


def test_json_is_the_schema_of_the_command_line(service, answer):
    import json

    (data,) = json.loads(exports.as_json("Title", store(service, answer)))["answers"]
    expected = json.loads(json.dumps(to_dict(answer)))
    assert [article["location"] for article in data["articles"]] == [
        article["location"].rpartition("/")[2] for article in expected["articles"]
    ]  # names of files, and no folder
    for one in (data, expected):
        for article in one["articles"]:
            del article["location"]
    assert {key: data[key] for key in expected} == expected
