"""The Query for a question in its conversation, by rules, and how each part of it was understood."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from index.types import Filter
from rag.types import Interpretation, Query, Turn
from rag.understand.answer_type import answer_type, develops, speaker
from rag.understand.follow_up import rewrite
from rag.understand.outlets import authors_in, is_outlet, outlets_in
from rag.understand.time_range import DEFAULT_RECENCY, publication_range

INNER_ORDER = "answer_type follow_up outlets time_range"
"""Each may import itself and those before it."""

NEWEST = "newest article"


def understand(
    question: str,
    turns: Sequence[Turn] = (),
    *,
    as_of: date | None,
    newest: date | None,
    outlets: Collection[str],
    authors: Collection[str],
    filter: Filter = Filter(),
    ignore: Collection[str] = (),
) -> Query:
    """Read dates, outlets, authors, the kind of answer and what a follow-up refers to.

    `as_of` is the day a person says it is; where None, relative dates count from `newest`, the newest
    article's date, and where that is None too, dates are not understood. What `filter` sets wins over what
    the question says. Each Interpretation.key in `ignore` is treated as if its phrase meant nothing. The
    returned filter holds the person's and the inferred parts together; `given` is the person's alone.
    """
    ignored = {key.lower() for key in ignore}
    chips: list[Interpretation] = []

    text = question
    favour: tuple[tuple[str, str], ...] = ()
    rewritten = rewrite(question, turns)
    if rewritten and (chip := Interpretation("follow-up", rewritten.phrase, rewritten.text)).key not in ignored:
        chips.append(chip)
        text = rewritten.text
        favour = _cited_revisions(turns[-1])

    combined = filter
    today = as_of or (newest if f"as-of:{NEWEST}" not in ignored else None)
    recency = DEFAULT_RECENCY
    if today:
        passed_over = frozenset(key.removeprefix("date:") for key in ignored if key.startswith("date:"))
        time = publication_range(text, today, passed_over)
        recency = 0.0 if filter.until else max(time.recency, 1.0 if as_of and not time.phrases else 0.0)
        if time.phrases and not (filter.since or filter.until):
            combined = replace(combined, since=time.since, until=time.until)
            meaning = _published_range(time.since, time.until)
            chips += [Interpretation("date", phrase, meaning) for phrase in time.phrases]
        chips += [Interpretation("date", phrase, "newer articles first") for phrase in time.recent]
        if as_of is None and time.relative and any(chip.kind == "date" for chip in chips):
            chips.append(Interpretation("as-of", NEWEST, today.isoformat()))

    for kind, mentions in (
        ("outlet", [] if filter.outlets else outlets_in(text, outlets)),
        ("author", [] if filter.authors else authors_in(text, authors)),
    ):
        names: list[str] = []
        for mention in mentions:
            chip = Interpretation(kind, mention.phrase, ", ".join(mention.names))  # type: ignore[arg-type]
            if chip.key not in ignored:
                names += mention.names
                chips.append(chip)
        if names:
            unique = tuple(dict.fromkeys(names))
            combined = replace(combined, outlets=unique) if kind == "outlet" else replace(combined, authors=unique)

    kind_of_answer, name = answer_type(text), speaker(text)
    if is_outlet(name, outlets):
        kind_of_answer, name = ("other" if kind_of_answer == "quotation" else kind_of_answer), ""
    return Query(
        question=question,
        text=text,
        filter=combined,
        given=filter,
        as_of=as_of or newest,
        recency=recency,
        answer_type=kind_of_answer,
        speaker=name,
        develops=develops(text),
        favour=favour,
        interpretations=tuple(dict.fromkeys(chips)),
    )


def _cited_revisions(turn: Turn) -> tuple[tuple[str, str], ...]:
    """The article revisions a turn's answer rests on, in order."""
    citations = turn.answer.citations if turn.answer else ()
    return tuple(dict.fromkeys((citation.article_id, citation.revision) for citation in citations))


def _published_range(since: date | None, until: date | None) -> str:
    if since and until:
        return f"published {since} to {until}"
    return f"published since {since}" if since else f"published until {until}"
