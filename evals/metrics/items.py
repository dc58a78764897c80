"""Scores of questions that ask for all of something, and of questions that articles answer differently.

An item is one thing that is asked for, or one of the values that are reported; its gold sentences state the same. One
sentence can state several items. Definitions: evals/METRICS.md.
"""

from __future__ import annotations

from evals.datasets.cases import GoldSentence
from evals.metrics.scores import ScoredResult, cites
from evals.results import CitationRecord, StatementRecord

NO_CONFLICT = "no-conflict"
"""The tag of questions on which no two articles differ."""


def list_recall(one: ScoredResult) -> float | None:
    """The share of the items that a statement cites a sentence of; a refusal shows none."""
    wanted = _names(_listed(one))
    if not wanted:
        return None
    shown = {gold.item for statement in one.result.statements for gold in _stated(statement, _listed(one))}
    return 0.0 if one.result.refused else len(shown) / len(wanted)


def list_precision(one: ScoredResult) -> float | None:
    """The share of the statements that cite a sentence of an item; None of a refusal."""
    gold = _listed(one)
    if not gold or one.result.refused or not one.result.statements:
        return None
    return sum(bool(_stated(statement, gold)) for statement in one.result.statements) / len(one.result.statements)


def list_true_count(one: ScoredResult) -> float | None:
    """1.0 if the number of items that the answer names is the number of items there are; None where it names none."""
    wanted = _names(_listed(one))
    return float(one.result.total == len(wanted)) if wanted and one.result.total is not None else None


def conflict_both(one: ScoredResult) -> float | None:
    """1.0 if statements show two values, each by a citation that bears the day of its report."""
    return float(len(_first_shown(one)) > 1) if _values(one) else None


def conflict_later_first(one: ScoredResult) -> float | None:
    """1.0 if the value shown first is of no earlier day than the next one; None where fewer than two are shown."""
    days = list(_first_shown(one).values())
    return float(days[0] >= days[1]) if _values(one) and len(days) > 1 else None


def conflict_told(one: ScoredResult) -> float | None:
    """1.0 if the answer says that reports differ, of questions on which they do."""
    told = one.result.reports_differ
    return float(told) if told is not None and _values(one) else None


def conflict_false_alarm(one: ScoredResult) -> float | None:
    """1.0 if the answer says that reports differ, of questions on which they do not."""
    told = one.result.reports_differ
    return float(told) if told is not None and NO_CONFLICT in one.result.case.tags else None


def _listed(one: ScoredResult) -> list[GoldSentence]:
    """The sentences of the items of a list; none where a sentence was not located."""
    return [gold for gold in _gold(one) if gold.item and gold.published is None]


def _values(one: ScoredResult) -> list[GoldSentence]:
    """The sentences of the values that differ; none where a sentence was not located."""
    return [gold for gold in _gold(one) if gold.item and gold.published]


def _gold(one: ScoredResult) -> tuple[GoldSentence, ...]:
    return one.result.case.gold_sentences if one.result.case.answerable and one.gold else ()


def _names(gold: list[GoldSentence]) -> set[str]:
    return {sentence.item for sentence in gold}


def _stated(statement: StatementRecord, gold: list[GoldSentence]) -> list[GoldSentence]:
    """The gold sentences that a statement cites."""
    return [sentence for sentence in gold if any(_cites(citation, sentence) for citation in statement.citations)]


def _cites(citation: CitationRecord, sentence: GoldSentence) -> bool:
    assert sentence.start is not None and sentence.end is not None, "only located sentences are scored"
    return cites([citation], (sentence.article, (sentence.start, sentence.end)))


def _first_shown(one: ScoredResult) -> dict[str, str]:
    """The values that are shown with their day, in the order of their first statement, each with that day."""
    shown: dict[str, str] = {}
    for statement in () if one.result.refused else one.result.statements:
        for sentence in _values(one):
            day = str(sentence.published)
            if any(_cites(citation, sentence) and citation.published == day for citation in statement.citations):
                shown.setdefault(sentence.item, day)
    return shown
