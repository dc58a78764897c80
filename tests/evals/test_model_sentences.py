"""The set of sentences that a model might write, and the count of those that are judged wrongly."""

import hashlib
import json
from collections import Counter

import pytest
from click.testing import CliRunner

from evals.lab import model_sentences
from evals.lab.model_sentences import CLOSE, HALVES, KINDS, SET, Row, articles, rates, read, report
from index.errors import UserError
from index.split import sentences
from index.text.tokens import content


@pytest.fixture(scope="module")
def rows():
    return read()


@pytest.fixture(scope="module")
def known(rows):
    return articles(row.article for row in rows)


def row(number, kind="opposite", true=False, half="tuning"):
    return Row(
        id=f"model-{number:03}{'t' if true else 'f'}",
        pair=f"model-{number:03}",
        question="What did the council do?",
        sentence="The council approved the bridge.",
        article="a",
        start=0,
        end=1,
        text="T",
        true=true,
        change="" if true else kind,
        note="" if true else "rejected",
        tags=(kind, "wording:close", f"half:{half}"),
    )


def test_every_pair_is_a_false_sentence_and_its_true_twin(rows):
    assert len(rows) >= 300
    for false, true in zip(rows[::2], rows[1::2], strict=True):
        assert (false.id, true.id) == (f"{false.pair}f", f"{false.pair}t")
        assert (false.true, true.true) == (False, True)
        assert false.change == false.kind == true.kind and not true.change
        assert false.note and not true.note
        assert (false.question, false.article, false.start) == (true.question, true.article, true.start)
    assert len({each.sentence for each in rows}) == len({each.id for each in rows}) == len(rows)


def test_every_kind_of_change_is_there_often_enough(rows):
    counts = Counter(each.kind for each in rows if not each.true)
    assert set(counts) == set(KINDS)
    assert min(counts.values()) >= 12
    assert min(counts[kind] for kind in ("opposite", "roles", "speaker")) >= 20


def test_the_half_of_a_pair_follows_from_its_id(rows):
    for each in rows:
        assert each.half == HALVES[hashlib.sha256(each.pair.encode()).digest()[0] % 2], each.id


def test_a_passage_is_two_to_five_whole_sentences_at_its_offsets(rows, known):
    for each in rows:
        text = known[each.article].text
        assert text[each.start : each.end] == each.text, each.id
        spans = [span for span in sentences(text) if each.start <= span[0] and span[1] <= each.end]
        assert (spans[0][0], spans[-1][1]) == (each.start, each.end), each.id
        assert 2 <= len(spans) <= 5, each.id


def test_no_sentence_copies_its_passage_and_close_wording_means_close(rows):
    for each in rows:
        assert each.sentence.rstrip(".") not in each.text, each.id
        if each.true:
            wanted = set(content(each.sentence))
            close = len(wanted & set(content(each.text))) >= CLOSE * len(wanted)
            assert each.wording == ("close" if close else "free"), each.id


def test_wrong_decisions_are_counted_by_kind_by_wording_and_in_all():
    made = [row(1), row(1, true=True), row(2), row(2, true=True), row(3, "roles"), row(3, "roles", true=True)]
    judged = dict.fromkeys((each.id for each in made), False) | {"model-001f": True, "model-003t": True}
    assert rates(made, judged).passed == (True, False, False)
    assert rates(made, judged).marked == (True, True, False)
    table = {line[:12].strip(): " ".join(line[12:].split()) for line in report(made, judged).splitlines()[1:]}
    assert list(table) == ["opposite", "roles", "close words", "all"]
    assert table["opposite"].startswith("1 of 2 0.500 [")
    assert "2 of 2 1.000 [1.000, 1.000]" in table["opposite"]
    assert table["roles"] == "0 of 1 0.000 [0.000, 0.000] 0 of 1 0.000 [0.000, 0.000]"
    assert table["all"].startswith("1 of 3 0.333 [") and "2 of 3 0.667 [" in table["all"]


def test_the_command_counts_a_half_and_lists_what_was_judged_wrongly(tmp_path, monkeypatch, known):
    lines = SET.read_text(encoding="utf-8").splitlines()[:12]
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setattr(model_sentences, "articles", lambda names: known)
    false = [each for each in read(few) if not each.true]
    half = [each for each in false if each.half == "tuning"]
    done = CliRunner().invoke(model_sentences.main, ["--set", str(few), "--half", "tuning", "--list"])
    assert done.exit_code == 0, done.output
    assert f"of {len(half)} " in done.output.splitlines()[-1]
    monkeypatch.setattr(model_sentences, "supported", lambda each, article: not each.true)
    done = CliRunner().invoke(model_sentences.main, ["--set", str(few), "--list"])
    assert " ".join(done.output.splitlines()[-1].split()).startswith(f"all {len(false)} of {len(false)} 1.000")
    for each in false:
        assert f"{each.id}, {each.kind}, false, supported ({each.note})" in done.output


def test_a_bad_row_is_named(tmp_path):
    first = json.loads(SET.read_text(encoding="utf-8").splitlines()[0])
    bad = tmp_path / "bad.jsonl"
    bad.write_text("\n".join(json.dumps(each) for each in (first, {**first, "tags": ["else"]})), encoding="utf-8")
    with pytest.raises(UserError, match=r"bad\.jsonl, line 2"):
        read(bad)


def test_an_unknown_article_is_named():
    with pytest.raises(UserError, match="no-such-article"):
        articles(["no-such-article"])
