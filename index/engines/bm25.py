"""Passages by their words, in tantivy (BM25); knows nothing of versions or embeddings.

The only module that imports tantivy.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.catalog.schema import writable
from index.catalog.view import to_day
from index.locks import InUse
from index.text.lexicon import STOP_WORDS
from index.types import Article, Filter, Passage

if TYPE_CHECKING:
    import tantivy

TITLE_BOOST = 0.5
"""Weight of a word found in the article's title beside one in the passage itself."""

HEAP = 128_000_000
"""Bytes tantivy may hold before it writes a segment."""

_TEXT, _EXACT, _DAYS = ("title", "body"), ("article", "outlet", "author"), ("first_day", "last_day")
FIELDS = ("id", *_TEXT, *_EXACT, *_DAYS)
"""The fields of the index; a collection's fingerprint names them, so that a build with others writes all anew."""

# takes "U.S.", "J.D. Vance"; not "e.g", "end."
_DOTTED = re.compile(r"\b(?:[A-Za-z]\.){2,}")
_COPIED = ("meta.json", ".managed.json")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written for one passage; `article` gives title, outlet, author and date."""

    passage: Passage
    article: Article


class WordIndex:
    """An index of passages in `folder`; with `create` it is made where there is none.

    A folder that cannot be written is read through links. Readers see what was committed before they opened.
    Raises UserError when the folder is gone.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        import tantivy

        self._in_use = InUse(folder, create=create)

        self._mirror: tempfile.TemporaryDirectory[str] | None = None
        if folder.is_dir() and not writable(folder):
            self._mirror = _mirror(folder)
            folder = Path(self._mirror.name)
        self._index = tantivy.Index(_schema(), path=str(folder))
        self._analyzer = _analyzer()
        self._index.register_tokenizer("news", self._analyzer)
        self._index.config_reader(reload_policy="manual")
        self._searcher = self._index.searcher()
        self._plain = _plain_analyzer()

    def write(self, add: Iterable[Entry] = (), delete: Iterable[str] = ()) -> None:
        """Add passages and delete passage ids in one commit; a passage that is there already is replaced."""
        import tantivy

        writer = self._index.writer(heap_size=HEAP, num_threads=1)
        try:
            for passage_id in delete:
                writer.delete_documents_by_term("id", passage_id)
            for entry in add:
                passage, article = entry.passage, entry.article
                writer.delete_documents_by_term("id", passage.id)
                document = tantivy.Document(
                    id=passage.id,
                    article=passage.article_id,
                    title=_undotted(article.title),
                    body=_undotted(article.text[passage.start : passage.end]),
                    outlet=article.outlet,
                    author=article.author,
                )
                if article.published is not None:
                    document.add_unsigned("first_day", to_day(article.published.day))
                    document.add_unsigned("last_day", to_day(article.published.last_day))
                writer.add_document(document)
            writer.commit()
        finally:
            writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()

    def search(self, text: str, k: int, filter: Filter | None = None) -> list[tuple[str, float]]:
        """(passage id, BM25 score) of the best `k` passages that hold a word of `text`, best first.

        The text is words only: no character in it is an operator. Without a single indexable word the list
        is empty.
        """
        import tantivy

        terms = self.terms(text)
        if not terms:
            return []
        schema = self._index.schema
        wanted = []
        for term in terms:
            for field in _TEXT:
                query = tantivy.Query.term_query(schema, field, term)
                if field == "title":
                    query = tantivy.Query.boost_query(query, TITLE_BOOST)
                wanted.append((tantivy.Occur.Should, query))
        query = tantivy.Query.boolean_query(wanted)
        if filter:
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *self._conditions(filter)])
        hits = self._searcher.search(query, k, count=False).hits
        return [(self._id(address), score) for score, address in hits]

    def terms(self, text: str) -> list[str]:
        """The stemmed words of a text that a query is made of, each once."""
        words = self._plain.analyze(_undotted(text))
        kept = [word for word in words if word not in STOP_WORDS] or words
        return list(dict.fromkeys(term for word in kept for term in self._analyzer.analyze(word)))

    def ids(self) -> Iterator[str]:
        """Every stored passage id, in no order."""
        import tantivy

        size = max(self._searcher.num_docs, 1)
        for offset in range(0, size, 10_000):
            found = self._searcher.search(tantivy.Query.all_query(), 10_000, count=False, offset=offset)
            for _, address in found.hits:
                yield self._id(address)

    def count(self) -> int:
        return self._searcher.num_docs

    def close(self) -> None:
        """Let go of the files."""
        del self._searcher, self._index
        if self._mirror is not None:
            self._mirror.cleanup()
        self._in_use.release()

    def _id(self, address: tantivy.DocAddress) -> str:
        return str(self._searcher.doc(address).get_first("id"))

    def _conditions(self, filter: Filter) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        import tantivy

        schema, must = self._index.schema, tantivy.Occur.Must
        conditions = []

        def among(field: str, values: tuple[str, ...]) -> tantivy.Query:
            return tantivy.Query.const_score_query(tantivy.Query.term_set_query(schema, field, list(values)), 0.0)

        def days(field: str, lowest: int | None, highest: int | None) -> tantivy.Query:
            found = tantivy.Query.range_query(schema, field, tantivy.FieldType.Unsigned, lowest, highest)
            return tantivy.Query.const_score_query(found, 0.0)

        if filter.outlets:
            conditions.append((must, among("outlet", filter.outlets)))
        if filter.authors:
            conditions.append((must, among("author", filter.authors)))
        if filter.without:
            conditions.append((tantivy.Occur.MustNot, among("article", filter.without)))
        if filter.since:
            conditions.append((must, days("last_day", to_day(filter.since), None)))
        if filter.until:
            conditions.append((must, days("first_day", None, to_day(filter.until))))
        return conditions


def segments(folder: Path) -> set[str]:
    """What the files of the index's segments are called, before the dot; raises ValueError and others on damage."""
    listed = json.loads((folder / "meta.json").read_bytes())["segments"]
    return {segment["segment_id"].replace("-", "") for segment in listed}


def is_needed(path: Path) -> bool:
    """Whether a file belongs to the index as it is committed; tantivy deletes the rest when it comes to it."""
    return path.name in _COPIED or path.name.partition(".")[0] in segments(path.parent)


def snapshot(source: Path, target: Path) -> None:
    """Copy an index for a build to write in: by links, since tantivy never changes a segment's files."""
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path.suffix == ".lock":
            continue
        if path.name in _COPIED:
            shutil.copyfile(path, target / path.name)
            continue
        try:
            os.link(path, target / path.name)
        except OSError:  # a file system without hard links
            shutil.copyfile(path, target / path.name)


def _mirror(folder: Path) -> tempfile.TemporaryDirectory[str]:
    """tantivy makes a lock file when it opens an index: give it a folder of links."""
    mirror = tempfile.TemporaryDirectory(prefix="clippings-words-")
    for path in folder.iterdir():
        if path.suffix != ".lock":
            (Path(mirror.name) / path.name).symlink_to(path.resolve())
    return mirror


def _undotted(text: str) -> str:
    """U.S. as US: the tokenizer would make two letters of it."""
    return _DOTTED.sub(lambda match: match.group().replace(".", ""), text)


def _schema() -> tantivy.Schema:
    import tantivy

    schema = tantivy.SchemaBuilder()
    schema.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    for field in _TEXT:
        schema.add_text_field(field, tokenizer_name="news", index_option="freq")
    for field in _EXACT:
        schema.add_text_field(field, tokenizer_name="raw", index_option="basic")
    for field in _DAYS:
        schema.add_unsigned_field(field, indexed=True, fast=True)
    return schema.build()


def _plain_analyzer() -> tantivy.TextAnalyzer:
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    return builder.filter(tantivy.Filter.remove_long(40)).filter(tantivy.Filter.lowercase()).build()


def _analyzer() -> tantivy.TextAnalyzer:
    """Lower case, accents folded (Zelenskyy as typed finds the name as printed), English stems."""
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in (
        tantivy.Filter.remove_long(40),
        tantivy.Filter.lowercase(),
        tantivy.Filter.ascii_fold(),
        tantivy.Filter.stemmer("english"),
    ):
        builder = builder.filter(step)
    return builder.build()
