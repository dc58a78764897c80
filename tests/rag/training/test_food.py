"""What training is fed: files, groups and passes, the round trip, precision."""

import json
import random
from dataclasses import replace
from datetime import date

import pytest

from index.errors import UserError
from rag.read.span_model import PassageReading, ScoredSpan
from rag.training import round_trip, train
from rag.training.batches import PER_CONTEXT, Batcher, Shares, one_pass, sample_group
from rag.training.examples import Example, data_files, gather, load, save
from rag.training.passages import Text
from rag.training.weights import base_folder

DAY = date(2022, 6, 17)
WRONG = tuple(Text(f"Nothing of use stands in text {n}.") for n in range(4))


def example(number, source="own", context="c", **changes):
    gold = Text(f"In town {number} it rained. Ann{number} won.", "Race", DAY)
    start = gold.text.index("Ann")
    whole = Example(f"Who won race {number}?", gold, ((start, len(gold.text) - 5),), source, "g", context, DAY, WRONG)
    return replace(whole, **changes)


def test_examples_are_read_as_they_were_written(tmp_path):
    examples = [example(1, near_misses=("Who lost race 1?",)), example(2, spans=(), asked_on=None, negatives=())]
    save(examples, tmp_path / "examples.jsonl.gz")
    assert load(tmp_path / "examples.jsonl.gz") == examples
    assert [path.name for path in tmp_path.iterdir()] == ["examples.jsonl.gz"]


def test_a_line_that_is_no_example_is_named(tmp_path):
    (tmp_path / "examples.jsonl").write_text('{"question": "Who?"}\n')
    with pytest.raises(UserError, match=r"examples\.jsonl', line 1: is no training example .* Delete the file"):
        load(tmp_path / "examples.jsonl")


def test_a_changed_question_is_shown_with_its_own_passage_and_no_answer():
    one = example(1, near_misses=("Who lost race 1?",))
    for seed in range(20):
        question, _, passages = sample_group(one, 3, random.Random(seed), Shares(near_miss=1.0))
        assert question == "Who lost race 1?"
        assert len(passages) == 3
        assert [spans for _, spans in passages] == [()] * 3
        assert any(text.text == one.gold.text for text, _ in passages)
    assert sample_group(example(1), 3, random.Random(0), Shares(near_miss=1.0))[0] == "Who won race 1?"


def test_a_pass_takes_some_questions_of_a_dense_paragraph_and_another_pass_others():
    examples = [example(n, "qamr_wikinews", "dense") for n in range(40)] + [example(n) for n in range(40, 60)]
    first, second = (one_pass(examples, number, 17) for number in (0, 1))
    assert len(first) == len(second) == PER_CONTEXT + 20
    assert set(range(40, 60)) <= set(first) & set(second)
    assert set(first) != set(second)
    assert one_pass(examples, 1, 17) == second
    batcher = Batcher(examples, base_folder() / "tokenizer.json", 5, 17)
    assert batcher.steps == 7
    assert batcher.sample(8, 3) == batcher.sample(8, 3) != batcher.sample(1, 3)


def test_sets_of_private_posters_are_not_used(tmp_path):
    for name in ("own", "squadshifts_amazon", "squadshifts_reddit"):
        (tmp_path / f"{name}.jsonl").write_text("")
    assert [path.name for path in data_files([tmp_path])] == ["own.jsonl"]
    with pytest.raises(UserError, match=r"No \.jsonl or \.jsonl\.gz files in"):
        data_files([tmp_path, tmp_path / "none"])


def test_nothing_of_a_story_kept_out_is_trained_on(tmp_path, monkeypatch):
    monkeypatch.setattr("rag.training.examples.kept_out", lambda story: story == "wikinews-1")
    news = [
        {
            "id": f"wikinews-{n}",
            "title": f"Race {n}",
            "date": "2011-05-01",
            "text": f"Barack Obama won race {n} in Kenya.",
        }
        for n in (1, 2)
    ]
    (tmp_path / "news.jsonl").write_text("\n".join(map(json.dumps, news)))
    (tmp_path / "data").mkdir()
    rows = [
        {
            "question": "Who really won the race?",
            "context": f"Ann won race {n}.",
            "answers": ["Ann"],
            "group": f"wikinews:{n}",
        }
        for n in (1, 2, 3)
    ]
    (tmp_path / "data" / "qamr_wikinews.jsonl").write_text("\n".join(map(json.dumps, rows)))
    examples, pool = gather([tmp_path / "data"], tmp_path / "news.jsonl", [], random.Random(0))
    assert {e.group for e in examples} == {"wikinews:2", "wikinews:3"}
    assert not any("race 1" in text.text for text in pool)


class Reads:
    """A reader whose best span is always the first word of the passage."""

    def read(self, question, as_of, passages, best):
        return [PassageReading(0.0, (ScoredSpan(0, len(text.split()[0]), 1.0),)) for _, _, text in passages]


def test_a_question_the_reader_answers_otherwise_is_dropped(tmp_path, monkeypatch, capsys):
    rows = [
        {
            "question": f"Who won race {n}?",
            "context": f"Ann{n} beat Bo{n}.",
            "answers": [f"{'Ann' if n % 2 else 'Bo'}{n}"],
        }
        for n in range(10)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    monkeypatch.setattr(round_trip, "SpanModel", lambda folder: Reads())
    files = ["--rows", str(tmp_path / "rows.jsonl"), "--out", str(tmp_path / "out.jsonl"), "--weights", "w"]
    monkeypatch.setattr("sys.argv", ["round_trip", *files])
    round_trip.main()
    written = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert sorted(row["question"] for row in written) == [f"Who won race {n}?" for n in (1, 3, 5, 7, 9)]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["dropped"] == 5
    monkeypatch.setattr(round_trip, "judged", None)  # the verdicts that stand are not made again
    round_trip.main()
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 5
    monkeypatch.setattr("sys.argv", ["round_trip", *files[:3], files[1], *files[4:]])
    with pytest.raises(UserError, match="is read: name another file with --out"):
        round_trip.main()


def test_half_of_an_answers_words_are_enough():
    spans = [ScoredSpan(0, 11, 0.0)]
    assert round_trip.consistent(spans, "the old red harbour", ["old red harbour"])
    assert not round_trip.consistent(spans, "the old red harbour", ["harbour"])


def test_the_precision_named_is_taken_and_auto_asks_the_processor(monkeypatch):
    import torch

    assert train.precision("float32") == "float32"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for amx, avx512, found in ((False, False, "float32"), (True, False, "bfloat16"), (False, True, "bfloat16")):
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda here=amx: here)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda here=avx512: here)
        assert train.precision("auto") == found


def test_a_run_goes_on_in_another_precision(tmp_path):
    import torch

    run = train.Run(base_folder(), 1e-3, 0.9, "cpu", "float32")
    run.mined = {4: [[0, 1], [0, 2]]}
    run.save(tmp_path / "last.pt")
    other = train.Run(base_folder(), 1e-3, 0.9, "cpu", "bfloat16")
    other.load(tmp_path / "last.pt")
    assert other.mined == run.mined
    assert {p.dtype for p in other.model.parameters()} == {torch.bfloat16}
    assert all(torch.equal(value, other.weights[name]) for name, value in run.weights.items())
