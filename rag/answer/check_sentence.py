"""A model's sentence checked against the passages it cites: supported and linked, or marked unsupported.

What support means is `rag.verify.support`'s; here is where to look for it and what to link to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from index.quotes.attribution import Attribution, attributions_near
from index.text.tokens import content
from index.types import Hit, Span
from rag.answer.reply_parser import Sentence
from rag.read.features import ASKING_STEMS
from rag.types import Citation, Query, Reading, Statement
from rag.verify.contradictions import SourceSentence
from rag.verify.support import supports

FRAGMENT = 3
"""A reply of fewer content words says nothing by itself and is read together with its question."""

FRAGMENT_OVERLAP = 0.5
"""The share of the question's content words that must stand in the sentence where a fragment is found."""

CANDIDATE_SHARE, LEAST_CANDIDATES = 0.6, 10
"""A statement must rest on the share of the reader's candidates that it ranks first, or the first few.

On the tuning half of the Wikinews set 98% of the sentences that answer are among the first 15% for the
rule-based reader. The bar is looser, because a true sentence beside the point must not be called not found.
"""

ANSWER_SHARE, LEAST_ANSWERS = 0.15, 5
"""A statement answers when it rests on one of these: the 98% above."""

WINDOW = 3
"""Neighbouring sentences of a source that may support one sentence between them."""

MOST_LINKS = 2
"""Sentences of one source that a statement is linked to at most."""

LEAST_NEW_WORDS = 0.2
"""The share of a statement's content words, two at least, that a second sentence must add to be linked too."""


@dataclass(frozen=True, slots=True)
class SentenceCheck:
    """The result for a sentence: `unknown` citations named no source; `moved` when another source supports it."""

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
        return " ".join(self.sentences)

    @property
    def sentences(self) -> list[str]:
        """Each with its speaker's name where the article gives it elsewhere (`he said`)."""
        return [self._with_speaker(span) for span in self.spans]

    @property
    def source_sentences(self) -> list[SourceSentence]:
        """Each with the name of who says it, where the article gives one."""
        speakers = (self._attribution(span).speaker for span in self.spans)
        return [
            SourceSentence(text, speaker if speaker[:1].isupper() else "")
            for text, speaker in zip(self.sentences, speakers, strict=True)
        ]

    def _attribution(self, span: Span) -> Attribution:
        return attributions_near(self.hit.article, span[0]).get(span, Attribution())

    def _with_speaker(self, span: Span) -> str:
        text = self.hit.article.text[slice(*span)]
        attribution = self._attribution(span)
        if not attribution.speaker or attribution.how not in ("pronoun", "continued"):
            return text
        place = attribution.place
        if place and span[0] <= place[0] and place[1] <= span[1]:
            text = text[: place[0] - span[0]] + attribution.speaker + text[place[1] - span[0] :]
        return f"{attribution.speaker} said: {text}"


def check(sentence: Sentence, sources: Sequence[Hit], query: Query, reading: Reading) -> SentenceCheck:
    """The sentence with its citations where the sources it names support it.

    Linked are those of them that do so alone, or else all of them if they do together. Where they do not, or it
    names none, the first other source that supports it alone is linked instead. Sources are numbered from 1.
    """

    def support(*hits: Hit) -> tuple[Citation, ...]:
        return supporting_citations(sentence.text, hits, query, reading)

    cited = [sources[number - 1] for number in sentence.numbers]
    named = tuple(citation for hit in cited for citation in support(hit)) or (support(*cited) if len(cited) > 1 else ())
    others = (support(hit) for hit in sources if hit not in cited)
    citations = named or next(filter(None, others), ())
    return SentenceCheck(
        Statement(sentence.text, citations, supported=bool(citations)),
        answers=_rank(((each.revision, (each.start, each.end)) for each in citations), reading)
        <= max(LEAST_ANSWERS, ANSWER_SHARE * len(reading.candidates)),
        named=bool(cited),
        unknown=sentence.unknown,
        moved=bool(citations and not named),
    )


def supporting_citations(text: str, hits: Sequence[Hit], query: Query, reading: Reading) -> tuple[Citation, ...]:
    """Where the passages support a sentence between them; empty where they do not."""
    wanted = set(content(text))
    windows = [best_window(wanted, hit) for hit in hits]
    # What the reader thinks of the place is known already; what supports it is not.
    if not _on_question(wanted, windows, query, reading) or not supports(text, **evidence(windows)).supported:
        return ()
    return tuple(citation for each in windows for citation in linked_sentences(wanted, each))


class Evidence(TypedDict):
    """What `rag.verify.support.supports` judges a sentence by."""

    sources: Sequence[Sequence[SourceSentence]]
    context: Sequence[str]
    outlets: Sequence[str]


def evidence(windows: Sequence[Window]) -> Evidence:
    """The sentences of the windows with their speakers, the articles around them, and the outlets that may be named."""
    articles = [each.hit.article for each in windows]
    return {
        "sources": [each.source_sentences for each in windows],
        "context": [f"{article.title}\n{article.text}" for article in articles],
        "outlets": [article.outlet for article in articles if article.outlet],
    }


def best_window(wanted: set[str], hit: Hit) -> Window:
    """The `WINDOW` neighbouring sentences of a passage that hold most of the wanted stems."""
    sentences = list(hit.sentences())
    words = [wanted & set(content(text)) for _, text in sentences]
    starts = range(max(1, len(sentences) - WINDOW + 1))
    best = max(starts, key=lambda at: len(set().union(*words[at : at + WINDOW])))
    return Window(hit, tuple(span for span, _ in sentences[best : best + WINDOW]))


def linked_sentences(wanted: set[str], window: Window) -> list[Citation]:
    """The sentences of a window worth showing: each adds words of the statement that those before did not hold."""
    article = window.hit.article
    left = set(wanted)
    spans: list[Span] = []
    held = {span: wanted & set(content(text)) for span, text in zip(window.spans, window.sentences, strict=True)}
    while len(spans) < MOST_LINKS:
        span = max((span for span in held if span not in spans), key=lambda span: len(held[span] & left), default=None)
        if span is None or (spans and len(held[span] & left) < max(2, LEAST_NEW_WORDS * len(wanted))):
            break
        spans.append(span)
        left -= held[span]
    return [Citation(article.id, article.revision, start, end, article.text[start:end]) for start, end in sorted(spans)]


def _on_question(wanted: set[str], windows: Sequence[Window], query: Query, reading: Reading) -> bool:
    """Whether the place is about the question: the reader ranks it high, and a fragment's sentence answers it."""
    places = ((each.hit.article.revision, span) for each in windows for span in each.spans)
    if reading.candidates and _rank(places, reading) > max(LEAST_CANDIDATES, CANDIDATE_SHARE * len(reading.candidates)):
        return False
    if len(wanted) >= FRAGMENT:
        return True
    topic = {word for word in content(query.text) if word not in ASKING_STEMS} - wanted
    held_words = [set(content(sentence)) for each in windows for sentence in each.sentences]
    return bool(wanted) and any(
        wanted <= held and len(topic & held) >= FRAGMENT_OVERLAP * len(topic) for held in held_words
    )


def _rank(places: Iterable[tuple[str, Span]], reading: Reading) -> float:
    """The best rank, from 0, that the reader gives any of these sentences (revision, span); infinite without one."""
    ranks = {
        (candidate.hit.article.revision, candidate.sentence): rank for rank, candidate in enumerate(reading.candidates)
    }
    return min((ranks[place] for place in places if place in ranks), default=float("inf"))
