"""Ties the names in a question set to a library's articles, and gold sentences to offsets in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath

from evals.datasets.cases import Case, GoldSentence
from index.clean import clean
from index.types import Article


class ArticleNames:
    """Every name an article can be called by in a question set.

    Names are tried from the surest to the loosest: id, whole location, row id (after `#`), URL, file
    name, file stem, title; then the same ignoring case. `locations` gives every place an article was read
    from, by id, where there can be more than its own.
    """

    def __init__(self, articles: Iterable[Article], locations: Callable[[str], Iterable[str]] | None = None) -> None:
        self._by_id: dict[str, Article] = {}
        self._tables: list[dict[str, set[str]]] = [defaultdict(set) for _ in range(7)]
        for article in articles:
            self._by_id[article.id] = article
            places = locations(article.id) if locations else [article.location]
            for kind, name in _names_of(article, places):
                self._tables[kind][name].add(article.id)
        self._loose: list[dict[str, set[str]]] = [defaultdict(set) for _ in self._tables]
        for table, folded in zip(self._tables, self._loose, strict=True):
            for name, ids in table.items():
                folded[name.casefold()] |= ids

    def find(self, name: str) -> list[Article]:
        """The articles a name can mean: none, one, or several where it is ambiguous."""
        for tables, wanted in ((self._tables, name), (self._loose, name.casefold())):
            for table in tables:
                ids = table.get(wanted) or table.get(wanted.rstrip("/"))
                if ids:
                    return [self._by_id[article_id] for article_id in sorted(ids)]
        return []


def _names_of(article: Article, locations: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Each name of an article and how sure it is, from 0."""
    yield 0, article.id
    for location in locations:
        path, _, row = location.partition("#")
        # A path with rows is many articles' file: its name stands for none of them.
        file = PurePath("" if row else path)
        for kind, name in ((1, location), (2, row), (4, file.name), (5, file.stem)):
            if name:
                yield kind, name
    for kind, name in ((3, article.url.rstrip("/")), (6, article.title)):
        if name:
            yield kind, name


def locate(sentence: GoldSentence, article: Article) -> tuple[GoldSentence, str]:
    """The sentence with its offsets in the article, and what is wrong with it (empty if nothing)."""
    if sentence.located and article.text[sentence.start : sentence.end] == sentence.text:
        return sentence, ""
    # Articles are stored cleaned, so a sentence copied from the source is looked for in that spelling.
    wanted = sentence.text if sentence.text in article.text else clean(sentence.text)
    start = article.text.find(wanted) if wanted else -1
    if start < 0:
        return replace(sentence, start=None, end=None), f"not found word for word in {article.name!r}"
    located = replace(sentence, text=wanted, start=start, end=start + len(wanted))
    again = article.text.find(wanted, start + 1)
    return located, f"stands more than once in {article.name!r}; the first place is taken" if again >= 0 else ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something named by a case that could not be tied to a library."""

    case: Case
    field: str
    reason: str
    missing: bool
    """The article is not there (or is several); otherwise a sentence is not surely where it should be."""

    def __str__(self) -> str:
        return f"{self.case.id}: {self.field}: {self.reason}"


Report = Callable[[Fault], None]


def resolve(cases: Iterable[Case], names: ArticleNames, report: Report) -> Iterator[Case]:
    """The cases with article ids for names, sentences located, and every gold sentence's article gold.

    `report` is told of each name that means no article or several, and of each
    sentence that could not be located; what cannot be resolved is left out of the case.
    """
    for case in cases:
        yield _resolved(case, names, report)


def _resolved(case: Case, names: ArticleNames, report: Report) -> Case:
    def one(name: str, field: str) -> Article | None:
        matches = names.find(name)
        if len(matches) == 1:
            return matches[0]
        several = f"means {len(matches)} articles: " + ", ".join(repr(article.location) for article in matches[:3])
        report(Fault(case, field, f"{name!r} " + (several if matches else "is not in the library"), missing=True))
        return None

    def ids(names: Iterable[str], field: str) -> dict[str, None]:
        return {article.id: None for name in names if (article := one(name, field))}

    gold = ids(case.gold_articles, "gold_articles")
    sentences = []
    for number, sentence in enumerate(case.gold_sentences):
        article = one(sentence.article, f"gold_sentences.{number}")
        if article is None:
            continue
        located, fault = locate(sentence, article)
        if fault:
            report(Fault(case, f"gold_sentences.{number}", f"{sentence.text[:70]!r} {fault}", missing=False))
        sentences.append(replace(located, article=article.id))
        gold[article.id] = None
    context = ids(case.context_articles, "context_articles")
    return replace(case, gold_articles=tuple(gold), gold_sentences=tuple(sentences), context_articles=tuple(context))


def with_offsets(cases: Iterable[Case], names: ArticleNames, report: Report) -> Iterator[Case]:
    """The cases with offsets for their gold sentences, under the names they were written with."""
    for case in cases:
        resolved = _resolved(case, names, report)
        if len(resolved.gold_sentences) != len(case.gold_sentences):
            yield case
            continue
        pairs = zip(case.gold_sentences, resolved.gold_sentences, strict=True)
        located = tuple(replace(found, article=written.article) for written, found in pairs)
        yield replace(case, gold_sentences=located)
