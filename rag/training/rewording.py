"""Other words for a made question: what the article calls its names elsewhere, and now and then a synonym.

Synonyms are from WordNet (Miller, 1995), whose files a Debian package `wordnet-base` puts into /usr/share/wordnet.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import UserError
from rag.training.clauses import noun_phrase, word_set

if TYPE_CHECKING:
    from spacy.tokens import Doc

KINDS = {"n": "noun", "v": "verb"}
FILES = tuple(f"{part}.{name}" for part in ("index", "data") for name in KINDS.values())
VARIANTS = {
    "U.S.": ("United States", "US"),
    "US": ("United States", "U.S."),
    "United States": ("U.S.", "US"),
    "UK": ("United Kingdom", "Britain"),
    "United Kingdom": ("UK", "Britain"),
    "Britain": ("United Kingdom", "UK"),
    "UN": ("United Nations",),
    "United Nations": ("UN",),
    "EU": ("European Union",),
    "European Union": ("EU",),
}
SHORTER = 0.15
"""How often a full name becomes a last name; a last name becomes a full one four times in five."""
LONGER = 0.8
NOT_REPLACED = word_set("be have do say make take get year day people month week time number")


def aliases(doc: Doc) -> dict[str, list[str]]:
    """Return what else the article calls each of its people, bodies and countries, by the name as it stands."""
    found: dict[str, set[str]] = defaultdict(set)
    full: dict[str, set[str]] = defaultdict(set)
    titled: dict[str, set[str]] = defaultdict(set)
    bodies: set[str] = set()
    for entity in doc.ents:
        text = entity.text.removesuffix("'s").removesuffix("’s")
        if entity.label_ == "PERSON" and all(part[:1].isupper() for part in text.split()):
            last = text.split()[-1]
            if len(text.split()) > 1:
                full[last].add(text)
                phrase = noun_phrase(entity.root)
                before = doc[phrase.start : entity.start]
                plain = all(token.pos_ in ("NOUN", "PROPN", "ADJ") for token in before)
                if 1 <= len(before) <= 3 and plain and before[-1].pos_ in ("NOUN", "PROPN"):
                    titled[last].add(doc[phrase.start : entity.end].text)
            found[text].add(last)
        elif entity.label_ in ("ORG", "GPE"):
            bodies.add(text.removeprefix("the ").removeprefix("The "))
    names = {name: others - {name} for name, others in _people(found, full, titled).items()}
    for body in bodies:
        initials = "".join(word[0] for word in body.split() if word[0].isupper())
        others = {initials} & bodies if len(initials) > 2 else set()
        names[body] = (others | set(VARIANTS.get(body, ()))) - {body}
        for other in others:
            names.setdefault(other, set()).add(body)
    return {name: sorted(others) for name, others in sorted(names.items()) if others}


def _people(
    found: Mapping[str, set[str]], full: Mapping[str, set[str]], titled: Mapping[str, set[str]]
) -> dict[str, set[str]]:
    """Return the other names of people whose last name only one of the article bears."""
    names = {}
    for text in found:
        last = text.split()[-1]
        if len(full.get(last, ())) == 1:
            (whole,) = full[last]
            names[text] = {last, whole, *titled.get(last, ())}
    return names


def renamed(question: str, other_names: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """Return the question with names as the article has them elsewhere, mostly the longer ones."""
    for name in sorted(other_names, key=lambda name: (-len(name), name)):
        # With "US" takes "US troops" and "US's"; not "US-led" nor the US of "US.gov".
        pattern = rf"(?<![\w-]){re.escape(name)}(?![\w-]|\.\w)"
        match = re.search(pattern, question)
        if not match:
            continue
        longer = [other for other in other_names[name] if len(other) > len(name)]
        shorter = [other for other in other_names[name] if len(other) <= len(name)]
        before = question[: match.start()].split()[-1:] or [""]
        if longer and before[0][:1].isupper() and match.start() > 0:
            continue  # a title or a first name stands there
        chance = rng.random()
        if longer and chance < LONGER:
            new = rng.choice(longer)
        elif shorter and chance < SHORTER:
            new = rng.choice(shorter)
        else:
            continue
        if new.split()[0].lower() in question[: match.start()].lower().split()[-3:]:
            continue  # "chief executive Chief Executive Jim Skinner"
        return question[: match.start()] + new + question[match.end() :]
    return question


class Synonyms:
    """WordNet in `folder`, asked for everyday synonyms of plain words.

    Its files are read here: nltk's reader takes no folder but its own, and wants a list that Debian leaves out.
    """

    def __init__(self, folder: Path) -> None:
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise UserError(
                f"No WordNet in {str(folder)!r}: {missing[0]!r} is not there. Install Debian's wordnet-base, "
                "which has it in /usr/share/wordnet, or leave --wordnet out."
            )
        self._first = {kind: _first_senses(folder / f"index.{name}") for kind, name in KINDS.items()}
        self._data = {kind: (folder / f"data.{name}").read_bytes() for kind, name in KINDS.items()}

    def of(self, word: str, kind: str) -> list[str]:
        """Return single words that share `word`'s most frequent sense ("n" or "v"), and have it as theirs."""
        place = self._first[kind].get(word)
        if place is None:
            return []
        # offset, file, type, the number of words in hexadecimal, then each word with its number
        fields = self._data[kind][place : self._data[kind].index(b"|", place)].decode().split()
        words = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
        return sorted(
            w for w in words if w != word and w.isalpha() and w.islower() and self._first[kind].get(w) == place
        )

    def replaced(self, question: str, verbs: Sequence[str], nouns: Sequence[str], rng: random.Random) -> str:
        """Return the question with one of its plain verbs or singular nouns replaced, if one has a synonym."""
        kinds = [(word, kind) for kind, words in (("v", verbs), ("n", nouns)) for word in words]
        rng.shuffle(kinds)
        for word, kind in kinds:
            found = self.of(word, kind) if word not in NOT_REPLACED else []
            if found:
                return re.sub(rf"\b{re.escape(word)}\b", rng.choice(found), question, count=1)
        return question


def _first_senses(path: Path) -> dict[str, int]:
    """Where the most frequent sense of each word stands in the data file of its kind.

    Words that WordNet's own tagged texts never use, such as "educatee", are left out.
    """
    places = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith(" "):
            # word, kind, number of senses, number of pointers and they, senses again, those tagged, their places
            fields = line.split()
            after = 4 + int(fields[3])
            if int(fields[after + 1]):
                places[fields[0]] = int(fields[after + 2])
    return places
