"""A model's sentence held against the passages it cites: supported and linked, or shown unsupported.

What bearing out means is `rag.verify.support.supports`, tightened by `company`; here is where to look and what to link
to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from index.quotes.attribution import attributions_near
from index.text.lexicon import ASKING_WORDS
from index.text.tokens import content, stem
from index.types import Hit, Span
from rag.answer.reply_parser import Sentence
from rag.types import Citation, Query, Reading, Statement
from rag.verify.support import BAR, company, supports

FRAGMENT = 3
"""A reply of fewer content words says nothing by itself and is read together with its question."""

ABOUT = 0.5
"""The share of the question's content words that must stand in the sentence where a fragment is found."""

READ, LEAST_READ = 0.6, 10
"""A statement must rest on the share of the reader's candidates that it ranks first, or the first few.

On the tuning half of the Wikinews set 98% of the sentences that answer are among the first 15% for the
rule-based reader. The bar is looser, because a true sentence beside the point must not be called not found.
"""

ANSWERS, LEAST_ANSWERS = 0.15, 5
"""A statement answers when it rests on one of these: the 98% above."""

TOGETHER = 3
"""Neighbouring sentences of a source that may bear out one sentence between them."""

LINKED = 2
"""Sentences of one source that a statement is linked to at most."""

ADDS = 0.2
"""The share of a statement's content words, two at least, that a second sentence must add to be linked too."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a sentence: `unknown` citations named no source; `moved` when another source bears it out."""

    statement: Statement
    answers: bool = False
    """It is supported by a sentence that the reader, too, takes for an answer; not only true."""
    named: bool = False
    """It names a source."""
    unknown: int = 0
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """Neighbouring sentences of one source that hold most of a sentence's words."""

    hit: Hit
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        return " ".join(self.told)

    @property
    def told(self) -> list[str]:
        """The sentences, each with its speaker's name where the article gives it elsewhere (`he said`)."""
        return [self._told(span) for span in self.spans]

    def _told(self, span: Span) -> str:
        article = self.hit.article
        text = article.text[slice(*span)]
        said = attributions_near(article, span[0]).get(span)
        if said is None or not said.speaker or said.how not in ("pronoun", "continued"):
            return text
        if said.place and span[0] <= said.place[0] and said.place[1] <= span[1]:
            first, last = said.place[0] - span[0], said.place[1] - span[0]
            text = text[:first] + said.speaker + text[last:]
        return f"{said.speaker} said: {text}"


def check(sentence: Sentence, sources: Sequence[Hit], query: Query, reading: Reading) -> Checked:
    """The sentence with its citations where the sources it names bear it out.

    Linked are those of them that do so alone, or else all of them if they do together. Where they do not, or it
    names none, the first other source that bears it out alone is linked instead. Sources are numbered from 1.
    """

    def found(*hits: Hit) -> tuple[Citation, ...]:
        return borne_out(sentence.text, hits, query, reading)

    cited = [sources[number - 1] for number in sentence.numbers]
    named = tuple(citation for hit in cited for citation in found(hit)) or (found(*cited) if len(cited) > 1 else ())
    others = (found(hit) for hit in sources if hit not in cited)
    citations = named or next(filter(None, others), ())
    return Checked(
        Statement(sentence.text, citations, supported=bool(citations)),
        answers=_rank(((each.revision, (each.start, each.end)) for each in citations), reading)
        <= max(LEAST_ANSWERS, ANSWERS * len(reading.candidates)),
        named=bool(cited),
        unknown=sentence.unknown,
        moved=bool(citations and not named),
    )


def borne_out(text: str, hits: Sequence[Hit], query: Query, reading: Reading) -> tuple[Citation, ...]:
    """Where the passages bear a sentence out between them; empty where they do not."""
    wanted = set(content(text))
    windows = [window(wanted, hit) for hit in hits]
    outlets = [hit.article.outlet for hit in hits]
    found = supports(
        text,
        [f"{each.text}\n\n{each.hit.article.outlet}" for each in windows],
        context=[f"{hit.article.title}\n{hit.article.text}" for hit in hits],
    )
    if not found.supported or company(text, [each.text for each in windows], outlets) < BAR:
        return ()
    if not _on_question(wanted, windows, query, reading):
        return ()
    return tuple(citation for each in windows for citation in links(wanted, each))


def window(wanted: set[str], hit: Hit) -> Window:
    """The `TOGETHER` neighbouring sentences of a passage that hold most of the wanted stems."""
    told = list(hit.sentences())
    words = [wanted & set(content(text)) for _, text in told]
    starts = range(max(1, len(told) - TOGETHER + 1))
    best = max(starts, key=lambda at: len(set().union(*words[at : at + TOGETHER])))
    return Window(hit, tuple(span for span, _ in told[best : best + TOGETHER]))


def links(wanted: set[str], window: Window) -> list[Citation]:
    """The sentences of a window worth showing: each adds words of the statement that those before did not hold."""
    article = window.hit.article
    left = set(wanted)
    chosen: list[Span] = []
    held = {span: wanted & set(content(told)) for span, told in zip(window.spans, window.told, strict=True)}
    while len(chosen) < LINKED:
        span = max(
            (span for span in held if span not in chosen),
            key=lambda span: len(held[span] & left),
            default=None,
        )
        if span is None or (chosen and len(held[span] & left) < max(2, ADDS * len(wanted))):
            break
        chosen.append(span)
        left -= held[span]
    return [
        Citation(article.id, article.revision, start, end, article.text[start:end]) for start, end in sorted(chosen)
    ]


def _on_question(wanted: set[str], windows: Sequence[Window], query: Query, reading: Reading) -> bool:
    """Whether the place is about the question: the reader ranks it high, and a fragment's sentence answers it."""
    places = ((each.hit.article.revision, span) for each in windows for span in each.spans)
    if reading.candidates and _rank(places, reading) > max(LEAST_READ, READ * len(reading.candidates)):
        return False
    if len(wanted) >= FRAGMENT:
        return True
    asked = {word for word in content(query.text) if word not in _ASKING} - wanted
    told = [set(content(sentence)) for each in windows for sentence in each.told]
    return bool(wanted) and any(wanted <= held and len(asked & held) >= ABOUT * len(asked) for held in told)


def _rank(places: Iterable[tuple[str, Span]], reading: Reading) -> float:
    """The best rank, from 0, that the reader gives any of these sentences (revision, span); infinite without one."""
    ranks = {
        (candidate.hit.article.revision, candidate.sentence): rank for rank, candidate in enumerate(reading.candidates)
    }
    return min((ranks[place] for place in places if place in ranks), default=float("inf"))


_ASKING = {stem(word) for word in ASKING_WORDS}
