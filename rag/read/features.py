"""What is known of each sentence as an answer: words, position, names, type, and what of the question it lacks.

Knows nothing of storage, of weights or of how the answer is shown.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

from index.engines.fusion import freshness
from index.quotes.attribution import Attribution, attributions_near
from index.text.lexicon import ASKING_WORDS, COUNTS, MONTHS, WEEKDAYS, either
from index.text.names import find_names, shares_surname
from index.text.numbers import find_figures
from index.text.tokens import content, stem
from index.types import Hit, Span
from rag.read.asked_for import NEAR, AskedTerm, asked_terms
from rag.types import AnswerType, Query

# takes "two", "3.5", "millions"; not "someone" and not "one", which hardly ever counts
_NUMBER = re.compile(
    rf"\d|\b(?:{either(COUNTS)}|dozens?|hundreds?|thousands?|"
    r"millions?|billions?|half|third|quarter|twice|percent)\b",
    re.I,
)
# takes "1999", "on Tuesday", "yesterday"; not "1500 people" and not "daily"
_DAY = re.compile(rf"\b(?:1[6-9]|20)\d\d\b|\b{either(MONTHS, WEEKDAYS, ('yesterday', 'today', 'tomorrow'))}\b", re.I)
# takes "near the White House"; not "in the house"
_PLACE = re.compile(r"\b(?:in|at|from|near|to|of)\s+(?:the\s+)?[A-Z]")
# takes "due to rain", "to protect them"; not "to the park"
_REASON = re.compile(
    r"\b(?:because|due to|since|so that|in order to|as a result|after|amid|over|caused|led to|citing|"
    r"in response|reason|therefore|to (?:avoid|prevent|protect|allow|make|help|keep))\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class SentenceFeatures:
    """What is known of one sentence as an answer; each in about [0, 1]."""

    term_overlap: float
    """Share of the question's content words (by rarity among the candidates) in the sentence."""
    window_overlap: float
    """The same, counting the sentence before and the title too."""
    retrieval_score: float
    """The passage's, relative to the best."""
    answer_type: float
    """1 when the sentence holds something of the wanted answer type that the question does not name."""
    speaker: float
    """1 when the wanted speaker says it, 0.5 when the sentence names the speaker."""
    lead: float
    """1 for the first sentence of an article, falling to 0 at its 1,500th character."""
    too_short: float
    """1 for a sentence of fewer than three content words."""
    quotation: float
    """1 when it holds a quotation and a quotation is wanted."""


@dataclass(frozen=True, slots=True)
class AnswerabilityFeatures:
    """What the best sentence says of whether the articles answer at all; the first three in [0, 1]."""

    window_overlap: float
    """As in `SentenceFeatures`."""
    name_overlap: float
    """Share of the question's names that stand in the passage or its title; 1 where it has none."""
    number_overlap: float
    """Share of the question's figures that stand there or in the publication date; 1 where it has none."""
    cosine: float
    """The highest cosine between the question's vector and a passage's."""
    bm25: float
    """Logarithm of the passage's BM25 score over `ORDINARY_BM25`; 0 below it, as in every library of few articles."""
    staleness: float
    """How far from new its article is where new ones are wanted, 1 - exp(-age / 14 days); 0 where they are not."""
    speaker_mismatch: float
    """1 - `SentenceFeatures.speaker` where the words of somebody named are asked for; 0 elsewhere."""
    span: float = 0.0
    relevance: float = 0.0
    """The span model's logits for the sentence; 0 where it did not read."""
    agreement: float = 0.0
    """How many other articles it finds to give the same short answer, at most 3."""
    names_there: float = 0.0
    """Share of the question's names in the sentence itself, under any form; 1 where it has none. See `asked_for`."""
    names_near: float = 0.0
    """The same, counting its neighbours and the title."""
    names_contradicted: float = 0.0
    """Share of the question's names for which another of the same kind stands in the sentence."""
    numbers_near: float = 0.0
    """Share of the question's years and numbers in the sentence, its neighbours or the date; 1 where it has none."""
    numbers_contradicted: float = 0.0
    """1 when a year is asked about and the sentence holds another one only."""
    property_near: float = 0.0
    """1 when the property word of the question stands in the sentence or none is asked for, 0.5 beside it, else 0."""
    property_contradicted: float = 0.0
    """1 when a word of the question has an alternative in the sentence instead, as `injured` for `killed`."""

    @property
    def contradicted(self) -> bool:
        """Whether the sentence holds something else of the kind of what was asked for."""
        return self.names_contradicted + self.numbers_contradicted + self.property_contradicted > 0


ORDINARY_BM25 = 10.0
"""A BM25 score that says nothing yet."""

Row = tuple[Hit, Span, SentenceFeatures]
SentenceKey = tuple[str, str, Span]
"""(article id, revision, sentence)."""
FeatureRecord = TypeVar("FeatureRecord", SentenceFeatures, AnswerabilityFeatures)


def weighted_sum(weights: FeatureRecord, values: FeatureRecord) -> float:
    return sum(getattr(weights, field.name) * getattr(values, field.name) for field in fields(weights))


def logistic(value: float) -> float:
    """A probability from log-odds."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


def sentence_features(query: Query, hits: Sequence[Hit]) -> list[Row]:
    """The features of every sentence of the hits, in the hits' order; a sentence of two hits counts once."""
    topic = topic_stems(query)
    rows: list[tuple[Hit, Span, list[str], list[str]]] = []
    seen: set[SentenceKey] = set()
    for hit in hits:
        title = content(hit.article.title)
        before: list[str] = []
        for span, text in hit.sentences():
            words = content(text)
            key = sentence_key(hit, span)
            if key not in seen and not _repeats_question(query, text, words):
                seen.add(key)
                rows.append((hit, span, words, before + title))
            before = words
    rarity = _rarity(topic, [words for _, _, words, _ in rows])
    total = sum(rarity.values()) or 1.0
    top = max((hit.score for hit in hits), default=0.0) or 1.0
    speech = _attributions(query, hits)
    result = []
    for hit, span, words, context in rows:
        text = hit.article.text[span[0] : span[1]]
        own = set(words)
        attribution = speech.get(sentence_key(hit, span))
        features = SentenceFeatures(
            term_overlap=sum(value for word, value in rarity.items() if word in own) / total,
            window_overlap=sum(rarity[word] for word in rarity if word in own or word in context) / total,
            retrieval_score=hit.score / top,
            answer_type=float(holds_answer_type(query.answer_type, text, topic)),
            speaker=_speaker_match(query.speaker, text, attribution),
            lead=max(0.0, 1 - len(hit.article.text[: span[0]]) / 1500),
            too_short=float(len(words) < 3),
            quotation=float(query.answer_type == "quotation" and bool(attribution and attribution.direct)),
        )
        result.append((hit, span, features))
    return result


def sentence_key(hit: Hit, sentence: Span) -> SentenceKey:
    return hit.passage.article_id, hit.passage.revision, sentence


def _repeats_question(query: Query, text: str, words: Sequence[str]) -> bool:
    """Whether a sentence only asks what the query asks, as in quizzes and lists of questions."""
    return text.rstrip("\"'”’) ").endswith("?") and bool(words) and set(words) <= set(content(query.text))


ASKING_STEMS = {stem(word) for word in ASKING_WORDS}


def topic_stems(query: Query) -> list[str]:
    """The stems an answer should be about: not the words that ask, nor those already understood as a filter."""
    understood = " ".join(chip.phrase for chip in query.interpretations if chip.kind != "follow-up")
    known = ASKING_STEMS | set(content(understood))
    words = [word for word in content(query.text) if word not in known]
    speaker = set(content(query.speaker))
    return [word for word in words if word not in speaker] or words or content(query.text)


def _rarity(topic: Sequence[str], sentences: Sequence[Sequence[str]]) -> dict[str, float]:
    """Inverse document frequency of the question's words among the candidates (Sparck Jones 1972)."""
    counts = Counter(word for words in sentences for word in set(words))
    return {word: math.log(1 + (len(sentences) + 1) / (counts[word] + 0.5)) for word in topic}


def _attributions(query: Query, hits: Sequence[Hit]) -> dict[SentenceKey, Attribution]:
    """Who says each sentence of the hits; empty when nobody's words are asked for."""
    if not query.speaker and query.answer_type != "quotation":
        return {}
    return {
        sentence_key(hit, span): attribution
        for hit in hits
        for span, _ in hit.sentences()
        if (attribution := attributions_near(hit.article, span[0]).get(span))
    }


def holds_answer_type(kind: AnswerType, text: str, topic: Sequence[str]) -> bool:
    """Whether a text holds something of that kind which is not among the stems the question names itself."""
    known = set(topic)
    if kind == "number":
        return any(stem(match.group().lower()) not in known for match in _NUMBER.finditer(text))
    if pattern := {"date": _DAY, "place": _PLACE, "reason": _REASON}.get(kind):
        return pattern.search(text) is not None
    if kind == "quotation":
        return any(mark in text for mark in '"“”')
    return any(not set(content(name.text)) <= known for name in find_names(text))


def _speaker_match(speaker: str, text: str, attribution: Attribution | None) -> float:
    if not speaker:
        return 0.0
    if attribution and attribution.speaker and shares_surname(speaker, attribution.speaker):
        return 1.0
    return 0.5 if speaker.lower() in text.lower() else 0.0


def answerability_features(query: Query, row: Row, hits: Sequence[Hit]) -> AnswerabilityFeatures:
    """Whether a question's best sentence, one of the rows of `sentence_features`, answers it."""
    hit, sentence, features = row
    names = [words for name in find_names(query.text) if (words := set(content(name.text)))]
    around = f"{hit.article.title} {hit.text} {hit.article.published or ''}"
    known = set(content(around))
    figures = _figures(query.text)
    wants_new = query.recency >= 1 and hit.article.published is not None
    terms = asked_terms(query, hit, sentence)
    # Names are found by their capitals, and a question may be typed without any.
    speaker = query.speaker.title() if query.text.islower() else query.speaker
    return AnswerabilityFeatures(
        window_overlap=features.window_overlap,
        name_overlap=sum(name <= known for name in names) / len(names) if names else 1.0,
        number_overlap=len(figures & _figures(around)) / len(figures) if figures else 1.0,
        cosine=max((other.vectors.score for other in hits if other.vectors), default=0.0),
        bm25=math.log(max(hit.words.score, ORDINARY_BM25) / ORDINARY_BM25) if hit.words else 0.0,
        staleness=1 - freshness(hit.article, query.as_of) if wants_new else 0.0,
        speaker_mismatch=1 - features.speaker if find_names(speaker) else 0.0,
        names_there=_share(terms, ("name",), ("there", "variant")),
        names_near=_share(terms, ("name",), NEAR),
        names_contradicted=1 - _share(terms, ("name",), (*NEAR, "missing")),
        numbers_near=_share(terms, ("year", "number"), NEAR),
        numbers_contradicted=1 - _share(terms, ("year", "number"), (*NEAR, "missing")),
        property_near=(_share(terms, ("property",), NEAR) + _share(terms, ("property",), ("there",))) / 2,
        property_contradicted=float(any(t.kind == "alternative" and t.presence == "contradicted" for t in terms)),
    )


def _share(terms: Sequence[AskedTerm], kinds: Sequence[str], presences: Sequence[str]) -> float:
    """The share of the terms of these kinds that are present in one of these ways; 1 where there are none."""
    asked = [term for term in terms if term.kind in kinds]
    return sum(term.presence in presences for term in asked) / len(asked) if asked else 1.0


def _figures(text: str) -> set[float]:
    return {figure.value for figure in find_figures(text)}
