"""How often a sentence that a chat model might write is judged wrongly: `python -m evals.lab.model_sentences`.

The set (`evals/sets/model_sentences.jsonl`) holds pairs about one fact: a true sentence and one that is false by one
change, each with the passage it cites. Both are checked as the sentences of a written answer are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import click

from evals.metrics.statistics import interval
from evals.sets import DEMO, FOLDER
from index import errors, sources
from index.errors import UserError
from index.split import sentences
from index.terminal import echo
from index.types import Article, Hit, Passage
from rag.answer.check_sentence import check
from rag.answer.reply_parser import Sentence
from rag.types import Query, Reading

SET = FOLDER / "model_sentences.jsonl"
ARTICLES = (DEMO, FOLDER.parents[1] / "seeds")
HALVES = ("tuning", "reported")
WORDINGS = ("close", "free")
"""How a pair is worded: close where at least `CLOSE` of the true sentence's content words stand in the passage."""

CLOSE = 0.8
_KINDS = "opposite only roles speaker number date place name negation quotation cause property"
KINDS = tuple(_KINDS.split())
"""What was changed in the false sentence of a pair; its first tag, and its true twin's."""


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence, the passage that it cites (characters of the cleaned article), and whether the passage says it."""

    id: str
    pair: str
    question: str
    sentence: str
    article: str
    start: int
    end: int
    text: str
    true: bool
    change: str
    note: str
    tags: tuple[str, ...]

    @property
    def kind(self) -> str:
        return self.tags[0]

    @property
    def half(self) -> str:
        return self._tagged("half")

    @property
    def wording(self) -> str:
        return self._tagged("wording")

    def _tagged(self, what: str) -> str:
        return next(tag.removeprefix(f"{what}:") for tag in self.tags if tag.startswith(f"{what}:"))


def read(path: Path = SET) -> list[Row]:
    """The rows of a set; raises UserError that names the line of one that lacks something."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            fields = json.loads(line)
            cites = fields.pop("cites")
            row = Row(**{**fields, **cites, "tags": tuple(fields["tags"])})
            if row.kind not in KINDS or row.half not in HALVES or row.wording not in WORDINGS:
                raise ValueError(f"its tags are {', '.join(row.tags)}")
        except (ValueError, TypeError, KeyError, IndexError, StopIteration) as error:
            raise UserError(f"{path.name}, line {number} is no sentence with its passage: {error}") from error
        rows.append(row)
    return rows


def articles(names: Iterable[str]) -> dict[str, Article]:
    """The articles of these names (a row's id, or a file's name) among those that ship, as a library cleans them."""
    wanted = set(names)
    found = {_name(each): each for each in sources.read([str(path) for path in ARTICLES]) if isinstance(each, Article)}
    if missing := wanted - found.keys():
        raise UserError(f"No article that ships is called {', '.join(sorted(missing))}.")
    return {name: found[name] for name in wanted}


def _name(article: Article) -> str:
    path, _, row = article.location.partition("#")
    return row or PurePath(path).name


def supported(row: Row, article: Article) -> bool:
    """Whether the sentence, written in an answer and citing its passage, would be shown as supported."""
    query, reading = Query(row.question, row.question), Reading((), 0.0, True)
    return check(Sentence(row.sentence, (1,)), [passage_hit(row, article)], query, reading).statement.supported


def passage_hit(row: Row, article: Article) -> Hit:
    """The passage that a row cites, as if it had been found."""
    spans = tuple(span for span in sentences(article.text) if row.start <= span[0] and span[1] <= row.end)
    return Hit(Passage(article.id, article.revision, 0, row.start, row.end, spans, 0), article, 1.0)


@dataclass(frozen=True, slots=True)
class Rates:
    """Whether each false sentence was shown as supported (`passed`), and each true one as not found (`marked`)."""

    passed: tuple[bool, ...]
    marked: tuple[bool, ...]

    def __str__(self) -> str:
        return f"{_share(self.passed):<29}{_share(self.marked)}"


def rates(rows: Iterable[Row], judged: Mapping[str, bool]) -> Rates:
    """Both kinds of error; `judged` says by a row's id whether it was shown as supported."""
    wrong = [(row.true, judged[row.id] != row.true) for row in rows]
    return Rates(tuple(one for true, one in wrong if not true), tuple(one for true, one in wrong if true))


def _share(wrong: Sequence[bool]) -> str:
    if not wrong:
        return "none"
    low, high = interval([float(each) for each in wrong])
    return f"{sum(wrong):>3} of {len(wrong):<4}{sum(wrong) / len(wrong):.3f} [{low:.3f}, {high:.3f}]"


def report(rows: Sequence[Row], judged: Mapping[str, bool]) -> str:
    """A table: a line for each kind of change, for each wording and for all."""
    groups = {kind: [row for row in rows if row.kind == kind] for kind in KINDS}
    groups |= {f"{wording} words": [row for row in rows if row.wording == wording] for wording in WORDINGS}
    groups["all"] = list(rows)
    lines = [f"{'':<12}{'false, shown as supported':<29}true, marked as not found"]
    lines += [f"{name:<12}{rates(own, judged)}" for name, own in groups.items() if own]
    return "\n".join(lines)


@click.command()
@click.option("--set", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=SET, help="File.")
@click.option("--half", type=click.Choice(HALVES), help="Only this half of the pairs.")
@click.option("--list", "listing", is_flag=True, help="Show the sentences that were judged wrongly.")
def main(path: Path, half: str | None, listing: bool) -> None:
    """Measure both error rates on sentences that are false by one change and on their true twins."""
    rows = [row for row in read(path) if half in (None, row.half)]
    known = articles(row.article for row in rows)
    judged = {row.id: supported(row, known[row.article]) for row in rows}
    for row in rows:
        if listing and judged[row.id] != row.true:
            what = "true, marked" if row.true else f"false, supported ({row.note})"
            echo(f"{row.id}, {row.kind}, {what}\n  {row.sentence}\n  {' '.join(row.text.split())}")
    echo(report(rows, judged))


if __name__ == "__main__":
    errors.run(main)
