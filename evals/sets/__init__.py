"""The question sets that ship, and where the articles of a set lie."""

from __future__ import annotations

from pathlib import Path

from index.errors import UserError

FOLDER = Path(__file__).parent
DEMO = FOLDER / "wikinews" / "articles.jsonl"
"""293 complete Wikinews articles of 2019 and 2020 (CC BY 2.5; see ATTRIBUTION.md beside them)."""

EARLIER = FOLDER / "wikinews" / "earlier.jsonl"
"""Sixteen Wikinews articles of 2005 to 2008, of stories that are kept out of training; see ATTRIBUTION.md too."""

ARTICLES: dict[str, tuple[Path, ...]] = {
    "seeds.jsonl": (FOLDER.parents[1] / "seeds",),
    "wikinews.jsonl": (DEMO,),
    "near_misses.jsonl": (DEMO,),
    "follow_ups.jsonl": (DEMO,),
    "said.jsonl": (DEMO,),
    "lists.jsonl": (DEMO,),
    "conflicts.jsonl": (DEMO, EARLIER),
}


def set_path(name: str) -> Path:
    """The path of a question set that ships; raises UserError for an unknown name."""
    if name not in ARTICLES:
        raise UserError(f"No question set {name!r} ships. There are: {', '.join(ARTICLES)}")
    return FOLDER / name


def articles_of(questions: Path) -> tuple[Path, ...]:
    """The articles a question set is asked of: those that ship with it, or `articles.jsonl` beside it; else none."""
    if questions.resolve().parent == FOLDER and questions.name in ARTICLES:
        return ARTICLES[questions.name]
    beside = questions.parent / "articles.jsonl"
    return (beside,) if beside.is_file() else ()
