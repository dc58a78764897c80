"""A follow-up made to stand alone by the model; a rewriting that brings in what nobody said is not used."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from index.clean import clean_line
from index.text.names import find_names
from index.text.tokens import content, tokens
from rag.answer.chat_client import ModelFailed, Spent, Talker
from rag.answer.prompt import ANSWER_SHOWN, TURNS, rewrite_messages
from rag.types import Interpretation, Query, Turn

LONGEST = 300
"""Characters; a longer rewriting is an answer, or worse."""

_LABEL = re.compile(r"^(?:(?:the\s+)?(?:rewritten|stand-?alone|last)?\s*question\s*:)\s*", re.I)
_QUOTED = re.compile(r"^[\"“'‘](.*)[\"”'’]$")


def stand_alone(talker: Talker, question: str, turns: Sequence[Turn]) -> tuple[str, Spent]:
    """The last question rewritten by the model, and what that cost; empty where the rewriting cannot be used.

    Raises ModelFailed when no reply came.
    """
    text, spent = "", Spent()
    for piece in talker.talk(rewrite_messages(question, turns)):
        if isinstance(piece, Spent):
            spent = piece
        else:
            text += piece
            if len(text) > 4 * LONGEST:
                raise ModelFailed("it wrote more than a question")
    return usable(text, question, turns), spent


def usable(reply: str, question: str, turns: Sequence[Turn]) -> str:
    """The question in a reply, or empty: one line, about the question, no name or number from outside the talk."""
    lines = [line for line in map(clean_line, reply.strip().splitlines()) if line]
    if len(lines) != 1:
        return ""
    text = _QUOTED.sub(r"\1", _LABEL.sub("", lines[0])).strip()
    if not 0 < len(text) <= LONGEST:
        return ""
    talk = " ".join(f"{turn.question} {turn.text[:ANSWER_SHOWN]}" for turn in turns[-TURNS:]) + " " + question
    said = set(tokens(talk))
    named = {word for name in find_names(text) for word in tokens(name.text)}
    numbers = {word for word in tokens(text) if any(character.isdigit() for character in word)}
    if not (named | numbers) <= said:
        return ""
    # It must still be the question asked: most of the words that carry its meaning.
    wanted = set(content(question))
    if len(wanted & set(content(text))) < len(wanted) / 2:
        return ""
    return text


def restate(
    query: Query,
    turns: Sequence[Turn],
    talker: Talker,
    read: Callable[[str], Query],
    ignore: Collection[str] = (),
) -> tuple[Query, str, Spent]:
    """A follow-up's query with the model's stand-alone question, a note where there is none, and what it
    cost.

    `query` is the rule-based reading, which stands when the model fails or brings in what nobody said; `read`
    makes a Query of a stand-alone question. Both forms are in the interpretation, which `ignore` can name.
    """
    by_rule = next((chip for chip in query.interpretations if chip.kind == "follow-up"), None)
    phrase = by_rule.phrase if by_rule else query.question
    chip = Interpretation("follow-up", phrase, "")
    if chip.key in {key.lower() for key in ignore}:
        return query, "", Spent()
    try:
        text, spent = stand_alone(talker, query.question, turns)
    except ModelFailed as error:
        return query, f"The model did not restate the question ({error}); it was restated by rule.", Spent()
    if not text or text == query.text:
        return (
            query,
            "" if text else "The model's restated question was not used: it was not this question.",
            spent,
        )
    again = read(text)
    chip = replace(chip, meaning=f"{text} (by the model; by rule: {query.text})")
    chips = (chip, *(other for other in again.interpretations if other.kind != "follow-up"))
    return replace(again, question=query.question, favour=query.favour, interpretations=chips), "", spent
