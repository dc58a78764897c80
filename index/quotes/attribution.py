"""Who says what: the speaker of each sentence of an article, direct or reported, by rule.

When unsure the speaker stays empty. Knows only what the text puts next to a verb of saying. By
hand: textacy's quotation finder and BookNLP need models to download and are slower by orders of magnitude.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from index.quotes.quotation_marks import QuotedSpan, quoted_spans
from index.quotes.speech_cues import FILL, Cue, find_cues
from index.split import paragraphs, sentences
from index.text.names import INSTITUTION, Name, find_names, plain_name
from index.types import Article, Span

How = Literal["", "name", "description", "pronoun", "continued"]


@dataclass(frozen=True, slots=True)
class Attribution:
    """Whose words a sentence holds, as far as its article says so.

    `speaker` is the fullest form of the name given by then, or a description ("a White House aide"), or
    empty. `how` says what the sentence itself shows: a name, a description, a pronoun that stands for
    either, or nothing, the quotation being continued from a sentence that does. `place` is where the name,
    description or pronoun stands in the article.
    """

    speaker: str = ""
    direct: bool = False
    """The sentence is a quotation or holds one of three words or more."""
    how: How = ""
    place: Span | None = None

    @property
    def reported(self) -> bool:
        """Somebody's words in the writer's own: `Lankford told reporters that ...`."""
        return bool(self.speaker) and not self.direct


LEAST_OF_A_PARAGRAPH = 60
"""Characters of a paragraph without a speaker that goes on with the one before; a shorter one may be a reply."""
STRETCH = 12_000
"""Characters of a long article that are read at once, with as many before them to know the speakers from."""


def attributions_near(article: Article, at: int) -> Mapping[Span, Attribution]:
    """The attribution of each sentence near character `at`, by its span: of all of them in most articles."""
    return _spoken(article, at // STRETCH)


@lru_cache(maxsize=256)
def _spoken(article: Article, stretch: int) -> Mapping[Span, Attribution]:
    """The attributions of a stretch and the one before it; kept for the articles read last."""
    first, last = (stretch - 1) * STRETCH, (stretch + 1) * STRETCH
    blocks = [block for block in paragraphs(article.text) if first <= block[0] < last]
    if not blocks:
        return {}
    start, end = blocks[0][0], blocks[-1][1]
    part = article.text[start:end]
    spans = sentences(part)
    return {
        (start + span[0], start + span[1]): replace(
            said, place=said.place and (start + said.place[0], start + said.place[1])
        )
        for span, said in zip(spans, attributions(part, spans), strict=True)
    }


def attributions(text: str, spans: Sequence[Span]) -> list[Attribution]:
    """One Attribution for each sentence span of an article's text; spans in order, not overlapping."""
    return _Attributor(text, spans).attributed()


# takes "Mr. ", "his brother, "; not "Ms. "
_HE = re.compile(
    r"(?:\b(?:Mr|Sir|Lord|King|Prince|Father)\.?|\b(?:spokesman|congressman|chairman|father|brother|son|husband))\s*,?\s*$"
)
# takes "Baroness ", "his mother, "; not "Mr. "
_SHE = re.compile(
    r"(?:\b(?:Mrs|Ms|Miss|Lady|Baroness|Queen|Princess|Dame|Madam)\.?|\b(?:spokeswoman|congresswoman|chairwoman|mother|"
    r"sister|daughter|wife|actress|widow))\s*,?\s*$"
)
# takes "went into "; not "went to "
_PLACE = re.compile(r"\b(?:in|at|near|across|into|outside)\s+$", re.I)
# takes "against the "; not "against "
_THE = re.compile(r"\bthe\s+$", re.I)


def _placed(text: str, ahead: str, name: Name) -> bool:
    """Whether a name is a place's or institution's: `in Turkey`, `the Kremlin`, not `the Biden plan`."""
    return bool(_PLACE.search(ahead)) or (
        bool(_THE.search(ahead)) and not re.match(r"(?:['’]s?)?\s+[a-z]|-", text[name.end : name.end + 5])
    )


class ArticleNames:
    """The names of one article outside its quotations, in order, and which of them may be people."""

    def __init__(self, text: str, names: Sequence[Name]) -> None:
        self._starts = [name.start for name in names]
        self._plain: list[str] = []
        self._of: defaultdict[str, list[int]] = defaultdict(list)
        self._not_people: set[str] = set()
        self._titled: set[str] = set()
        self._gender: dict[str, str] = {}
        for number, name in enumerate(names):
            plain = plain_name(name.text)
            ahead = text[max(0, name.start - 24) : name.start] + name.text[: name.text.find(plain)]
            # takes "told Sen. ", "Mayor "; not "told Senator "
            titled = re.search(r"\b(?:Mr|Mrs|Ms|Dr|Sens?|Reps?|Gov|Sir|Lord|Lady|Mayor)\.?\s$", ahead)
            if titled:
                plain = re.sub(r"(?<=.)\s+of\s+.*$", "", plain)
            last = plain.split()[-1]
            self._plain.append(plain)
            self._of[last].append(number)
            if _placed(text, ahead, name) or INSTITUTION.search(plain) or plain.replace(".", "").isupper():
                self._not_people.add(plain)
            if titled or plain != name.text:
                self._titled.add(last)
            if _HE.search(ahead):
                self._gender[last] = "he"
            elif _SHE.search(ahead):
                self._gender[last] = "she"

    def fullest(self, at: int) -> str:
        """The longest form of the name at `at` up to there; the name itself where two people share it."""
        plain = self._plain[bisect_left(self._starts, at)]
        words = plain.split()
        longer: dict[str, None] = {}
        for number in self._of[words[-1]]:
            other = self._plain[number]
            if self._starts[number] > at:
                break
            if (
                len(other.split()) > len(words)
                and other.split()[-len(words) :] == words
                and not INSTITUTION.search(other)
                and " for " not in other
            ):
                longer[other] = None
        if not longer:
            return plain
        best = max(longer, key=len)
        same = all(set(other.replace(".", "").split()) <= set(best.replace(".", "").split()) for other in longer)
        return best if same else plain

    def is_person(self, name: str) -> bool:
        """Whether a name, as `fullest` returns it, looks like a person's: two to four words, or one with a title."""
        words = name.split()
        if name in self._not_people or INSTITUTION.search(name):
            return False
        return len(words) in (2, 3, 4) or words[-1] in self._titled

    def may_be_person(self, name: str) -> bool:
        """Whether a name may be a person's: it is not marked as a place or an institution."""
        return name not in self._not_people and not INSTITUTION.search(name)

    def fits(self, name: str, pronoun: str) -> bool:
        """Whether `he` or `she` may stand for a name: no title or word of kinship says otherwise."""
        return self._gender.get(name.split()[-1], pronoun) == pronoun

    def between(self, start: int, end: int) -> list[tuple[int, str]]:
        """The names that start in a stretch of the text, as written without titles, with their places."""
        low, high = bisect_left(self._starts, start), bisect_left(self._starts, end)
        return [(self._starts[number], self._plain[number]) for number in range(low, high)]


class _Attributor:
    """One article being read: its sentences, what is quoted in them, and what is known of their speakers."""

    def __init__(self, text: str, spans: Sequence[Span]) -> None:
        self.text, self.spans = text, spans
        quotes = quoted_spans(text)
        self.masked = _mask(text, quotes)
        names = [part for name in find_names(self.masked) for part in _people_apart(self.masked, name)]
        self.names = ArticleNames(self.masked, names)
        self.block = _numbered(paragraphs(text), spans)
        self.groups = _runs(text, quotes)
        starts = [name.start for name in names]
        self.cues: list[list[Cue]] = []
        self.whole: list[bool] = []
        self.found: list[Attribution] = []
        for start, end in spans:
            here = names[bisect_left(starts, start) : bisect_left(starts, end)]
            self.cues.append(find_cues(self.masked, start, end, here))
            shown = self.masked[start:end]
            rest = len(re.findall(r"\w+", shown))
            self.whole.append(rest == 0 if FILL not in shown[:1] else rest <= 4)
            self.found.append(Attribution(direct=_quoted_words(text, start, end, quotes) >= 3))

    def attributed(self) -> list[Attribution]:
        for number in range(len(self.spans)):
            self._take(number, [cue for cue in self.cues[number] if cue.how != "pronoun"], pronouns=False)
        self._spread()
        for number in range(len(self.spans)):
            if not self.found[number].speaker:
                self._take(number, self.cues[number], pronouns=True)
            if not self.found[number].speaker and not self.cues[number]:
                self._continue(number)
            self._look_back(number)
            if self.found[number].speaker:
                self._spread()
        return self.found

    def _take(self, number: int, cues: Sequence[Cue], *, pronouns: bool) -> None:
        """Take the speaker that the cues of a sentence agree on, or the one next to its quoted words."""
        if not cues or (not pronouns and any(cue.how == "pronoun" for cue in self.cues[number])):
            return
        cues = [cues[0], *(cue for cue in cues[1:] if not self._within(cues[0], cue))]
        resolved = [(self._resolved(cue, number), cue) for cue in cues]
        speakers = {speaker for speaker, _ in resolved}
        if len(speakers) > 1:
            resolved = [(speaker, cue) for speaker, cue in resolved if cue.beside]
            if len({speaker for speaker, _ in resolved}) != 1 or not self.found[number].direct:
                return
        speaker, cue = resolved[0]
        if speaker and (self._governs(cue, number) or not self.found[number].direct):
            self.found[number] = replace(self.found[number], speaker=speaker, how=cue.how, place=(cue.start, cue.end))

    def _governs(self, cue: Cue, number: int) -> bool:
        """Whether a cue says whose the quoted words are: beside, before, or at the sentence's end."""
        after = self.masked[cue.verb[1] : self.spans[number][1]]
        return cue.beside or FILL in after or len(after.split()) <= 5

    def _within(self, first: Cue, second: Cue) -> bool:
        """Whether one cue is part of what another reports: `the aide said that officials told them`."""
        between = self.masked[first.verb[1] : second.start]
        return first.start < second.start and FILL not in between and re.search(r"\bthat\b", between) is not None

    def _resolved(self, cue: Cue, number: int) -> str:
        if cue.how == "name":
            return self.names.fullest(cue.start)
        if cue.how == "description":
            return re.sub(r"^The\b", "the", " ".join(cue.words.split()))
        return self._antecedent(cue, number)

    def _antecedent(self, cue: Cue, number: int) -> str:
        """Whom `he` means: the speaker just before, or the one person the sentence before is about."""
        meant = ""
        for before in range(number - 1, max(-1, number - 4), -1):
            if self.block[number] - self.block[before] > 1:
                break
            if speaker := self.found[before].speaker:
                meant = speaker if speaker[0].islower() or self.names.may_be_person(speaker) else ""
                break
            people = self._people(*self.spans[before])
            if people:
                meant = people[0] if len(people) == 1 and self._begins_with_person(before) else ""
                break
        named = [other for other in self.cues[number] if other.how == "name" and other.end < cue.start]
        if not meant and named:
            meant = self.names.fullest(named[-1].start)
        if not meant or not self.names.fits(meant, cue.words):
            return ""
        here = self._people(self.spans[number][0], cue.start)
        return meant if all(person == meant for person in here) else ""

    def _begins_with_person(self, number: int) -> bool:
        """Whether a sentence opens with its first name, after a title or a short adverbial at most."""
        start, end = self.spans[number]
        at = self.names.between(start, end)[0][0]
        # takes "", "On Monday, ", "“Prime Minister "; not "The man who met "
        return re.fullmatch(r"\W*(?:[^,\x00]{0,50},\s+)?(?:[\w.’'-]+\s+){0,2}", self.masked[start:at]) is not None

    def _people(self, start: int, end: int) -> list[str]:
        """The people a stretch of the writer's own words is about, in order; not those of `Biden's plan`."""
        found: dict[str, None] = {}
        for at, name in self.names.between(start, end):
            full = self.names.fullest(at)
            if self.names.is_person(full) and not self.masked.startswith(("'s", "’s"), at + len(name)):
                found[full] = None
        return list(found)

    def _continue(self, number: int) -> None:
        """A sentence wholly quoted goes on with the words of the one before, in the same paragraph."""
        if number == 0 or not self.whole[number] or not self.found[number - 1].speaker:
            return
        before = self.found[number - 1]
        introduces = self.text[self.spans[number - 1][0] : self.spans[number - 1][1]].rstrip().endswith(":")
        if self.block[number] == self.block[number - 1] or introduces or self._paragraph_goes_on(number):
            self.found[number] = replace(self.found[number], speaker=before.speaker, how="continued")

    def _paragraph_goes_on(self, number: int) -> bool:
        """Whether a sentence begins a paragraph that is one quotation, after one that ends in its speaker's words.

        Only one such paragraph: where several follow each other, two people may be speaking in turn.
        """
        paragraph, before = self.block[number], self.block[number - 1]
        if paragraph != before + 1 or not self.found[number - 1].direct:
            return False
        own = [other for other in range(number, len(self.spans)) if self.block[other] == paragraph]
        ahead = [other for other in range(number) if self.block[other] == before]
        alone = all(self.whole[other] and not self.cues[other] for other in own)
        if self.spans[own[-1]][1] - self.spans[number][0] < LEAST_OF_A_PARAGRAPH:
            return False
        speakers = {self.found[other].speaker for other in ahead}
        return alone and len(speakers) == 1 and any(self.cues[other] for other in ahead)

    def _look_back(self, number: int) -> None:
        """`"It is over!" Smith told reporters.` cut in two: the second part says whose the first is."""
        here, before = self.found[number], number - 1
        if (
            number
            and here.speaker
            and not here.direct
            and not self.found[before].speaker
            and self.whole[before]
            and self.block[number] == self.block[before]
            and len(self.text[slice(*self.spans[number])].split()) <= 10
            and self.cues[number][0].start - self.spans[number][0] <= 12
        ):
            self.found[before] = replace(self.found[before], speaker=here.speaker, how="continued")

    def _spread(self) -> None:
        """Give every sentence of one quotation the speaker that one of them names."""
        for start, end in self.groups:
            first = bisect_left(self.spans, start, key=lambda span: span[1] - 1)
            members = []
            for number in range(first, len(self.spans)):
                if self.spans[number][0] >= end:
                    break
                members.append(number)
            speakers = {self.found[number].speaker for number in members} - {""}
            if len(members) > 1 and len(speakers) == 1:
                speaker = speakers.pop()
                for number in members:
                    if not self.found[number].speaker and not self.cues[number]:
                        self.found[number] = replace(self.found[number], speaker=speaker, how="continued")


# takes "director of ", "spokesman for the "; not "said "
_OFFICE_OF = re.compile(r"\b(?:of|for|at|from)\s+(?:the\s+)?$")
# takes "Ana Ruiz for Harbour Control"; not "Centers for Disease Control", "Nevada for Biden"
_SPEAKS_FOR = re.compile(r"^(?P<who>[\w.’'-]+\s+[\w.’'-]+)\s+for\s+(?=[A-Z])")


def _people_apart(text: str, name: Name) -> list[Name]:
    """A name, or the two that it is: `director of Amnesty International Ana Ruiz`, `Ana Ruiz for Amnesty`."""
    cut = 0
    if _OFFICE_OF.search(text[max(0, name.start - 12) : name.start]):
        cut = max((match.end() for match in INSTITUTION.finditer(name.text)), default=0)
    rest = name.text[cut:].lstrip()
    if cut and len(rest.split()) > 1 and rest[0].isupper():
        return [Name(name.text[:cut], name.start, name.start + cut), Name(rest, name.end - len(rest), name.end)]
    speaks = _SPEAKS_FOR.match(name.text)
    # "Centers" is the plural of an institution's word
    if speaks and not INSTITUTION.search(re.sub(r"s\b", "", speaks["who"])) and not speaks["who"][:2].isupper():
        end = speaks.end("who")
        return [
            Name(speaks["who"], name.start, name.start + end),
            Name(name.text[speaks.end() :], name.start + speaks.end(), name.end),
        ]
    return [name]


def _mask(text: str, quotes: Sequence[QuotedSpan]) -> str:
    """The text with every quoted character replaced by `FILL`, so that only the writer's own words are read."""
    pieces, at = [], 0
    for quote in quotes:
        pieces += [text[at : quote.start], FILL * (quote.end - quote.start)]
        at = quote.end
    return "".join([*pieces, text[at:]])


def _quoted_words(text: str, start: int, end: int, quotes: Sequence[QuotedSpan]) -> int:
    return sum(
        len(text[max(start, quote.words_start) : min(end, quote.words_end)].split())
        for quote in quotes
        if quote.start < end and quote.end > start
    )


def _numbered(blocks: Sequence[Span], spans: Sequence[Span]) -> list[int]:
    """The number of the paragraph each sentence stands in."""
    ends = [end for _, end in blocks]
    return [bisect_left(ends, end) for _, end in spans]


def _runs(text: str, quotes: Sequence[QuotedSpan]) -> list[Span]:
    """The spans of whole quotations: one left open that the next paragraph's first mark continues is one.

    One left open and not continued lacks its closing mark, so that its end is unknown: it is left out.
    """
    runs: list[Span] = []
    joined = False
    for number, quote in enumerate(quotes):
        begin = runs.pop()[0] if joined else quote.start
        following = quotes[number + 1] if number + 1 < len(quotes) else None
        joined = not quote.closed and following is not None and not text[quote.end : following.start].strip()
        if quote.closed or joined:
            runs.append((begin, quote.end))
    return runs
