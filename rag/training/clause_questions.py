"""Questions about one clause of a parsed sentence: who, whom, what, when, where, how many, how long, why, how ...

Each rule asks for one part of the clause; the answer is always a stretch of the sentence. Knows nothing of articles.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.training.clauses import REQUIRED, SAYING, Clause, Part, Stretch, noun_phrase, word_set
from rag.training.phrasing import (
    OF_PLACE,
    OF_TIME,
    PEOPLE,
    WEEKDAY,
    ClauseQuestion,
    about_verb_phrase,
    answerable,
    askable,
    chosen,
    inverted,
    name_only,
    other_properties,
    points_elsewhere,
    predicate,
    question,
    sound,
    spans_of,
    texts_of,
    turned_about,
    who_or_what,
)

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

# Takes "now", "recent years", "the past week", "this month"; not "Monday", "2004" nor "last May".
VAGUE_TIME = re.compile(
    r"\b(?:now|recent\w*|current\w*|then|daily|annual|past|previous|following|same|day|days|future|weekly|today|"
    r"this (?:week|month|year)|the (?:year|week|month|time|morning|night))\b",
    re.IGNORECASE,
)
# A stretch of time: "three days", "more than 20 years"; not "20 May" nor "1984".
DURATION = re.compile(r"\b(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centuries)$", re.IGNORECASE)
FATES = word_set(
    "die collapse crash explode sink disappear fall resign vanish burn erupt fail win lose drop rise close "
    "derail capsize escape retire drown survive"
)
UNITS = word_set("year day week month hour minute percent time second p.m. a.m. point %")
BLAMING = word_set(
    "arrest charge criticise criticize blame fine jail convict sue praise honor honour apologise apologize "
    "accuse execute thank ban punish suspend"
)
INFINITIVE = word_set(
    "plan try want seek decide agree continue begin fail ask expect attempt hope intend have need refuse "
    "start threaten vow go be appear seem allow"
)
"""Verbs whose infinitive is no purpose."""
MOVING = word_set(
    "go fly travel move come arrive return flee extradite deport send transfer depart leave sail spread "
    "migrate evacuate withdraw take bring rush head"
)
WITH_TOOL = word_set(
    "attack kill hit shoot beat stab arm threaten replace provide supply fill cover charge equip infect "
    "contaminate strike injure wound spray"
)
GAME = {"win", "lose", "survive", "escape"}
NO_FATE = word_set("hold base believe say use call name know expect report think locate")
LIGHT = {"place", "part", "advantage", "note", "way", "following", "use", "account"}
"""Objects that are part of their verb, as in "take place"."""


def asked(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield every question that the rules find in a clause."""
    said = clause.part("ccomp")
    if said and (len(said.words) > 14 or said.head.i < clause.verb.i):
        # Without what is said, nothing is left to ask about.
        yield from filter(sound, about_what_is_said(clause, rng))
        return
    for rule in (
        about_subject,
        about_object,
        about_agent,
        about_time,
        about_place,
        about_numbers,
        about_amounts,
        about_duration,
        about_reason,
        about_manner,
        about_fate,
        about_deed,
        about_what_is_said,
    ):
        yield from filter(sound, rule(clause, rng))


def about_subject(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "Who demolished the shrine?"; where the verb is regular, now and then in the passive."""
    phrase = noun_phrase(clause.subject)
    if not answerable(phrase, clause.subject):
        return
    parts = chosen(clause, rng)
    words = who_or_what(phrase, clause.subject, rng)
    if not words or points_elsewhere(texts_of(parts), named=False) or (clause.verb.lemma_ == "be" and len(parts) == 0):
        return
    kind = "who" if words.startswith("who") else "subject"
    thing = clause.part("dobj")
    regular = clause.verb.tag_ == "VBD" and clause.verb.text.endswith("ed") and not clause.auxiliaries
    if thing and regular and thing in parts and rng.random() < 0.2 and kind == "who":
        rest = [part for part in parts if part is not thing]
        was = "were" if thing.head.tag_ in ("NNS", "NNPS") else "was"
        text = f"{was} {thing.words.text} {clause.verb.text} {' '.join(texts_of(rest))}"
        yield question(
            f"by whom {text}" if rng.random() < 0.4 else f"who {text.strip()} by",
            spans_of(phrase, clause.subject),
            kind,
        )
        return
    turned = turned_about(clause, thing) if thing else []
    yield question(f"{words} {predicate(clause, parts)}", spans_of(phrase, clause.subject), kind, turned)


def about_object(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "What did the authorities demolish?" and "Whom did they arrest?"."""
    thing = clause.part("dobj", "attr")
    if thing is None or thing.head.i < clause.verb.i or thing.head.lower_ in LIGHT:
        return
    phrase = noun_phrase(thing.head)
    if not answerable(phrase, thing.head) or thing.head.ent_type_ in {
        *OF_TIME,
        "MONEY",
        "PERCENT",
        "CARDINAL",
        "ORDINAL",
    }:
        return
    turned = about_verb_phrase(clause, rng, [thing])
    if not turned:
        return
    words = who_or_what(phrase, thing.head, rng)
    if not words or (words == "who" and clause.verb.lemma_ in ("have", "need", "include", "lose")):
        return
    if words == "who" and thing.role == "dobj":
        reverse = [f"who {clause.verb.text} {clause.subject_text}"] if turned_about(clause, thing) else []
        yield question(f"{rng.choice(('whom', 'who'))} {turned}", spans_of(phrase, thing.head), "whom", reverse)
    else:
        yield question(f"{words} {turned}", spans_of(phrase, thing.head), "object")


def about_agent(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "Who was he killed by?", and "Who burned it?" where the participle is a past tense, too."""
    agent = clause.part("agent")
    head = next((c for c in agent.head.children if c.dep_ == "pobj"), None) if agent else None
    if agent is None or head is None or not answerable(noun_phrase(head), head) or not askable(clause):
        return
    phrase = noun_phrase(head)
    words = who_or_what(phrase, head, rng)
    parts = [part for part in chosen(clause, rng, [agent]) if part.role not in ("prep", "advcl")]
    if not words or points_elsewhere(texts_of(parts), named=True):
        return
    kind = "who" if words == "who" else "subject"
    if clause.verb.text.endswith("ed") and len(clause.auxiliaries) == 1 and rng.random() < 0.6:
        rest = " ".join([clause.verb.text, clause.subject_text, *texts_of(parts)])
        yield question(f"{words} {rest}", spans_of(phrase, head), kind)
    else:
        yield question(f"{words} {inverted(clause, parts)} by", spans_of(phrase, head), kind)


def about_time(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "When did ...?", answered without the preposition."""
    for part in clause.parts:
        found = time_of(part)
        if found is None:
            continue
        preposition, entity = found
        turned = about_verb_phrase(clause, rng, [part])
        if not turned:
            continue
        words = {"since": "since when", "until": "until when"}.get(preposition, "when")
        # Takes "1984" and "2004"; not "May 1984".
        if re.fullmatch(r"(?:1\d|20)\d\d", entity.text):
            words = rng.choice(("when", "in which year", "in what year"))
        elif WEEKDAY.fullmatch(entity.text) and rng.random() < 0.3:
            words = "on which day"
        others = other_properties(clause, turned, "when")
        yield question(f"{words} {turned}", [(entity.start_char, entity.end_char)], "when", others)


def time_of(part: Part) -> tuple[str, Span] | None:
    """The preposition, or "", and the day or hour that a part names."""
    if part.role not in ("prep", "npadvmod"):
        return None
    entity = next((e for e in part.head.doc[part.words.start : part.words.end].ents if e.label_ in OF_TIME), None)
    if entity is None or VAGUE_TIME.search(entity.text) or len(part.words) > len(entity) + 3:
        return None
    preposition = part.head.lower_ if part.role == "prep" else ""
    lasting = DURATION.search(entity.text) and not entity.text.endswith("ago")
    if preposition not in ("", "in", "on", "at", "since", "until", "during") or lasting:
        return None
    return preposition, entity


def about_place(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "Where did ...?" for a part that names a place."""
    for part in clause.parts:
        if part.role != "prep" or part.head.lower_ not in ("in", "at", "near", "outside", "on", "from", "to"):
            continue
        if part.head.lower_ in ("from", "to") and clause.verb.lemma_ not in MOVING:
            continue
        head = next((c for c in part.head.children if c.dep_ == "pobj"), None)
        if head is None or head.ent_type_ not in OF_PLACE or len(part.words) > 10:
            continue
        phrase = noun_phrase(head)
        end = next(
            (
                e.end
                for e in head.doc[phrase.end : phrase.end + 6].ents
                if e.label_ in OF_PLACE and e.start == phrase.end + 1 and head.doc[phrase.end].text == ","
            ),
            phrase.end,
        )
        turned = about_verb_phrase(clause, rng, [part])
        if not turned:
            continue
        words = "from where" if part.head.lower_ == "from" else "where"
        spans = [name_only(Stretch(head.doc, phrase.start, end)), name_only(phrase)]
        yield question(f"{words} {turned}", spans, "where", other_properties(clause, turned, "where"))


def numbers_in(phrase: Stretch, head: Token) -> tuple[int, int, list[tuple[int, int]]] | None:
    """Tokens of a counted noun's number, and its characters with and without "at least"; None where none is counted."""
    number = next((c for c in head.children if c.dep_ == "nummod" and (c.like_num or c.ent_type_ == "CARDINAL")), None)
    if number is None or head.lemma_.lower() in UNITS or head.tag_ not in ("NNS", "NN") or number.ent_type_ == "DATE":
        return None
    start, end = number.left_edge.i, number.i + 1
    if number.i > head.i or number.text.lower() in ("one", "1") or number.ent_type_ in ("MONEY", "PERCENT", "ORDINAL"):
        return None
    if any(child.dep_ == "conj" for child in head.children):
        return None
    if phrase.start < start and phrase.doc[phrase.start].dep_ in ("det", "poss"):
        return None  # "the three men" were counted before
    whole = Stretch(phrase.doc, start, end).characters
    exact = next((i for i in range(start, end) if phrase.doc[i].like_num), number.i)
    return start, end, [Stretch(phrase.doc, exact, end).characters, whole]


def about_numbers(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "How many people were killed?" and "How many ships did they sink?"."""
    phrase = noun_phrase(clause.subject)
    counted = numbers_in(phrase, clause.subject)
    if counted:
        _, end, spans = counted
        parts = chosen(clause, rng)
        if not points_elsewhere(texts_of(parts), named=False):
            noun = Stretch(phrase.doc, end, phrase.end).text
            yield question(f"how many {noun} {predicate(clause, parts, plural=True)}", spans, "how_many")
    thing = clause.part("dobj", "attr")
    if thing and thing.head.i > clause.verb.i:
        phrase = noun_phrase(thing.head)
        counted = numbers_in(phrase, thing.head)
        turned = about_verb_phrase(clause, rng, [thing]) if counted else ""
        if counted and turned:
            yield question(
                f"how many {Stretch(phrase.doc, counted[1], phrase.end).text} {turned}", counted[2], "how_many"
            )
    for part in clause.parts:
        head = next((c for c in part.head.children if c.dep_ == "pobj"), None) if part.role == "prep" else None
        if head is None or part.head.i < clause.verb.i:
            continue
        phrase = noun_phrase(head)
        counted = numbers_in(phrase, head)
        turned = about_verb_phrase(clause, rng, [part]) if counted else ""
        if counted and turned:
            noun = Stretch(phrase.doc, counted[1], phrase.end).text
            yield question(f"{part.head.lower_} how many {noun} {turned}", counted[2], "how_many")


def about_amounts(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "How much did it cost?" and "What percentage of voters ...?"."""
    for entity in clause.verb.sent.ents:
        if entity.label_ not in ("MONEY", "PERCENT"):
            continue
        money = entity.label_ == "MONEY"
        spans = [(entity.start_char, entity.end_char)]
        root = entity.root
        if root == clause.subject:
            parts = chosen(clause, rng)
            of = next((c for c in root.children if c.dep_ == "prep" and c.text == "of"), None)
            share = Stretch(of.doc, of.left_edge.i, of.right_edge.i + 1).text if of is not None else ""
            if (money or share) and not points_elsewhere([*texts_of(parts), share], named=False):
                words = "how much" if money else f"what percentage {share}"
                yield question(f"{words} {predicate(clause, parts)}", spans, "how_much")
        for part in clause.parts:
            direct = part.role in ("dobj", "npadvmod", "attr") and root in (part.head, *part.head.children)
            by = part.role == "prep" and root.head == part.head and part.head.lower_ in ("for", "by", "at", "to")
            if not (direct or by) or part.words.end - entity.end > 5 or entity.start - part.words.start > 4:
                continue
            turned = about_verb_phrase(clause, rng, [part])
            if not turned or (direct and root != part.head):
                continue
            words = "how much" if money else "what percentage"
            after = Stretch(part.words.doc, entity.end, part.words.end).text if entity.end < part.words.end else ""
            if by:
                text = f"{part.head.lower_} {words} {turned}"
            else:
                text = f"{words} {turned} {after}" if money else f"{words} {after} {turned}"
            yield question(text, spans, "how_much")


def about_duration(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "How long did ...?" for "for three days", "three hours"."""
    for part in clause.parts:
        entity = next((e for e in part.head.doc[part.words.start : part.words.end].ents if e.label_ in OF_TIME), None)
        if entity is None or not DURATION.search(entity.text) or VAGUE_TIME.search(entity.text.split()[0]):
            continue
        lasting = part.role == "prep" and part.head.lower_ == "for"
        taking = part.role in ("dobj", "npadvmod") and clause.verb.lemma_ in ("take", "last", "spend", "serve", "wait")
        numbered = any(token.like_num or token.lower_ in ("several", "a") for token in entity)
        if not (lasting or taking) or not numbered or part.words.end > entity.end or len(part.words) > len(entity) + 2:
            continue
        turned = about_verb_phrase(clause, rng, [part])
        if turned:
            start = entity.start_char
            yield question(
                f"{rng.choice(('how long', 'how long', 'for how long'))} {turned}",
                [(start, entity.end_char)],
                "how_long",
            )


def about_reason(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "Why ...?" for because, due to, over, amid, after, and "What for?" for a purpose."""
    for part in clause.parts:
        answer, kind = reason_of(part, clause)
        if answer is None or not 2 <= len(answer) <= 22:
            continue
        turned = about_verb_phrase(clause, rng, [part])
        if not turned:
            continue
        words = "why"
        if kind == "what_for":
            words = rng.choice(("why", "for what purpose"))
        elif rng.random() < 0.12:
            words = "for what reason"
        yield question(f"{words} {turned}", [answer.characters], kind, other_properties(clause, turned, "why"))


def reason_of(part: Part, clause: Clause) -> tuple[Stretch | None, str]:
    """What a part gives as a reason or a purpose, without its conjunction, and which of the two."""
    head, words = part.head, part.words
    if part.role == "advcl":
        marks = [c for c in head.children if c.dep_ == "mark"]
        mark = marks[0].lower_ if marks else ""
        purpose = any(c.dep_ == "aux" and c.lower_ == "to" and c.i == head.left_edge.i for c in head.children)
        if mark in ("because", "after") or (
            mark == "as" and head.tag_ in ("VBD", "VBZ") and words.start > clause.verb.i
        ):
            return Stretch(words.doc, marks[0].i + 1, words.end), "why"
        if purpose and words.start > clause.verb.i and clause.verb.lemma_ not in INFINITIVE:
            return words, "what_for"
    if part.role == "prep" and head.i > clause.verb.i:
        pobj = next((c for c in head.children if c.dep_ in ("pobj", "pcomp")), None)
        if pobj is None:
            return None, ""
        causal = {"over", "amid", "following"} if pobj.dep_ == "pobj" else {"after"}
        causal |= {"for"} if clause.verb.lemma_ in BLAMING else set()
        named = pobj.ent_type_ and pobj.ent_type_ not in ("EVENT",)
        if head.lower_ in ("because", "due") and any(c.lower_ in ("of", "to") for c in head.children):
            start = max(pobj.left_edge.i, next(c.i for c in head.children if c.lower_ in ("of", "to")) + 1)
            return Stretch(words.doc, start, words.end), "why"
        if head.lower_ in causal and not named and pobj.tag_ != "CD":
            return Stretch(words.doc, pobj.left_edge.i, words.end), "why"
    return None, ""


def about_manner(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "How ...?" for "by doing", and "With what?" for what something was done with."""
    for part in clause.parts:
        if part.role != "prep" or part.head.i < clause.verb.i:
            continue
        inner = next((c for c in part.head.children if c.dep_ in ("pcomp", "pobj")), None)
        if inner is None or not 1 <= len(part.words) - 1 <= 16:
            continue
        answer = Stretch(inner.doc, part.head.i + 1, part.words.end)
        by_doing = part.head.lower_ in ("by", "through") and inner.dep_ == "pcomp" and inner.tag_ == "VBG"
        thing = inner.dep_ == "pobj" and inner.pos_ == "NOUN" and not inner.ent_type_ and inner.lemma_ not in PEOPLE
        with_it = part.head.lower_ == "with" and thing and clause.verb.lemma_ in WITH_TOOL
        if not (by_doing or with_it):
            continue
        turned = about_verb_phrase(clause, rng, [part])
        if turned:
            text = (
                f"how {turned}" if by_doing else f"with what {turned}" if rng.random() < 0.4 else f"what {turned} with"
            )
            yield question(text, [answer.characters], "how")


def end_of_predicate(clause: Clause) -> int:
    """Where verb, object and first further part end, as tokens."""
    after = [part for part in clause.parts if part.words.start > clause.verb.i]
    needed = [part for part in after if part.role in REQUIRED or part.role == "agent"]
    last = needed[-1] if needed else next((part for part in after if part.role == "prep"), None)
    return last.words.end if last is not None else clause.verb.i + 1


def about_fate(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "What happened to ...?" for what something is done to, or what sinks, dies or wins."""
    thing = clause.part("dobj")
    lot = clause.verb.lemma_ in FATES and not clause.auxiliaries and (thing is None or clause.verb.lemma_ in GAME)
    if not (clause.passive or lot) or not askable(clause):
        return
    if clause.verb.lemma_ in NO_FATE or (len(clause.subject_text.split()) < 2 and not clause.subject.ent_type_):
        return
    answer = Stretch(clause.verb.doc, clause.verb.i, end_of_predicate(clause))
    when = next((part for part in clause.parts if time_of(part) and part.words.start >= answer.end), None)
    place = next(
        (p for p in clause.parts if p.role == "prep" and p.words.start >= answer.end and p.head.lower_ == "in"), None
    )
    extra = next((p.words.text for p in (place, when) if p and len(p.words) < 7 and rng.random() < 0.6), "")
    if len(answer) <= 14 and not points_elsewhere([extra], named=True):
        yield question(f"what happened to {clause.subject_text} {extra}", [answer.characters], "what_happened")


def about_deed(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield, for one in four, "What did the authorities do?"."""
    thing = clause.part("dobj")
    acting = clause.subject.ent_type_ in ("PERSON", "ORG", "GPE") or clause.subject.lemma_.lower() in PEOPLE
    if thing is None or clause.passive or not acting or not askable(clause) or rng.random() > 0.25:
        return
    if clause.verb.lemma_ in SAYING | {"have", "be"} or thing.head.lower_ in LIGHT:
        return
    answer = Stretch(clause.verb.doc, clause.verb.i, end_of_predicate(clause))
    rest = next(
        (
            part.words.text
            for part in clause.parts
            if part.words.start >= answer.end and part.role == "prep" and len(part.words) < 8
        ),
        "",
    )
    tense = clause.auxiliaries[0].lower_ if clause.auxiliaries else "did" if clause.verb.tag_ == "VBD" else ""
    if tense in ("did", "will", "would") and len(answer) <= 14 and not points_elsewhere([rest], named=True):
        yield question(f"what {tense} {clause.subject_text} do {rest}", [answer.characters], "what_did")


def about_what_is_said(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "What did the commission announce?", answered by the clause that follows."""
    said = clause.part("ccomp")
    several = sum(part.role == "ccomp" for part in clause.parts) > 1
    if (
        said is None
        or several
        or clause.verb.lemma_ not in SAYING
        or said.words.start < clause.verb.i
        or not askable(clause)
    ):
        return
    start = said.words.start
    if said.words.doc[start].lower_ == "that":
        start += 1
    answer = Stretch(said.words.doc, start, said.words.end)
    subjects = [t for t in said.head.lefts if t.dep_ in ("nsubj", "nsubjpass") and t.pos_ != "PRON"]
    turned = about_verb_phrase(clause, rng, [said])
    if not turned or not 4 <= len(answer) <= 25:
        return
    phrase = noun_phrase(subjects[0]) if subjects else None
    plain = (
        phrase is not None and len(phrase) <= 6 and phrase.doc[phrase.start].pos_ not in ("ADP", "ADV", "NUM", "PRON")
    )
    topic = f" about {phrase.text}" if phrase and plain and subjects[0].pos_ in ("NOUN", "PROPN") else ""
    if topic and rng.random() < 0.7 and not clause.part("dative", "dobj") and not points_elsewhere([topic], named=True):
        turned += topic
    yield question(f"what {turned}", [answer.characters], "what_said")
