"""What the trained reader is taught: questions made by rule, groups, token marks, shared normalisation."""

import gzip
import json
import math
import random
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import UserError
from rag.read.span_model import age_phrase, heading
from rag.training.batches import Batcher, Shares
from rag.training.examples import Example, answer_spans, build, ngrams_of_json, read_examples, read_news, without_answer
from rag.training.passages import Text, window
from rag.training.question_generation import name_questions, quotation_questions

DAY = date(2022, 6, 17)


@pytest.mark.parametrize(
    ("published", "phrase"),
    [
        (date(2022, 6, 17), "today"),
        (date(2022, 6, 16), "yesterday"),
        (date(2022, 6, 14), "3 days ago"),
        (date(2022, 6, 10), "1 week ago"),
        (date(2022, 3, 17), "3 months ago"),
        (date(2020, 6, 17), "2 years ago"),
        (date(2022, 6, 18), "later"),
        (None, ""),
    ],
)
def test_age_is_said_in_words(published, phrase):
    assert age_phrase(published, DAY) == phrase


def test_heading_names_title_day_and_age_and_leaves_out_what_is_unknown():
    assert heading("Flood", date(2022, 6, 14), DAY) == "Flood | June 14, 2022 | 3 days ago | "
    assert heading("", None, DAY) == ""


def test_name_question_puts_a_question_phrase_where_the_name_stood():
    sentence = "North Korea declared victory over the virus on Monday."
    made = list(name_questions(sentence, random.Random(0)))
    assert [(q.text.startswith("Which country declared victory"), sentence[q.start : q.end]) for q in made] == [
        (True, "North Korea")
    ]


def test_number_question_keeps_the_thing_counted():
    sentence = "The storm damaged 1,200 houses along the coast."
    made = list(name_questions(sentence, random.Random(0)))
    assert [sentence[q.start : q.end] for q in made] == ["1,200"]
    assert "how many houses" in made[0].text


def test_quotation_question_names_the_speaker_and_answers_with_the_words_between_the_marks():
    text = 'The vote is over. "The harbour will close before winter comes," said Maria Lopez, the mayor.'
    (made,) = quotation_questions(text, random.Random(0))
    assert "Maria Lopez" in made.text
    assert text[made.start : made.end] == "The harbour will close before winter comes,"


@given(st.text(max_size=400), st.integers(0, 10))
def test_every_made_question_points_inside_its_text(text, seed):
    rng = random.Random(seed)
    for made in [*name_questions(text, rng), *quotation_questions(text, rng)]:
        assert 0 <= made.start < made.end <= len(text)


def test_window_keeps_the_answer_and_moves_its_offsets():
    text = " ".join(f"Sentence number {i} is here." for i in range(60)) + " The key is Paris. The end."
    start = text.index("Paris")
    cut, spans = window(text, [(start, start + 5)], 40, random.Random(1))
    assert len(cut.split()) < 60
    assert [cut[a:b] for a, b in spans] == ["Paris"]


def test_answers_without_a_start_are_taken_wherever_they_stand():
    assert answer_spans("Ann met Ann.", ["Ann"]) == [(0, 3), (8, 11)]
    assert answer_spans("Ann met Bo.", [{"text": "Bo", "start": 8}]) == [(8, 10)]


def test_passages_of_a_test_set_stay_out_of_training(tmp_path):
    words = " ".join(f"word{i}" for i in range(60))
    texts = [words, words.replace("word", "term")]
    rows = [json.dumps({"question": "What is it?", "context": text, "answers": []}) for text in texts]
    (tmp_path / "own.jsonl").write_text("\n".join(rows), encoding="utf-8")
    held = tmp_path / "test.json"
    held.write_text(json.dumps({"data": [{"context": words}]}), encoding="utf-8")
    found, passages = read_examples([tmp_path], random.Random(0), ngrams_of_json(held))
    assert [e.gold.text.split()[0] for e in found] == [p.text.split()[0] for p in passages] == ["term0"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: is not JSON"),
        ("[1]", "line 2: is no object"),
        ('{"question": "Who?", "answers": []}', "line 2: context: Field required"),
        ('{"question": "Who?", "context": "Ann won.", "answers": "Ann"}', "line 2: answers"),
        ('{"question": " ", "context": "Ann won.", "answers": []}', "line 2: question or context is empty"),
        ('{"question": "Who?", "context": "Ann won.", "answers": ["An"]}', "line 2: the answer 'An' does not stand"),
        ('{"question": "Who?", "context": "Ann won.", "answers": [{"text": "Ann", "start": 3}]}', "context at 3"),
        ('{"question": "Who?", "context": "Ann won.", "answers": [{"text": "Ann", "start": "0"}]}', "line 2: answers"),
    ],
)
def test_a_training_row_that_cannot_be_learned_from_is_named(tmp_path, line, said):
    good = {"question": "Who won?", "context": "Ann won.", "answers": [{"text": "Ann", "start": 0}]}
    (tmp_path / "own.jsonl").write_text(f"{json.dumps(good)}\n{line}\n", encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(said)) as error:
        read_examples([tmp_path], random.Random(0), set())
    assert str(tmp_path / "own.jsonl") in str(error.value)


def test_a_training_set_cut_short_in_the_download_is_named(tmp_path):
    rows = [{"question": f"Who won {n}?", "context": f"Ann{n} won.", "answers": [f"Ann{n}"]} for n in range(2000)]
    whole = gzip.compress("\n".join(map(json.dumps, rows)).encode())
    for broken in (whole[: len(whole) // 2], whole[:600] + b"\0" * 9 + whole[609:], b"no gzip"):
        (tmp_path / "own.jsonl.gz").write_bytes(broken)
        with pytest.raises(UserError, match=r"own\.jsonl\.gz' cannot be read after line"):
            read_examples([tmp_path], random.Random(0), set())


@pytest.mark.parametrize(
    ("change", "said"),
    [({"date": "May 2011"}, "date: 'May 2011'"), ({"text": None}, "text: "), ({"text": " "}, "text is empty")],
)
def test_an_article_no_questions_can_be_made_from_is_named(tmp_path, change, said):
    row = {"id": "wikinews-1", "title": "Flood", "date": "2011-05-01", "text": "It rained."} | change
    (tmp_path / "news.jsonl").write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(said)) as error:
        read_news(tmp_path / "news.jsonl", random.Random(0))
    assert "news.jsonl', line 1" in str(error.value)


def test_a_folder_without_training_data_is_named(tmp_path):
    with pytest.raises(UserError, match=r"No \.jsonl"):
        read_examples([tmp_path], random.Random(0), set())


def test_negatives_are_different_passages_without_the_answer(tmp_path):
    contexts = [
        "The harbour festival was opened by Ann Lee, who had asked the town for money. It rained.",
        "The harbour festival was visited by thousands of people who came by train, by boat and on foot.",
        "The harbour festival was visited by thousands of people who came by train, by boat and on foot. So be it.",
        "At the harbour festival Ann Lee sang.",
        "A festival of film closed.",
    ]
    rows = [
        {"question": "Who opened the harbour festival?", "context": context, "answers": ["Ann Lee"] * (not number)}
        for number, context in enumerate(contexts)
    ]
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    examples = build([tmp_path], None, [], 17)
    asked = next(example for example in examples if example.spans)
    wrong = {passage.text for passage in asked.negatives}
    assert len(wrong & set(contexts[1:3])) == 1
    assert wrong - set(contexts[1:3]) == {contexts[4]}


def lacking(text, answer, source="own", title="Race"):
    start = text.index(answer)
    example = Example("Who won?", Text(text, title, DAY), ((start, start + len(answer)),), source, "g", text)
    return without_answer(example, 200, random.Random(0))


FILLER = "It rained on the town and on the harbour for three days, and the boats that had come for the race stayed in. "


def test_a_passage_with_its_answer_cut_out_keeps_its_subject_and_nowhere_the_answer():
    text = f"{FILLER}Ann Lee won the race. {FILLER}The town cheered Ann Lee. {FILLER}"
    left = lacking(text, "Ann Lee")
    assert left == Text((FILLER * 3).strip(), "Race", DAY)
    assert lacking(text, "Ann Lee", title="Ann Lee wins").title == ""


def test_a_passage_of_which_little_is_left_without_its_answer_is_not_used():
    assert lacking("Ann Lee won the race. It rained.", "Ann Lee") is None


def test_where_a_quotation_is_asked_for_all_that_was_said_is_cut_out():
    text = f'{FILLER}"We won," said Ann Lee. She told reporters that it was hard. {FILLER}'
    assert lacking(text, "We won", "wikinews_quotation").text == (FILLER * 2).strip()
    assert "hard" in lacking(text, "We won").text


def test_batches_show_a_question_its_own_passage_without_the_answer_as_often_as_asked():
    from rag.training.weights import base_folder

    gold = Text(f"{FILLER}Ann Lee won. {FILLER}")
    start = gold.text.index("Ann Lee")
    wrong = tuple(Text(f"Nothing of use stands in text {i}.") for i in range(4))
    example = Example("Who won?", gold, ((start, start + 7),), "own", "g", gold.text, DAY, wrong)

    def shown(share):
        batcher = Batcher([example] * 200, base_folder() / "tokenizer.json", 200, 17, Shares(share))
        groups = [passages for _, _, passages in batcher.sample(0, 3)]
        assert {len(passages) for passages in groups} == {3}
        return sum(any("harbour" in text.text and not spans for text, spans in passages) for passages in groups)

    assert shown(0.0) == 0
    assert shown(1.0) == 200
    assert 60 < shown(0.5) < 140


def test_the_loss_over_each_passage_alone_asks_a_wrong_one_to_score_below_no_answer():
    import torch

    from rag.training.scoring import group_loss
    from rag.training.weights import base_folder

    batcher = Batcher([], base_folder() / "tokenizer.json", 1, 17)
    passages = [(Text("Ann Lee won."), ((0, 7),)), (Text("It rained."), ())]
    batch = batcher.encode([("Who won?", DAY, passages)])

    class Says(torch.nn.Module):
        """Holds the passage with the answer for one, and `wrong` of the other."""

        def __init__(self, wrong):
            super().__init__()
            self.wrong = wrong

        def with_early(self, ids, mask, types):
            ann = (ids == batcher.tokenizer.token_to_id("ann")).any(1)
            return torch.zeros(*ids.shape, 2), torch.where(ann, 9.0, self.wrong), torch.zeros(len(ids))

    def loss(wrong, alone):
        return group_loss(Says(wrong), batch, "cpu", alone)[0].item()

    assert loss(2.0, 0.0) == pytest.approx(loss(-9.0, 0.0), abs=0.01)
    assert loss(2.0, 1.0) - loss(-9.0, 1.0) == pytest.approx(math.log1p(math.exp(2)) / 2, abs=0.01)


def test_batches_mark_the_answer_tokens_and_repeat_for_the_same_step():
    from rag.training.weights import base_folder

    wrong = tuple(Text(f"Nothing of use stands in text {i}.") for i in range(4))
    example = Example(
        "Who won?", Text("In the end Ann Lee won the race.", "Race"), ((11, 18),), "own", "g", "Race", DAY, wrong
    )
    batcher = Batcher([example] * 8, base_folder() / "tokenizer.json", 2, 17)
    batch = batcher.encode(batcher.sample(1, 3))
    again = batcher.encode(batcher.sample(1, 3))
    assert [len(batch.group), batch.starts, batch.group] == [6, again.starts, [0, 0, 0, 1, 1, 1]]
    marked = [
        (encoding.tokens[min(first)], encoding.tokens[min(last)])
        for encoding, first, last in zip(batch.encoded, batch.starts, batch.ends, strict=True)
        if first
    ]
    assert set(marked) <= {("ann", "lee")}
    for encoding, allowed in zip(batch.encoded, batch.allowed, strict=True):
        assert not any(ok for ok, part in zip(allowed, encoding.sequence_ids, strict=True) if part != 1)


def test_shared_normalisation_counts_all_passages_and_the_null():
    import torch

    from rag.training.model import shared_nll

    logits = torch.tensor([[1.0, 2.0, 5.0], [1.0, 2.0, 5.0]])
    allowed = torch.tensor([[True, True, False], [True, True, False]])
    gold = torch.tensor([[False, True, False], [False, False, False]])
    total = 1 + torch.e ** torch.tensor(1.0) + torch.e ** torch.tensor(2.0)
    expected = [torch.log(total) - 2, torch.log(total)]
    assert torch.allclose(shared_nll(logits, allowed, gold), torch.stack(expected))


def test_misleading_keeps_the_right_passage_and_what_the_model_takes_for_an_answer():
    import torch

    from rag.training.scoring import cut_to, misleading
    from rag.training.weights import base_folder

    batcher = Batcher([], base_folder() / "tokenizer.json", 1, 17)
    harbour = batcher.tokenizer.token_to_id("harbour")

    class Believes(torch.nn.Module):
        """Takes every passage with the word "harbour" for an answer."""

        def with_early(self, ids, mask, types):
            relevance = (ids == harbour).any(1).float()
            return relevance[:, None, None].expand(*ids.shape, 2), relevance, relevance

    texts = ["Nothing here.", "Ann Lee won.", "The harbour froze.", "Nor here."]
    passages = [(Text(text), ((0, 7),) if "Ann" in text else ()) for text in texts]
    groups = [("Who won?", DAY, passages), ("Who won?", DAY, passages[1:2])]
    kept = misleading(Believes(), batcher, groups, 2, "cpu")
    assert kept == [[1, 2], [0]]
    (question, as_of, first), alone = cut_to(groups, kept)
    assert (question, as_of) == ("Who won?", DAY)
    assert [text.text for text, _ in first] == texts[1:3]
    assert alone == groups[1]


def test_the_early_relevance_learns_from_the_loss_and_moves_the_first_layers_alone():
    import torch

    from rag.training.model import ReaderModel
    from rag.training.weights import base_folder

    model = ReaderModel(base_folder())
    batcher = Batcher([], base_folder() / "tokenizer.json", 1, 17)
    (encoded,) = batcher.encode([("Who won?", None, [(Text("Ann Lee won."), ((0, 7),))])]).encoded
    inputs = [torch.tensor([values]) for values in (encoded.ids, encoded.attention_mask, encoded.type_ids)]
    _, last, early = model.with_early(*inputs)
    assert early.shape == last.shape == (1,)
    early.sum().backward()
    moved = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert any(name.startswith("early_") for name in moved)
    layers = {int(name.split(".layer.")[1].split(".")[0]) for name in moved if ".layer." in name}
    assert layers == {0, 1}


def test_training_goes_on_from_the_weights_that_ship(tmp_path):
    import torch

    from rag.read.reader import WEIGHTS
    from rag.read.span_model import SpanModel
    from rag.training.model import ReaderModel
    from rag.training.weights import base_folder, earlier, restore

    question, text = "Who won the race?", "It rained. In the end Ann Lee won the race."
    model = ReaderModel(base_folder()).eval()
    weights = restore(WEIGHTS)
    assert set(weights) == {name for name, _ in model.named_parameters() if not name.startswith("early_")}
    model.load_state_dict(weights, strict=False)
    (read,) = SpanModel(WEIGHTS).read(question, None, [("", "", text)])
    batcher = Batcher([], base_folder() / "tokenizer.json", 1, 17)
    (encoded,) = batcher.encode([(question, None, [(Text(text), ())])]).encoded
    inputs = [torch.tensor([values]) for values in (encoded.ids, encoded.attention_mask, encoded.type_ids)]
    with torch.no_grad():
        span, relevance = model(*inputs)
    assert relevance.item() == pytest.approx(read.relevance, abs=0.5)
    first = encoded.char_to_token(read.spans[0].start, 1)
    last = encoded.char_to_token(read.spans[0].end - 1, 1)
    assert (span[0, first, 0] + span[0, last, 1]).item() == pytest.approx(read.spans[0].score, abs=0.5)
    with pytest.raises(UserError, match="No weights"):
        earlier(tmp_path / "final.pt")


def test_a_run_broken_off_and_continued_ends_at_the_weights_of_one_that_was_not(tmp_path, monkeypatch):
    import torch

    from rag.training import scoring, train
    from rag.training.weights import base_folder

    rows = [
        {"question": f"Who won race {n}?", "context": f"In town {n} it rained. Ann{n} won.", "answers": [f"Ann{n}"]}
        for n in range(12)
    ]
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "own.jsonl").write_text("\n".join(map(json.dumps, rows)))

    def run(name):
        folders = ["--data", str(tmp_path / "own"), "--out", str(tmp_path / name), "--threads", "1"]
        length = ["--steps", "4", "--groups", "2", "--passages", "2"]
        mining = ["--mine", "4", "--mine-from", ".25", "--mine-every", "2"]
        args = [*folders, *length, *mining, "--rate", "1e-3"]
        train.train(train.parser().parse_args(args))
        return torch.load(tmp_path / name / "final.pt", weights_only=True)

    whole = run("whole")
    seen = []
    loss, misleading = scoring.group_loss, scoring.misleading

    def breaks(*given):
        if len(seen) == 3:
            raise KeyboardInterrupt
        seen.append("loss")
        return loss(*given)

    monkeypatch.setattr(train, "SAVE_EVERY", 0)
    monkeypatch.setattr(scoring, "group_loss", breaks)
    with pytest.raises(KeyboardInterrupt):
        run("broken")
    monkeypatch.setattr(scoring, "group_loss", loss)
    monkeypatch.setattr(scoring, "misleading", lambda *given: seen.append("mined") or misleading(*given))
    continued = run("broken")
    assert seen == ["loss", "loss", "loss", "mined"]  # steps 1 and 2 were looked through together
    assert all(torch.equal(value, continued[name]) for name, value in whole.items())
    started = train.Run(base_folder(), 1e-3, 0.9, "cpu").weights
    assert any(not torch.equal(value, started[name]) for name, value in whole.items())


def test_no_tensor_of_a_training_step_is_left_off_the_device_named(tmp_path):
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    from rag.training.scoring import group_loss
    from rag.training.train import Run
    from rag.training.weights import base_folder

    class ReadsOnes(TorchDispatchMode):
        """A "meta" tensor has no values, but, as on CUDA, meets no tensor of the CPU; one reads 1, or false."""

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            if func is torch.ops.aten._local_scalar_dense.default:
                return args[0].dtype != torch.bool
            return func(*args, **(kwargs or {}))

    batcher = Batcher([], base_folder() / "tokenizer.json", 1, 17)
    passages = [(Text("Ann Lee won."), ((0, 7),)), (Text("It rained all day in the harbour."), ())]
    batch = batcher.encode([("Who won?", DAY, passages)])
    Run(base_folder(), 1e-3, 0.9, "cpu").save(tmp_path / "last.pt")
    run = Run(base_folder(), 1e-3, 0.9, "meta")
    with ReadsOnes():
        run.load(tmp_path / "last.pt")
        run.optimizer.param_groups[0]["fused"] = False  # fused is for real devices only
        run.learn(group_loss(run.model, batch, "meta", alone=0.5)[0], 0.5)
        with pytest.raises(RuntimeError, match="not on the expected device"):
            group_loss(run.model, batch, "cpu")
    held = [*run.model.parameters(), *run.weights.values(), *run.average.values()]
    assert {value.device.type for value in held} == {"meta"}
    assert run.step == 1


def test_exported_weights_are_the_mean_of_the_runs_named(tmp_path):
    import torch

    from rag.training.train import Run
    from rag.training.weights import base_folder, export, restore

    weights = Run(base_folder(), 1e-3, 0.9, "cpu").weights
    for name, change in (("low", -0.5), ("high", 1.5)):
        torch.save({key: value + change for key, value in weights.items()}, tmp_path / f"{name}.pt")
    export([tmp_path / "low.pt", tmp_path / "high.pt"], base_folder(), tmp_path / "out", int8=False)
    made = restore(tmp_path / "out")
    for key in ("span.bias", "encoder.encoder.layer.0.output.dense.weight"):
        assert torch.allclose(made[key], weights[key] + 0.5, atol=1e-5)


def test_eight_bits_spare_the_products_named(tmp_path):
    import onnx
    import torch

    from rag.training.train import Run
    from rag.training.weights import IN_FLOATS, base_folder, export

    torch.save(Run(base_folder(), 1e-3, 0.9, "cpu").weights, tmp_path / "final.pt")
    graph = onnx.load(str(export([tmp_path / "final.pt"], base_folder(), tmp_path / "out", int8=True))).graph
    plain = {node.name for node in graph.node if node.op_type == "MatMul"}
    assert set(IN_FLOATS) <= plain
    assert sum(node.op_type == "MatMulInteger" for node in graph.node) > 30
