"""Questions made of parsed news: what each rule asks, in which words, and what is left out."""

import gzip
import json
import random
from datetime import date

import pytest

from index.errors import UserError
from rag.training import news_questions
from rag.training.clause_questions import asked
from rag.training.clauses import clauses, only_person, parses_well
from rag.training.parser import named, parsed
from rag.training.people_questions import people_questions
from rag.training.rewording import Synonyms, aliases, renamed
from rag.training.stories import NewsArticle, kept_out, stories


def questions_about(text):
    """Every question that six rounds make of a text, as {question: (kind, answers, near misses)}."""
    (doc,) = parsed([text])
    found = {}
    for seed in range(6):
        rng, person = random.Random(seed), ""
        for sentence in doc.sents:
            made = [q for clause in clauses(sentence, person) for q in asked(clause, rng)]
            for q in [*made, *people_questions(sentence, rng)]:
                found[q.text] = (q.kind, [text[a:b] for a, b in q.spans], q.near_misses)
            person = only_person(sentence)
    return found


@pytest.mark.parametrize(
    ("text", "question", "kind", "answer"),
    [
        ("The storm sank three ships in the bay of Lisbon.", "What sank three ships?", "subject", "storm"),
        ("Peter Novak defeated Ann Lee in the final.", "Who defeated Ann Lee?", "who", "Peter Novak"),
        ("Peter Novak defeated Ann Lee in the final.", "By whom was Ann Lee defeated?", "who", "Peter Novak"),
        ("Peter Novak defeated Ann Lee in the final.", "Whom did Peter Novak defeat?", "whom", "Ann Lee"),
        ("Maria Lopez opened the museum by cutting a ribbon.", "What did Maria Lopez open?", "object", "museum"),
        ("The council closed the harbour on Monday.", "When did the council close the harbour?", "when", "Monday"),
        ("The minister died in Lisbon on Monday.", "Where did the minister die?", "where", "Lisbon"),
        ("At least three people were killed in the storm.", "How many people were killed in the storm?", "how_many",
         "three"),
        ("The storm sank three ships in the harbour.", "How many ships did the storm sink?", "how_many", "three"),
        ("The company paid $3 million for the old theatre.", "How much did the company pay for the old theatre?",
         "how_much", "$3 million"),
        ("The strike in Lisbon lasted for three weeks.", "How long did the strike in Lisbon last?", "how_long",
         "three weeks"),
        ("The council closed the harbour because the water rose.", "Why did the council close the harbour?", "why",
         "the water rose"),
        ("Ann Lee was arrested over the theft after a search.", "Why was Ann Lee arrested?", "why", "the theft"),
        ("Acme Bank bought the old theatre to build a hotel.", "For what purpose did Acme Bank buy the old theatre?",
         "what_for", "to build a hotel"),
        ("Maria Lopez opened the museum by cutting a ribbon.", "How did Maria Lopez open the museum?", "how",
         "cutting a ribbon"),
        ("The old theatre was destroyed by a fire.", "What happened to the old theatre?", "what_happened",
         "destroyed by a fire"),
        ("The minister said that the bridge would be rebuilt.", "What did the minister say about the bridge?",
         "what_said", "the bridge would be rebuilt"),
        ("Maria Lopez, the mayor of Lisbon, opened the museum.", "Who is the mayor of Lisbon?", "role", "Maria Lopez"),
        ("Ann Lee, 35, was arrested after a long search.", "How old is Ann Lee?", "how_old", "35"),
        ("Peter Novak is a lawyer. He won the race in 1984.", "When did Peter Novak win the race?", "when", "1984"),
    ],
)  # fmt: skip
def test_each_rule_asks_for_its_part_of_the_sentence(text, question, kind, answer):
    found = questions_about(text)
    assert question in found, sorted(found)
    assert found[question][0] == kind
    assert answer in found[question][1]


def test_every_answer_is_a_stretch_of_the_text_and_not_in_its_question():
    text = "Maria Lopez, the mayor of Lisbon, opened the museum on Monday. It cost $3 million and took two years."
    for question, (_, answers, _) in questions_about(text).items():
        assert all(answer and answer in text for answer in answers)
        assert answers[0] not in question


@pytest.mark.parametrize(
    "text",
    [
        "The council closed, , the harbour in Lisbon on Monday.",
        "The closing of the harbour on Monday by the council.",
        'The council "closed the harbour in Lisbon on Monday.',
        "Portugal Eight people were killed in the storm on Monday.",
    ],
)
def test_a_sentence_with_a_hole_or_without_a_verb_is_left_out(text):
    (doc,) = parsed([text])
    assert not any(parses_well(sentence) for sentence in doc.sents)
    assert not questions_about(text)


def test_what_points_at_the_text_before_is_not_asked():
    assert not questions_about("They closed it on Monday because of this.")


def test_near_misses_ask_for_the_reverse_and_for_what_the_sentence_does_not_tell():
    found = questions_about("Peter Novak defeated Ann Lee in 1984.")
    assert found["Who defeated Ann Lee?"][2] == ("Who did Ann Lee defeat?",)
    assert found["Whom did Peter Novak defeat?"][2] == ("Who defeated Peter Novak?",)
    assert found["When did Peter Novak defeat Ann Lee?"][2][0] == "Where did Peter Novak defeat Ann Lee?"
    age = questions_about("Ann Lee, 35, was arrested after a long search.")["How old is Ann Lee?"]
    assert len(age[2]) == 2 and all("Ann Lee" in question for question in age[2])


def test_names_become_what_the_article_calls_them_elsewhere():
    (doc,) = parsed(["President Barack Obama met the crowd. Obama spoke for an hour. The U.S. did not reply."])
    others = aliases(doc)
    assert others["Obama"] == ["Barack Obama", "President Barack Obama"]
    assert others["U.S."] == ["US", "United States"]
    asked_of = {renamed("When did Obama speak?", others, random.Random(seed)) for seed in range(20)}
    assert "When did Barack Obama speak?" in asked_of
    assert all(question.startswith("When did ") and question.endswith("Obama speak?") for question in asked_of)
    assert (
        renamed("What did Peter Novak say?", {"Novak": ["Peter Novak"]}, random.Random(0))
        == "What did Peter Novak say?"
    )


def wordnet(folder):
    """Two nouns that share their first sense, one that nobody uses, and no verbs."""
    data = "  licence\n"
    place = len(data)
    data += f"{place:08d} 18 n 03 lawyer 0 attorney 0 counsellor 0 000 | who pleads\n"
    (folder / "data.noun").write_text(data)
    lines = [
        f"{word} n 1 0 1 {tagged} {place:08d}  \n"
        for word, tagged in (("attorney", 4), ("counsellor", 0), ("lawyer", 9))
    ]
    (folder / "index.noun").write_text("  licence\n" + "".join(lines))
    (folder / "data.verb").write_text("")
    (folder / "index.verb").write_text("")
    return folder


def test_synonyms_are_words_that_are_used_in_the_same_sense(tmp_path):
    synonyms = Synonyms(wordnet(tmp_path))
    assert synonyms.of("lawyer", "n") == ["attorney"]
    assert synonyms.of("lawyer", "v") == synonyms.of("ship", "n") == []
    assert synonyms.replaced("Which lawyer won?", ["won"], ["lawyer"], random.Random(0)) == "Which attorney won?"
    (tmp_path / "data.verb").unlink()
    with pytest.raises(UserError, match=r"'data\.verb' is not there. Install Debian's wordnet-base"):
        Synonyms(tmp_path)


def article(number, text, day=1, title=""):
    return NewsArticle(f"wikinews-{number}", title, date(2011, 5, day), text)


FLOOD = [
    article(1, "The river Wend flooded Oldenham on Monday. Mayor Zoe Quill closed the Fenwick bridge.", 2),
    article(2, "In Oldenham, the Fenwick bridge over the Wend was closed by mayor Zoe Quill after the flood.", 4),
    article(3, "The river Wend flooded Oldenham again. Zoe Quill closed the Fenwick bridge once more.", 28),
]
OTHERS = [article(n, f"Nothing about Place{n} or Person{n} has been heard.", 1 + n % 28) for n in range(10, 400)]


def test_a_story_is_of_articles_near_in_time_that_share_rare_names():
    found = stories([*FLOOD, *OTHERS])
    assert found["wikinews-2"] == found["wikinews-1"] == "wikinews-1"
    assert found["wikinews-3"] == "wikinews-3"
    assert len(set(found.values())) == len(found) - 1


def test_one_story_in_ten_is_kept_out_always_the_same_ones():
    out = [number for number in range(2000) if kept_out(f"wikinews-{number}")]
    assert 150 < len(out) < 250
    assert out == [number for number in range(2000) if kept_out(f"wikinews-{number}")]


def test_a_question_is_asked_of_another_article_of_its_story_that_holds_the_answer(monkeypatch):
    monkeypatch.setattr(news_questions, "kept_out", lambda story: False)
    made = list(news_questions.news_questions([*FLOOD, *OTHERS], None, None, 17))
    elsewhere = [q for q in made if q.other_article]
    assert {q.article.id for q in elsewhere} == {"wikinews-1", "wikinews-2"}
    asked_there = {q.text: [q.article.text[a:b] for a, b in q.spans] for q in elsewhere}
    assert asked_there["Who closed the Fenwick bridge?"] == ["Zoe Quill"]
    assert all(q.asked_on >= q.article.day for q in elsewhere)
    assert {q.story for q in made if q.article.id in ("wikinews-1", "wikinews-2")} == {"wikinews-1"}


def test_questions_are_written_as_training_rows_and_none_of_a_story_kept_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(news_questions, "kept_out", lambda story: story == "wikinews-3")
    rows = [{"id": a.id, "title": "Flood", "date": a.day.isoformat(), "text": a.text} for a in FLOOD]
    (tmp_path / "news.jsonl").write_text("\n".join(map(json.dumps, rows)))
    command = ["news_questions", "--news", str(tmp_path / "news.jsonl"), "--out", str(tmp_path / "out.jsonl.gz")]
    monkeypatch.setattr("sys.argv", [*command, "--parses", str(tmp_path / "parses")])
    news_questions.main()
    counts = json.loads(capsys.readouterr().out)
    with gzip.open(tmp_path / "out.jsonl.gz", "rt") as lines:
        written = [json.loads(line) for line in lines]
    assert counts["questions"] == len(written) > 5
    assert not any(row["id"].startswith("wikinews-3-") for row in written)
    for row in written:
        assert all(row["context"][a["start"] :].startswith(a["text"]) for a in row["answers"])
    first = (tmp_path / "out.jsonl.gz").read_bytes()
    news_questions.main()  # from the parses kept
    with gzip.open(tmp_path / "out.jsonl.gz", "rt") as lines:
        assert [json.loads(line) for line in lines] == written, first


def test_names_found_once_are_not_looked_for_again(tmp_path, monkeypatch):
    texts = ["Zoe Quill lives in Lisbon.", "It rained."]
    found = list(named(texts, tmp_path))
    assert found == [[("Zoe Quill", "PERSON"), ("Lisbon", "GPE")], []]
    monkeypatch.setattr("rag.training.parser.parser", None)
    assert list(named(texts, tmp_path)) == found
