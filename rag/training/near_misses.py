"""Near misses: a question changed in one thing, so that its passage no longer answers it.

Another person, place, year, number, superlative or outcome than the passage tells of, as in contrast sets (Gardner et
al., 2020) and SQuAD 2.0 (Rajpurkar et al., 2018), whose writers changed questions like that by hand.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rag.training.parser import named

SWAPPED = ("PERSON", "GPE", "ORG", "NORP", "LOC", "FAC", "EVENT", "PRODUCT", "WORK_OF_ART")
# Takes the 1984 of "in 1984"; not the 1984 of "1,984" or "1984th".
YEAR = re.compile(r"(?<![\w,.$£€-])(1[5-9]\d\d|20[0-3]\d)(?![\w,%-]|\.\d)")
# Takes "27" and "27,000"; not the 27 of "F-27", "$27" or "27th".
NUMBER = re.compile(r"(?<![\w,.$£€-])(\d{1,3}(?:,\d{3})*)(?![\w%-]|[.,]\d)")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Takes "in May" and "May 12"; not the verb of "may" nor "Theresa May".
MONTH = re.compile(
    rf"(?:(?<=in )|(?<=of )|(?<=last )|(?<=on ))(?:{'|'.join(MONTHS)})\b|\b(?:{'|'.join(MONTHS)})(?= \d)"
)
# Takes "Monday"; not "Mondays".
WEEKDAY = re.compile(rf"\b(?:{'|'.join(WEEKDAYS)})\b")
OPPOSITES = {
    a: b
    for pair in (
        "first last",
        "largest smallest",
        "biggest smallest",
        "highest lowest",
        "most least",
        "best worst",
        "oldest youngest",
        "longest shortest",
        "fastest slowest",
        "earliest latest",
        "before after",
        "northern southern",
        "eastern western",
        "north south",
        "east west",
        "won lost",
        "win lose",
        "rise fall",
        "rose fell",
        "increase decrease",
        "increased decreased",
        "male female",
        "men women",
        "boys girls",
        "buy sell",
        "bought sold",
        "arrested released",
        "arrest release",
        "approve reject",
        "approved rejected",
        "support oppose",
        "supported opposed",
        "supports opposes",
        "open close",
        "opened closed",
        "join leave",
        "joined left",
        "begin end",
        "began ended",
        "maximum minimum",
        "richest poorest",
        "accept refuse",
        "accepted refused",
        "confirm deny",
        "confirmed denied",
        "minimum maximum",
        "birth death",
        "born buried",
        "import export",
        "imports exports",
        "gain lose",
        "gained lost",
        "succeed fail",
        "succeeded failed",
        "older younger",
        "more fewer",
        "larger smaller",
        "higher lower",
        "killed injured",
        "kill injure",
        "brother sister",
        "father mother",
        "son daughter",
        "husband wife",
        "king queen",
        "attack defend",
        "attacked defended",
        "elected defeated",
        "upper lower",
    )
    for a, b in (pair.split(), pair.split()[::-1])
}
"""Words and what changes the outcome; of a word in several pairs, the last pair counts."""
FROM_PASSAGE = 0.75
MOST = 4


@dataclass(frozen=True, slots=True)
class NamedText:
    """A text's names, as (name, kind) in their order."""

    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class NamePool:
    """All names of a kind by how many texts have them, to draw one of like frequency."""

    names: dict[str, list[str]] = field(default_factory=dict)
    """Of each kind, from the rarest to the most frequent."""
    rank: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Iterable[NamedText]) -> NamePool:
        """Collect the names that at least two texts have."""
        counts: Counter[tuple[str, str]] = Counter(pair for text in texts for pair in set(text.names))
        names: dict[str, list[str]] = {}
        rank = {}
        for (name, kind), number in sorted(counts.items(), key=lambda item: (item[1], item[0])):
            if number > 1:
                rank[name, kind] = len(names.setdefault(kind, []))
                names[kind].append(name)
        return cls(names, rank)

    def like(self, name: str, kind: str, rng: random.Random) -> str:
        """Draw a name of the kind that stands near `name` by frequency; "" where there is none."""
        names = self.names.get(kind, [])
        if not names:
            return ""
        place = self.rank.get((name, kind), len(names) // 2)
        return names[min(len(names) - 1, max(0, place + rng.randint(-60, 60)))]


def names_in(texts: Sequence[str], folder: Path | None = None) -> Iterator[NamedText]:
    """Yield the names of each text, kept in `folder`."""
    for found in named(texts, folder):
        yield NamedText(tuple((name, kind) for name, kind in found if kind in SWAPPED))


def cleaned(name: str) -> str:
    """A name without article and possessive."""
    # Takes "the " of "the Hague" and "'s" of "Chicago's"; not the "The" of "Theresa".
    return re.sub(r"^[Tt]he |['’]s?$", "", name).strip()


def overlap(name: str, text: str) -> bool:
    """Does the text have a word of the name that is longer than three letters, or the name itself?"""
    # Of "the New York Times" these are "York" and "Times"; of "Rao", "Rao" itself.
    words = [word for word in re.findall(r"\w+", name) if len(word) > 3] or [name]
    return any(re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE) for word in words)


def near_misses(
    question: str, passage: str, answers: Sequence[str], names: NamedText, pool: NamePool, rng: random.Random
) -> list[str]:
    """Return up to MOST questions, each changed in one thing, that `passage` does not answer as far as words tell.

    A name is changed for one of its kind from the passage, that the sentences with the answer lack, or for one that the
    passage lacks; a year, number, month or weekday for one that the passage lacks; a word of OPPOSITES for the other,
    which the passage lacks.
    """
    found = [
        *swapped_names(question, passage, answers, names, pool, rng),
        *swapped_days(question, passage, rng),
        *swapped_words(question, passage),
    ]
    rng.shuffle(found)
    return list(dict.fromkeys(found))[:MOST]


def swapped_names(
    question: str, passage: str, answers: Sequence[str], names: NamedText, pool: NamePool, rng: random.Random
) -> Iterator[str]:
    """Yield questions with another name."""
    # Cuts after "won." and "why?", now and then also after "Mr."; not within "3.5" or "U.S.".
    sentences = [s for s in re.split(r"(?<=[.!?])\s+", passage) if any(answer in s for answer in answers)]
    holding = " ".join(sentences)
    kinds: dict[str, str] = {}
    for name, kind in names.names:
        kinds.setdefault(cleaned(name), kind)
    for name, kind in kinds.items():
        # Not a name within a longer one: the "China" of "South China Sea".
        match = re.search(rf"(?<![\w-])(?<![A-Z][a-z] ){re.escape(name)}(?![\w-]| [A-Z])", question)
        if len(name) < 2 or not match or overlap(name, " ".join(answers)):
            continue
        others = [n for n, k in kinds.items() if k == kind and not overlap(n, question) and not overlap(n, holding)]
        new = rng.choice(others) if others and rng.random() < FROM_PASSAGE else cleaned(pool.like(name, kind, rng))
        if new and len(new.split()) <= 5 and (new in others or not overlap(new, f"{passage} {question}")):
            yield question[: match.start()] + new + question[match.end() :]


def swapped_days(question: str, passage: str, rng: random.Random) -> Iterator[str]:
    """Yield questions with another year, number, month or weekday."""
    for match in YEAR.finditer(question):
        others = [str(int(match[1]) + step) for step in (-10, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 10)]
        others = [year for year in others if year not in passage]
        if others:
            yield question[: match.start()] + rng.choice(others) + question[match.end() :]
    for match in NUMBER.finditer(question):
        value = int(match[1].replace(",", ""))
        if YEAR.match(question, match.start()) or not value:
            continue
        new = f"{max(1, round(value * rng.choice((0.5, 0.8, 1.2, 1.5, 2, 3)))):,}"
        if new != match[1] and new not in passage:
            yield question[: match.start()] + new + question[match.end() :]
    for pattern, values in ((MONTH, MONTHS), (WEEKDAY, WEEKDAYS)):
        for match in pattern.finditer(question):
            others = [value for value in values if value not in passage]
            if others:
                yield question[: match.start()] + rng.choice(others) + question[match.end() :]


def swapped_words(question: str, passage: str) -> Iterator[str]:
    """Yield questions with the opposite of one of their words, where the passage lacks the opposite."""
    # Takes every word without a capital; not "First".
    for match in re.finditer(r"[a-z]+", question):
        other = OPPOSITES.get(match[0])
        if other and not re.search(rf"\b{other}", passage, re.IGNORECASE):
            yield question[: match.start()] + other + question[match.end() :]


def of_all(rows: Sequence[Mapping], folder: Path | None, seed: int) -> list[list[str]]:
    """Return the near misses of training rows (question, context, answers), in their order."""
    contexts = list(dict.fromkeys(str(row["context"]) for row in rows))
    names = dict(zip(contexts, names_in(contexts, folder), strict=True))
    pool = NamePool.of(names.values())
    made = []
    for number, row in enumerate(rows):
        context = str(row["context"])
        answers = [answer if isinstance(answer, str) else answer["text"] for answer in row["answers"]]
        rng = random.Random(seed * 1_000_003 + number)
        made.append(near_misses(row["question"], context, answers, names[context], pool, rng) if answers else [])
    return made
