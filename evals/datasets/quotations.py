"""Articles whose quotations and reported statements were marked by reading them: who said what, and where it stands.

`evals/sets/quotes/README.md` says what is marked and what is not.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, ClassVar, Literal

from evals.datasets.cases import STRICT, half
from evals.sets import DEMO, FOLDER
from index import sources
from index.errors import UserError
from index.types import Article, Span

Kind = Literal["direct", "mixed", "indirect"]
Half = Literal["tuning", "reported"]

ANNOTATIONS = FOLDER / "quotes" / "quotations.jsonl"
ARTICLES = (DEMO, FOLDER / "quotes" / "gum_articles.jsonl")
"""The articles that the annotations count characters of."""


@dataclass(frozen=True, slots=True)
class Place:
    """Characters of an article's cleaned text, and what stands there."""

    start: int
    end: int
    text: str
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    @property
    def span(self) -> Span:
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class GoldQuotation:
    """One thing that somebody is said to have said.

    `direct`: nothing but quoted words; `mixed`: the writer's words with quoted ones among them; `indirect`: the
    writer's words alone. `content` are the words said, without the marks around a direct quotation.
    """

    kind: Kind
    content: tuple[Place, ...]
    source: Place | None = None
    """The name, description or pronoun that says who speaks; None where a quotation goes on without one."""
    name: str | None = None
    """The speaker's full name as the article has it; None where the article names nobody."""
    cue: Place | None = None
    """The words that say that it was said: `said`, `according to`."""
    optional: bool = False
    """Doubtful: finding it is not asked for, and not an error. Belief, estimates, polls, statements without content."""
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT


@dataclass(frozen=True, slots=True)
class AnnotatedArticle:
    """An article with everything that is said in it, in the order of the text."""

    article: Article
    name: str
    group: str
    """`gum`, or what a Wikinews article of the demo is about: `political` or `other`."""
    quotations: tuple[GoldQuotation, ...]

    @property
    def half(self) -> Half:
        """By the article's name alone, as the halves of question sets are."""
        return "reported" if half(self.name) == "half:reported" else "tuning"


@dataclass(frozen=True, slots=True)
class _Row:
    article: str
    group: str
    quotations: tuple[GoldQuotation, ...]
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT


def read_quotations(path: Path = ANNOTATIONS, articles: Sequence[Path] = ARTICLES) -> list[AnnotatedArticle]:
    """The annotated articles of a file (JSON lines).

    Raises UserError that names the line and what is wrong: a row that is none, an article that is not among
    `articles`, offsets at which the article does not have the row's words.
    """
    from pydantic import TypeAdapter, ValidationError

    adapter = TypeAdapter(_Row)
    known = {_name(each): each for each in sources.read([str(one) for one in articles]) if isinstance(each, Article)}
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path.name}, line {number}"
        try:
            row = adapter.validate_python(json.loads(line))
        except (ValidationError, ValueError) as error:
            raise UserError(f"{where} is no annotated article: {error}") from error
        if row.article not in known:
            raise UserError(f"{where}: no article is called {row.article!r} in {', '.join(map(str, articles))}")
        article = known[row.article]
        for quotation in row.quotations:
            for place in (quotation.source, quotation.cue, *quotation.content):
                if place and article.text[place.start : place.end] != place.text:
                    raise UserError(
                        f"{where}: {row.article} has {article.text[place.start : place.end]!r} at "
                        f"{place.start}-{place.end}, not {place.text!r}. Write the offsets of its cleaned text."
                    )
        found.append(AnnotatedArticle(article, row.article, row.group, row.quotations))
    return found


def _name(article: Article) -> str:
    """The row's id in the file that an article was read from, else the file's name."""
    path, _, row = article.location.partition("#")
    return row or PurePath(path).name
