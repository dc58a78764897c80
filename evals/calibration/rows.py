"""Questions as a reader read them, one JSON line each, so that everything can be fitted anew in seconds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from evals.datasets.cases import Case, half, leave_out
from evals.datasets.files import read
from evals.datasets.resolve import resolve
from evals.metrics.text_match import exact, holds
from evals.runs.query import query_of
from evals.runs.systems import article_names
from index.errors import UserError
from index.library import Library
from index.types import Hit
from rag.read.features import (
    AnswerabilityFeatures,
    Row,
    SentenceFeatures,
    SentenceKey,
    answerability_features,
    sentence_features,
    sentence_key,
    topic_stems,
)
from rag.read.reader import CombinedReader, SpanPrediction, answerability_with_model, is_short_answer
from rag.read.reasons import gives_short
from rag.retrieve import retrieve
from rag.types import Candidate, Query, Reranker

HITS = 20
TUNING_HALF = "half:tuning"
"""What is fitted on; the other half of a set can still be measured."""
SENTENCES = 30
"""Sentences kept of a question: those that the rules and the model together rank first, and all that are gold."""
LONGEST_ANSWER = 10
"""An expected answer of more words is not looked for in a sentence."""


@dataclass(frozen=True, slots=True)
class ReadQuestion:
    """A question with the sentences that may answer it; each list has an item for each of them.

    `features` are SentenceFeatures with the span and the relevance logit, `evidence` AnswerabilityFeatures with the
    model's, `rules` the same without it. `short` is 1.0 where the short answer is an expected one, 0.0 where it is
    not, -1.0 where none would stand alone.
    """

    reader: str
    """The reader's name, which names its weights."""
    set: str
    id: str
    answerable: bool
    tags: list[str]
    features: list[list[float]]
    evidence: list[list[float]]
    rules: list[list[float]]
    gold: list[bool]
    """Whether it is a gold sentence, or holds an expected answer in a gold article."""
    right: list[bool]
    """Whether a person who sees it first sees a right answer: it is gold, or holds an expected answer."""
    short: list[float]


def values(known: SentenceFeatures | AnswerabilityFeatures) -> list[float]:
    return [round(float(getattr(known, field.name)), 4) for field in fields(known)]


def half_of(case: Case) -> str:
    """The half that a case's tags name, else the one of its id."""
    return next((tag for tag in case.tags if tag.startswith("half:")), half(case.id))


def cases_of(path: Path, library: Library, wanted: str) -> list[Case]:
    """The cases of one half of a set, resolved; each answerable one also with its articles hidden.

    Near misses have a twin without an answer already.
    """
    cases = [case for case in read(path) if half_of(case) == wanted]
    resolved = list(resolve(cases, article_names(library), lambda fault: None))
    return [case for case in leave_out(resolved) if not (case.held_out and "near-miss" in case.tags)]


def read_questions(
    name: str, library: Library, cases: Iterable[Case], reader: CombinedReader, reranker: Reranker | None = None
) -> Iterator[ReadQuestion]:
    """The cases as a reader reads them, but those of which nothing is found or nobody can say if they are answered."""
    for case in cases:
        query = query_of(library, case)
        hits, _ = retrieve(library, query, HITS, reranker)
        rows = sentence_features(query, hits)
        predictions = reader.predict(query, hits, rows, stop=False)
        if question := read_question(reader.name, name, case, query, hits, rows, predictions):
            yield question


def read_question(
    reader: str,
    name: str,
    case: Case,
    query: Query,
    hits: Sequence[Hit],
    rows: Sequence[Row],
    predictions: Mapping[SentenceKey, SpanPrediction],
) -> ReadQuestion | None:
    """One case with what is known of its sentences; None without any, or where its words stand though it is hidden."""
    texts = [hit.article.text[slice(*span)] for hit, span, _ in rows]
    if not rows or (not case.answerable and any(holds(text, case.answers) for text in texts)):
        return None
    gold = [is_gold(case, row) for row in rows]
    answers = [answer for answer in case.answers if len(answer.split()) <= LONGEST_ANSWER]
    topic = topic_stems(query)

    def promise(number: int) -> float:
        """About how a reader ranks a sentence, whatever its weights are."""
        features, one = rows[number][2], predictions[sentence_key(*rows[number][:2])]
        return 0.3 * one.span + 0.6 * one.relevance + 4 * features.retrieval_score + 2 * features.window_overlap

    order = sorted(range(len(rows)), key=promise, reverse=True)
    kept = [number for rank, number in enumerate(order) if rank < SENTENCES or gold[number]]

    def short(number: int) -> float:
        hit, span, _ = rows[number]
        one = predictions[sentence_key(hit, span)]
        candidate = Candidate(hit, span, 0.0, one.short if is_short_answer(query, topic, hit, one) else None)
        return (
            float(case.answerable and exact(candidate.short_text, answers)) if gives_short(query, candidate) else -1.0
        )

    return ReadQuestion(
        reader=reader,
        set=name,
        id=case.id,
        answerable=case.answerable,
        tags=list(case.tags),
        features=[[*values(rows[n][2]), *_logits(predictions[sentence_key(*rows[n][:2])])] for n in kept],
        evidence=[values(answerability_with_model(query, hits, rows[n], predictions)) for n in kept],
        rules=[values(answerability_features(query, rows[n], hits)) for n in kept],
        gold=[gold[n] for n in kept],
        right=[gold[n] or (case.answerable and holds(texts[n], answers)) for n in kept],
        short=[short(n) for n in kept],
    )


def _logits(one: SpanPrediction) -> list[float]:
    return [round(one.span, 3), round(one.relevance, 3)]


def is_gold(case: Case, row: Row) -> bool:
    """Whether a sentence is gold, or holds an expected answer in a gold article."""
    hit, (start, end), _ = row
    gold = (one for one in case.gold_sentences if one.article == hit.article.id and one.located)
    if any(start < (one.end or 0) and (one.start or 0) < end for one in gold):
        return True
    return hit.article.id in case.gold_articles and holds(hit.article.text[start:end], case.answers)


def save(path: Path, questions: Iterable[ReadQuestion]) -> int:
    """Append questions to a file of JSON lines, each at once; returns how many."""
    count = 0
    with path.open("a", encoding="utf-8") as file:
        for question in questions:
            file.write(json.dumps(asdict(question), separators=(",", ":")) + "\n")
            file.flush()
            count += 1
    return count


def load(path: Path, reader: str) -> list[ReadQuestion]:
    """What `save` wrote; raises UserError for a file of another form, of other features or of another reader."""
    known = (len(fields(SentenceFeatures)) + 2, len(fields(AnswerabilityFeatures)))
    try:
        questions = [ReadQuestion(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
        shapes = {(len(one.features[0]), len(one.evidence[0])) for one in questions}
    except (OSError, ValueError, TypeError, IndexError) as error:
        raise UserError(
            f"Cannot read the rows in {str(path)!r} ({error}). Make them: python -m evals.lab.fit_readers --help"
        ) from error
    if shapes - {known} or {one.reader for one in questions} - {reader}:
        raise UserError(f"The rows in {str(path)!r} are of other features or weights. Delete it, or name another file.")
    return questions
