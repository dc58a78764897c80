"""Who says what, on made-up news and on the seeds."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.quotes.attribution import STRETCH, Attribution, attributions, attributions_near
from index.quotes.quotation_marks import quoted_spans
from index.split import sentences
from index.text.names import find_names, plain_name
from index.types import Article

SEEDS = sorted((Path(__file__).parents[2] / "seeds").glob("*.txt"))


def read(text: str) -> list[tuple[str, bool, str]]:
    return [(found.speaker, found.direct, found.how) for found in attributions(text, sentences(text))]


def speakers(text: str) -> list[str]:
    return [found.speaker for found in attributions(text, sentences(text))]


@pytest.mark.parametrize(
    ("sentence", "speaker", "how"),
    [
        ("“The ferry will not sail today,” Mayor Ana Ruiz said.", "Ana Ruiz", "name"),
        ("“The ferry will not sail today,” said Rep. Henry Okafor, D-Texas, whose district has a port.",
         "Henry Okafor", "name"),
        ("“The ferry will not sail today,” Sen. Mark Lee, D-Ariz., who visited in May, told reporters.",
         "Mark Lee", "name"),
        ("Sen. J.D Vale of Ohio told reporters “the ferry will not sail today.”", "J.D Vale", "name"),
        ('"The ferry will not sail," port director Liz Moran-Hill told a paper.', "Liz Moran-Hill", "name"),
        ("The ferry “will not sail before Friday,” according to Ana Ruiz.", "Ana Ruiz", "name"),
        ("“The ferry will not sail today,” said a source familiar with the matter.",
         "a source familiar with the matter", "description"),
        ("“The ferry will not sail today,” a port official said.", "a port official", "description"),
        ("“The ferry will not sail today,” police said.", "police", "description"),
        ("“The ferry will not sail today,” said the port's director, Ana Ruiz.", "Ana Ruiz", "name"),
        ("‘The ferry will not sail today,’ Ana Ruiz said.", "Ana Ruiz", "name"),
    ],
)  # fmt: skip
def test_direct_speech(sentence, speaker, how):
    assert read(sentence) == [(speaker, True, how)]


@pytest.mark.parametrize(
    ("sentence", "speaker"),
    [
        ("Ana Ruiz told reporters that the ferry would not sail.", "Ana Ruiz"),
        ("Ana Ruiz said in remarks on Monday that the ferry would not sail.", "Ana Ruiz"),
        ("Sen. Ana Ruiz, R-S.C., on Thursday argued it was time to sail.", "Ana Ruiz"),
        ("The ferry will not sail, the harbour master said.", "the harbour master"),
        ("According to Ana Ruiz, the ferry will not sail.", "Ana Ruiz"),
    ],
)
def test_reported_speech(sentence, speaker):
    (found,) = attributions(sentence, sentences(sentence))
    assert found.speaker == speaker
    assert found.reported and not found.direct


@pytest.mark.parametrize(
    "sentence",
    [
        "“The ferry will not sail today,” read a statement.",
        "“The ferry will not sail today,” the report said.",
        "After meeting Tom Banks and Ana Ruiz said little, the ferry left.",
        "Ana Ruiz said “the ferry has left,” but Tom Banks said “it never did leave port.”",
        "Ana Ruiz declared war on rust.",
        "The poster, “the pier is closed for good,” stood after Ana Ruiz told her friends.",
        "The way people said it, “the pier is closed for good.”",
        "“The ferry will not sail today.”",
        "According to Ruiz's critics, the ferry is rusty.",
        "A lawyer for Ana Ruiz, Tom Banks’ sister, whom he had told, left.",
        "The highest rate noted by Ana Ruiz was in May.",
        "She said the ferry would not sail.",
    ],
)
def test_unknown_rather_than_wrong(sentence):
    assert speakers(sentence) == [""]


def test_short_names_are_the_fullest_given_before():
    text = "Ruiz was late. Ana Ruiz, the mayor, spoke. “We will rebuild the pier,” Ruiz said."
    assert speakers(text) == ["", "", "Ana Ruiz"]


def test_a_surname_two_people_share_stays_short():
    text = "Ana Ruiz met Tom Ruiz. “We will rebuild the pier,” Ruiz said."
    assert speakers(text)[-1] == "Ruiz"


def test_he_is_the_speaker_of_the_paragraph_before():
    text = 'Tom Banks told reporters that the pier was safe.\n\n"We have looked at every plank," he said.'
    assert read(text) == [("Tom Banks", False, "name"), ("Tom Banks", True, "pronoun")]


@pytest.mark.parametrize(
    "before",
    [
        "Tom Banks met Ana Ruiz on the pier.",
        "The pier was rebuilt with money from Tom Banks.",
        "Mrs. Banks walked the pier.",
        "The Harbour Commission met on Monday.",
        "Tom Banks told reporters that the pier was safe.\n\nWork went on.\n\nIt rained.",
    ],
)
def test_he_is_nobody_when_it_could_be_another(before):
    assert speakers(f"{before}\n\n“We have looked at every plank,” he said.")[-1] == ""


def test_a_quotation_over_several_sentences_has_one_speaker():
    text = "“We looked at every plank. We found rust. We will replace it,” Tom Banks said. It rained."
    cuts = [0, text.index("We found"), text.index("We will"), text.index("It rained"), len(text)]
    spans = list(pairwise(cuts))
    assert [found.speaker for found in attributions(text, spans)] == ["Tom Banks"] * 3 + [""]
    assert [found.how for found in attributions(text, spans)] == ["continued", "continued", "name", ""]


def test_a_sentence_wholly_quoted_continues_the_speaker_of_its_paragraph():
    text = "“We looked at every plank,” Tom Banks said. “We found rust.”\n\n“Nobody told the fishermen.”"
    assert speakers(text) == ["Tom Banks", "Tom Banks", ""]


def test_a_quotation_left_open_goes_on_in_the_next_paragraph():
    text = "“We looked at every plank,” Tom Banks said. “We found rust.\n\n“We will replace it by May.”\n\nIt rained."
    assert speakers(text) == ["Tom Banks"] * 3 + [""]


def test_an_opening_left_without_its_closing_mark_is_not_spread():
    text = "Tom Banks said: “We looked at every plank. The council met. It rained.\n\nThe pier is old."
    assert speakers(text)[-1] == ""


def test_place_is_where_the_text_names_the_speaker():
    text = "Ana Ruiz spoke. “We will rebuild the pier,” Ruiz said."
    found = attributions(text, sentences(text))[-1]
    assert found.place is not None
    assert text[slice(*found.place)] == "Ruiz"


def seed(words: str) -> Attribution:
    for path in SEEDS:
        text = path.read_text(encoding="utf-8")
        for span, found in zip(spans := sentences(text), attributions(text, spans), strict=True):
            if words in text[slice(*span)]:
                return found
    raise AssertionError(words)


@pytest.mark.parametrize(
    ("words", "speaker"),
    [
        ("We've got a narrow majority", "James Lankford"),
        ("dead serious about solving", "John Thune"),
        ("He is responsible for this situation", "Lindsey Graham"),
        ("Border Patrol cannot do this job", "Mark Kelly"),
        ("The president can still turn this around", "Henry Cuellar"),
        ("They are back at the table", "a Democratic source"),
        ("a rush to legislation in response", "the source"),
        ("A strong bipartisan majority", "Karine Jean-Pierre"),
        ("asylum system is being overwhelmed", "Dick Durbin"),
    ],
)
def test_the_seeds(words, speaker):
    found = seed(words)
    assert (found.speaker, found.direct) == (speaker, True)


@given(st.text(alphabet="“”\"‘’' .,\nabAB said he told Ruiz:", max_size=300))
def test_any_text_gets_one_attribution_a_sentence(text):
    spans = sentences(text)
    found = attributions(text, spans)
    assert len(found) == len(spans)
    for quote in quoted_spans(text):
        assert 0 <= quote.start < quote.words_start <= quote.words_end <= quote.end <= len(text)
    for name in find_names(text):
        assert text[name.start : name.end] == name.text


def test_long_lines_take_no_quadratic_work():
    def calls(n: int) -> int:
        """Functions called, of Python's and of ours, to attribute a line of `n` quotations."""
        text = "“It is so,” Ana Ruiz and the Harbour of Rome said to Tom Banks. " * n
        spans = sentences(text)
        count = 0

        def profile(_frame, event, _argument):
            nonlocal count
            count += event in ("call", "c_call")

        sys.setprofile(profile)
        try:
            attributions(text, spans)
        finally:
            sys.setprofile(None)
        return count

    calls(20)
    assert calls(400) < 12 * calls(40)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Senate Majority Leader Chuck Schumer", "Chuck Schumer"),
        ("President Joe Biden", "Joe Biden"),
        ("Secretary of State Antony Blinken", "Antony Blinken"),
        ("Attorney General Merrick Garland", "Merrick Garland"),
        ("Senate Republican John Thune", "John Thune"),
        ("Justice Department", "Justice Department"),
        ("General Motors", "General Motors"),
        ("House of Commons Library", "House of Commons Library"),
        ("White House", "White House"),
    ],
)
def test_plain_name(name, plain):
    assert plain_name(name) == plain


def test_a_long_article_is_read_in_stretches_with_the_same_offsets():
    filler = "\n\n".join(f"The committee met for hour number {number} and adjourned." for number in range(900))
    text = f'{filler}\n\nSenator Ann Reed spoke last.\n\n"We will not vote on this today," she said.\n\n{filler}'
    assert len(text) > 5 * STRETCH
    at = text.index('"We will not')
    article = Article(text=text)
    said = attributions_near(article, at)
    ((start, end),) = [span for span in said if span[0] == at]
    assert text[start:end] == '"We will not vote on this today," she said.'
    found = said[start, end]
    assert found.speaker == "Ann Reed"
    assert found.place and text[slice(*found.place)] == "she"
    assert len(said) < 600


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        # Marks.
        ("``The ferry will not sail today,'' Ana Ruiz said.", "Ana Ruiz"),
        ("''The ferry will not sail today,'' Ana Ruiz said.", "Ana Ruiz"),
        # A title before the name, a bracket or where somebody is from behind it.
        ("“We need a new way of doing this,” Mr. Obama said.", "Obama"),
        ("“We need a new way of doing this,” Kasich (R-OH), said.", "Kasich"),
        ("Regina Ip from the pro-Beijing camp said in a press conference: \"The behavior of my colleagues in "
         "disrupting the delivery of the policy address by the chief executive is anti-democratic.\"", "Regina Ip"),
        ("Dr. Steven Wolf at Saint Francis said, \"We received a mass casualty alert following the plane crash.\"",
         "Steven Wolf"),
        ("Assembly president Richard Ferrand in relaying the news to parliament said, \"Jacques Chirac is part of the "
         "history of France\".", "Richard Ferrand"),
        ("\"This announcement cannot change the fact that they suppress protests,\" Hong Kong director of Amnesty "
         "International Man-kei Tam said in a statement.", "Man-kei Tam"),
        ("The mayor of London, Sadiq Khan, tweeted, \"Here in London, thousands of people march.\"", "Sadiq Khan"),
        # "Jolly" is a name, no adverb.
        ("“We need a new way of doing this,” Jolly said.", "Jolly"),
        # More verbs.
        ("“We need a new way of doing this,” Ana Ruiz demanded.", "Ana Ruiz"),
        ("Ana Ruiz scolded: “We need a new way of doing this.”", "Ana Ruiz"),
        ("Dittmar went on to add, \"If we want to see parity, we need to increase the number of women.\"", "Dittmar"),
        # A signature.
        ("\"So far, it's the Internet: 1, Scientology: 0. But it's a long game.\" - Matthew Ingram", "Matthew Ingram"),
        ("“So far it is a long game.” ― Ana Ruiz, mayor of Springfield", "Ana Ruiz"),
        # What is said goes on with the sentence's subject.
        ("President Donald Trump congratulated Pelosi, saying, \"hopefully we're going to have a lot of things that we "
         "can get done together.\"", "Donald Trump"),
        ("Trump took to social media, posting at 12:54 am local time (0454 UTC) on Twitter, \"Tonight, [Melania] and I "
         "tested positive for COVID-19.\"", "Trump"),
        ("It quoted critics, with Boswell stating: \"People fleeing desperate circumstances clearly need this "
         "government to make quicker decisions.\"", "Boswell"),
        ("Politico quoted Tim Manning, formerly a deputy administrator at FEMA, as saying \"FEMA has an important role "
         "in coordinating the larger response to the crisis\".", "Tim Manning"),
        # After a colon.
        ("Legislator Ana Chan spoke to the press after the speech: \"I really urge her to step down.\"",
         "Legislator Ana Chan"),
        ("Trump's statement read: \"Hamza bin Ladin was killed in a United States counterterrorism operation.\"",
         "Trump"),
        ("\"While historical restrictions on women may have justified past discrimination,\" reads Judge Miller's "
         "statement.", "Miller"),
        # Two subjects, or one of two verbs.
        ("A woman asked for a photo and Clinton said, “Come over here, we will do it.”", "Clinton"),
        ("Erdoğan cited Article 5 of the NATO treaty and said, \"They need to stand by us\".", "Erdoğan"),
        ("The bill was drafted by Alex Greenwich who said on the parliament floor, \"It follows decades of work from "
         "women's rights campaigners\".", "Alex Greenwich"),
        ("The research was led by Mark Hay, a marine ecologist at GT, who said \"There is a lot of argument now\".",
         "Mark Hay"),
        ("According to Rutgers University political scholar Kelly Dittmar, \"Women hold fewer than 30 percent of state "
         "legislative seats across the country.\"", "Kelly Dittmar"),
        ("A spokesperson, Morgan Ortagus, indicated the United States was disappointed by the Parliament's decision: "
         "\"While we await further clarification on the impact,\" he said, \"we strongly urge Iraqi leaders to "
         "reconsider\".", "Morgan Ortagus"),
    ],
)  # fmt: skip
def test_direct_speech_in_the_news(text, speaker):
    ((found, direct, _),) = read(text)
    assert (found, direct) == (speaker, True)


@pytest.mark.parametrize(
    "text",
    [
        # Not its first name: "it" is the subject, or an institution, a paper, another's words.
        "It also credited Leonov with making the spacewalk possible, noting on Twitter \"[h]is venture into space "
        "began an era\".",
        "The Biden campaign recycled a statement it first put out in July: \"The American people will decide this "
        "election.\"",
        "A tweet sent from Biden's account during the debate repeated his commitment, saying \"My running mate will "
        "be a woman\".",
        "Smith shared that prior to his win, Denzel Washington shared some wisdom with him: \"At your highest moment "
        "be careful.\"",
        "The palace issued the following statement from the king: \"Even though she relinquished her title according "
        "to royal laws she still retains her status.\"",
        "Longtime Imus in the Morning writer and performer Rob Bartlett tweeted: \"He was a rebel to the end.\"",
        "\"Sensitive government document found on rainy Ottawa street\" — Toronto Star, August 15, 2008",
        "“We will sail tomorrow” — the words of the year — Ana Ruiz heard.",
    ],
)  # fmt: skip
def test_the_first_name_of_a_sentence_is_not_always_its_speaker(text):
    assert speakers(text) == [""]


def test_a_longer_form_of_a_name_is_no_other_phrase():
    text = (
        "NBC News also called Nevada for Biden.\n\nBiden said in a statement, “I am honored and humbled by the trust.”"
    )
    assert speakers(text)[-1] == "Biden"


def test_somebody_who_speaks_for_another_is_one_person():
    text = "Lydia Buchtmann for Food Standards Australia, said the rules are being looked at. She said it takes time."
    assert "Food" not in speakers(text)[-1]
    text = (
        "The US Centers for Disease Control is watching it, said its director, Dr. Rochelle Walensky. “There is no "
        "evidence yet,” she said."
    )
    assert speakers(text)[-1] == "Rochelle Walensky"


def test_a_paragraph_that_is_one_long_quotation_goes_on_with_the_speaker_before():
    long = "“These girls will be proving to the world and the nation that nothing will prevent us from being equal.”"
    text = f"“Years ago, this would not have been possible at all,” said Ambassador Mohib.\n\n{long}"
    assert speakers(text) == ["Mohib", "Mohib"]
    assert speakers(f"{text}\n\n{long}")[-1] == ""
    assert speakers(f"The ambassador came from Kabul.\n\n{long}")[-1] == ""


def test_as_somebody_told_a_paper_reports_what_follows():
    text = "As Heald told The Huffington Post, US surface ozone has dropped partly due to the Clean Air Act."
    assert read(text) == [("Heald", False, "name")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("He said ''it is over'' twice.", ["it is over"]),
        ("He said ``it is over'' and ``never again''.", ["it is over", "never again"]),
        ("He said ‘‘it is over’’ twice.", ["it is over"]),
        ("The boys' and girls' choirs sang ''ours'' and \"theirs\".", ["ours", "theirs"]),
        ("A row of ''' marks is none.", []),
    ],
)
def test_doubled_marks_are_marks(text, words):
    assert [text[one.words_start : one.words_end] for one in quoted_spans(text)] == words
