"""`clippings eval` and `clippings demo` from the command line, over the real pipeline."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evals import runs
from evals.sets import ARTICLES as ARTICLES_OF_SETS
from evals.sets import DEMO, articles_of, set_path
from index.errors import UserError
from ui.cli import cli
from ui.cli.eval import evaluate

ARTICLES = {
    "council.txt": "Ada Moreno chaired the meeting on 3 May. It cost 40 euros. Nobody voted against it.",
    "flood.txt": "The river rose by two metres. The old bridge was built in 1932. Schools stayed open.",
}
QUESTIONS = [
    {
        "id": "who",
        "question": "Who chaired the meeting?",
        "answers": ["Ada Moreno"],
        "tags": ["who"],
        "gold_sentences": [{"article": "council.txt", "text": "Ada Moreno chaired the meeting on 3 May."}],
    },
    {
        "id": "river",
        "question": "By how much did the river rise?",
        "answers": ["two metres"],
        "gold_articles": ["flood.txt"],
        "tags": ["number"],
    },
    {
        "id": "mars",
        "question": "What did the astronauts find on Mars?",
        "answerable": False,
        "tags": ["near-miss"],
    },
]


def clippings(*arguments: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "articles").mkdir()
    for name, text in ARTICLES.items():
        (folder / "articles" / name).write_text(text, encoding="utf-8")
    (folder / "set.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)), encoding="utf-8")
    clippings("index", folder / "articles", "--library", folder / "library")
    clippings("eval", folder / "set.jsonl", "--library", folder / "library", "--out", folder / "run")
    return folder


def test_a_run_prints_its_figures_and_leaves_a_report(here: Path):
    again = clippings("eval", here / "set.jsonl", "--library", here / "library", "--out", here / "run")
    assert "answer.correct" in again.output
    assert "Not measured:" in again.output
    page = (here / "run" / "report.html").read_text(encoding="utf-8")
    assert "Who chaired the meeting?" in page
    assert len((here / "run" / "results.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_two_runs_with_one_fingerprint_give_the_same_figures(here: Path):
    clippings("eval", "run", here / "set.jsonl", "--library", here / "library", "--out", here / "again")
    headers = [json.loads((here / name / "run.json").read_text()) for name in ("run", "again")]
    assert headers[0]["fingerprint"] == headers[1]["fingerprint"]
    compared = clippings("eval", "compare", here / "run", here / "again", "--html", here / "compare.html")
    assert "Got worse: 0" in compared.output
    assert "Got better: 0" in compared.output
    changes = [line.split()[3] for line in compared.output.splitlines() if line.startswith(("answer", "passage"))]
    assert changes
    assert set(changes) == {"+0.000"}
    assert "two runs compared" in (here / "compare.html").read_text(encoding="utf-8")


def test_citations_of_a_run_are_verbatim_and_requirements_gate_it(here: Path):
    run = ("eval", here / "set.jsonl", "--library", here / "library", "--out", here / "run")
    met = clippings(*run, "--require", "citations.verbatim>=1", "--require", "errors<=0")
    assert "Met: citations.verbatim >= 1" in met.output
    unmet = clippings(*run, "--require", "risk.aurc>=2", "--require", "judge.score>=0", code=1)
    assert "Unmet: risk.aurc>=2: found" in unmet.output
    assert "Unmet: judge.score>=0: not measured (needs --judge)" in unmet.output


def test_another_set_does_not_overwrite_a_run(here: Path):
    refused = clippings(
        "eval",
        here / "set.jsonl",
        "--tag",
        "who",
        "--library",
        here / "library",
        "--out",
        here / "run",
        code=1,
    )
    assert "set_hash changed" in refused.output


def test_leave_out_asks_with_the_gold_articles_hidden(here: Path):
    clippings("eval", here / "set.jsonl", "--library", here / "library", "--out", here / "left", "--leave-out-gold")
    rows = [json.loads(line) for line in (here / "left" / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["case"]["id"] for row in rows] == ["who", "who~leave-out", "river", "river~leave-out", "mars"]
    hidden = rows[1]["case"]["hidden"]
    assert len(hidden) == 1
    assert hidden[0] in {hit["article_id"] for hit in rows[0]["hits"]}
    assert hidden[0] not in {hit["article_id"] for hit in rows[1].get("hits", [])}


def test_a_bad_row_stops_everything_before_it_runs(here: Path, tmp_path: Path):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"question": "a?", "answers": ["x"]}\n{"question": "b?", "anwsers": ["y"]}\n')
    stopped = clippings("eval", path, "--library", here / "library", "--out", tmp_path / "run", code=1)
    assert "bad.jsonl:2: anwsers: is not a field" in stopped.output
    assert not (tmp_path / "run").exists()


def test_a_tag_that_no_question_has(here: Path):
    stopped = clippings("eval", here / "set.jsonl", "--tag", "whom", "--library", here / "library", code=1)
    assert "near-miss, number, who" in stopped.output


def test_baselines_stand_in_one_table(here: Path):
    out = here / "baselines"
    table = clippings("eval", "baselines", here / "set.jsonl", "--library", here / "library", "--out", out).output
    assert "| | bm25 | clippings | langchain-tutorial |" in table
    assert table.splitlines()[0] in (out / "table.md").read_text(encoding="utf-8")
    assert "| answer.em | not measured |" in table
    compared = clippings("eval", "compare", out / "bm25", out / "clippings").output
    assert "refusal.wrong_answers" in compared


def test_a_set_beside_its_articles_needs_no_library(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CLIPPINGS_CACHE", str(tmp_path / "cache"))
    squad = {
        "data": [
            {
                "title": "T",
                "paragraphs": [
                    {
                        "context": "Ada chaired it. It rained.",
                        "qas": [
                            {
                                "id": "1",
                                "question": "Who chaired it?",
                                "answers": [{"text": "Ada", "answer_start": 0}],
                            }
                        ],
                    }
                ],
            }
        ]
    }
    (tmp_path / "dev.json").write_text(json.dumps(squad))
    imported = clippings("eval", "import", "squad", tmp_path / "dev.json", "--out", tmp_path / "squad")
    assert "1 articles and 1 questions" in imported.output
    ran = clippings("eval", tmp_path / "squad" / "questions.jsonl", "--out", tmp_path / "run")
    assert re.search(r"article\.hit@1 +1\.000", ran.output)


def test_init_writes_an_example_that_reads_and_never_overwrites(tmp_path: Path):
    path = tmp_path / "questions.yaml"
    assert str(path) in clippings("eval", "init", path).output
    assert "is there already" in clippings("eval", "init", path, code=1).output
    assert "must end in .yaml" in clippings("eval", "init", tmp_path / "q.csv", code=1).output


def test_suggestions_are_written_from_the_library(here: Path, tmp_path: Path):
    path = tmp_path / "suggested.jsonl"
    assert "made by rules" in clippings("eval", "suggest", "--library", here / "library", "--out", path).output
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [row["tags"] for row in rows] == [["suggested", "rule:when"]] * len(rows)
    located = clippings("eval", "locate", path, "--library", here / "library", "--halves").output
    assert f"{len(rows)} of {len(rows)} gold sentences have offsets." in located


def test_locate_tells_what_is_not_found(here: Path, tmp_path: Path):
    path = tmp_path / "set.jsonl"
    row = {"question": "?", "gold_sentences": [{"article": "flood.txt", "text": "The river fell."}]}
    path.write_text(json.dumps(row))
    told = clippings("eval", "locate", path, "--library", here / "library", code=1).output
    assert "0 of 1 gold sentences have offsets." in told
    assert "not found word for word" in told


@pytest.mark.parametrize("kind", ["csv", "jsonl", "md"])
def test_a_file_of_questions_is_answered_with_citations(here: Path, tmp_path: Path, kind: str):
    (tmp_path / "q.csv").write_text("id,question\n1,Who chaired the meeting?\n2,=What was found on Mars?\n")
    out = tmp_path / f"answers.{kind}"
    clippings("eval", "ask", tmp_path / "q.csv", "--library", here / "library", "--out", out)
    text = out.read_text(encoding="utf-8")
    assert "Ada Moreno chaired the meeting on 3 May." in text.replace("\\", "")
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["id"] for row in rows] == ["1", "2"]
        assert "characters 0–40" in rows[0]["citations"]
        assert rows[1]["question"] == "'=What was found on Mars?"
    if kind == "jsonl":
        first = json.loads(text.splitlines()[0])
        assert first["id"] == "1"
        assert first["statements"][0]["citations"][0]["start"] == 0
    assert (
        "is there already"
        in clippings("eval", "ask", tmp_path / "q.csv", "--library", here / "library", "--out", out, code=1).output
    )
    wrong = clippings("eval", "ask", tmp_path / "q.csv", "--library", here / "library", "--out", "a.txt", code=1)
    assert ".csv, .jsonl, .md" in wrong.output


@pytest.mark.parametrize(
    "begin", ["=", "+", "-", "@", "\t=", "\r=", "\n=", "a\r=", " =", "\xa0@", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_of_any_csv_is_a_formula(here: Path, tmp_path: Path, begin: str):
    """Whichever column it stands in: ids, questions, answers and titles of articles are other people's texts."""
    evil = f"{begin}HYPERLINK(1)"
    (tmp_path / "article.json").write_text(
        json.dumps(
            [{"title": evil, "outlet": evil, "text": f"{evil} was chaired by Zora Quill. The end came on Monday."}]
        )
    )
    clippings("index", tmp_path / "article.json", "--library", tmp_path / "library")
    (tmp_path / "q.jsonl").write_text(json.dumps({"id": evil, "question": f"{evil} was chaired by whom, Zora Quill?"}))
    out = tmp_path / "answers.csv"
    clippings("eval", "ask", tmp_path / "q.jsonl", "--library", tmp_path / "library", "--out", out)
    with out.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    for name, cell in row.items():
        begins = unicodedata.normalize("NFKC", cell.lstrip()[:1])
        assert not begins or begins not in "=+-@", (name, cell)


def test_metrics_are_listed():
    assert "citations.verbatim" in clippings("eval", "metrics").output


def test_help_names_every_command():
    text = clippings("eval", "--help").output
    for name in (
        "ask",
        "baselines",
        "compare",
        "import",
        "init",
        "locate",
        "metrics",
        "report",
        "run",
        "suggest",
    ):
        assert f"  {name} " in text


@pytest.mark.parametrize("name", [*evaluate.commands, ""])
def test_the_help_of_each_command_has_two_examples(name: str):
    text = clippings("eval", *([name] if name else []), "--help").output
    examples = text.partition("Examples:\n")[2].split("\n\n")[0].splitlines()
    assert len(examples) == 2
    assert all(line.startswith(f"    clippings eval {name}") for line in examples)


def test_a_set_that_ships_is_asked_of_all_its_articles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CLIPPINGS_CACHE", str(tmp_path / "cache"))
    sentences = {"early": "Nine people died at Dunmore.", "late": "Twelve people died at Dunmore."}
    for name, text in sentences.items():
        row = {"id": name, "title": name, "date": "2024-05-03", "text": text}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row), encoding="utf-8")
    gold = [
        {"article": name, "text": text, "item": name, "published": "2024-05-03"} for name, text in sentences.items()
    ]
    question = {"question": "How many people died at Dunmore?", "gold_sentences": gold}
    (tmp_path / "tolls.jsonl").write_text(json.dumps(question), encoding="utf-8")
    monkeypatch.setattr("evals.sets.FOLDER", tmp_path)
    monkeypatch.setitem(ARTICLES_OF_SETS, "tolls.jsonl", (tmp_path / "early.jsonl", tmp_path / "late.jsonl"))
    output = clippings("eval", "run", tmp_path / "tolls.jsonl", "--out", tmp_path / "run").output
    assert "is not in the library" not in output
    assert "conflict.both" in output
    (result,) = runs.read_results(tmp_path / "run")
    assert len(result.case.gold_articles) == 2
    assert all(sentence.located for sentence in result.case.gold_sentences)
    assert {citation.published for citation in result.citations} == {"2024-05-03"}
    assert result.reports_differ is False


def test_what_ships():
    assert articles_of(set_path("wikinews.jsonl")) == articles_of(set_path("follow_ups.jsonl")) == (DEMO,)
    assert len(DEMO.read_text(encoding="utf-8").splitlines()) == 293
    (seeds,) = articles_of(set_path("seeds.jsonl"))
    assert {path.suffix for path in seeds.iterdir()} >= {".txt"}
    with pytest.raises(UserError):
        set_path("other.jsonl")
