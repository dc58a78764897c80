"""Clauses of a parsed sentence: who does what, with everything that stands with the verb, ready to be asked about.

Takes spaCy's tokens as they come and knows nothing of questions. A sentence that does not parse well has no clauses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token


def word_set(words: str) -> frozenset[str]:
    """The words of a string, to write a list of them on few lines."""
    return frozenset(words.split())


SUBJECTS = {"nsubj", "nsubjpass"}
AUXILIARIES = {"aux", "auxpass"}
NAMES = word_set("PERSON ORG GPE LOC FAC NORP EVENT PRODUCT WORK_OF_ART LAW")
REQUIRED = {"dobj", "dative", "attr", "acomp", "oprd", "prt", "xcomp"}
LEFT_OUT = word_set("punct cc conj mark preconj intj parataxis meta dep expl")
AFTER_NOUN = {"relcl", "appos", "acl", "punct", "cc", "conj", "advcl", "parataxis"}
SAYING = word_set(
    "say tell state announce report claim add explain argue note declare confirm warn believe suggest "
    "estimate reveal admit deny insist predict promise agree allege"
)
# Takes the mark of a lost word (", ,", "the .", "of ,") or of a list; not "U.S., the" or "(ODA)".
BROKEN = re.compile(
    r",\s*[,.]|\b(?:the|a|an|of|to|in|and|with)\s[,.;]|[*|\[\]{}•=]|--|https?:|\s{3,}|\n", re.IGNORECASE
)
# Takes either mark of "a word" and “a word”; not the ’ of "it’s".
QUOTATION = re.compile(r"[\"“”]")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Tokens `start:end` of a document, whole words."""

    doc: Doc
    start: int
    end: int

    @property
    def text(self) -> str:
        """As it stands, without the capital of a sentence's first common word."""
        text: str = self.doc[self.start : self.end].text
        first = self.doc[self.start]
        common = (first.ent_type_ not in NAMES and first.pos_ != "PROPN" and first.text != "I") or first.tag_ == "DT"
        capital = first.is_sent_start and common
        return text[:1].lower() + text[1:] if capital else text

    @property
    def characters(self) -> tuple[int, int]:
        """Where it stands in the document's text."""
        span = self.doc[self.start : self.end]
        return span.start_char, span.end_char

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Part:
    """What stands with a verb beside its subject: an object, a place, a reason ..."""

    head: Token
    words: Stretch

    @property
    def role(self) -> str:
        """spaCy's name for how it hangs on the verb: dobj, prep, advcl ..."""
        role: str = self.head.dep_
        return role


@dataclass(frozen=True, slots=True)
class Clause:
    """A finite verb with its subject, its auxiliaries and its parts in their order."""

    verb: Token
    subject: Token
    subject_text: str
    """The subject in words that stand without the sentence: a pronoun is resolved."""
    auxiliaries: tuple[Token, ...]
    parts: tuple[Part, ...]

    @property
    def passive(self) -> bool:
        """Is the subject what something is done to?"""
        return any(token.dep_ == "auxpass" for token in self.auxiliaries)

    def part(self, *roles: str) -> Part | None:
        """The first part of these roles."""
        return next((part for part in self.parts if part.role in roles), None)


def noun_phrase(head: Token) -> Stretch:
    """The noun phrase of `head` without relative clauses, appositions and what is joined by "and" after a comma."""
    start, end = head.left_edge.i, head.right_edge.i + 1
    for child in head.rights:
        joined = child.dep_ in ("cc", "conj") and not any(c.dep_ == "punct" for c in head.rights)
        if child.dep_ in AFTER_NOUN and not joined:
            end = min(end, child.left_edge.i)
    while end > head.i + 1 and (head.doc[end - 1].is_punct or head.doc[end - 1].dep_ == "cc"):
        end -= 1
    return Stretch(head.doc, start, max(end, head.i + 1))


def part_of(child: Token) -> Part:
    """A verb's child with all that hangs on it, less a relative clause at its end."""
    start, end = child.left_edge.i, child.right_edge.i + 1
    for token in child.subtree:
        # ", which ..." and ", a man of ..." add to the noun, not to the verb
        added = token.dep_ in ("relcl", "appos", "parataxis") and token.left_edge.i > child.i
        if added and token.doc[token.left_edge.i - 1].text in (",", "(", "-", "–", "—"):
            end = min(end, token.left_edge.i)
    while end > start + 1 and child.doc[end - 1].is_punct and child.doc[end - 1].text not in ("%", ")"):
        end -= 1
    return Part(child, Stretch(child.doc, start, max(end, child.i + 1)))


def parses_well(sentence: Span) -> bool:
    """Is it a whole sentence without holes or remarks, parsed into a verb with a subject?"""
    root = sentence.root
    text = sentence.text.strip()
    if not 6 <= len(sentence) <= 60 or text.rstrip('"”')[-1:] not in (".", "!") or BROKEN.search(text):
        return False
    if root.pos_ not in ("VERB", "AUX") or not any(child.dep_ in SUBJECTS for child in root.children):
        return False
    if sentence[0].pos_ == "PROPN" and sentence[1].is_title and sentence[1].pos_ != "PROPN":
        return False  # a place in front of the text, as in "Iraq Eight people were killed."
    if (
        text.count("(") != text.count(")")
        or len(QUOTATION.findall(text)) % 2
        or not (text[:1].isupper() or text[:1].isdigit())
    ):
        return False
    return not any(token.dep_ == "dep" or token.tag_ in ("XX", "LS", "FW") for token in sentence)


def clauses(sentence: Span, speaker_before: str = "") -> Iterator[Clause]:
    """Yield the clauses of a sentence that parses well; "he" or "she" at its start may mean `speaker_before`."""
    if not parses_well(sentence):
        return
    for verb in sentence:
        if verb.pos_ not in ("VERB", "AUX") or verb.dep_ in AUXILIARIES:
            continue
        if any(child.dep_ in ("neg", "expl") for child in verb.children):
            continue
        found = subject_of(verb, speaker_before)
        auxiliaries = tuple(child for child in verb.lefts if child.dep_ in AUXILIARIES)
        if found is None or not finite(verb, auxiliaries):
            continue
        subject, text = found
        children = [c for c in verb.children if c.dep_ not in LEFT_OUT | SUBJECTS | AUXILIARIES and c != subject]
        questioning = any(t.tag_ in ("WDT", "WP", "WP$", "WRB") for c in children for t in c.subtree if c.i < verb.i)
        if questioning or any(token.i > verb.i for token in auxiliaries) or subject.i > verb.i:
            continue
        parts = tuple(part_of(child) for child in children)
        if QUOTATION.search(" ".join([text, *(part.words.text for part in parts)])):
            continue  # half of a quotation would be asked about
        yield Clause(verb, subject, text, auxiliaries, parts)


def finite(verb: Token, auxiliaries: tuple[Token, ...]) -> bool:
    """Has the verb a tense, of its own or by an auxiliary that is written out?"""
    if auxiliaries:
        first = auxiliaries[0]
        return first.tag_ in ("VBD", "VBZ", "VBP", "MD") and first.text.isalpha() and first.text.lower() != "to"
    return verb.tag_ in ("VBD", "VBZ", "VBP") and verb.text.isalpha()


def subject_of(verb: Token, speaker_before: str) -> tuple[Token, str] | None:
    """Return the subject's head and the subject in words that stand alone, or None where there are none."""
    own = next((child for child in verb.lefts if child.dep_ in SUBJECTS), None)
    if own is None:
        if verb.dep_ == "conj" and verb.head.pos_ == "VERB" and verb.tag_ in ("VBD", "VBZ", "VBP"):
            above = next((child for child in verb.head.lefts if child.dep_ in SUBJECTS), None)
            passive = above is not None and above.dep_ == "nsubjpass"
            return None if passive else subject_of(verb.head, speaker_before)
        return None
    if own.tag_ in ("WDT", "WP"):
        if verb.dep_ != "relcl" or verb.head.pos_ not in ("NOUN", "PROPN"):
            return None
        own = verb.head
        return own, noun_phrase(own).text
    if own.pos_ == "PRON":
        text = resolved(own, verb, speaker_before)
        return (own, text) if text else None
    return own, noun_phrase(own).text


def resolved(pronoun: Token, verb: Token, speaker_before: str) -> str:
    """Whom or what a subject pronoun means, where it is plain; else "".

    Plain is the subject of the verb of saying that its clause hangs on, of like kind, and for "he" and "she" at the
    start of a sentence the only person of the sentence before.
    """
    word = pronoun.lower_
    if verb.dep_ == "ccomp" and verb.head.lemma_ in SAYING:
        above = next((child for child in verb.head.lefts if child.dep_ in SUBJECTS), None)
        if above is None or above.pos_ == "PRON" or len(noun_phrase(above)) > 8:
            return ""
        kind = above.ent_type_
        fits = {"he": kind == "PERSON", "she": kind == "PERSON", "it": kind in ("ORG", "GPE")}
        fits["they"] = above.tag_ in ("NNS", "NNPS")
        return noun_phrase(above).text if fits.get(word) else ""
    at_start = verb.dep_ == "ROOT" and pronoun.is_sent_start
    return speaker_before if at_start and word in ("he", "she") else ""


def only_person(sentence: Span) -> str:
    """The one person of a sentence, where there is just one and it is a subject; else ""."""
    people = {entity.text: entity for entity in sentence.ents if entity.label_ == "PERSON"}
    if len(people) != 1:
        return ""
    (entity,) = people.values()
    return str(entity.text) if entity.root.dep_ in SUBJECTS and len(entity) > 1 else ""
