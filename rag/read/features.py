"""The reader that needs no trained weights: scores each sentence by words, place, names and answer type.

Knows nothing of storage or of how the answer is shown. Its weights were fitted on the tuning halves of the
question sets that ship: `python -m evals.lab.fit_readers`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

from index.engines.fusion import freshness
from index.quotes.attribution import Attribution, spoken
from index.text.lexicon import ASKING_WORDS, COUNTS, MONTHS, WEEKDAYS, either
from index.text.names import find_names, shares_surname
from index.text.numbers import find_figures
from index.text.tokens import content, stem
from index.types import Hit, Span
from rag.types import AnswerType, Candidate, Query, Reading

_NUMBER = re.compile(
    rf"\d|\b(?:{either(COUNTS)}|dozens?|hundreds?|thousands?|"
    r"millions?|billions?|half|third|quarter|twice|percent)\b",
    re.I,
)
_DAY = re.compile(
    rf"\b(?:1[6-9]|20)\d\d\b|\b{either(MONTHS, WEEKDAYS, ('yesterday', 'today', 'tomorrow'))}\b",
    re.I,
)
_PLACE = re.compile(r"\b(?:in|at|from|near|to|of)\s+(?:the\s+)?[A-Z]")
_REASON = re.compile(
    r"\b(?:because|due to|since|so that|in order to|as a result|after|amid|over|caused|led to|citing|"
    r"in response|reason|therefore|to (?:avoid|prevent|protect|allow|make|help|keep))\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of one sentence as an answer; each in about [0, 1]."""

    words: float
    """Share of the question's content words (by rarity among the candidates) in the sentence."""
    window: float
    """The same, counting the sentence before and the title too."""
    hit: float
    """The passage's retrieval score, relative to the best."""
    kind: float
    """1 when the sentence holds something of the wanted answer type that the question does not name."""
    speaker: float
    """1 when the wanted speaker says it, 0.5 when the sentence names the speaker."""
    lead: float
    """1 for the first sentence of an article, falling to 0 at the tenth."""
    brief: float
    """1 for a sentence too short to answer."""
    quoted: float
    """1 when it holds a quotation and a quotation is wanted."""


WEIGHTS = Features(words=4.0, window=2.5, hit=5.5, kind=1.7, speaker=2.7, lead=0.3, brief=-1.0, quoted=0.25)


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for an answer being there at all, in the best sentence found; the first four in [0, 1]."""

    window: float
    """As in `Features`."""
    named: float
    """Share of the question's names that stand in the passage or its title; 1 where it has none."""
    numbered: float
    """Share of the question's figures that stand there or in the publication date; 1 where it has none."""
    cosine: float
    """The highest cosine between the question's vector and a passage's."""
    words: float
    """Logarithm of the passage's BM25 score over `ORDINARY`; 0 below it, as in every library of few articles."""
    stale: float
    """How far from new its article is where new ones are wanted, 1 - exp(-age / 14 days); 0 where they are not."""
    unsaid: float
    """How far it is from being the words of the one whose words are asked for, by name: 1 - `Features.speaker`."""
    span: float = 0.0
    relevance: float = 0.0
    """The trained reader's logits for the sentence; 0 where it did not read."""
    agreed: float = 0.0
    """How many other articles it finds to give the same short answer, at most 3."""


ORDINARY = 10.0
"""A BM25 score that says nothing yet."""

SIGNS = Signs(window=1.9, named=1.62, numbered=0.48, cosine=2.53, words=0.89, stale=-1.5, unsaid=-1.0)
BIAS = -4.29
"""What the signs weigh in the confidence, a logistic function of their sum; `stale` and `unsaid` where questions held
out of training were fitted too, for the sets that ship hardly ever ask for what is new."""

REFUSAL = 0.393
"""Where one in ten answerable questions of the tuning halves is refused."""

NOTHING = Reading((), 0.0, False, "Nothing in these articles shares a word with the question.")

Row = tuple[Hit, Span, Features]
Known = TypeVar("Known", Features, Signs)


class RuleReader:
    """Ranks the sentences of the hits by a weighted sum of `Features`."""

    name = "rules"

    def read(self, query: Query, hits: Sequence[Hit]) -> Reading:
        rows = describe(query, hits)
        if not rows:
            return NOTHING
        scored = [Candidate(hit, span, total(WEIGHTS, features)) for hit, span, features in rows]
        order = sorted(range(len(scored)), key=lambda index: -scored[index].score)
        sure = logistic(BIAS + total(SIGNS, sign(query, rows[order[0]], hits)))
        return Reading(tuple(scored[index] for index in order), sure, sure >= REFUSAL)


def total(weights: Known, values: Known) -> float:
    """The weighted sum of the values."""
    return sum(getattr(weights, field.name) * getattr(values, field.name) for field in fields(weights))


def logistic(value: float) -> float:
    """A probability from log-odds."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


def describe(query: Query, hits: Sequence[Hit]) -> list[Row]:
    """The features of every sentence of the hits, in the hits' order; a sentence of two hits counts once."""
    asked = about(query)
    rows: list[tuple[Hit, Span, list[str], list[str]]] = []
    seen: set[tuple[str, str, Span]] = set()
    for hit in hits:
        title = content(hit.article.title)
        before: list[str] = []
        for span, text in hit.sentences():
            words = content(text)
            key = (hit.passage.article_id, hit.passage.revision, span)
            if key not in seen and not _repeats(query, text, words):
                seen.add(key)
                rows.append((hit, span, words, before + title))
            before = words
    rarity = _rarity(asked, [words for _, _, words, _ in rows])
    total = sum(rarity.values()) or 1.0
    top = max((hit.score for hit in hits), default=0.0) or 1.0
    speech = _speech(query, hits)
    described = []
    for hit, span, words, context in rows:
        text = hit.article.text[span[0] : span[1]]
        own = set(words)
        attribution = speech.get((hit.passage.article_id, hit.passage.revision, span))
        described.append(
            (
                hit,
                span,
                Features(
                    words=sum(value for word, value in rarity.items() if word in own) / total,
                    window=sum(value for word, value in rarity.items() if word in own or word in context) / total,
                    hit=hit.score / top,
                    kind=float(holds_kind(query.answer_type, text, asked)),
                    speaker=_spoken_by(query.speaker, text, attribution),
                    lead=max(0.0, 1 - len(hit.article.text[: span[0]]) / 1500),
                    brief=float(len(words) < 3),
                    quoted=float(query.answer_type == "quotation" and bool(attribution and attribution.direct)),
                ),
            )
        )
    return described


def _repeats(query: Query, text: str, words: Sequence[str]) -> bool:
    """Whether a sentence only asks what the query asks, as in quizzes and lists of questions."""
    return text.rstrip("\"'”’) ").endswith("?") and bool(words) and set(words) <= set(content(query.text))


_ASKING = {stem(word) for word in ASKING_WORDS}


def about(query: Query) -> list[str]:
    """The stems an answer should be about: not the words that ask, nor those already understood as a filter."""
    understood = " ".join(chip.phrase for chip in query.interpretations if chip.kind != "follow-up")
    known = _ASKING | set(content(understood))
    words = [word for word in content(query.text) if word not in known]
    speaker = set(content(query.speaker))
    return [word for word in words if word not in speaker] or words or content(query.text)


def _rarity(asked: Sequence[str], sentences: Sequence[Sequence[str]]) -> dict[str, float]:
    """Inverse document frequency of the question's words among the candidates (Sparck Jones 1972)."""
    counts = Counter(word for words in sentences for word in set(words))
    return {word: math.log(1 + (len(sentences) + 1) / (counts[word] + 0.5)) for word in asked}


def _speech(query: Query, hits: Sequence[Hit]) -> dict[tuple[str, str, Span], Attribution]:
    """Who says each sentence of the hits; empty when nobody's words are asked for."""
    if not query.speaker and query.answer_type != "quotation":
        return {}
    found: dict[tuple[str, str, Span], Attribution] = {}
    for hit in hits:
        for span, _ in hit.sentences():
            if said := spoken(hit.article, span[0]).get(span):
                found[hit.passage.article_id, hit.passage.revision, span] = said
    return found


def holds_kind(kind: AnswerType, text: str, asked: Sequence[str]) -> bool:
    """Whether a text holds something of that kind which the question has not named itself."""
    known = set(asked)
    if kind == "person":
        return any(not set(content(name.text)) <= known for name in find_names(text))
    if kind == "number":
        return any(stem(match.group().lower()) not in known for match in _NUMBER.finditer(text))
    if kind == "date":
        return _DAY.search(text) is not None
    if kind == "place":
        return _PLACE.search(text) is not None
    if kind == "reason":
        return _REASON.search(text) is not None
    if kind == "quotation":
        return any(mark in text for mark in '"“”')
    return any(not set(content(name.text)) <= known for name in find_names(text))


def _spoken_by(speaker: str, text: str, attribution: Attribution | None) -> float:
    if not speaker:
        return 0.0
    if attribution and attribution.speaker and shares_surname(speaker, attribution.speaker):
        return 1.0
    return 0.5 if speaker.lower() in text.lower() else 0.0


def sign(query: Query, row: Row, hits: Sequence[Hit]) -> Signs:
    """The signs that a question's best sentence, one of `describe`'s rows, answers it."""
    hit, _, features = row
    names = [words for name in find_names(query.text) if (words := set(content(name.text)))]
    around = f"{hit.article.title} {hit.text} {hit.article.published or ''}"
    known = set(content(around))
    figures = _figures(query.text)
    wanted_new = query.recency >= 1 and hit.article.published is not None
    return Signs(
        window=features.window,
        named=sum(name <= known for name in names) / len(names) if names else 1.0,
        numbered=len(figures & _figures(around)) / len(figures) if figures else 1.0,
        cosine=max((found.vectors.score for found in hits if found.vectors), default=0.0),
        words=math.log(max(hit.words.score, ORDINARY) / ORDINARY) if hit.words else 0.0,
        stale=1 - freshness(hit.article, query.as_of) if wanted_new else 0.0,
        unsaid=1 - features.speaker if find_names(_written(query.speaker, query.text)) else 0.0,
    )


def _written(speaker: str, question: str) -> str:
    """The speaker with capitals, where a question is typed without any."""
    return speaker.title() if question.islower() else speaker


def _figures(text: str) -> set[float]:
    return {figure.value for figure in find_figures(text)}
