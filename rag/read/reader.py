"""The default reader: sentence features by rule, weighed together with the logits of the span model.

Knows nothing of storage or of how the answer is shown. Fitted on the tuning halves of the question sets that
ship: `python -m evals.lab.fit_readers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

from index.text.names import INSTITUTION, find_names, plain_name
from index.types import Hit, Passage, Span
from rag.read.agreement import count_agreeing, disagreement_note
from rag.read.calibration import Calibration
from rag.read.features import (
    AnswerabilityFeatures,
    Row,
    SentenceFeatures,
    SentenceKey,
    answerability_features,
    holds_answer_type,
    sentence_features,
    sentence_key,
    topic_stems,
    weighted_sum,
)
from rag.read.rules import NO_CANDIDATES, RuleReader, reading
from rag.read.span_model import ExtractiveModel, SpanModel
from rag.types import Candidate, Query, Reading

WEIGHTS = Path(__file__).parent / "weights"

LOWEST_LOGIT = -10.0
"""Bound of either logit below, so that no single one outweighs everything else."""

MOST_AGREEING = 3
"""Articles that give the same short answer, beyond which more make it no surer."""

BATCH = 6
"""Passages read before asking whether the rest can still change the best answer."""

SENTENCE_TYPES = ("quotation", "reason")
"""Types of answer that are sentences; a span of one would mislead."""

CHECKED_TYPES = ("number", "date", "person")
"""Types of answer that can be told from the words of a span."""


@dataclass(frozen=True, slots=True)
class SpanPrediction:
    """What the span model says of a sentence: logits, and the span that answers (None: none stands in it)."""

    span: float = LOWEST_LOGIT
    relevance: float = LOWEST_LOGIT
    short: Span | None = None


HIGHEST = SpanPrediction(10.0, 7.0)
"""Bounds above: reading can stop once what is left, at its highest, cannot win.

Relevance ends below its bound by itself, as it is linear in a tanh; of spans one in a thousand is clipped.
"""


class CombinedReader:
    """Ranks sentences by rule features and the span model's span and relevance logits.

    `folder` holds exported weights and, unless given, the `calibration` fitted for them; another `model` may take the
    weights' place. Raises UserError when they are missing or altered.
    """

    def __init__(
        self, folder: Path = WEIGHTS, calibration: Calibration | None = None, model: ExtractiveModel | None = None
    ) -> None:
        self.model = model or SpanModel(folder)
        self._rules = RuleReader()
        self.calibration = calibration or Calibration.load(folder)
        self.name = self.model.name

    def with_calibration(self, calibration: Calibration) -> CombinedReader:
        """The same reader, its model loaded once, with other numbers."""
        other = copy(self)
        other.calibration = calibration
        return other

    def read(self, query: Query, hits: Sequence[Hit]) -> Reading:
        """The sentences in order; by rule alone where a development is asked for, which no single span answers."""
        if query.develops:
            return self._rules.read(query, hits)
        rows = sentence_features(query, hits)
        if not rows:
            return NO_CANDIDATES
        predictions = self.predict(query, hits, rows)
        topic = topic_stems(query)
        candidates = []
        for hit, span, features in rows:
            prediction = predictions[sentence_key(hit, span)]
            short = prediction.short if is_short_answer(query, topic, hit, prediction) else None
            candidates.append(Candidate(hit, span, self._score(features, prediction), short))
        order = sorted(range(len(rows)), key=lambda index: -candidates[index].score)
        ordered = tuple(candidates[index] for index in order)
        by_key = {sentence_key(hit, span): (hit, span, features) for hit, span, features in rows}

        def evidence(row: Row) -> AnswerabilityFeatures:
            return answerability_with_model(query, hits, row, predictions)

        note = disagreement_note(query, ordered)
        return reading(self.calibration, query, ordered, by_key, evidence, (note,) if note else ())

    def predict(
        self, query: Query, hits: Sequence[Hit], rows: Sequence[Row], stop: bool = True
    ) -> dict[SentenceKey, SpanPrediction]:
        """What the span model says of each sentence of `rows`.

        With `stop`, passages are left unread once nothing in them can outdo the best sentence any more.
        """
        features = {sentence_key(hit, span): values for hit, span, values in rows}
        predictions = {key: SpanPrediction() for key in features}
        ceiling = {key: self._score(values, HIGHEST) for key, values in features.items()}
        passages = [
            (hit, passage)
            for hit in hits
            for passage in sorted((hit.passage, *hit.neighbours), key=lambda passage: passage.start)
        ]

        def highest(pair: tuple[Hit, Passage]) -> float:
            return max((ceiling[key] for key in sentence_keys(*pair) if key in ceiling), default=float("-inf"))

        passages.sort(key=highest, reverse=True)
        best = float("-inf")
        for first in range(0, len(passages), BATCH):
            part = passages[first : first + BATCH]
            if stop and best >= highest(part[0]):
                break
            for (hit, passage), by_sentence in zip(part, self._predict_batch(query, part), strict=True):
                for key in predictions.keys() & sentence_keys(hit, passage):
                    predictions[key] = merge(predictions[key], by_sentence[key[2]])
                    best = max(best, self._score(features[key], predictions[key]))
        return predictions

    def _score(self, features: SentenceFeatures, prediction: SpanPrediction) -> float:
        """The weighted sum that sentences are ranked by."""
        fitted = self.calibration
        logits = fitted.span * prediction.span + fitted.relevance * prediction.relevance
        return weighted_sum(fitted.features, features) + logits

    def _predict_batch(self, query: Query, passages: Sequence[tuple[Hit, Passage]]) -> list[dict[Span, SpanPrediction]]:
        """The predictions for the sentences of each passage."""
        inputs = [
            (hit.article.title, str(hit.article.published or ""), hit.article.text[passage.start : passage.end])
            for hit, passage in passages
        ]
        predictions = []
        for (_, passage), logits in zip(passages, self.model.read(query.text, query.as_of, inputs), strict=True):
            by_sentence = dict.fromkeys(passage.sentences, clip(SpanPrediction(LOWEST_LOGIT, logits.relevance)))
            for span in logits.spans:
                start, end = span.start + passage.start, span.end + passage.start
                for sentence in passage.sentences:
                    if sentence[0] <= start < sentence[1]:
                        new = clip(SpanPrediction(span.score, logits.relevance, (start, min(end, sentence[1]))))
                        by_sentence[sentence] = merge(by_sentence[sentence], new)
            predictions.append(by_sentence)
        return predictions


def is_short_answer(query: Query, topic: Sequence[str], hit: Hit, prediction: SpanPrediction) -> bool:
    """Whether the predicted span may stand as the short answer: likelier than none, and of the type asked for."""
    if prediction.short is None or prediction.span < 0 or query.speaker or query.answer_type in SENTENCE_TYPES:
        return False
    text = hit.article.text[slice(*prediction.short)]
    if query.answer_type == "person" and not names_person(text):
        return False
    return query.answer_type not in CHECKED_TYPES or holds_answer_type(query.answer_type, text, topic)


def names_person(text: str) -> bool:
    """Whether some name in a text is not an institution's, as "Republican" is, or "the Senate"."""
    return any(not INSTITUTION.search(plain_name(name.text)) for name in find_names(text))


def answerability_with_model(
    query: Query, hits: Sequence[Hit], best: Row, predictions: Mapping[SentenceKey, SpanPrediction]
) -> AnswerabilityFeatures:
    """The answerability features of the best row, those of the span model's `predictions` among them."""
    hit, span, _ = best
    prediction = predictions[sentence_key(hit, span)]
    texts = {one.article.id: one.article.text for one in hits}
    others = (
        (article, texts[article][slice(*other.short)])
        for (article, _, _), other in predictions.items()
        if other.short and other.span > 0 and article != hit.article.id
    )
    agreement = count_agreeing(texts[hit.article.id][slice(*prediction.short)], others) if prediction.short else 0
    return replace(
        answerability_features(query, best, hits),
        span=prediction.span,
        relevance=prediction.relevance,
        agreement=min(agreement, MOST_AGREEING),
    )


def sentence_keys(hit: Hit, passage: Passage) -> list[SentenceKey]:
    return [sentence_key(hit, sentence) for sentence in passage.sentences]


def merge(one: SpanPrediction, other: SpanPrediction) -> SpanPrediction:
    """The one with the higher span logit; the relevance of a sentence read twice is the higher of both."""
    higher = max(one, other, key=lambda prediction: (prediction.span, prediction.short is not None))
    return replace(higher, relevance=max(one.relevance, other.relevance))


def clip(prediction: SpanPrediction) -> SpanPrediction:
    """The same prediction with both logits within their bounds."""
    span = max(LOWEST_LOGIT, min(HIGHEST.span, prediction.span))
    return replace(prediction, span=span, relevance=max(LOWEST_LOGIT, min(HIGHEST.relevance, prediction.relevance)))
