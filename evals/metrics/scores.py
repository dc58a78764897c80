"""Scores of one question, a function each: pure functions of what was expected and what was observed.

A score that does not apply to a question is None, never 0. Definitions: evals/METRICS.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

from evals.metrics.quotations import same_name
from evals.metrics.text_match import exact, f1, holds
from evals.results import CaseResult, CitationRecord, HitRecord
from index.types import Span
from rag.types import State

DEPTHS = (1, 4, 10, 20)
SHORT_ANSWER = 10
"""An expected answer of more words is not one that a text can be searched for."""

ArticleSpan = tuple[str, Span]
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
class RankedPassage:
    """One passage as it is read: neighbours folded into a hit come right after, with ranks of their own."""

    article_id: str
    span: Span
    text: str


def ranked_passages(hits: Iterable[HitRecord]) -> list[RankedPassage]:
    """Every passage of the hits in reading order, so that k passages are as much text in every system."""
    return [
        RankedPassage(hit.article_id, span, text)
        for hit in hits
        for span, text in zip(hit.spans, hit.texts, strict=True)
    ]


def first_ranks(passages: Sequence[RankedPassage], gold: Sequence[ArticleSpan]) -> list[int | None]:
    """For each gold sentence the rank, from 1, of the first passage that holds it, or None."""
    ranked = list(enumerate(passages, start=1))
    return [
        next((rank for rank, one in ranked if one.article_id == article and covers(one.span, span)), None)
        for article, span in gold
    ]


def gold_measures(ranks: Sequence[int | None], ranking: Sequence[str], wanted: Iterable[str]) -> dict[str, float]:
    """How a ranking stands to its gold: hit@k, recall@k, all-gold@k, mrr and ndcg@10.

    `ranks` holds the first rank of each gold item (None: nowhere). recall@k is the share of the gold that stands in the
    first k, all-gold@k is 1.0 if all of it does; the others are as ir-measures computes them.
    """
    shares = {k: sum(rank is not None and rank <= k for rank in ranks) / len(ranks) for k in DEPTHS}
    recall = {f"recall@{k}": share for k, share in shares.items()}
    return {**ir_measures_of(ranking, wanted), **recall, **{f"all-gold@{k}": float(shares[k] == 1) for k in DEPTHS}}


@cache
def _evaluator_measures() -> dict[str, Any]:
    from ir_measures import RR, Success, nDCG

    return {**{f"hit@{k}": Success @ k for k in DEPTHS}, "mrr": RR, "ndcg@10": nDCG @ 10}


def ir_measures_of(ranking: Sequence[str], wanted: Iterable[str]) -> dict[str, float]:
    """hit@k, mrr and ndcg@10 of one ranking of names, best first, by ir-measures."""
    import ir_measures

    measures = _evaluator_measures()
    if not ranking:
        return dict.fromkeys(measures, 0.0)
    run = {"q": {name: -float(rank) for rank, name in enumerate(ranking)}}
    relevant = {"q": dict.fromkeys(wanted, 1)}
    values = {str(one.measure): one.value for one in ir_measures.iter_calc(measures.values(), relevant, run)}
    return {name: values[str(measure)] for name, measure in measures.items()}


@dataclass(frozen=True)
class ScoredResult:
    """One result with what several scores need of it, each worked out once.

    `gives_short` tells whether this run gives short answers at all.
    """

    result: CaseResult
    gives_short: bool = True

    @cached_property
    def passages(self) -> list[RankedPassage]:
        return ranked_passages(self.result.hits)

    @cached_property
    def gold(self) -> list[ArticleSpan]:
        return gold_spans(self.result)

    @cached_property
    def searchable(self) -> bool:
        """Whether an expected answer is short enough to be searched for in a text."""
        return bool(short_answers(self.result))

    @cached_property
    def article(self) -> dict[str, float] | None:
        """The articles in the order of their first hit against the gold articles."""
        case = self.result.case
        if not (case.answerable and case.gold_articles):
            return None
        ranking = article_ranking(self.result.hits)
        ranks = {article: rank for rank, article in enumerate(ranking, start=1)}
        return gold_measures([ranks.get(one) for one in case.gold_articles], ranking, case.gold_articles)

    @cached_property
    def passage(self) -> dict[str, float] | None:
        """The passages against the gold sentences.

        In hit@k, mrr and ndcg@10 a passage counts once for all gold sentences it is the first to hold, and a sentence
        that no passage holds counts as one more passage that should have been found.
        """
        if not (self.result.case.answerable and self.gold):
            return None
        ranks = first_ranks(self.passages, self.gold)
        ranking = [f"passage {rank}" for rank in range(1, len(self.passages) + 1)]
        wanted = {f"passage {rank}" if rank else f"missed {number}" for number, rank in enumerate(ranks)}
        return gold_measures(ranks, ranking, wanted)

    @cached_property
    def answer_rank(self) -> int | None:
        """The rank, from 1, of the first passage that holds an expected answer."""
        texts = enumerate((one.text for one in self.passages), start=1)
        return next((rank for rank, text in texts if holds(text, self.result.case.answers)), None)


Score = Callable[[ScoredResult], float | None]
Level = Literal["article", "passage"]


def measure(level: Level, name: str) -> Score:
    """One of `gold_measures`, of the articles or the passages."""

    def score(one: ScoredResult) -> float | None:
        measures: dict[str, float] | None = getattr(one, level)
        return measures[name] if measures else None

    return score


def context_answer(k: int) -> Score:
    """1.0 if one of the first k passages holds an expected answer."""

    def score(one: ScoredResult) -> float | None:
        wanted = one.result.case.answerable and one.searchable
        return float(one.answer_rank is not None and one.answer_rank <= k) if wanted else None

    return score


def gold_spans(result: CaseResult) -> list[ArticleSpan]:
    """Where the gold sentences stand; empty if any could not be located, as a part would mislead."""
    sentences = result.case.gold_sentences
    spans = [(one.article, (one.start, one.end)) for one in sentences if one.start is not None and one.end is not None]
    return spans if len(spans) == len(sentences) else []


def short_answers(result: CaseResult) -> list[str]:
    """The expected answers that a text can be searched for."""
    return [answer for answer in result.case.answers if len(answer.split()) <= SHORT_ANSWER]


def holds_answer(result: CaseResult, first: int) -> bool:
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
        return float(not result.refused and holds_answer(result, 3))
    if spans := gold_spans(result):
        return float(not result.refused and any(cites(result.citations, span) for span in spans))
    return None


def answered_right(result: CaseResult) -> float | None:
    """The same if every question had to be answered: a refused one has no right answer to show."""
    right = correct(result)
    return 0.0 if right is not None and result.refused else right


def answer_correct(one: ScoredResult) -> float | None:
    return correct(one.result) if one.result.case.answerable else None


def answer_holds(first: int) -> Score:
    """1.0 if the `first` statements hold an expected answer."""

    def score(one: ScoredResult) -> float | None:
        wanted = one.result.case.answerable and one.searchable
        return float(holds_answer(one.result, first)) if wanted else None

    return score


def answer_speaker(one: ScoredResult) -> float | None:
    """1.0 if one of the first three statements cites a gold sentence and is ascribed to the expected speaker."""
    labels = _gold_speakers(one, 3)
    return None if labels is None else float(any(same_name(label, one.result.case.speaker) for label in labels))


def answer_wrong_speaker(one: ScoredResult) -> float | None:
    """1.0 if a statement that cites a gold sentence is ascribed to somebody else; none is where nobody is named."""
    labels = _gold_speakers(one, len(one.result.statements))
    if labels is None:
        return None
    named = [label for label in labels if any(word[0].isupper() for word in label.split())]
    return float(any(not same_name(label, one.result.case.speaker) for label in named))


def _gold_speakers(one: ScoredResult, first: int) -> list[str] | None:
    """Whom the statements that cite a gold sentence are ascribed to; None where no speaker is expected."""
    case = one.result.case
    if not (case.answerable and case.speaker and one.gold):
        return None
    cited = (each for each in one.result.statements[:first] if any(cites(each.citations, gold) for gold in one.gold))
    return [each.speaker for each in cited]


def first_right(result: CaseResult) -> float | None:
    """Whether the first statement is right; None where nobody can say.

    It holds an expected answer; where answers are long or not given, it cites a gold sentence. Of a question without
    answer nothing is right, but where its articles were hidden and the expected words stand there all the same.
    """
    if not result.case.answerable:
        return None if result.case.held_out and holds_answer(result, 1) else 0.0
    if short_answers(result):
        return float(holds_answer(result, 1))
    if spans := gold_spans(result):
        cited = result.statements[0].citations if result.statements else ()
        return float(any(cites(cited, span) for span in spans))
    return None


def in_state(state: State) -> Score:
    """1.0 if the answer is in that state; None of answers that were given without one."""

    def score(one: ScoredResult) -> float | None:
        return float(one.result.state == state) if one.result.state else None

    return score


def found_covered(one: ScoredResult) -> float | None:
    return in_state("found")(one) if one.result.case.answerable else None


def short_given(one: ScoredResult) -> float | None:
    """Whether a short answer stands alone, of the answerable questions of a run that gives states."""
    return float(bool(one.result.short)) if one.result.state and one.result.case.answerable else None


def short_right(one: ScoredResult) -> float | None:
    """Whether the short answer is an expected one; None where none stands alone."""
    if not one.result.short or not one.result.state or first_right(one.result) is None:
        return None
    return float(one.result.case.answerable and exact(one.result.short, one.result.case.answers))


def _span(one: ScoredResult) -> str:
    """The short answer inside the first statement, or the one of a system that gives it apart."""
    return one.result.span or one.result.short


def exact_match(one: ScoredResult) -> float | None:
    wanted = one.result.case.answerable and one.searchable and one.gives_short
    return exact(_span(one), one.result.case.answers) if wanted else None


def answer_f1(one: ScoredResult) -> float | None:
    wanted = one.result.case.answerable and one.searchable and one.gives_short
    return f1(_span(one), one.result.case.answers) if wanted else None


def cites(citations: Iterable[CitationRecord], span: ArticleSpan) -> bool:
    """Whether one of the citations overlaps a gold sentence."""
    article, characters = span
    return any(one.article_id == article and overlaps(one.span, characters) for one in citations)


def _share(result: CaseResult, parts: Sequence[bool]) -> float | None:
    """The share of the parts of an answer that is true; None of a refusal, or where there are no parts."""
    return None if result.refused or not parts else sum(parts) / len(parts)


def citations_verbatim(one: ScoredResult) -> float | None:
    return _share(one.result, [citation.verbatim for citation in one.result.citations])


def statements_supported(one: ScoredResult) -> float | None:
    return _share(one.result, [statement.supported for statement in one.result.statements])


def citation_precision(one: ScoredResult) -> float | None:
    if not (one.result.case.answerable and one.gold):
        return None
    return _share(one.result, [any(cites([each], span) for span in one.gold) for each in one.result.citations])


def citation_recall(one: ScoredResult) -> float | None:
    result = one.result
    return _share(result, [cites(result.citations, span) for span in one.gold]) if result.case.answerable else None


def wrong_refusal(one: ScoredResult) -> float | None:
    return float(one.result.refused) if one.result.case.answerable else None


def wrong_answer(one: ScoredResult) -> float | None:
    return None if one.result.case.answerable else float(not one.result.refused)


def left_out_answered(one: ScoredResult) -> float | None:
    return wrong_answer(one) if one.result.case.held_out else None


def left_out_elsewhere(one: ScoredResult) -> float | None:
    """Of a question whose gold articles were hidden: do other articles that were found hold the expected words?"""
    wanted = not one.result.case.answerable and one.result.case.held_out and one.searchable
    return float(one.answer_rank is not None) if wanted else None


def left_out_right(one: ScoredResult) -> float | None:
    """Of a question whose gold articles were hidden: does the first statement hold the expected words?"""
    wanted = not one.result.case.answerable and one.result.case.held_out and one.searchable
    return float(not one.result.refused and holds_answer(one.result, 1)) if wanted else None


def judge_score(one: ScoredResult) -> float | None:
    return one.result.judgement.score if one.result.judgement else None


def tokens_in(one: ScoredResult) -> float | None:
    """Tokens a chat model read; None where none was used or it did not say."""
    return float(one.result.tokens_in) or None


def tokens_out(one: ScoredResult) -> float | None:
    return float(one.result.tokens_out) if one.result.tokens_in else None
