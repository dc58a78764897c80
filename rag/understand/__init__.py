"""A question and its conversation made into a Query, without a model, and how each part was read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from index.types import Filter
from rag.types import Interpretation, Query, Turn
from rag.understand.answer_type import answer_type, develops, speaker
from rag.understand.follow_up import rewrite
from rag.understand.outlets import authors_in, is_outlet, outlets_in
from rag.understand.time_range import MILD, read_time

INNER_ORDER = ("answer_type", "follow_up", "outlets", "time_range")
"""Each may import itself and those before it."""

EVERYTHING = Filter()
NEWEST = "newest article"


def understand(
    question: str,
    turns: Sequence[Turn] = (),
    *,
    as_of: date | None,
    newest: date | None,
    outlets: Collection[str],
    authors: Collection[str],
    filter: Filter = EVERYTHING,
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
    followed = rewrite(question, turns)
    if followed and (chip := Interpretation("follow-up", followed.phrase, followed.text)).key not in ignored:
        chips.append(chip)
        text = followed.text
        favour = _cited(turns[-1])

    found = filter
    today = as_of or (newest if f"as-of:{NEWEST}" not in ignored else None)
    recency = MILD
    if today:
        time = read_time(text, today, frozenset(key.partition(":")[2] for key in ignored if key.startswith("date:")))
        recency = 0.0 if filter.until else max(time.recency, 1.0 if as_of and not time.phrases else 0.0)
        if time.phrases and not (filter.since or filter.until):
            found = replace(found, since=time.since, until=time.until)
            meaning = _range(time.since, time.until)
            chips += [Interpretation("date", phrase, meaning) for phrase in time.phrases]
        chips += [Interpretation("date", phrase, "newer articles first") for phrase in time.now]
        if as_of is None and time.relative and any(chip.kind == "date" for chip in chips):
            chips.append(Interpretation("as-of", NEWEST, today.isoformat()))

    for kind, mentions in (
        ("outlet", [] if filter.outlets else outlets_in(text, outlets)),
        ("author", [] if filter.authors else authors_in(text, authors)),
    ):
        kept: list[str] = []
        for mention in mentions:
            chip = Interpretation(kind, mention.phrase, ", ".join(mention.known_as))  # type: ignore[arg-type]
            if chip.key not in ignored:
                kept += mention.known_as
                chips.append(chip)
        names = tuple(dict.fromkeys(kept))
        if names:
            found = replace(found, outlets=names) if kind == "outlet" else replace(found, authors=names)

    wanted, whose = answer_type(text), speaker(text)
    if is_outlet(whose, outlets):
        wanted, whose = ("other" if wanted == "quotation" else wanted), ""
    return Query(
        question=question,
        text=text,
        filter=found,
        given=filter,
        as_of=as_of or newest,
        recency=recency,
        answer_type=wanted,
        speaker=whose,
        develops=develops(text),
        favour=favour,
        interpretations=tuple(dict.fromkeys(chips)),
    )


def _cited(turn: Turn) -> tuple[tuple[str, str], ...]:
    """The article revisions a turn's answer rests on, in order."""
    citations = turn.answer.citations if turn.answer else ()
    return tuple(dict.fromkeys((citation.article_id, citation.revision) for citation in citations))


def _range(since: date | None, until: date | None) -> str:
    if since and until:
        return f"published {since} to {until}"
    return f"published since {since}" if since else f"published until {until}"
