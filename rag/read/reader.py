"""The default reader: every sentence's features by rule, weighed together with what the trained reader makes of it.

Knows nothing of storage or of how the answer is shown. Fitted on the tuning halves of the question sets that
ship: `python -m evals.lab.fit_readers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from index.text.names import INSTITUTION, find_names, plain_name
from index.types import Hit, Passage, Span
from rag.read.agreement import agreeing, others_report
from rag.read.calibration import Calibration
from rag.read.features import (
    NOTHING,
    Features,
    Row,
    RuleReader,
    Signs,
    about,
    describe,
    holds_kind,
    logistic,
    sign,
    total,
)
from rag.read.span_model import TrainedReader, checksum
from rag.types import Candidate, Query, Reading

WEIGHTS = Path(__file__).parent / "weights"

FLOOR = -10.0
"""Bound of either logit below, so that no single one outweighs everything else."""

AGREED = 3
"""Articles that give the same short answer, beyond which more make it no surer."""

TOGETHER = 6
"""Passages read before asking whether the rest can still change the best answer."""

WHOLE = ("quotation", "reason")
"""Kinds of answer that are sentences; a span of one would mislead."""

CHECKED = ("number", "date", "person")
"""Kinds of answer that can be told from the words of a span."""

Place = tuple[str, str, Span]
"""(article id, revision, sentence)."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the trained reader made of a sentence: logits, and the span that answers (None: none stands in it)."""

    span: float = FLOOR
    relevance: float = FLOOR
    short: Span | None = None


HIGHEST = Found(10.0, 7.0)
"""Bounds above: reading can stop once what is left, at its highest, cannot win.

Relevance ends below its bound by itself, as it is linear in a tanh; of spans one in a thousand is clipped.
"""


class CombinedReader:
    """Ranks sentences by rule features and the trained reader's span and relevance logits.

    `folder` holds exported weights and, unless given, the `calibration` fitted for them. Raises UserError when
    they are missing or altered.
    """

    def __init__(self, folder: Path = WEIGHTS, calibration: Calibration | None = None) -> None:
        self._trained = TrainedReader(folder)
        self._rules = RuleReader()
        self._calibration = calibration or Calibration.load(folder)
        self.name = f"trained-{checksum(folder)[:8]}"

    def read(self, query: Query, hits: Sequence[Hit]) -> Reading:
        """The sentences in order; by rule alone where a development is asked for, which no single span answers."""
        if query.develops:
            return self._rules.read(query, hits)
        rows = describe(query, hits)
        if not rows:
            return NOTHING
        found = self.found(query, hits, rows)
        asked = about(query)
        candidates = []
        for hit, span, features in rows:
            made = found[place(hit, span)]
            short = made.short if fits(query, asked, hit, made) else None
            candidates.append(Candidate(hit, span, self._score(features, made), short))
        order = sorted(range(len(rows)), key=lambda index: -candidates[index].score)
        fitted = self._calibration
        sure = logistic(fitted.bias + total(fitted.signs, signs(query, hits, rows[order[0]], found)))
        ordered = tuple(candidates[index] for index in order)
        remark = others_report(query, ordered)
        return Reading(ordered, sure, sure >= fitted.refusal, notes=(remark,) if remark else ())

    def found(self, query: Query, hits: Sequence[Hit], rows: Sequence[Row], stop: bool = True) -> dict[Place, Found]:
        """What the trained reader makes of each sentence of `rows`.

        With `stop`, passages are left unread once nothing in them can outdo the best sentence any more.
        """
        found = {place(hit, span): Found() for hit, span, _ in rows}
        ceiling: dict[Place, float] = {place(hit, span): self._score(features, HIGHEST) for hit, span, features in rows}
        features = {place(hit, span): values for hit, span, values in rows}
        passages = [
            (hit, passage)
            for hit in hits
            for passage in sorted((hit.passage, *hit.neighbours), key=lambda passage: passage.start)
        ]

        def highest(pair: tuple[Hit, Passage]) -> float:
            return max((ceiling[key] for key in places(*pair) if key in ceiling), default=float("-inf"))

        passages.sort(key=highest, reverse=True)
        best = float("-inf")
        for first in range(0, len(passages), TOGETHER):
            part = passages[first : first + TOGETHER]
            if stop and best >= highest(part[0]):
                break
            for (hit, passage), made in zip(part, self._read(query, part), strict=True):
                for key in found.keys() & places(hit, passage):
                    found[key] = better(found[key], made[key[2]])
                    best = max(best, self._score(features[key], found[key]))
        return found

    def _score(self, features: Features, found: Found) -> float:
        """The weighted sum that sentences are ranked by."""
        fitted = self._calibration
        return total(fitted.features, features) + fitted.span * found.span + fitted.relevance * found.relevance

    def _read(self, query: Query, passages: Sequence[tuple[Hit, Passage]]) -> list[dict[Span, Found]]:
        """What stands in the sentences of each passage."""
        shown = [
            (hit.article.title, str(hit.article.published or ""), hit.article.text[passage.start : passage.end])
            for hit, passage in passages
        ]
        read = []
        for (_, passage), reading in zip(passages, self._trained.read(query.text, query.as_of, shown), strict=True):
            made = dict.fromkeys(passage.sentences, clipped(Found(FLOOR, reading.relevance)))
            for span in reading.spans:
                start, end = span.start + passage.start, span.end + passage.start
                for sentence in passage.sentences:
                    if sentence[0] <= start < sentence[1]:
                        short = (start, min(end, sentence[1]))
                        new = clipped(Found(span.score, reading.relevance, short))
                        made[sentence] = better(made[sentence], new)
            read.append(made)
        return read


def fits(query: Query, asked: Sequence[str], hit: Hit, found: Found) -> bool:
    """Whether the span found may stand as the short answer: likelier than none, and of the kind asked for."""
    if found.short is None or found.span < 0 or query.speaker or query.answer_type in WHOLE:
        return False
    text = hit.article.text[slice(*found.short)]
    if query.answer_type == "person" and not names_person(text):
        return False
    return query.answer_type not in CHECKED or holds_kind(query.answer_type, text, asked)


def names_person(text: str) -> bool:
    """Whether some name in a text is not an institution's, as "Republican" is, or "the Senate"."""
    return any(not INSTITUTION.search(plain_name(name.text)) for name in find_names(text))


def signs(query: Query, hits: Sequence[Hit], best: Row, found: Mapping[Place, Found]) -> Signs:
    """What speaks for the best row's sentence being an answer, with what the trained reader `found`."""
    hit, span, _ = best
    made = found[place(hit, span)]
    texts = {one.article.id: one.article.text for one in hits}
    others = (
        (article, texts[article][slice(*other.short)])
        for (article, _, _), other in found.items()
        if other.short and other.span > 0 and article != hit.article.id
    )
    agreed = agreeing(texts[hit.article.id][slice(*made.short)], others) if made.short else 0
    return replace(sign(query, best, hits), span=made.span, relevance=made.relevance, agreed=min(agreed, AGREED))


def place(hit: Hit, sentence: Span) -> Place:
    return hit.article.id, hit.article.revision, sentence


def places(hit: Hit, passage: Passage) -> list[Place]:
    return [place(hit, sentence) for sentence in passage.sentences]


def better(one: Found, other: Found) -> Found:
    """The one with the higher span logit; the relevance of a sentence read twice is the higher of both."""
    chosen = max(one, other, key=lambda found: (found.span, found.short is not None))
    return Found(chosen.span, max(one.relevance, other.relevance), chosen.short)


def clipped(found: Found) -> Found:
    """The same within the bounds."""
    span, relevance = max(FLOOR, min(HIGHEST.span, found.span)), max(FLOOR, min(HIGHEST.relevance, found.relevance))
    return replace(found, span=span, relevance=relevance)
