"""Questions made from a library's own sentences by rules, for a person to edit; none is fit to use unread.

The rules only turn sentences whose grammar they can invert safely (a subject, was or were, a participle; a
number and what it counts; "because"; a name with its role), so they find few questions and mostly sound ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from evals.datasets.cases import Case, GoldSentence
from index.split import sentences
from index.text.lexicon import COUNTS, MONTHS, SENTENCE_OPENERS, capitalised, either
from index.types import Article

TAG = "suggested"
PER_ARTICLE = 3

_NAME = r"(?:[A-Z][\w'’.-]+ ){1,3}[A-Z][\w'’-]+"
_NUMBER = rf"(?:\d[\d,.]*(?: (?:million|billion))?|{either(COUNTS)}|dozens)"
_MONTH = either(capitalised(MONTHS))
_DAY = rf"(?:{_MONTH} \d{{1,2}}(?:, \d{{4}})?|\d{{1,2}} {_MONTH}(?: \d{{4}})?)"
_DATE = rf"(?:{_DAY}|{_MONTH}(?: \d{{4}})?|(?:19|20)\d\d)"
_SUBJECT = r"(?:The|A|An|[A-Z][\w'’-]+)(?: [\w'’.-]+){0,7}?"
_PLAIN = r"[^.,;:“”\"()]"
_OFFICE = r"(?:president|director|chief|head|spokes\w+|professor|leader|chairman|chair|secretary|minister)"
# takes "He said so." and "At noon it rained."; not "At least nine were hurt."
_NOT_ALONE = re.compile(rf"^(?:{either(capitalised(SENTENCE_OPENERS))}|At(?! least)|Though|Because|Neither)\b")
"""A sentence that begins so is about something before it, or has no subject in front."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern over one sentence, and the (question, answer) its match gives."""

    name: str
    pattern: re.Pattern[str]
    make: Callable[[re.Match[str]], tuple[str, str]]


def _lower(subject: str) -> str:
    """The subject as it stands inside a sentence, its article in lower case."""
    # takes "The" of "The old bridge"; not "Theresa"
    return re.sub(r"^(The|A|An)\b", lambda word: word[0].lower(), subject)


RULES = (
    Rule(
        "number",
        # takes "At least nine people were hurt in the fire."; not "Nine of the people were hurt."
        re.compile(
            rf"^(?:At least |About |Around |More than |Nearly |Some |Up to )?(?P<n>{_NUMBER}) "
            rf"(?P<noun>(?!of |other |thousand )(?:[a-z-]+ ){{0,2}}[a-z-]+s|people) "
            rf"(?P<verb>were|are|have|had) (?P<rest>{_PLAIN}{{8,90}})[.,]",
            re.I,
        ),
        lambda m: (f"How many {m['noun']} {m['verb']} {m['rest'].strip()}?", m["n"]),
    ),
    Rule(
        "when",
        # takes "The old bridge was built in 1932."; not "The bridge was closed in anger."
        re.compile(
            rf"^(?P<s>{_SUBJECT}) (?P<verb>was|were) (?P<done>[a-z]+(?:ed|en|n|t))"
            rf"(?P<rest>{_PLAIN}{{0,60}}?) (?:on|in) (?P<date>{_DATE})[.,]"
        ),
        lambda m: (f"When {m['verb']} {_lower(m['s'])} {m['done']}{m['rest']}?", m["date"]),
    ),
    Rule(
        "reason",
        # takes "The bridge was closed because its piers had cracked."; not "Because of rain the bridge was closed."
        re.compile(
            rf"^(?P<s>{_SUBJECT}) (?P<verb>was|were|is|are) (?P<rest>{_PLAIN}{{6,80}}) "
            rf"because (?P<why>{_PLAIN}{{8,120}})\."
        ),
        lambda m: (f"Why {m['verb']} {_lower(m['s'])} {m['rest']}?", m["why"]),
    ),
    Rule(
        "role",
        # takes "Ada Moreno, the mayor of Leon, said"; not "Moreno, who is the mayor, said"
        re.compile(
            rf"(?<![\w.]) ?(?P<name>{_NAME}), "
            rf"(?P<role>the [a-z]{_PLAIN}{{8,70}}|{_OFFICE} {_PLAIN}{{4,70}}), (?:said|told|has|was|is)\b"
        ),
        lambda m: (f"Who is {m['role'] if m['role'].startswith('the ') else 'the ' + m['role']}?", m["name"]),
    ),
    Rule(
        "who-said-what",
        # takes '"There is nothing left to cut from the budget," said Ada Moreno'; not '"Yes," said Ada Moreno'
        re.compile(
            r"[“\"](?P<quote>[^“”\"]{30,260})[,.?!]?[”\"],? "
            rf"(?:(?:said|says) (?P<name>{_NAME})\b|(?P<before>{_NAME}) (?:said|says|told)\b)"
        ),
        lambda m: (f"What did {m['name'] or m['before']} say", m["quote"].rstrip(",")),
    ),
)


def suggest(articles: Iterable[Article], limit: int = 50) -> Iterator[Case]:
    """Up to `limit` questions, at most three an article, each with its sentence and answer."""
    count = 0
    for article in articles:
        questions: dict[str, Case] = {}
        kinds: set[str] = set()
        for case in _of(article):
            if case.question not in questions and case.tags[1] not in kinds:
                kinds.add(case.tags[1])
                questions[case.question] = case
        for case in list(questions.values())[:PER_ARTICLE]:
            if count >= limit:
                return
            count += 1
            yield case


def _of(article: Article) -> Iterator[Case]:
    path, _, row = article.location.partition("#")
    reference = article.url or row or PurePath(path).name or article.id
    for number, (start, end) in enumerate(sentences(article.text)):
        sentence = article.text[start:end]
        if "\n" in sentence or _NOT_ALONE.match(sentence):
            continue
        for rule in RULES:
            if not (match := rule.pattern.search(sentence)):
                continue
            question, answer = rule.make(match)
            if rule.name == "who-said-what":
                question += f" about “{article.name}”?" if article.title else "?"
            yield Case(
                id=f"suggested-{article.id}-{number}",
                question=question[0].upper() + question[1:],
                answers=(answer,),
                gold_articles=(reference,),
                gold_sentences=(GoldSentence(reference, sentence, start, end),),
                tags=(TAG, f"rule:{rule.name}"),
            )
            break
