"""Whether other articles give another answer than the one chosen; compares short answers, not whole sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from index.text.numbers import find_figures
from index.text.tokens import content
from index.types import Article
from rag.types import Candidate, Query

COMPARABLE_TYPES = ("number", "date", "person", "place")
"""Types of answer of which two different ones contradict each other."""

CLOSE_SCORE = 0.85
"""A sentence with this share of the best one's score is taken to answer the same question."""

LEAST_AGREEING = 2
"""Articles that must agree with each other before the chosen answer is said to stand alone."""


DISAGREEMENT = "Others report"
"""How a note that reports differ begins."""


def disagreement_note(query: Query, candidates: Sequence[Candidate]) -> str:
    """A note when the best of `candidates` stands alone against several articles that agree; else empty.

    `candidates` are in order. Each article counts once, with its best sentence.
    """
    if query.answer_type not in COMPARABLE_TYPES or not candidates or not candidates[0].short:
        return ""
    best = candidates[0]
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.score >= CLOSE_SCORE * best.score and candidate.short:
            first.setdefault(candidate.hit.article.id, candidate)
    rest = [candidate for article, candidate in first.items() if article != best.hit.article.id]
    if any(_same(best.short_text, candidate.short_text) for candidate in rest):
        return ""
    values = sorted(rest, key=lambda candidate: sorted(_value(candidate.short_text)))
    groups = [list(group) for _, group in groupby(values, key=lambda candidate: _value(candidate.short_text))]
    largest = max(groups, key=len, default=[])
    if len(largest) < LEAST_AGREEING:
        return ""
    articles = "; ".join(_name(candidate.hit.article) for candidate in largest)
    return f"{DISAGREEMENT} “{largest[0].short_text}”: {articles}."


def count_agreeing(answer: str, others: Iterable[tuple[str, str]]) -> int:
    """How many articles of `others`, pairs of article id and short answer, say what `answer` says."""
    wanted = _value(answer)
    return len({article for article, text in others if wanted and _value(text) == wanted})


def _value(text: str) -> frozenset[str]:
    """What an answer says: its figures where it has some, its content words otherwise."""
    figures = {f"{figure.value:g}{figure.unit}" for figure in find_figures(text)}
    return frozenset(figures or content(text))


def _same(one: str, other: str) -> bool:
    """Whether neither says anything the other contradicts: "Biden" and "President Joe Biden" are one answer."""
    a, b = _value(one), _value(other)
    return a <= b or b <= a


def _name(article: Article) -> str:
    return f"{article.name} ({article.published})" if article.published else article.name
