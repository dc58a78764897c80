"""Follow-up questions rewritten by the model to stand alone; rewritings that bring in new names are not used."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from index.clean import clean_line
from index.text.names import find_names
from index.text.tokens import content, tokens
from rag.answer.chat_client import ChatClient, ModelFailed, Usage
from rag.answer.prompt import ANSWER_SHOWN, TURNS, rewrite_messages
from rag.types import Interpretation, Query, Turn

LONGEST = 300
"""Characters; a longer rewriting is an answer, or worse."""

# takes "Rewritten question: "; not "Question time"
_LABEL = re.compile(r"^(?:(?:the\s+)?(?:rewritten|stand-?alone|last)?\s*question\s*:)\s*", re.I)
# takes "“Who spoke?”" with its marks; not "Who said “no”?"
_QUOTED = re.compile(r"^[\"“'‘](.*)[\"”'’]$")


def rewrite_question(client: ChatClient, question: str, turns: Sequence[Turn]) -> tuple[str, Usage]:
    """The last question rewritten by the model, and the usage; empty where the rewriting cannot be used.

    Raises ModelFailed when no reply came.
    """
    text, usage = "", Usage()
    for piece in client.stream(rewrite_messages(question, turns)):
        if isinstance(piece, Usage):
            usage = piece
        else:
            text += piece
            if len(text) > 4 * LONGEST:
                raise ModelFailed("it wrote more than a question")
    return usable_rewriting(text, question, turns), usage


def usable_rewriting(reply: str, question: str, turns: Sequence[Turn]) -> str:
    """The question in a reply, or empty: one line, about the question, no name or number from elsewhere."""
    lines = [line for line in map(clean_line, reply.strip().splitlines()) if line]
    if len(lines) != 1:
        return ""
    text = _QUOTED.sub(r"\1", _LABEL.sub("", lines[0])).strip()
    if not 0 < len(text) <= LONGEST:
        return ""
    conversation = " ".join(f"{turn.question} {turn.text[:ANSWER_SHOWN]}" for turn in turns[-TURNS:]) + " " + question
    known = set(tokens(conversation))
    names = {word for name in find_names(text) for word in tokens(name.text)}
    numbers = {word for word in tokens(text) if any(character.isdigit() for character in word)}
    if not (names | numbers) <= known:
        return ""
    # It must still be the question asked: most of the words that carry its meaning.
    wanted = set(content(question))
    if len(wanted & set(content(text))) < len(wanted) / 2:
        return ""
    return text


def restate(
    query: Query, turns: Sequence[Turn], client: ChatClient, read: Callable[[str], Query], ignore: Collection[str] = ()
) -> tuple[Query, str, Usage]:
    """A follow-up's query with the model's stand-alone question, a note where there is none, and the usage.

    `query` comes from the rules and stands when the model fails or its rewriting cannot be used; `read` makes a Query
    of a stand-alone question. Both forms are in the interpretation, which `ignore` can name.
    """
    by_rule = next((chip for chip in query.interpretations if chip.kind == "follow-up"), None)
    phrase = by_rule.phrase if by_rule else query.question
    chip = Interpretation("follow-up", phrase, "")
    if chip.key in {key.lower() for key in ignore}:
        return query, "", Usage()
    try:
        text, usage = rewrite_question(client, query.question, turns)
    except ModelFailed as error:
        return query, f"The model did not restate the question ({error}); it was restated by rule.", Usage()
    if not text or text == query.text:
        return query, "" if text else "The model's restated question was not used: it was not this question.", usage
    rewritten = read(text)
    chip = replace(chip, meaning=f"{text} (by the model; by rule: {query.text})")
    chips = (chip, *(other for other in rewritten.interpretations if other.kind != "follow-up"))
    return replace(rewritten, question=query.question, favour=query.favour, interpretations=chips), "", usage
