"""Questions about the people of a parsed sentence: who holds an office, who somebody is, how old."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.training.clauses import NAMES, Stretch, noun_phrase
from rag.training.phrasing import PEOPLE, ClauseQuestion, name_only, points_elsewhere, question

if TYPE_CHECKING:
    from spacy.tokens import Span


def people_questions(sentence: Span, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "Who is the chief executive of ...?" and "How old is ...?" for the people named with a role or an age."""
    for entity in sentence.ents:
        if entity.label_ != "PERSON" or len(entity) < 2:
            continue
        head, doc = entity.root, entity.doc
        name = (entity.start_char, entity.end_char)
        before = Stretch(doc, min(head.left_edge.i, entity.start), entity.start)
        tense = rng.choice(("is", "was"))
        if 1 <= len(before) <= 8 and doc[entity.start - 1].pos_ in ("NOUN", "PROPN") and entity.end == head.i + 1:
            title = before.text.strip(" ,")
            named = any(t.ent_type_ in NAMES for t in doc[before.start : before.end])
            role = doc[entity.start - 1].lemma_.lower() in PEOPLE and "," not in title
            if role and named and not points_elsewhere([title], named=False):
                article = (
                    "" if doc[before.start].dep_ in ("poss", "det") or doc[before.start].tag_ == "PRP$" else "the "
                )
                possessor = any(t.tag_ == "POS" for t in doc[before.start : before.end])
                yield question(f"who {tense} {'' if possessor else article}{title}", [name], "role")
        for child in head.children:
            described = child.dep_ == "appos" and child.i > head.i and child.pos_ == "NOUN"
            phrase = noun_phrase(child)
            if described and child.lemma_.lower() in PEOPLE and 2 <= len(phrase) <= 12 and entity.end == head.i + 1:
                text = phrase.text
                # "a lawyer" may be many; "lawyer for the union" and "Lisbon's mayor" are one.
                of_something = any(t.dep_ == "prep" or t.tag_ == "POS" for t in child.children)
                definite = of_something and not text.startswith(("a ", "an "))
                named = any(t.ent_type_ in NAMES for t in doc[phrase.start : phrase.end])
                if definite and named and not points_elsewhere([text], named=False):
                    # Takes "the mayor" and "Lisbon's mayor", which want no article; not "mayor of Lisbon".
                    article = "" if re.match(r"the |[A-Z].*['’]s ", text) else "the "
                    yield question(f"who {tense} {article}{text}", [name], "role")
                elif (named or len(phrase) > 3) and not points_elsewhere([text], named=True):
                    yield question(f"who {tense} {entity.text}", [name_only(phrase), phrase.characters], "role")
        yield from age_of(entity, rng)


NOT_TOLD = ("how tall is {}", "when was {} born", "where was {} born", "how much does {} earn", "who is {} married to")
"""What a sentence that tells an age does not tell."""
# Takes "Rafiq Vora, 35," and "Mary Lee (41)"; not "Rafiq Vora, 35 people".
AGE_AFTER = re.compile(r"(?:, | \()(\d{1,2})(?=[,)])")
# Takes the 35 of "35-year-old Rafiq Vora" and "35 year old lawyer Rafiq Vora"; not of "35-year-old case against".
AGE_BEFORE = re.compile(r"\b(\d{1,2})[- ]year[- ]old (?:[a-z]+ ){0,2}$")


def age_of(entity: Span, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "How old is ...?" where an age stands beside a name."""
    text = entity.doc.text
    after = AGE_AFTER.match(text, entity.end_char)
    before = AGE_BEFORE.search(text[max(0, entity.start_char - 50) : entity.start_char])
    wording = rng.choice(("how old is {}", "how old was {}", "what is the age of {}", "what was {}'s age"))
    others = [form.format(entity.text) for form in rng.sample(NOT_TOLD, 2)]
    if after:
        yield question(wording.format(entity.text), [after.span(1)], "how_old", others)
    elif before:
        shift = max(0, entity.start_char - 50)
        span = (shift + before.start(1), shift + before.end(1))
        yield question(wording.format(entity.text), [span], "how_old", others)
