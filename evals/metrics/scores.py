"""Scores of one question: pure functions of what was expected and what was observed.

A score that does not apply to a question is absent, never 0. Definitions: evals/METRICS.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from evals.metrics.text_match import exact, f1, holds
from evals.results import CaseResult, CitationRecord, HitRecord
from index.types import Span

DEPTHS = (1, 4, 10, 20)
SHORT_ANSWER = 10
"""An expected answer of more words is not one that a text can be searched for."""

Scores = dict[str, float]
Place = tuple[str, Span]
"""An article id and the characters meant in it."""


def overlaps(one: Span, other: Span) -> bool:
    """Whether two spans share at least half of the shorter one."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared > 0 and 2 * shared >= min(one[1] - one[0], other[1] - other[0])


def covers(span: Span, wanted: Span) -> bool:
    """Whether a span holds at least half of the wanted one."""
    return 2 * (min(span[1], wanted[1]) - max(span[0], wanted[0])) >= wanted[1] - wanted[0]


def article_ranking(hits: Sequence[HitRecord]) -> list[str]:
    """Article ids in the order of their first hit."""
    return list(dict.fromkeys(hit.article_id for hit in hits))


@dataclass(frozen=True, slots=True)
class Found:
    """One passage as it is read: neighbours folded into a hit come right after, with ranks of their own."""

    article_id: str
    span: Span
    text: str


def passages(hits: Iterable[HitRecord]) -> list[Found]:
    """Every passage of the hits in reading order, so that k passages are as much text in every system."""
    return [Found(hit.article_id, span, text) for hit in hits for span, text in zip(hit.spans, hit.texts, strict=True)]


def found_at(found: Sequence[Found], gold: Sequence[Place]) -> list[int | None]:
    """For each gold sentence the rank, from 1, of the first passage that holds it, or None."""
    return [
        next(
            (rank for rank, one in enumerate(found, start=1) if one.article_id == article and covers(one.span, span)),
            None,
        )
        for article, span in gold
    ]


def _passage_ranking(found: Sequence[Found], ranks: Sequence[int | None]) -> tuple[list[str], set[str]]:
    """Passages as a ranking, and which count: one for all gold sentences it is the first to hold.

    A sentence that no passage holds counts as one more passage that should have been found.
    """
    ranking = [f"passage {rank}" for rank in range(1, len(found) + 1)]
    wanted = {f"passage {rank}" if rank else f"missed {number}" for number, rank in enumerate(ranks)}
    return ranking, wanted


@cache
def _evaluator_measures() -> dict[str, Any]:
    from ir_measures import RR, Success, nDCG

    return {**{f"hit@{k}": Success @ k for k in DEPTHS}, "mrr": RR, "ndcg@10": nDCG @ 10}


def rank_scores(level: str, ranking: Sequence[str], wanted: Iterable[str]) -> Scores:
    """hit@k, MRR and nDCG@10 of one ranking by ir-measures, under `level.name`."""
    import ir_measures

    measures = _evaluator_measures()
    run = {"q": {name: -float(rank) for rank, name in enumerate(ranking)}}
    relevant = {"q": dict.fromkeys(wanted, 1)}
    if not ranking:
        return {f"{level}.{name}": 0.0 for name in measures}
    values = {str(found.measure): found.value for found in ir_measures.iter_calc(measures.values(), relevant, run)}
    return {f"{level}.{name}": values[str(measure)] for name, measure in measures.items()}


def share_scores(level: str, ranks: Sequence[int | None]) -> Scores:
    """recall@k (share of the gold found within k) and all-gold@k (1 if all of it) from first ranks."""
    scores: Scores = {}
    for k in DEPTHS:
        share = sum(rank is not None and rank <= k for rank in ranks) / len(ranks)
        scores[f"{level}.recall@{k}"] = share
        scores[f"{level}.all-gold@{k}"] = float(share == 1)
    return scores


def retrieval(result: CaseResult) -> Scores:
    """Scores of the hits against gold articles, gold sentences and expected answers."""
    case, hits = result.case, result.hits
    scores: Scores = {}
    if not case.answerable:
        return scores
    if case.gold_articles:
        ranking = article_ranking(hits)
        scores |= rank_scores("article", ranking, case.gold_articles)
        place = {article: rank for rank, article in enumerate(ranking, start=1)}
        scores |= share_scores("article", [place.get(article) for article in case.gold_articles])
    places, found = gold_places(result), passages(hits)
    if places:
        ranks = found_at(found, places)
        scores |= rank_scores("passage", *_passage_ranking(found, ranks))
        scores |= share_scores("passage", ranks)
    if short_answers(result):
        first = next((rank for rank, one in enumerate(found, start=1) if holds(one.text, case.answers)), None)
        scores |= {f"context.answer@{k}": float(first is not None and first <= k) for k in DEPTHS}
    return scores


def gold_places(result: CaseResult) -> list[Place]:
    """Where the gold sentences stand; empty if any could not be located, as a part would mislead."""
    sentences = result.case.gold_sentences
    places = [(one.article, (one.start, one.end)) for one in sentences if one.start is not None and one.end is not None]
    return places if len(places) == len(sentences) else []


def short_answers(result: CaseResult) -> list[str]:
    """The expected answers that a text can be searched for."""
    return [answer for answer in result.case.answers if len(answer.split()) <= SHORT_ANSWER]


def answer(result: CaseResult, gives_short: bool) -> Scores:
    """Scores of what was said; `gives_short` tells whether this run gives short answers at all."""
    case = result.case
    scores: Scores = {}
    expected = list(case.answers) if case.answerable and short_answers(result) else []
    if expected:
        if gives_short:
            scores["answer.em"] = exact(result.short, expected)
            scores["answer.f1"] = f1(result.short, expected)
        scores["answer.holds@1"] = float(says(result, 1))
        scores["answer.holds@3"] = float(says(result, 3))
    right = correct(result)
    if case.answerable and right is not None:
        scores["answer.correct"] = right
    return scores


def says(result: CaseResult, first: int) -> bool:
    """Whether an expected answer stands in the `first` statements."""
    return holds(" ".join(statement.shown for statement in result.statements[:first]), result.case.answers)


def correct(result: CaseResult) -> float | None:
    """Whether this is the answer that was wanted; None where nothing expected can tell.

    One of the first three statements holds an expected answer; where answers are long or not given,
    an answer that cites a gold sentence. Of a question without answer, only a refusal is right.
    """
    if not result.case.answerable:
        return float(result.refused)
    if short_answers(result):
        return float(not result.refused and says(result, 3))
    places = gold_places(result)
    if places:
        return float(not result.refused and any(cites(result.citations, place) for place in places))
    return None


def answered_right(result: CaseResult) -> float | None:
    """The same if every question had to be answered: a refused one has no right answer to show."""
    right = correct(result)
    return 0.0 if right is not None and result.refused else right


def cites(citations: Iterable[CitationRecord], place: Place) -> bool:
    article, span = place
    return any(one.article_id == article and overlaps(one.span, span) for one in citations)


def citations(result: CaseResult) -> Scores:
    """Citations of an answer that was given: whether they hold, and whether they are the gold ones."""
    given = result.citations
    scores: Scores = {}
    if result.refused:
        return scores
    if given:
        scores["citations.verbatim"] = sum(one.verbatim for one in given) / len(given)
    if result.statements:
        scores["citations.supported"] = sum(one.supported for one in result.statements) / len(result.statements)
    places = gold_places(result)
    if result.case.answerable and places:
        scores["citations.recall"] = sum(cites(given, place) for place in places) / len(places)
        if given:
            right = sum(any(cites([one], place) for place in places) for one in given)
            scores["citations.precision"] = right / len(given)
    return scores


def refusal(result: CaseResult) -> Scores:
    """Whether the question was wrongly refused, or wrongly answered though nothing answers it."""
    if result.case.answerable:
        return {"refusal.wrong_refusals": float(result.refused)}
    scores = {"refusal.wrong_answers": float(not result.refused)}
    if result.case.held_out:
        scores["refusal.left_out_answered"] = float(not result.refused)
        if short_answers(result):
            elsewhere = any(holds(one.text, result.case.answers) for one in passages(result.hits))
            scores["refusal.left_out_elsewhere"] = float(elsewhere)
            scores["refusal.left_out_right"] = float(not result.refused and says(result, 1))
    return scores


def cost(result: CaseResult) -> Scores:
    """Tokens a chat model read and wrote; absent where none was used or it did not say."""
    if not result.tokens_in:
        return {}
    return {"tokens.in": float(result.tokens_in), "tokens.out": float(result.tokens_out)}


def score(result: CaseResult, gives_short: bool = True) -> Scores:
    """Every score that applies to one result; none for a question that failed with an error."""
    if result.error:
        return {}
    judged = result.judgement.score if result.judgement else None
    return {
        **retrieval(result),
        **answer(result, gives_short),
        **citations(result),
        **refusal(result),
        **cost(result),
        **({} if judged is None else {"judge.score": judged}),
    }


def score_all(results: Sequence[CaseResult]) -> list[Mapping[str, float]]:
    """The scores of a whole run; short answers are scored only if the run gives any."""
    gives_short = any(result.short for result in results)
    return [score(result, gives_short) for result in results]
