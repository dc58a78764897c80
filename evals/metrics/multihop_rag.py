"""The metrics of MultiHop-RAG's own scripts (Tang & Yang 2024), beside the standard ones.

Written from a description of those scripts, defects included, so that published figures can be compared:
- a fact counts as found where its text, without spaces and line breaks, stands in one passage, so a fact that
  the splitter cut in two is never found, and one passage can be credited with several facts;
- Hits@k asks for any one fact, though every question needs two to four of them;
- MAP@10 divides the facts new at a rank by that rank, not all facts so far: two facts at ranks 1 and 2 score
  (1/1 + 1/2)/2 = .75 where average precision is 1;
- an answer is right if it shares one word with the expected answer, in lower case and with punctuation
  kept, so that a long answer with "the" in it is nearly always right;
- questions without an answer are left out of retrieval; "Insufficient information." is their right answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evals.datasets.importers.multihop_rag import TAG
from evals.metrics.scores import ranked_passages
from evals.results import CaseResult

NULL_ANSWER = "Insufficient information."


def _bare(text: str) -> str:
    return text.replace(" ", "").replace("\n", "")


def retrieval(passages: Sequence[str], facts: Sequence[str]) -> dict[str, float]:
    """Hits@10, Hits@4, MAP@10 and MRR@10 of one question by the script's definitions."""
    wanted = [_bare(fact) for fact in facts]
    unseen = set(wanted)
    precision, first = 0.0, 0
    for rank, passage in enumerate(map(_bare, passages[:10]), start=1):
        here = [fact for fact in wanted if fact in passage]
        if not here:
            continue
        first = first or rank
        fresh = unseen & set(here)
        unseen -= fresh
        precision += len(fresh) / rank
    return {
        "Hits@10": float(first > 0),
        "Hits@4": float(0 < first <= 4),
        "MAP@10": precision / min(len(wanted), 10),
        "MRR@10": 1 / first if first else 0.0,
    }


def accuracy(answer: str, expected: str) -> float:
    """1.0 if the two share a word, lower case and split at spaces."""
    return float(bool(set(answer.lower().split()) & set(expected.lower().split())))


def official(results: Sequence[CaseResult]) -> dict[str, tuple[float, int]]:
    """Mean and number of questions of each official metric; empty for another set."""
    mine = [result for result in results if TAG in result.case.tags and not result.error and not result.case.held_out]
    if not mine:
        return {}
    answerable = [result for result in mine if result.case.answerable and result.case.gold_sentences]
    rows = [
        retrieval([one.text for one in ranked_passages(result.hits)], [one.text for one in result.case.gold_sentences])
        for result in answerable
    ]
    table = {name: (float(np.mean([one[name] for one in rows])), len(rows)) for name in (rows[0] if rows else ())}
    expected = [(one, one.case.answers[:1] if one.case.answerable else [NULL_ANSWER]) for one in mine]
    right = [accuracy(NULL_ANSWER if one.refused else one.text, text) for one, texts in expected for text in texts]
    if right:
        table["Accuracy (shares a word)"] = (float(np.mean(right)), len(right))
    return table
