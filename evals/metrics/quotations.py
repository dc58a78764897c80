"""How well quotations, reported statements and their speakers are found: pure functions of gold and found ones.

Every figure is a ratio of two sums over articles, with an interval that resamples articles: quotations of one
article share their speakers. Knows nothing of how they are found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from evals.datasets.quotations import AnnotatedArticle, GoldQuotation, Kind
from evals.metrics.statistics import interval
from index.errors import UserError
from index.text.lexicon import TITLES
from index.types import Span

Outcome = Literal["right", "as written", "wrong"]
"""What a speaker that was given is: the person, only the words of the text where it names a person, or someone else."""

SAME = 0.5
"""Two spans are the same quotation where they share at least this part of the longer one's words."""


@dataclass(frozen=True, slots=True)
class ExtractedQuotation:
    """What a system says about an article: these words, said by this speaker (empty: it does not say)."""

    kind: Kind
    content: tuple[Span, ...]
    speaker: str = ""
    mention: Span | None = None
    """The name, description or pronoun that it goes by, where the quotation has one beside it."""


@dataclass(frozen=True, slots=True)
class QuotationError:
    """One thing that was missed or is wrong, for a person to read."""

    article: str
    what: str
    text: str
    expected: str
    found: str

    def __str__(self) -> str:
        expected, found = (repr(name) if name else "nobody" for name in (self.expected, self.found))
        return f"{self.article}: {self.what}: expected {expected}, found {found}\n  {self.text}"


@dataclass(frozen=True, slots=True)
class ArticleScores:
    """The sums of one article: by metric, how much of how many; and what went wrong."""

    sums: dict[str, tuple[float, float]]
    errors: tuple[QuotationError, ...]


@dataclass(slots=True)
class _Tally:
    """Sums and errors while one article is scored."""

    article: AnnotatedArticle
    sums: dict[str, tuple[float, float]] = field(default_factory=dict)
    errors: list[QuotationError] = field(default_factory=list)

    def add(self, metric: str, value: float) -> None:
        much, many = self.sums.get(metric, (0.0, 0.0))
        self.sums[metric] = (much + value, many + 1)

    def error(self, what: str, spans: Iterable[Span], expected: str | None, found: str) -> None:
        text = " … ".join(" ".join(self.article.article.text[start:end].split()) for start, end in spans)
        self.errors.append(QuotationError(self.article.name, what, text, expected or "", found))


@dataclass(frozen=True, slots=True)
class _Unit:
    """Quoted words of the gold: one stretch between marks."""

    words: frozenset[int]
    span: Span
    gold: GoldQuotation


def score(article: AnnotatedArticle, found: Sequence[ExtractedQuotation]) -> ArticleScores:
    """Hold what a system found in an article against what stands there."""
    tally, words = _Tally(article), _Words(article.article.text)
    _score_direct(tally, words, article, [one for one in found if one.kind != "indirect"])
    _score_content(tally, words, article, [one for one in found if one.kind != "direct"])
    _score_reported(tally, words, article, found)
    _score_labels(tally, words, article, found)
    return ArticleScores(tally.sums, tuple(tally.errors))


class _Words:
    """The words of a text, so that marks, brackets and white space at the ends of a span do not count."""

    def __init__(self, text: str) -> None:
        self._text = text

    def of(self, spans: Iterable[Span]) -> frozenset[int]:
        """Where the words of some spans begin."""
        # takes "don't", "0"; not "…", "“"
        word = re.compile(r"\w[\w'’]*")
        return frozenset(match.start() for start, end in spans for match in word.finditer(self._text, start, end))


def _same(one: frozenset[int], other: frozenset[int]) -> bool:
    longer = max(len(one), len(other))
    return longer > 0 and len(one & other) >= SAME * longer


def _covers(one: frozenset[int], other: frozenset[int]) -> bool:
    """Whether one of two holds half of the shorter one's words."""
    shorter = min(len(one), len(other))
    return shorter > 0 and len(one & other) >= SAME * shorter


def _units(words: _Words, article: AnnotatedArticle) -> list[_Unit]:
    """The stretches of direct quotations, the optional ones too."""
    return [
        _Unit(words.of([place.span]), place.span, gold)
        for gold in article.quotations
        if gold.kind == "direct"
        for place in gold.content
    ]


def _score_direct(tally: _Tally, words: _Words, article: AnnotatedArticle, found: Sequence[ExtractedQuotation]) -> None:
    """quotes.*: the stretches of direct quotations, and whose they are said to be."""
    parts = [(words.of([span]), span, one) for one in found if one.kind == "direct" for span in one.content]
    mixed = [words.of(place.span for place in gold.content) for gold in article.quotations if gold.kind == "mixed"]
    units = _units(words, article)
    for own, span, one in parts:
        of_mixed = any(own and len(own & gold) >= SAME * len(own) for gold in mixed)
        same = [unit for unit in units if _same(own, unit.words)]
        if not of_mixed and not (same and all(unit.gold.optional for unit in same)):
            tally.add("quotes.precise", float(bool(same)))
            if not same:
                tally.error("no quotation", [span], "", one.speaker)
    for unit in units:
        if unit.gold.optional:
            continue
        matches = [(len(own & unit.words), one) for own, _, one in parts if _same(own, unit.words)]
        tally.add("quotes.found", float(bool(matches)))
        if not matches:
            tally.error("quotation not found", [unit.span], unit.gold.name, "")
            continue
        one = max(matches, key=lambda match: match[0])[1]
        tally.add("quotes.given", float(bool(one.speaker)))
        if not one.speaker:
            tally.error("no speaker", [unit.span], _expected(unit.gold), "")
            continue
        outcome = judge_speaker(one.speaker, unit.gold)
        if one.mention and unit.gold.source:
            near = one.mention[0] < unit.gold.source.end and unit.gold.source.start < one.mention[1]
            tally.add("quotes.right_mention", float(near))
        if unit.gold.name:
            tally.add("quotes.right_person", float(outcome == "right"))
            if outcome != "right":
                tally.error("speaker " + outcome, [unit.span], unit.gold.name, one.speaker)


def _score_content(
    tally: _Tally, words: _Words, article: AnnotatedArticle, found: Sequence[ExtractedQuotation]
) -> None:
    """reported.precision and .recall: the words of indirect and mixed statements (soft, by span coverage)."""
    gold = [(words.of(place.span for place in one.content), one) for one in article.quotations if one.kind != "direct"]
    mine = [words.of(one.content) for one in found]
    asked = frozenset().union(*(own for own, one in gold if not one.optional))
    doubtful = frozenset().union(*(own for own, one in gold if one.optional)) - asked
    for own in mine:
        if own and len(own & doubtful) < SAME * len(own):
            tally.add("reported.precision", len(own & asked) / len(own))
    everything = frozenset().union(*mine)
    for own, one in gold:
        if not one.optional and own:
            tally.add("reported.recall", len(own & everything) / len(own))


def _score_reported(
    tally: _Tally, words: _Words, article: AnnotatedArticle, found: Sequence[ExtractedQuotation]
) -> None:
    """reported.right and .wrong: who says an indirect or mixed statement, as far as that is said."""
    mine = [(words.of(one.content), one) for one in found if one.speaker]
    for gold in article.quotations:
        if gold.kind == "direct" or gold.optional:
            continue
        own = words.of(place.span for place in gold.content)
        outcomes = [(judge_speaker(one.speaker, gold), one) for other, one in mine if _covers(own, other)]
        kinds = {outcome for outcome, _ in outcomes}
        spans = [place.span for place in gold.content]
        tally.add("reported.right", float("right" in kinds))
        rivals = [one for outcome, one in outcomes if outcome == "wrong" and not _also(article, words, one, gold)]
        wrong = bool(rivals) and "right" not in kinds
        tally.add("reported.wrong", float(wrong))
        if wrong:
            tally.error("statement's speaker wrong", spans, _expected(gold), rivals[0].speaker)
        elif "right" not in kinds:
            written = next((one.speaker for outcome, one in outcomes if outcome == "as written"), "")
            tally.error("statement without its speaker", spans, _expected(gold), written)


def _also(article: AnnotatedArticle, words: _Words, one: ExtractedQuotation, gold: GoldQuotation) -> bool:
    """Whether a speaker is right for another quotation that the same words belong to, too."""
    own = words.of(one.content)
    return any(
        other is not gold
        and _covers(own, words.of(place.span for place in other.content))
        and judge_speaker(one.speaker, other) != "wrong"
        for other in article.quotations
    )


def _score_labels(tally: _Tally, words: _Words, article: AnnotatedArticle, found: Sequence[ExtractedQuotation]) -> None:
    """labels.*: every speaker that was given, direct or reported."""
    gold = [(words.of(place.span for place in one.content), one) for one in article.quotations]
    for one in found:
        if not one.speaker:
            continue
        own = words.of(one.content)
        theirs = [other for place, other in gold if _covers(own, place)]
        tally.add("labels.unfounded", float(not theirs))
        if not theirs:
            tally.error("nobody says this", one.content, "", one.speaker)
        outcomes = [judge_speaker(one.speaker, other) for other in theirs]
        wrong = bool(outcomes) and all(outcome == "wrong" for outcome in outcomes)
        tally.add("labels.wrong", float(wrong))
        if wrong:
            tally.error("wrong label", one.content, _expected(theirs[0]), one.speaker)


def _expected(gold: GoldQuotation) -> str:
    return gold.name or (gold.source.text if gold.source else "")


_LEFT_OUT = (
    frozenset(["the", "a", "an", "of", "for", "and", "his", "her", "their", "its", "who", "another", "one", "former"])
    | TITLES
)
"""Words that do not tell one person from another."""


def _name_words(text: str) -> frozenset[str]:
    # takes "Trump's", "Man-kei", "U.S."; the possessive is cut
    found = re.findall(r"\w(?:[\w.'’-]*\w)?", text.lower())
    return frozenset(re.sub(r"['’]s$|\.", "", word) for word in found) - _LEFT_OUT


def _initials(text: str) -> str:
    return "".join(word[0] for word in re.findall(r"[^\W\d_]+", text) if word[0].isupper())


def same_name(one: str, other: str) -> bool:
    """Whether two names may be one's: all words of the shorter stand in the longer, or it is its initials."""
    first, second = _name_words(one), _name_words(other)
    if not first or not second:
        return False
    return first <= second or second <= first or one == _initials(other) or other == _initials(one)


def judge_speaker(speaker: str, gold: GoldQuotation) -> Outcome:
    """Whether a speaker that was given is the gold's: `as written` are words of the mention that do not name anybody.

    Where the article names nobody (`officials`, `they`), a description that is not somebody's name is right.
    """
    source = gold.source.text if gold.source else ""
    names_somebody = any(word[0].isupper() for word in speaker.split() if word.lower() not in _LEFT_OUT)
    within = bool(_name_words(speaker)) and _name_words(speaker) <= _name_words(source)
    if gold.name is None:
        return "right" if within or not names_somebody else "wrong"
    if same_name(speaker, gold.name) or (within and names_somebody):
        return "right"
    return "as written" if within or not names_somebody else "wrong"


def _ratio(much: Sequence[float], many: Sequence[float]) -> float:
    total = float(sum(many))
    return float(sum(much)) / total if total else 0.0


def _f1(*columns: Sequence[float]) -> float:
    precision, recall = _ratio(*columns[:2]), _ratio(*columns[2:])
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@dataclass(frozen=True, slots=True)
class QuotationMetric:
    """A figure of `clippings eval quotes`; `parts` are the sums that it is computed from."""

    name: str
    meaning: str
    parts: tuple[str, ...]
    better: Literal["higher", "lower"] = "higher"
    statistic: Callable[..., float] = _ratio


def _metric(name: str, meaning: str, better: Literal["higher", "lower"] = "higher") -> QuotationMetric:
    return QuotationMetric(name, meaning, (name,), better)


METRICS = (
    _metric("quotes.found", "direct quotations found, by the stretch between marks"),
    _metric("quotes.precise", "stretches taken for direct quotations that are some"),
    _metric("quotes.given", "direct quotations found that are given a speaker"),
    _metric("quotes.right_mention", "of those with a mention beside them, the ones where that mention is taken"),
    _metric("quotes.right_person", "of those given a speaker whom the article names, the ones with that person"),
    _metric("reported.right", "indirect and mixed statements given their speaker"),
    _metric("reported.wrong", "indirect and mixed statements given someone else", "lower"),
    _metric("reported.precision", "words taken for an indirect or mixed statement that are of one (soft precision)"),
    _metric("reported.recall", "words of indirect and mixed statements taken for one (soft recall)"),
    QuotationMetric(
        "reported.f1",
        "harmonic mean of soft precision and recall",
        ("reported.precision", "reported.recall"),
        statistic=_f1,
    ),
    _metric("labels.wrong", "speakers given, direct or reported, that are someone else", "lower"),
    _metric("labels.unfounded", "speakers given to words that nobody is said to say", "lower"),
)


def metric_named(name: str) -> QuotationMetric:
    """The metric of this name; raises UserError for an unknown one."""
    for one in METRICS:
        if one.name == name:
            return one
    raise UserError(f"No figure {name!r} of quotations. There are: {', '.join(one.name for one in METRICS)}")


@dataclass(frozen=True, slots=True)
class QuotationFigure:
    """One metric over some articles; `value` is None where nothing could be counted."""

    metric: QuotationMetric
    value: float | None
    low: float = 0.0
    high: float = 0.0
    count: int = 0
    why: str = "annotated quotations"

    def __str__(self) -> str:
        return "not measured" if self.value is None else f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def figures(scores: Sequence[ArticleScores]) -> list[QuotationFigure]:
    """Every metric over the articles, with its 95% bootstrap interval over articles and how many were counted."""
    found = []
    for metric in METRICS:
        columns = [
            [one.sums.get(part, (0.0, 0.0))[column] for one in scores] for part in metric.parts for column in (0, 1)
        ]
        counts = [int(sum(column)) for column in columns[1::2]]
        if not all(counts):
            found.append(QuotationFigure(metric, None))
            continue
        low, high = interval(*columns, statistic=metric.statistic)
        found.append(QuotationFigure(metric, metric.statistic(*columns), low, high, counts[-1]))
    return found


def markdown_table() -> str:
    """The metrics as they stand in evals/METRICS.md."""
    rows = ["| figure | meaning | better |", "|---|---|---|"]
    return "\n".join([*rows, *(f"| `{one.name}` | {one.meaning} | {one.better} |" for one in METRICS)]) + "\n"
