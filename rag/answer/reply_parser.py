"""The sentences of a model's reply as it streams in, and the sources each one cites.

Knows how models write citations; not what the sources say, nor whether a sentence is true.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from index.clean import clean_line
from index.split import sentences
from index.types import Span

LONGEST_MARK = 48
"""Characters within which an opening bracket must close to be a citation."""

LONGEST_SENTENCE = 800
"""Characters after which a sentence that never ends is cut, so that an endless one is shown and checked too."""

LOOKAHEAD = 12
"""Characters of the next sentence that must be there before one counts as ended: "U.S. A" may become "Army"."""

_OPEN, _CLOSE = "\\[【［〔⟦", "\\]】］〕⟧"
# takes " [1]", "【2†source】"; not "[two\nlines]"
_MARK = re.compile(rf"[ \u00a0]*[{_OPEN}](?P<inside>[^{_OPEN}{_CLOSE}\n]{{1,{LONGEST_MARK}}})[{_CLOSE}]")
# takes " [1" and " " at the end of what has come; not "[1] and"
_PART_OF_MARK = re.compile(rf"(?<![ \u00a0])[ \u00a0]*(?:[{_OPEN}][^{_OPEN}{_CLOSE}\n]{{0,{LONGEST_MARK}}})?\Z")
# takes "1", "sources 1, 3 and 4", "^2", "2†source"; not "sic" and not "2023a"
_NUMBERS = re.compile(
    r"\^?\s*(?:(?:sources?|articles?|passages?|refs?)\b\.?)?\s*"
    r"(?P<list>\d+(?:\s*(?:[,;&–—‑-]|and|to)\s*(?:sources?\s*)?\d+)*)\s*(?:†.*)?",
    re.I,
)
# takes "3" and "2-4"
_RANGE = re.compile(r"(\d+)(?:\s*(?:[–—‑-]|to)\s*(\d+))?")
# While the text is split into sentences, each citation is one character of Unicode's private use area.
_PLACEHOLDERS = range(0xE000, 0xF8FF)
_PRIVATE = dict.fromkeys([*_PLACEHOLDERS, 0xF8FF])
# takes the two placeholders for "[1][2]"; not the space between "[1] [2]"
_PLACEHOLDER = re.compile("[\ue000-\uf8ff]+")
# takes a full stop with its quotation mark and the placeholders after it; not those before it
_AFTER_STOP = re.compile('([.!?…。]+["”’»)]*)([\ue000-\uf8ff]+)')
# takes "J.D."; not "Sen."
_INITIALS = re.compile(r"(?:[A-Z]\.\s?)+")
# takes "- ", "2. ", "## "; not "2.5 million" and not "-5 degrees"
_BULLET = re.compile(r"^(?:(?:[-*•·‣>]|\d{1,2}[.)]|#{1,6})\s+)+")
# takes "**bold**", "__bold__"; not "2 ** 3"
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
# takes the space in "said ."; not the one in "costs .5"
_SPACE_BEFORE_STOP = re.compile(r"\s+(?=[.,;:!?](?:\s|$))")
# takes "**Sources:**"; not "Sources say so."
_SOURCE_LIST = re.compile(r"\W*(?:sources|references|citations)\W*", re.I)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence a model wrote, without its marks.

    `numbers` are the sources it cites, in order, each once; `unknown` counts the numbers that name no source.
    """

    text: str
    numbers: tuple[int, ...] = ()
    unknown: int = 0


class SentenceStream:
    """Takes a reply piece by piece and yields each sentence once it and its citations are whole.

    A sentence is whole when the next one has begun or its line has ended, because citations may follow the
    full stop; so a partial `[1` is never let through. A model's `<think>` block and a closing list of
    sources are left out. Sources are numbered from 1 to `known`.
    """

    def __init__(self, known: int) -> None:
        self._known = known
        self._opening = True
        self._line = ""
        """What came last and may be part of a citation; before the reply has begun, all that came."""
        self._plain = ""
        """What came before that on this line and was not yielded, each citation as one character."""
        self._cut = False
        """Sentences of this line were yielded."""
        self._marks: dict[str, str] = {}
        self._cited: dict[str, str] = {}
        """The character of what stands in a citation, and the other way round."""
        self._listing = False

    def feed(self, piece: str) -> Iterator[Sentence]:
        """The sentences that are whole with this piece."""
        self._line += piece.translate(_PRIVATE)
        if self._opening:
            head = self._line.lstrip()
            if "<think>".startswith(head[:7].lower()):
                if "</think>" not in head:
                    return
                self._line = head.partition("</think>")[2]
            self._opening = False
        *whole, last = self._line.split("\n")
        for line in whole:
            yield from self._sentences(line, ended=True)
        yield from self._sentences(last, ended=False)

    def close(self) -> Iterator[Sentence]:
        """What is left when the reply has ended."""
        if not self._opening:
            yield from self._sentences(self._line, ended=True)
        self._line = self._plain = ""

    def _sentences(self, line: str, *, ended: bool) -> Iterator[Sentence]:
        """What is whole of the line so far; what is kept of it is bounded, so that a long line costs no square."""
        whole = len(line)
        if not ended and (part := _PART_OF_MARK.search(line, max(0, whole - 2 * LONGEST_MARK))):
            whole = part.start()
        self._line = line[whole:]
        self._plain = _AFTER_STOP.sub(r"\2\1", self._plain + _MARK.sub(self._placeholder, line[:whole]))
        if self._listing or (ended and not self._cut and _SOURCE_LIST.fullmatch(self._plain)):
            self._listing = True
            self._plain = ""
            return
        plain = self._plain
        spans = _join_initials(plain, sentences(plain))
        if ended:
            self._plain, self._cut = "", False
        else:
            if len(spans) < 2 or spans[-1][1] - spans[-1][0] < LOOKAHEAD:
                if len(plain) < LONGEST_SENTENCE:
                    return
                spans = [(0, len(plain)), (len(plain), len(plain))]
            self._plain, self._cut = plain[spans[-1][0] :], True
            spans = spans[:-1]
        for start, end in spans:
            sentence = self._sentence(plain[start:end])
            if sentence.text or sentence.unknown:
                yield sentence

    def _placeholder(self, match: re.Match[str]) -> str:
        """The character for a citation, the same for the same numbers; the match itself where it is none."""
        numbers = _NUMBERS.fullmatch(match["inside"].strip())
        if numbers is None:
            return match[0]
        cited = numbers["list"]
        if cited not in self._marks:
            if len(self._marks) == len(_PLACEHOLDERS):
                return match[0]
            self._marks[cited] = mark = chr(_PLACEHOLDERS[len(self._marks)])
            self._cited[mark] = cited
        return self._marks[cited]

    def _sentence(self, text: str) -> Sentence:
        numbers: list[int] = []
        unknown = 0
        for mark in "".join(_PLACEHOLDER.findall(text)):
            for first, last in _RANGE.findall(self._cited[mark]):
                cited_numbers = _number_range(int(first), int(last or first))
                numbers += [number for number in cited_numbers if 1 <= number <= self._known]
                unknown += sum(not 1 <= number <= self._known for number in cited_numbers)
        return Sentence(_strip_markdown(_PLACEHOLDER.sub("", text)), tuple(dict.fromkeys(numbers)), unknown)


def split_reply(pieces: Iterable[str], known: int) -> Iterator[Sentence]:
    """The sentences of a reply that comes in pieces; see `SentenceStream`."""
    stream = SentenceStream(known)
    for piece in pieces:
        yield from stream.feed(piece)
    yield from stream.close()


def _join_initials(text: str, spans: Sequence[Span]) -> list[Span]:
    """The spans with lone initials joined to what follows them: `J.D. | Vance said`."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and _INITIALS.fullmatch(text[slice(*joined[-1])]):
            start = joined.pop()[0]
        joined.append((start, end))
    return joined


def _number_range(first: int, last: int) -> list[int]:
    """A range as the numbers it spans; one too wide to be meant is its two ends."""
    return list(range(first, last + 1)) if 0 <= last - first < 30 else [first, last]


def _strip_markdown(text: str) -> str:
    """A sentence without the Markdown that models put around it, on one line, nothing invisible in it."""
    text = _BULLET.sub("", clean_line(text))
    return _SPACE_BEFORE_STOP.sub("", _EMPHASIS.sub(r"\2", text))
