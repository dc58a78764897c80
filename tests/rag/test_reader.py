"""The default reader with the weights that ship: sentences, short answers, confidence, and what happens without."""

import json
import shutil
from dataclasses import astuple
from datetime import date

import pytest
from libraries import article

from evals.datasets.cases import Case, GoldSentence
from evals.runs.training_rows import QUESTIONS_A_STEP, training_rows
from index.engines.fusion import recency_factor
from index.errors import UserError
from index.library import Library
from index.types import Hit, Passage
from rag.assistant import Assistant
from rag.read.agreement import disagreement_note
from rag.read.calibration import Calibration
from rag.read.features import answerability_features, sentence_features, sentence_key
from rag.read.reader import WEIGHTS, CombinedReader, names_person
from rag.settings import Settings
from rag.training.files import Row, read_rows
from rag.training.train import GROUPS
from rag.types import Candidate, Query

QUESTIONS = [
    "what did Lankford say about the majority?",
    "Who is the lead Democratic negotiator?",
    "Why did Senate Republicans reject the package?",
    "What did the Spanish prime minister say about fishing?",
]


@pytest.fixture(scope="module")
def reader():
    return CombinedReader()


def inquire(assistant, question):
    state = assistant.retrieve(assistant.understand(question))
    return state.query, state.hits


def test_the_default_reader_is_the_trained_one_and_says_which_weights(assistant):
    answer = assistant.ask(QUESTIONS[0])
    weights = json.loads((WEIGHTS / "checksums.json").read_text())["reader.onnx"]
    assert answer.reader == f"trained-{weights[:8]}"
    assert answer.notes == ()


@pytest.mark.parametrize("question", QUESTIONS)
def test_stopping_early_does_not_change_the_best_sentence(assistant, reader, monkeypatch, question):
    query, hits = inquire(assistant, question)
    early = reader.read(query, hits)
    predict = reader.predict
    monkeypatch.setattr(reader, "predict", lambda query, hits, rows: predict(query, hits, rows, stop=False))
    whole = reader.read(query, hits)
    assert early.candidates[0] == whole.candidates[0]
    assert early.confidence == whole.confidence


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_short_answer_stands_in_its_sentence(assistant, reader, question):
    query, hits = inquire(assistant, question)
    reading = reader.read(query, hits)
    assert 0 < reading.confidence < 1
    for candidate in reading.candidates:
        if candidate.short:
            assert candidate.sentence[0] <= candidate.short[0] < candidate.short[1] <= candidate.sentence[1]


def test_a_question_that_the_articles_answer_is_surer_than_one_they_do_not(assistant, reader):
    answered, unanswered = (reader.read(*inquire(assistant, QUESTIONS[number])) for number in (0, 3))
    assert answered.confidence > unanswered.confidence
    assert answered.answered and not unanswered.answered


def test_every_sentence_of_every_hit_is_a_candidate(assistant, reader):
    query, hits = inquire(assistant, QUESTIONS[0])
    assert {(c.hit.article.id, c.sentence) for c in reader.read(query, hits).candidates} == {
        (hit.article.id, span) for hit, span, _ in sentence_features(query, hits)
    }
    assert set(reader.predict(query, hits, sentence_features(query, hits))) == {
        sentence_key(hit, span) for hit, span, _ in sentence_features(query, hits)
    }


def test_a_sentence_that_asks_the_question_is_not_quoted_as_its_answer(reader):
    question = "Which pop star will perform at the harbour festival?"
    sentences = (question, "Ann Lee will perform at the harbour festival.", "Who will come?")
    text = " ".join(sentences)
    spans = tuple((text.index(sentence), text.index(sentence) + len(sentence)) for sentence in sentences)
    quiz = article("/news/quiz.txt", text, "2023-12-01", id="1")
    hit = Hit(Passage(quiz.id, quiz.revision, 0, 0, len(text), spans, 20), quiz, 1.0)
    reading = reader.read(Query(question, question, answer_type="person"), [hit])
    assert [candidate.sentence for candidate in reading.candidates] == [spans[1], spans[2]]


@pytest.mark.parametrize("missing", [None, "reader.onnx", "calibration.json"])
def test_without_weights_the_rules_read_and_the_answer_says_so(seeds_library, tmp_path, missing):
    folder = tmp_path / "weights"
    if missing:
        shutil.copytree(WEIGHTS, folder)
        (folder / missing).unlink()
    assistant = Assistant(Library.open(seeds_library), Settings(library=str(seeds_library), reader=str(folder)))
    answer = assistant.ask(QUESTIONS[0])
    assert answer.reader == "rules"
    assert any("by rule" in note and str(folder) in note for note in answer.notes)
    assert not answer.refused


def test_the_rules_can_be_chosen_and_then_nothing_is_remarked(seeds_library):
    answer = Assistant(Library.open(seeds_library), Settings(reader="rules")).ask(QUESTIONS[0])
    assert (answer.reader, answer.notes) == ("rules", ())


def test_a_calibration_is_read_as_it_was_written(tmp_path):
    shipped = Calibration.load(WEIGHTS)
    shipped.save(tmp_path)
    assert Calibration.load(tmp_path) == shipped
    (tmp_path / "calibration.json").write_text('{"features": 1}')
    with pytest.raises(UserError, match="fit_readers"):
        Calibration.load(tmp_path)


FIRST_CALIBRATION = """
{
  "features": {"words": 1, "window": 2, "hit": 3, "kind": 4, "speaker": 5, "lead": 6, "brief": 7, "quoted": 8},
  "span": 9, "relevance": 10,
  "signs": {"window": 11, "named": 12, "numbered": 13, "cosine": 14, "words": 15, "stale": 16, "unsaid": 17,
            "span": 18, "relevance": 19, "agreed": 20},
  "bias": 21, "refusal": 22, "questions": 23
}
"""


def test_a_calibration_with_the_first_names_of_its_keys_is_read(tmp_path):
    (tmp_path / "calibration.json").write_text(FIRST_CALIBRATION)
    read = Calibration.load(tmp_path)
    assert astuple(read.features) == (1, 2, 3, 4, 5, 6, 7, 8)
    assert astuple(read.answerability)[:10] == tuple(range(11, 21))
    assert set(astuple(read.answerability)[10:]) == {0.0}
    assert (read.found, read.short, read.calibrated) == (None, None, False)
    assert (read.features.quotation, read.answerability.bm25, read.answerability.speaker_mismatch) == (8, 15, 17)
    assert (read.span, read.relevance, read.bias, read.refusal, read.questions) == (9, 10, 21, 22, 23)


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("Republican", False),
        ("the House Judiciary Committee", False),
        ("Republican Sen. James Lankford", True),
        ("House Speaker Mike Johnson", True),
        ("Chris Murphy, D-Conn.", True),
    ],
)
def test_a_party_or_a_committee_is_no_short_answer_to_who(text, person):
    assert names_person(text) == person


@pytest.mark.parametrize(
    ("published", "recency", "staleness"),
    [("2023-12-10", 1.0, 0.0), ("2022-12-10", 1.0, 1.0), ("", 1.0, 0.0), ("2022-12-10", 0.3, 0.0)],
)
def test_an_old_article_speaks_against_an_answer_only_where_new_ones_are_wanted(published, recency, staleness):
    written = article("/news/1.txt", "Ann Lee won this week.", published, id="1")
    day = date(2023, 12, 10)
    hit = Hit(
        Passage("1", written.revision, 0, 0, 22, ((0, 22),), 5),
        written,
        1.0,
        recency=recency_factor(written, day, recency),
    )
    query = Query("Who won this week?", "Who won this week?", as_of=day, recency=recency)
    (row,) = sentence_features(query, [hit])
    assert answerability_features(query, row, [hit]).staleness == pytest.approx(staleness, abs=0.01)


@pytest.mark.parametrize(
    ("question", "speaker", "speaker_mismatch"),
    [
        ("What did Ann Lee say about the bridge?", "Ann Lee", [0.0, 1.0]),
        ("what did lee say about the bridge", "lee", [0.0, 1.0]),
        ("What did Bob Ray say about the bridge?", "Bob Ray", [1.0, 0.5]),
        ("What did officials say about the bridge?", "officials", [0.0, 0.0]),
        ("Who will pay for the bridge?", "", [0.0, 0.0]),
    ],
)
def test_another_ones_words_speak_against_an_answer(question, speaker, speaker_mismatch):
    first = '"We will pay for the bridge," Ann Lee said.'
    text = f"{first} Bob Ray left the bridge."
    written = article("/news/1.txt", text, "2023-12-10", id="1")
    sentences = ((0, len(first)), (len(first) + 1, len(text)))
    hit = Hit(Passage("1", written.revision, 0, 0, len(text), sentences, 20), written, 1.0)
    query = Query(question, question, speaker=speaker, answer_type="quotation" if speaker else "person")
    assert [
        answerability_features(query, row, [hit]).speaker_mismatch for row in sentence_features(query, [hit])
    ] == speaker_mismatch


def told(number, sentence, short, score=10.0):
    """A candidate of an article of its own."""
    facts = {"title": f"Report {number}", "id": str(number)}
    written = article(f"/news/{number}.txt", sentence, f"2023-12-0{number}", **facts)
    hit = Hit(Passage(written.id, written.revision, 0, 0, len(sentence), ((0, len(sentence)),), 9), written, 1.0)
    start = sentence.index(short)
    return Candidate(hit, (0, len(sentence)), score, (start, start + len(short)))


def test_an_answer_that_stands_alone_against_several_is_shown_as_such():
    asked = Query("How many homes were under water?", "How many homes were under water?", answer_type="number")
    alone = told(1, "Some 340 homes were under water.", "340")
    others = [told(2, "Officials count 1,200 homes.", "1,200"), told(3, "It took 1200 homes.", "1200 homes")]
    remark = disagreement_note(asked, [alone, *others])
    assert remark == "Others report “1,200”: Report 2 (2023-12-02); Report 3 (2023-12-03)."
    assert disagreement_note(asked, [alone, others[0]]) == ""
    assert disagreement_note(asked, [alone, told(4, "About 340 were wet.", "About 340"), *others]) == ""
    assert disagreement_note(asked, [told(1, alone.text, "340", score=20.0), *others]) == ""


def test_names_in_longer_form_do_not_contradict():
    asked = Query("Who spoke?", "Who spoke?", answer_type="person")
    spoken = [told(1, "Biden spoke.", "Biden")]
    spoken += [told(number, "President Joe Biden spoke.", "President Joe Biden") for number in (2, 3)]
    assert disagreement_note(asked, spoken) == ""


def test_a_question_set_becomes_rows_to_train_on(seeds_library, tmp_path):
    library = Library.open(seeds_library)
    quoted = "We've got a narrow majority in the House"
    (told_in,) = [one for one in library.articles() if quoted in one.text]
    start = told_in.text.index(quoted)
    gold = GoldSentence(told_in.id, quoted, start, start + len(quoted))
    cases = [
        Case("1", QUESTIONS[0], gold_sentences=(gold,)),
        Case("2", QUESTIONS[0], answers=("a narrow majority", "elsewhere", "narrow major"), gold_sentences=(gold,)),
        Case("3", QUESTIONS[3], answerable=False),
    ]
    whole, named, none = made = list(training_rows(cases, library))
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, made)), encoding="utf-8")
    assert list(read_rows(tmp_path / "own.jsonl", Row)) == made
    assert whole["answers"] == [{"text": quoted, "start": whole["context"].index(quoted)}]
    assert named["answers"] == ["a narrow majority"]
    assert none["answers"] == []
    assert all(any(row["context"] in one.text for one in library.articles()) for row in (whole, named, none))


def test_the_command_counts_steps_as_the_trainer_takes_questions():
    assert QUESTIONS_A_STEP == GROUPS
