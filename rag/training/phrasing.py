"""Wording of made questions: a clause turned round, what of it is left out, which question words fit.

After Heilman and Smith (2010), "Good Question!": a part becomes a question word, moves to the front, and some of the
rest is left out. Knows nothing of what is asked for.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.training.clauses import REQUIRED, Clause, Part, Stretch, noun_phrase, word_set
from rag.training.question_generation import COUNTRIES, ORGANISATIONS

if TYPE_CHECKING:
    from spacy.tokens import Token

PEOPLE = word_set(
    "man woman boy girl child person people president minister senator chancellor governor mayor judge "
    "justice secretary general captain pope king queen prince princess actor actress singer director "
    "author writer chairman executive spokesman spokeswoman spokesperson leader coach professor striker "
    "driver candidate journalist lawyer founder official officer police policeman soldier troop student "
    "teacher doctor scientist researcher worker victim suspect resident citizen protester demonstrator "
    "activist militant gunman attacker rebel passenger pilot crew player voter lawmaker politician member "
    "mother father son daughter wife husband brother sister family friend expert analyst critic opponent "
    "supporter fan customer patient prisoner hostage refugee immigrant farmer fisherman firefighter "
    "witness survivor reporter editor owner employee head chief ambassador diplomat commander bishop "
    "priest"
)
OF_TIME = {"DATE", "TIME"}
OF_PLACE = {"GPE", "LOC", "FAC"}
# Takes "Monday" and "yesterday"; not "Mondays" nor "day".
WEEKDAY = re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(?:yesterday|today|tonight|tomorrow)\b")
POINTING = word_set(
    "he she they it we i you him them us me this these those here itself himself herself themselves former "
    "latter my your our that such there its his her their same another other others"
)
"""Words that point at something said before; his, her, its and their may follow a subject that is named."""
POSSESSIVE = {"its", "his", "her", "their", "other", "another", "others", "that"}
SINGULAR = {"were": "was", "are": "is", "have": "has", "do": "does"}
CAUSAL = word_set("because due after over amid as since following to for so reason by")
LONGEST = 24
MOST_PREPOSITIONS = 2


@dataclass(frozen=True, slots=True)
class ClauseQuestion:
    """A question with its answers as characters of the document; the first is the best."""

    text: str
    spans: tuple[tuple[int, int], ...]
    kind: str
    near_misses: tuple[str, ...] = ()
    """Questions in like words that the sentence does not answer."""


def sound(question: ClauseQuestion) -> bool:
    """Has it a fair length, nothing that points elsewhere, and not its own answer in it?"""
    words = question.text.strip("?").split()
    if words[-1].lower() in ("the", "a", "an", "of", "and", "or", "than", "such"):
        return False
    # Takes "(ODA)", "the law; it", "killed , the"; not "the U.S. law".
    return 4 <= len(words) <= LONGEST and bool(question.spans) and not re.search(r"[;:()]|  | [,.]", question.text)


def points_elsewhere(texts: Sequence[str], named: bool) -> bool:
    """Do words of `texts` need the text before to be understood? `named` says that the question names its subject."""
    # Takes "its" and the "it" of "it's"; not digits nor signs.
    words = {word.lower() for text in texts for word in re.findall(r"[A-Za-z]+", text)}
    return bool(words & (POINTING - POSSESSIVE if named else POINTING))


def chosen(clause: Clause, rng: random.Random, left_out: Sequence[Part] = ()) -> list[Part]:
    """Return the parts that a question keeps, in their order; those before the subject come last."""
    has_object = clause.part("dobj", "attr", "acomp", "oprd", "xcomp", "ccomp") is not None
    kept: list[Part] = []
    first_prep = True
    for part in clause.parts:
        keep = share_kept(part, clause, has_object, first_prep)
        if part.role == "prep" and part.head.i > clause.verb.i:
            first_prep = False
        enough = part.role == "prep" and sum(other.role == "prep" for other in kept) == MOST_PREPOSITIONS
        if part not in left_out and rng.random() < keep and not enough:
            kept.append(part)
    return sorted(kept, key=lambda part: (part.head.i < clause.subject.i, part.head.i))


def share_kept(part: Part, clause: Clause, has_object: bool, first_prep: bool) -> float:
    """How often a part stays in the question."""
    before = part.head.i < clause.verb.i
    if WEEKDAY.search(part.words.text) and len(part.words) < 5:
        return 0.1
    if part.role in REQUIRED and not before:
        return 1.0
    if part.role == "ccomp":
        return 1.0
    if part.role == "agent":
        return 0.7
    if part.role == "prep":
        timed = any(token.ent_type_ in OF_TIME for token in part.head.subtree)
        needed = first_prep and not has_object and not before and not timed
        return 0.0 if len(part.words) > 12 else 0.95 if needed else 0.3 if timed else 0.65
    if part.role == "advmod":
        if part.head.lower_ in ("also", "however", "too", "therefore", "meanwhile", "instead", "thus", "then"):
            return 0.0
        return 0.0 if before and part.head.i < clause.subject.i else 0.6
    if part.role == "npadvmod":
        return 0.3
    return 0.2 if part.role == "advcl" and len(part.words) <= 9 and not before else 0.0


def texts_of(parts: Sequence[Part]) -> list[str]:
    """The words of each part."""
    return [part.words.text for part in parts]


def around(clause: Clause, parts: Sequence[Part]) -> tuple[list[str], list[str]]:
    """The words of `parts` that go before the verb, such as "previously", and those that go after it."""
    front = [part for part in parts if part.role == "advmod" and clause.subject.i < part.head.i < clause.verb.i]
    return texts_of(front), texts_of([part for part in parts if part not in front])


def predicate(clause: Clause, parts: Sequence[Part], plural: bool = False) -> str:
    """The verb with its auxiliaries and these parts, as after "Who", or as after "How many ships" where `plural`."""
    before, after = around(clause, parts)
    group = [*(token.text for token in clause.auxiliaries), *before, clause.verb.text]
    if not plural:
        group[0] = SINGULAR.get(group[0].lower(), group[0])
    return " ".join([*group, *after])


def inverted(clause: Clause, parts: Sequence[Part]) -> str:
    """Auxiliary, subject, verb and these parts, as after "What"; "do" where there is no auxiliary."""
    verb = clause.verb
    before, after = around(clause, parts)
    if clause.auxiliaries:
        first, *others = (token.text for token in clause.auxiliaries)
        group = [first, clause.subject_text, *others, *before, verb.text]
    elif verb.lemma_ == "be":
        group = [verb.text, clause.subject_text, *before]
    else:
        do = {"VBD": "did", "VBZ": "does", "VBP": "do"}[verb.tag_]
        group = [do, clause.subject_text, *before, verb.lemma_]
    return " ".join([*group, *after])


def written(text: str) -> str:
    """The text of a question with its capital and its mark."""
    text = " ".join(text.replace(" 's", "'s").split()).strip(" ,.")
    return f"{text[:1].upper()}{text[1:]}?"


def question(text: str, spans: Sequence[tuple[int, int]], kind: str, near_misses: Sequence[str] = ()) -> ClauseQuestion:
    """A question of this kind; of several answers that are the same one stands."""
    return ClauseQuestion(written(text), tuple(dict.fromkeys(spans)), kind, tuple(map(written, near_misses)))


def turned_about(clause: Clause, thing: Part) -> list[str]:
    """Ask whom the object did it to, where both are people, places or bodies: the sentence says the reverse.

    Left out where it may as well be said of both, as of those who meet.
    """
    mutual = clause.verb.lemma_ in ("meet", "join", "marry", "fight", "have", "be", "include", "see", "face")
    both = all(token.ent_type_ in ("PERSON", "ORG", "GPE", "NORP") for token in (clause.subject, thing.head))
    plain = not clause.auxiliaries and clause.verb.tag_ == "VBD"
    if mutual or not both or not plain or len(thing.words) > 8:
        return []
    named = noun_phrase(thing.head).text
    return [f"who did {named} {clause.verb.lemma_}"]


def other_properties(clause: Clause, turned: str, kind: str) -> list[str]:
    """Ask for what the clause and its sentence do not tell: another of time, place, reason and length."""
    sentence = clause.verb.sent
    labels = {entity.label_ for entity in sentence.ents}
    causal = any(token.lower_ in CAUSAL for token in sentence)
    told = {"when": labels & OF_TIME, "where": labels & OF_PLACE, "why": causal, "how long": labels & OF_TIME}
    return [f"{words} {turned}" for words, there in told.items() if not there and words != kind.replace("_", " ")]


def askable(clause: Clause) -> bool:
    """Does the subject stand by itself in a question?"""
    words = clause.subject_text.split()
    pointing = points_elsewhere([clause.subject_text], named=False)
    return len(words) <= 10 and not pointing and clause.subject.tag_ not in ("EX", "DT", "CD", "WDT")


def about_verb_phrase(clause: Clause, rng: random.Random, without: Sequence[Part]) -> str:
    """The clause turned round, less some parts; "" where it needs the text before to be understood."""
    if not askable(clause):
        return ""
    parts = chosen(clause, rng, without)
    return "" if points_elsewhere(texts_of(parts), named=True) else inverted(clause, parts)


def who_or_what(phrase: Stretch, head: Token, rng: random.Random) -> str:
    """The question words for a noun phrase: by its entity, its head noun, or its name's last word.

    Returns "" for a name of which nobody knows what kind it is.
    """
    text = phrase.text.removeprefix("the ").removeprefix("The ")
    if head.ent_type_ == "PERSON":
        return "who"
    if re.fullmatch(COUNTRIES, text):
        return "which country"
    if head.text in ORGANISATIONS and head.pos_ == "PROPN":
        return ORGANISATIONS[head.text]
    if head.ent_type_ == "ORG":
        return rng.choice(("who", "which organization", "what"))
    if head.ent_type_ == "NORP" or head.lemma_.lower() in PEOPLE:
        return "who"
    return "" if head.pos_ == "PROPN" and not head.ent_type_ else "what"


def name_only(phrase: Stretch) -> tuple[int, int]:
    """The characters of a phrase without its article."""
    start = phrase.start
    if phrase.doc[start].tag_ == "DT" and len(phrase) > 1:
        start += 1
    return Stretch(phrase.doc, start, phrase.end).characters


def spans_of(phrase: Stretch, head: Token) -> list[tuple[int, int]]:
    """What counts as naming it: the phrase without its article, and a name in it where it ends with one."""
    spans = [name_only(phrase)]
    for entity in phrase.doc[phrase.start : phrase.end].ents:
        if entity.root == head and entity.label_ == "PERSON":
            spans.append((entity.start_char, entity.end_char))
    return spans


def answerable(phrase: Stretch, head: Token) -> bool:
    """Is the phrase an answer by itself, not "it" nor "the latter"?"""
    pointing = any(token.lower_ in POINTING for token in phrase.doc[phrase.start : phrase.end])
    return len(phrase) <= 10 and head.pos_ in ("NOUN", "PROPN") and not pointing
