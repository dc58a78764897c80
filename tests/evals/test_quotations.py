"""The articles whose quotations are marked, and the figures of who is said to have said what."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from evals.datasets.quotations import ANNOTATIONS, AnnotatedArticle, GoldQuotation, Place, read_quotations
from evals.metrics import quotations as scoring
from evals.metrics.quotations import (
    METRICS,
    ExtractedQuotation,
    figures,
    judge_speaker,
    markdown_table,
    same_name,
    score,
)
from evals.runs.quotations import extracted
from evals.sets import DEMO, FOLDER
from index.errors import UserError
from index.types import Article
from ui.cli import cli

ROOT = Path(__file__).parents[2]
TEXT = (
    "Mayor Ada Moreno said the bridge would open on Friday. “We are proud of it,” she told the council. "
    "Officials called the price “far too high”. “It is not safe at all,” said Bo Lund of the union."
)


def place(words: str) -> Place:
    start = TEXT.index(words)
    return Place(start, start + len(words), words)


OPENING = GoldQuotation(
    "indirect",
    (place("the bridge would open on Friday"),),
    place("Mayor Ada Moreno"),
    "Ada Moreno",
    place("said"),
)
PROUD = GoldQuotation("direct", (place("We are proud of it,"),), place("she"), "Ada Moreno", place("told"))
PRICE = GoldQuotation("mixed", (place("the price “far too high”"),), place("Officials"), None, place("called"))
UNSAFE = GoldQuotation("direct", (place("It is not safe at all,"),), place("Bo Lund of the union"), "Bo Lund")
GOLD = (OPENING, PROUD, PRICE, UNSAFE)


def article(*gold: GoldQuotation) -> AnnotatedArticle:
    return AnnotatedArticle(Article(TEXT), "council", "other", gold)


def direct(words: str, speaker: str = "", mention: str = "") -> ExtractedQuotation:
    return ExtractedQuotation("direct", (place(words).span,), speaker, place(mention).span if mention else None)


def reported(words: str, speaker: str = "") -> ExtractedQuotation:
    return ExtractedQuotation("indirect", (place(words).span,), speaker)


def values(found: list[ExtractedQuotation], *gold: GoldQuotation) -> dict[str, tuple[float, float]]:
    return score(article(*(gold or GOLD)), found).sums


@pytest.fixture(scope="module")
def annotated():
    return read_quotations()


# The set that ships.


def test_it_holds_the_gum_articles_and_forty_or_more_of_the_demo(annotated):
    groups = Counter(one.group for one in annotated)
    assert groups["gum"] == 24
    assert groups["political"] == groups["other"] >= 20
    assert len({one.name for one in annotated}) == len(annotated)


def test_the_articles_of_the_demo_are_chosen_by_the_rule_in_the_readme(annotated):
    political = re.compile(
        r"\b(?:presidents?|ministers?|parliament\w*|senat\w+|congress\w*|elect(?:ed|ions?)|governors?|mayors?|"
        r"part(?:y|ies)|government|vote[sd]?|bills?|legislat\w+|MPs?|campaign|opposition)\b",
        re.I,
    )
    cues = re.compile(r"\b(?:said|says|told|stated|added|according to)\b", re.I)
    quoted = re.compile(r"[\"“][^\"“”\n]{15,}[\"”]")
    rows = [json.loads(line) for line in DEMO.read_text(encoding="utf-8").splitlines()]
    of: dict[str, list[str]] = {"political": [], "other": []}
    for row in sorted(rows, key=lambda row: hashlib.sha256(row["id"].encode()).hexdigest()):
        speech = len(cues.findall(row["text"])) + len(quoted.findall(row["text"]))
        if row["kind"] == "news" and 200 <= row["words"] <= 450 and speech >= 4:
            of["political" if len(political.findall(row["text"])) >= 6 else "other"].append(row["id"])
    for group, names in of.items():
        chosen = [one.name for one in annotated if one.group == group]
        assert chosen == names[: len(chosen)]


def test_an_article_is_in_the_half_that_its_name_says(annotated):
    for one in annotated:
        odd = hashlib.sha256(one.name.encode()).digest()[0] % 2
        assert one.half == ("reported" if odd else "tuning")
    assert min(Counter(one.half for one in annotated).values()) >= 30


def test_direct_quotations_are_the_words_between_marks_and_mixed_ones_hold_marks(annotated):
    for one in annotated:
        text = one.article.text
        for quotation in one.quotations:
            if quotation.kind == "mixed":
                assert re.search(r"[\"“”]", " ".join(each.text for each in quotation.content)), quotation
            elif quotation.kind == "direct" and not quotation.optional:
                for each in quotation.content:
                    whole = text[: each.start].rsplit("\n\n", 1)[-1]
                    opened = re.search(r"[\"“]\s*$", text[: each.start]) or whole == ""
                    assert opened, (one.name, each.text)
                    assert not re.match(r"[\"“”]|.*[“]", each.text), (one.name, each.text)


def test_a_name_is_made_of_the_articles_own_words(annotated):
    for one in annotated:
        words = set(re.findall(r"\w+", one.article.text + " " + one.article.title))
        for quotation in one.quotations:
            assert set(re.findall(r"\w+", quotation.name or "")) <= words, (one.name, quotation.name)
            assert quotation.content
            assert quotation.name or quotation.source or quotation.optional, (one.name, quotation)


def test_nothing_is_marked_twice_for_one_source(annotated):
    for one in annotated:
        seen = [(quotation.source, quotation.cue, quotation.content[0].span) for quotation in one.quotations]
        assert len(set(seen)) == len(seen), one.name


def test_every_row_of_the_articles_beside_it_has_its_licence_and_address():
    rows = [json.loads(line) for line in (FOLDER / "quotes" / "gum_articles.jsonl").read_text("utf-8").splitlines()]
    attribution = (FOLDER / "quotes" / "ATTRIBUTION.md").read_text(encoding="utf-8")
    for row in rows:
        assert row["licence"] == "CC BY 2.5" and row["url"].startswith("https://en.wikinews.org/")
        assert row["url"] in attribution
    assert "CC BY 4.0" in attribution


# Reading a file.


def write(folder: Path, row: dict[str, object]) -> tuple[Path, list[Path]]:
    articles = folder / "articles.jsonl"
    articles.write_text(json.dumps({"id": "council", "title": "Bridge", "text": TEXT}), encoding="utf-8")
    path = folder / "own.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    return path, [articles]


def test_a_file_is_read_with_its_articles(tmp_path):
    said = {"start": place("We are proud of it,").start, "end": place("We are proud of it,").end}
    quotation = {"kind": "direct", "content": [{**said, "text": "We are proud of it,"}], "name": "Ada Moreno"}
    path, articles = write(tmp_path, {"article": "council", "group": "own", "quotations": [quotation]})
    (one,) = read_quotations(path, articles)
    assert one.article.text == TEXT and one.group == "own"
    assert one.quotations == (GoldQuotation("direct", (place("We are proud of it,"),), name="Ada Moreno"),)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"article": "council", "group": "own"}, "line 1 is no annotated article"),
        ({"article": "other", "group": "own", "quotations": []}, "no article is called 'other'"),
        (
            {
                "article": "council",
                "group": "own",
                "quotations": [{"kind": "direct", "content": [{"start": 0, "end": 5, "text": "Mayer"}]}],
            },
            "council has 'Mayor' at 0-5, not 'Mayer'",
        ),
        ({"article": "council", "group": "own", "quotations": [{"kind": "said", "content": []}]}, "kind"),
    ],
)
def test_a_bad_row_is_named_with_its_line(tmp_path, row, complaint):
    path, articles = write(tmp_path, row)
    with pytest.raises(UserError, match=re.escape(complaint)):
        read_quotations(path, articles)


# The figures, by hand.


def test_everything_right():
    sums = values(
        [
            reported("the bridge would open on Friday", "Ada Moreno"),
            direct("We are proud of it,", "Ada Moreno", "she"),
            ExtractedQuotation("mixed", (place("the price “far too high”").span,), "Officials"),
            direct("It is not safe at all,", "Bo Lund", "Bo Lund"),
        ]
    )
    assert sums == {
        "quotes.found": (2, 2),
        "quotes.precise": (2, 2),
        "quotes.given": (2, 2),
        "quotes.right_mention": (2, 2),
        "quotes.right_person": (2, 2),
        "reported.precision": (2, 2),
        "reported.recall": (2, 2),
        "reported.right": (2, 2),
        "reported.wrong": (0, 2),
        "labels.wrong": (0, 4),
        "labels.unfounded": (0, 4),
    }


def test_a_quotation_without_a_speaker_is_found_but_not_given():
    sums = values([direct("We are proud of it,")])
    assert sums["quotes.found"] == (1, 2)
    assert sums["quotes.given"] == (0, 1)
    assert "quotes.right_person" not in sums and "labels.wrong" not in sums
    assert sums["reported.right"] == (0, 2)


def test_somebody_elses_name_is_a_wrong_label():
    sums = values([direct("We are proud of it,", "Bo Lund", "Officials")])
    assert sums["quotes.right_person"] == sums["quotes.right_mention"] == (0, 1)
    assert sums["labels.wrong"] == (1, 1)


def test_a_description_of_a_person_whom_the_article_names_is_neither_right_nor_wrong():
    sums = values([direct("It is not safe at all,", "the union")])
    assert sums["quotes.right_person"] == (0, 1)
    assert sums["labels.wrong"] == (0, 1)


def test_words_that_nobody_says_are_unfounded_and_imprecise():
    sums = values([direct("on Friday. “We", "Ada Moreno")], UNSAFE)
    assert sums["quotes.precise"] == (0, 1)
    assert sums["labels.unfounded"] == (1, 1)


def test_soft_precision_and_recall_count_shared_words():
    # The statement has six words. Found: four of them, and four words that are not of it.
    sums = values([reported("the bridge would open on Friday. “We are", "Ada Moreno")], OPENING)
    assert sums["reported.precision"] == (6 / 8, 1)
    assert sums["reported.recall"] == (1, 1)
    sums = values([reported("said the bridge", "Ada Moreno")], OPENING)
    assert sums["reported.precision"] == (pytest.approx(2 / 3), 1)
    assert sums["reported.recall"] == (pytest.approx(2 / 6), 1)


def test_a_reported_statement_of_somebody_else_is_wrong():
    sums = values([reported("the bridge would open on Friday", "Bo Lund")])
    assert sums["reported.right"] == (0, 2)
    assert sums["reported.wrong"] == (1, 2)
    assert sums["labels.wrong"] == (1, 1)


def test_what_is_optional_is_neither_missed_nor_wrong():
    doubtful = GoldQuotation("indirect", OPENING.content, OPENING.source, "Ada Moreno", OPENING.cue, optional=True)
    assert values([], doubtful) == {}
    sums = values([reported("the bridge would open on Friday", "Ada Moreno")], doubtful)
    assert "reported.precision" not in sums and "reported.recall" not in sums
    assert sums["labels.unfounded"] == (0, 1)


def test_a_nested_statement_may_be_labelled_with_either_source():
    paper = GoldQuotation("indirect", OPENING.content, place("Officials"), "The Herald")
    sums = values([reported("the bridge would open on Friday", "The Herald")], OPENING, paper)
    assert sums["reported.right"] == (1, 2)
    assert sums["reported.wrong"] == (0, 2)
    assert sums["labels.wrong"] == (0, 1)


@pytest.mark.parametrize(
    ("speaker", "outcome"),
    [
        ("Ada Moreno", "right"),
        ("Moreno", "right"),
        ("the mayor", "as written"),
        ("Bo Lund", "wrong"),
        ("Eva Moreno", "wrong"),
    ],
)
def test_a_speaker_is_judged_by_the_name(speaker, outcome):
    assert judge_speaker(speaker, OPENING) == outcome


@pytest.mark.parametrize(("speaker", "outcome"), [("officials", "right"), ("Officials", "right"), ("Bo Lund", "wrong")])
def test_where_the_article_names_nobody_its_own_words_are_right(speaker, outcome):
    assert judge_speaker(speaker, PRICE) == outcome


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Barack Obama", "Mr. Obama", True),
        ("Syrian Democratic Forces", "SDF", True),
        ("Taiwan's Constitutional Court", "the Constitutional Court", True),
        ("Tima Kurdi", "Abdullah Kurdi", False),
        ("the", "the", False),
    ],
)
def test_names_are_one_persons_where_one_holds_the_other(one, other, same):
    assert same_name(one, other) is same


def test_a_figure_is_a_ratio_of_sums_with_an_interval_over_articles():
    half = [score(article(UNSAFE), [direct("It is not safe at all,")])]
    none = [score(article(PROUD, UNSAFE), [])]
    by_name = {one.metric.name: one for one in figures(half + none)}
    assert by_name["quotes.found"].value == pytest.approx(1 / 3)
    assert (by_name["quotes.found"].low, by_name["quotes.found"].high, by_name["quotes.found"].count) == (0, 1, 3)
    assert by_name["reported.f1"].value is None and str(by_name["reported.f1"]) == "not measured"


def test_f1_is_of_the_sums_of_all_articles():
    whole = score(article(OPENING), [reported("the bridge would open on Friday", "Ada Moreno")])
    missed = score(article(OPENING), [])
    by_name = {one.metric.name: one.value for one in figures([whole, missed])}
    assert (by_name["reported.precision"], by_name["reported.recall"]) == (1, 0.5)
    assert by_name["reported.f1"] == pytest.approx(2 / 3)


def test_errors_say_what_was_expected_and_found():
    (error,) = (
        e for e in score(article(PROUD), [direct("We are proud of it,", "Bo Lund")]).errors if e.what == "wrong label"
    )
    assert str(error) == "council: wrong label: expected 'Ada Moreno', found 'Bo Lund'\n  We are proud of it,"


# What the program says, and the command.


def test_the_programs_own_quotations_have_their_kind_and_content():
    found = {TEXT[slice(*one.content[0])]: one for one in extracted(Article(TEXT))}
    assert found["We are proud of it,"].speaker == "Ada Moreno"
    assert found["It is not safe at all,"].speaker == "Bo Lund"
    assert [one.kind for one in found.values()] == ["direct", "mixed", "direct", "indirect"]
    (statement,) = (one for one in found.values() if one.kind == "indirect")
    assert TEXT[slice(*statement.content[0])].strip() == "the bridge would open on Friday."


def test_a_speaker_between_commas_has_words_on_both_sides():
    text = "Fifty gallons of fuel, officials said, caught fire on the road at once."
    (one,) = extracted(Article(text))
    assert [text[start:end].strip(" ,.") for start, end in one.content] == [
        "Fifty gallons of fuel",
        "caught fire on the road at once",
    ]


def test_every_sentence_of_a_long_article_is_read():
    text = "\n\n".join(f"“The {n} houses are safe,” Ada Moreno said on Friday." for n in range(1000))
    assert len(extracted(Article(text))) == 1000


def run(*arguments: str):
    return CliRunner().invoke(cli, ["eval", "quotes", *arguments])


def test_the_command_prints_every_figure_and_meets_a_bar(annotated):
    result = run("--half", "tuning", "--require", "quotes.found>=0.9")
    assert result.exit_code == 0, result.output
    for metric in METRICS:
        assert re.search(rf"^{re.escape(metric.name)} .*{re.escape(metric.meaning)}$", result.output, re.M)
    tuning = sum(one.half == "tuning" for one in annotated)
    assert f"{tuning} articles, the tuning half" in result.output
    assert "Met: quotes.found >= 0.9" in result.output


def test_an_unmet_bar_exits_with_1():
    result = run("--group", "other", "--require", "quotes.given>=1.1")
    assert result.exit_code == 1
    assert "Unmet: quotes.given>=1.1" in result.output


def test_json_holds_the_figures_and_out_the_errors_too(tmp_path):
    out = tmp_path / "figures.json"
    result = run("--group", "gum", "--json", "--out", str(out))
    printed, written = json.loads(result.output), json.loads(out.read_text(encoding="utf-8"))
    assert printed["articles"] == 24
    assert set(printed["figures"]) == {metric.name for metric in METRICS}
    assert "errors" not in printed
    assert written["figures"] == printed["figures"]
    assert {"article", "what", "text", "expected", "found"} == set(written["errors"][0])


def test_list_shows_each_error_with_its_words():
    result = run("--group", "gum", "--list")
    assert re.search(
        r"^gum-\w+: (?:no speaker|statement without its speaker): expected '.+', found nobody\n  \S",
        result.output,
        re.M,
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--group", "sport"], "No article of the group 'sport'"),
        (["--require", "quotes.lost>=1"], "No figure 'quotes.lost'"),
        (["none.jsonl"], "No annotated articles at 'none.jsonl'"),
    ],
)
def test_what_is_not_there_is_said(arguments, complaint):
    result = run(*arguments)
    assert result.exit_code == 1
    assert complaint in result.output


def test_the_documentation_lists_every_figure():
    text = (ROOT / "evals" / "METRICS.md").read_text(encoding="utf-8")
    assert markdown_table() in text, f"Put this into evals/METRICS.md:\n{markdown_table()}"


def test_the_set_is_where_the_command_looks():
    assert ANNOTATIONS.is_file()
    assert scoring.METRICS[0].name == "quotes.found"
