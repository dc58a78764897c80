"""Questions about one clause of a parsed sentence: who, whom, what, when, where, how many, how long, why, how ...

Each turns one part of the clause into a question word, moves it to the front and leaves some of the rest out (after
Heilman and Smith, 2010, "Good Question!"). The answer is always a stretch of the sentence. Knows nothing of articles.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.training.clauses import NAMES, REQUIRED, SAYING, Clause, Part, Stretch, noun_phrase
from rag.training.question_generation import COUNTRIES, ORGANISATIONS

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

PEOPLE = set(
    [
        "man",
        "woman",
        "boy",
        "girl",
        "child",
        "person",
        "people",
        "president",
        "minister",
        "senator",
        "chancellor",
        "governor",
        "mayor",
        "judge",
        "justice",
        "secretary",
        "general",
        "captain",
        "pope",
        "king",
        "queen",
        "prince",
        "princess",
        "actor",
        "actress",
        "singer",
        "director",
        "author",
        "writer",
        "chairman",
        "executive",
        "spokesman",
        "spokeswoman",
        "spokesperson",
        "leader",
        "coach",
        "professor",
        "striker",
        "driver",
        "candidate",
        "journalist",
        "lawyer",
        "founder",
        "official",
        "officer",
        "police",
        "policeman",
        "soldier",
        "troop",
        "student",
        "teacher",
        "doctor",
        "scientist",
        "researcher",
        "worker",
        "victim",
        "suspect",
        "resident",
        "citizen",
        "protester",
        "demonstrator",
        "activist",
        "militant",
        "gunman",
        "attacker",
        "rebel",
        "passenger",
        "pilot",
        "crew",
        "player",
        "voter",
        "lawmaker",
        "politician",
        "member",
        "mother",
        "father",
        "son",
        "daughter",
        "wife",
        "husband",
        "brother",
        "sister",
        "family",
        "friend",
        "expert",
        "analyst",
        "critic",
        "opponent",
        "supporter",
        "fan",
        "customer",
        "patient",
        "prisoner",
        "hostage",
        "refugee",
        "immigrant",
        "farmer",
        "fisherman",
        "firefighter",
        "witness",
        "survivor",
        "reporter",
        "editor",
        "owner",
        "employee",
        "head",
        "chief",
        "ambassador",
        "diplomat",
        "commander",
        "bishop",
        "priest",
    ]
)
OF_TIME = {"DATE", "TIME"}
OF_PLACE = {"GPE", "LOC", "FAC"}
VAGUE_TIME = re.compile(
    r"\b(?:now|recent\w*|current\w*|then|daily|annual|past|previous|following|same|day|days|future|weekly|today|"
    r"this (?:week|month|year)|the (?:year|week|month|time|morning|night))\b", re.IGNORECASE)  # fmt: skip
# A stretch of time: "three days", "more than 20 years"; not "20 May" nor "1984".
DURATION = re.compile(r"\b(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centuries)$", re.IGNORECASE)
WEEKDAY = re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(?:yesterday|today|tonight|tomorrow)\b")
POINTING = {
    "he", "she", "they", "it", "we", "i", "you", "him", "them", "us", "me", "this", "these", "those", "here", "itself",
    "himself", "herself", "themselves", "former", "latter", "my", "your", "our", "that", "such", "there", "its", "his", "her",
    "their", "same", "another", "other", "others",
}  # fmt: skip
"""Words that point at something said before; his, her, its and their may follow a subject that is named."""
POSSESSIVE = {"its", "his", "her", "their", "other", "another", "others", "that"}
FATES = {
    "die", "collapse", "crash", "explode", "sink", "disappear", "fall", "resign", "vanish", "burn", "erupt", "fail", "win",
    "lose", "drop", "rise", "close", "derail", "capsize", "escape", "retire", "drown", "survive",
}  # fmt: skip
UNITS = {"year", "day", "week", "month", "hour", "minute", "percent", "time", "second", "p.m.", "a.m.", "point", "%"}
SINGULAR = {"were": "was", "are": "is", "have": "has", "do": "does"}
BLAMING = {"arrest", "charge", "criticise", "criticize", "blame", "fine", "jail", "convict", "sue", "praise", "honor",
           "honour", "apologise", "apologize", "accuse", "execute", "thank", "ban", "punish", "suspend"}  # fmt: skip
INFINITIVE = {"plan", "try", "want", "seek", "decide", "agree", "continue", "begin", "fail", "ask", "expect", "attempt", "hope",
              "intend", "have", "need", "refuse", "start", "threaten", "vow", "go", "be", "appear", "seem", "allow"}  # fmt: skip
"""Verbs whose infinitive is no purpose."""
MOVING = {"go", "fly", "travel", "move", "come", "arrive", "return", "flee", "extradite", "deport", "send", "transfer",
          "depart", "leave", "sail", "spread", "migrate", "evacuate", "withdraw", "take", "bring", "rush", "head"}  # fmt: skip
WITH_TOOL = {"attack", "kill", "hit", "shoot", "beat", "stab", "arm", "threaten", "replace", "provide", "supply", "fill",
             "cover", "charge", "equip", "infect", "contaminate", "strike", "injure", "wound", "spray"}  # fmt: skip
NO_FATE = {"hold", "base", "believe", "say", "use", "call", "name", "know", "expect", "report", "think", "locate"}
CAUSAL = {"because", "due", "after", "over", "amid", "as", "since", "following", "to", "for", "so", "reason", "by"}
LIGHT = {"place", "part", "advantage", "note"}
"""Objects that are part of their verb, as in "take place"."""
LONGEST = 24


@dataclass(frozen=True, slots=True)
class ClauseQuestion:
    """A question with its answers as characters of the document; the first is the best."""

    text: str
    spans: tuple[tuple[int, int], ...]
    kind: str
    near_misses: tuple[str, ...] = ()
    """Questions in like words that the sentence does not answer."""


def asked(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield every question that the rules find in a clause."""
    said = clause.part("ccomp")
    if said and (len(said.words) > 14 or said.head.i < clause.verb.i):
        # Without what is said, nothing is left to ask about.
        yield from filter(sound, about_what_is_said(clause, rng))
        return
    for rule in (about_subject, about_object, about_agent, about_time, about_place, about_numbers, about_amounts,
                 about_duration, about_reason, about_manner, about_fate, about_deed, about_what_is_said):  # fmt: skip
        for question in rule(clause, rng):
            if sound(question):
                yield question


def sound(question: ClauseQuestion) -> bool:
    """Has it a fair length, nothing that points elsewhere, and not its own answer in it?"""
    words = question.text.strip("?").split()
    if words[-1].lower() in ("the", "a", "an", "of", "and", "or", "than", "such"):
        return False
    return 4 <= len(words) <= LONGEST and bool(question.spans) and not re.search(r"[;:()]|  | [,.]", question.text)


def points_elsewhere(texts: Sequence[str], named: bool) -> bool:
    """Do words of `texts` need the text before to be understood? `named` says that the question names its subject."""
    words = {word.lower() for text in texts for word in re.findall(r"[A-Za-z]+", text)}
    return bool(words & (POINTING - POSSESSIVE if named else POINTING))


def chosen(clause: Clause, rng: random.Random, left_out: Sequence[Part] = ()) -> list[Part]:
    """Return the parts that a question keeps, in their order; those before the subject come last."""
    has_object = clause.part("dobj", "attr", "acomp", "oprd", "xcomp", "ccomp") is not None
    kept = []
    first_prep = True
    for part in clause.parts:
        keep = share_kept(part, clause, has_object, first_prep)
        if part.role == "prep" and part.head.i > clause.verb.i:
            first_prep = False
        if part not in left_out and rng.random() < keep:
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
    text = text.replace(" 's", "'s").strip(" ,.")
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
    """The question words for a noun phrase: by its entity, its head noun, or its name's last word."""
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
    return "what"


def name_only(phrase: Stretch) -> tuple[int, int]:
    """The characters of a phrase without its article."""
    start = phrase.start
    if phrase.doc[start].tag_ == "DT" and len(phrase) > 1:
        start += 1
    return Stretch(phrase.doc, start, phrase.end).characters


def spans_of(phrase: Stretch) -> list[tuple[int, int]]:
    """What counts as naming it: the phrase without its article, and a name in it where it ends with one."""
    spans = [name_only(phrase)]
    for entity in phrase.doc[phrase.start : phrase.end].ents:
        if entity.end == phrase.end and entity.label_ == "PERSON":
            spans.append((entity.start_char, entity.end_char))
    return spans


def answerable(phrase: Stretch, head: Token) -> bool:
    """Is the phrase an answer by itself, not "it" nor "the latter"?"""
    pointing = any(token.lower_ in POINTING for token in phrase.doc[phrase.start : phrase.end])
    return len(phrase) <= 10 and head.pos_ in ("NOUN", "PROPN") and not pointing


def about_subject(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "Who demolished the shrine?"; where the verb is regular, now and then in the passive."""
    phrase = noun_phrase(clause.subject)
    if not answerable(phrase, clause.subject):
        return
    parts = chosen(clause, rng)
    words = who_or_what(phrase, clause.subject, rng)
    if points_elsewhere(texts_of(parts), named=False) or (clause.verb.lemma_ == "be" and len(parts) == 0):
        return
    kind = "who" if words.startswith("who") else "subject"
    thing = clause.part("dobj")
    regular = clause.verb.tag_ == "VBD" and clause.verb.text.endswith("ed") and not clause.auxiliaries
    if thing and regular and thing in parts and rng.random() < 0.2 and kind == "who":
        rest = [part for part in parts if part is not thing]
        was = "were" if thing.head.tag_ in ("NNS", "NNPS") else "was"
        text = f"{was} {thing.words.text} {clause.verb.text} {' '.join(texts_of(rest))}"
        yield question(f"by whom {text}" if rng.random() < 0.4 else f"who {text.strip()} by", spans_of(phrase), kind)
        return
    turned = turned_about(clause, thing) if thing else []
    yield question(f"{words} {predicate(clause, parts)}", spans_of(phrase), kind, turned)


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
    if words == "who" and clause.verb.lemma_ in ("have", "need", "include", "lose"):
        return
    if words == "who" and thing.role == "dobj":
        reverse = [f"who {clause.verb.text} {clause.subject_text}"] if turned_about(clause, thing) else []
        yield question(f"{rng.choice(('whom', 'who'))} {turned}", spans_of(phrase), "whom", reverse)
    else:
        yield question(f"{words} {turned}", spans_of(phrase), "object")


def about_agent(clause: Clause, rng: random.Random) -> Iterator[ClauseQuestion]:
    """Yield "Who was he killed by?", and "Who burned it?" where the participle is a past tense, too."""
    agent = clause.part("agent")
    head = next((c for c in agent.head.children if c.dep_ == "pobj"), None) if agent else None
    if agent is None or head is None or not answerable(noun_phrase(head), head) or not askable(clause):
        return
    phrase = noun_phrase(head)
    words = who_or_what(phrase, head, rng)
    parts = chosen(clause, rng, [agent])
    if points_elsewhere(texts_of(parts), named=True):
        return
    kind = "who" if words == "who" else "subject"
    if clause.verb.text.endswith("ed") and len(clause.auxiliaries) == 1 and rng.random() < 0.6:
        rest = " ".join([clause.verb.text, clause.subject_text, *texts_of(parts)])
        yield question(f"{words} {rest}", spans_of(phrase), kind)
    else:
        yield question(f"{words} {inverted(clause, parts)} by", spans_of(phrase), kind)


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
        end = next((e.end for e in head.doc[phrase.end : phrase.end + 6].ents
                    if e.label_ in OF_PLACE and e.start == phrase.end + 1 and head.doc[phrase.end].text == ","), phrase.end)  # fmt: skip
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
            before = f"{part.head.lower_} " if by else ""
            after = Stretch(part.words.doc, entity.end, part.words.end).text if entity.end < part.words.end else ""
            words = f"how much {after}" if money else f"what percentage {after}"
            yield question(
                f"{before}{words if direct else words.split()[0] + ' ' + words.split()[1]} {turned}", spans, "how_much"
            )


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
            return Stretch(words.doc, pobj.left_edge.i, words.end), "why"
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
    if not (clause.passive or (clause.verb.lemma_ in FATES and not clause.auxiliaries)) or not askable(clause):
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
    rest = next((part.words.text for part in clause.parts if part.words.start >= answer.end and part.role == "prep"
                 and len(part.words) < 8), "")  # fmt: skip
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


def about_people(sentence: Span, rng: random.Random) -> Iterator[ClauseQuestion]:
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
                definite = any(t.dep_ == "prep" or t.tag_ == "POS" for t in child.children) and not re.match(
                    r"an? ", text
                )
                named = any(t.ent_type_ in NAMES for t in doc[phrase.start : phrase.end])
                if definite and named and not points_elsewhere([text], named=False):
                    article = "" if re.match(r"the |[A-Z].*['’]s ", text) else "the "
                    yield question(f"who {tense} {article}{text}", [name], "role")
                elif not points_elsewhere([text], named=True):
                    yield question(f"who {tense} {entity.text}", [name_only(phrase), phrase.characters], "role")
        yield from age_of(entity, rng)


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
    others = (
        "how tall is {}",
        "when was {} born",
        "where was {} born",
        "how much does {} earn",
        "who is {} married to",
    )
    others = [other.format(entity.text) for other in rng.sample(others, 2)]
    if after:
        yield question(wording.format(entity.text), [after.span(1)], "how_old", others)
    elif before:
        shift = max(0, entity.start_char - 50)
        span = (shift + before.start(1), shift + before.end(1))
        yield question(wording.format(entity.text), [span], "how_old", others)
