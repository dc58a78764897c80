"""A library opened for asking: one published version, its engines, and search over both.

Knows nothing of questions in conversation or of how answers are made.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from index.build import embedded_text
from index.catalog import Catalog, Version
from index.catalog.view import Related
from index.engines.bm25 import WordIndex
from index.engines.chroma import VectorIndex
from index.engines.encoder import Encoder, open_encoder
from index.engines.fusion import VECTORS_WEIGHT, Scored, merge_neighbours, order
from index.engines.probe import Store, find_damage
from index.errors import DamageError, UserError
from index.types import Article, Filter, Hit, Passage

T = TypeVar("T")


def _open_encoder(name: str) -> Encoder:
    """The encoder a library was made with; a library that came from elsewhere makes nobody download what it names."""
    return open_encoder(name, download=False)


DEPTH = 100
"""Passages taken from each list before they are fused."""


class Library:
    """One version of a library, read-only; safe to use from several threads.

    It goes on showing that version while builds publish others; long-lived programs ask for `current`
    between questions.
    """

    def __init__(self, catalog: Catalog, version: int | None = None) -> None:
        self._catalog = catalog
        self._view = catalog.view(version)
        self.folder = catalog.folder
        self.version = self._view.version
        self.damage: dict[Store, str] = {}
        """Why an engine cannot be searched, by its name; found when the engines are opened or asked."""
        self._opening = threading.Lock()

    @classmethod
    def open(cls, folder: Path | str, version: int | None = None) -> Library:
        """The library in `folder` at its published version, or at `version`.

        Raises UserError when there is none, it is empty, damaged, or that version is gone.
        """
        return cls(Catalog(Path(folder)), version)

    @staticmethod
    def exists(folder: Path | str) -> bool:
        """Whether `folder` holds a library with a published version."""
        return Catalog.exists(Path(folder))

    def current(self) -> Library:
        """This library, or the one of the version published since it was opened.

        What an older version holds open is closed when nobody holds that version any more. A version whose engines were
        damaged is opened anew once they are repaired.
        """
        if self._catalog.current() == self.version and not (self.damage and self._is_repaired()):
            return self
        newer = Library(self._catalog)
        if "_encoder" in vars(self) and newer.encoder_name == self.encoder_name:
            newer._encoder = self._encoder
        return newer

    @cached_property
    def outlets(self) -> dict[str, int]:
        """Each outlet and its number of articles."""
        return self._view.outlets()

    @cached_property
    def authors(self) -> dict[str, int]:
        """Each author line and its number of articles."""
        return self._view.authors()

    @cached_property
    def newest(self) -> date | None:
        """The last known day of publication."""
        return self._view.newest()

    @cached_property
    def counts(self) -> tuple[int, int]:
        """Number of articles and of passages."""
        return self._view.count()

    def versions(self) -> list[Version]:
        """Every version kept, oldest first."""
        return self._catalog.versions()

    def articles(self) -> Iterator[Article]:
        """Every article, by id."""
        return self._view.articles()

    def article(self, article_id: str, revision: str = "") -> Article | None:
        """An article as it stands in this version, or one revision of it, of this version or not."""
        return self._view.revision(article_id, revision) if revision else self._view.article(article_id)

    def locations(self, article_id: str) -> list[str]:
        """Where the article was read, its own location first."""
        return self._view.locations(article_id)

    def names_file(self, file: str) -> bool:
        """Whether an article of any version kept was read in a file of this absolute path."""
        return self._view.names_file(file)

    def related(self, article_id: str) -> list[Related]:
        """Articles that share text with one: wire copies, earlier and later versions."""
        return self._view.related(article_id)

    def passages(self, article_id: str) -> list[Passage]:
        """Every passage of an article, in the text's order."""
        return self._view.passages_of(article_id)

    def passages_by_id(self, ids: Sequence[str]) -> dict[str, tuple[Passage, Article]]:
        """The passages of these ids that are live in this version, each with its article."""
        return self._view.passages(ids)

    def embedded_texts(self) -> Iterator[str]:
        """What was embedded for each passage: title, outlet and date in front of its text."""
        for article in self.articles():
            for passage in self.passages(article.id):
                yield embedded_text(article, passage)

    def search(
        self,
        text: str,
        filter: Filter = Filter(),
        k: int = 20,
        *,
        as_of: date | None = None,
        recency: float = 0.0,
        vectors_weight: float = VECTORS_WEIGHT,
        folded: bool = True,
    ) -> list[Hit]:
        """The best `k` passages for a text, words and vectors fused.

        Adjoining passages are folded into one hit, unless `folded` is false. Each hit says its rank and score in
        either list and the factor its age earned: `recency` 0 ignores age, 1 applies the full prior counted from
        `as_of`. Where one engine is damaged the other is searched alone, and `damage` says so; raises DamageError where
        both are, or the catalog.
        """
        words, vectors = self.lists(text, filter, max(DEPTH, k))
        passages = self.passages_by_id([key for key, _ in (*words, *vectors)])
        words, vectors = ([(key, score) for key, score in found if key in passages] for found in (words, vectors))
        hits = order(words, vectors, passages, as_of=as_of, recency=recency, vectors_weight=vectors_weight)
        return merge_neighbours(hits[:k]) if folded else hits[:k]

    def lists(self, text: str, filter: Filter = Filter(), k: int = DEPTH) -> tuple[Scored, Scored]:
        """The two ranked lists of live passages: BM25 score by words, cosine by vectors."""
        if not text.strip():
            return [], []
        if not self._is_warm:
            self.warm()
        words = self._unless_damaged(
            "words", lambda: self._alive(lambda count: self._words.search(text, count, filter), k)
        )
        vectors = self._unless_damaged("vectors", lambda: self._nearest(text, filter, k))
        if len(self.damage) == 2:
            raise DamageError("words", self.folder, f"{self.damage['words']}; vectors: {self.damage['vectors']}")
        return words or [], vectors or []

    def _nearest(self, text: str, filter: Filter, k: int) -> Scored:
        (embedding,) = self._encoder.embed([text])
        return self._vectors.nearest_allowed(
            embedding, k, lambda ids: self._view.live(ids, filter), lambda: self._view.passage_ids(filter)
        )

    def _unless_damaged(self, store: Store, ask: Callable[[], T]) -> T | None:
        """What an engine gives; None, and `damage` says why, where its files are damaged."""
        if store in self.damage:
            return None
        try:
            return ask()
        except BaseException as error:  # tantivy's panics are no Exception
            if isinstance(error, DamageError) and error.part == store:
                self.damage[store] = error.detail
            elif isinstance(error, UserError | KeyboardInterrupt | SystemExit):
                raise
            elif damage := self._find_damage(store, thorough=True):
                self.damage[store] = damage
            else:
                raise
            return None

    def _is_repaired(self) -> bool:
        return self._catalog.view(self.version).collection != self._view.collection

    @property
    def _is_warm(self) -> bool:
        loaded = vars(self)
        return "vectors" in self.damage or ("_encoder" in loaded and "_vectors" in loaded)

    def warm(self) -> None:
        """Load the encoder and the engines, side by side, so that the first question does not wait for each."""
        from concurrent.futures import ThreadPoolExecutor

        with self._opening:  # Chroma cannot be opened twice at once: either opening may close the other's
            if self._is_warm:
                return
            # The name is read here: a thread that asks the catalog gets a connection of its own, which stays open.
            name = self.encoder_name
            with ThreadPoolExecutor(1) as pool:
                encoder = pool.submit(_open_encoder, name) if "_encoder" not in vars(self) else None
                self._unless_damaged("words", lambda: self._words)
                self._unless_damaged("vectors", lambda: self._vectors)
                if encoder:
                    self._encoder = encoder.result()

    def quoted(self, text: str, k: int = 50) -> list[Article]:
        """Articles whose words best match a text, for looking up a quotation; no vectors involved.

        Raises DamageError where the words are damaged.
        """
        text = text.encode("utf-8", "replace").decode()
        found = self._unless_damaged("words", lambda: self._alive(lambda count: self._words.search(text, count), k))
        if found is None:
            raise DamageError("words", self.folder, self.damage["words"])
        passages = self.passages_by_id([key for key, _ in found])
        return list({passages[key][1].id: passages[key][1] for key, _ in found if key in passages}.values())

    def _alive(self, engine: Callable[[int], Scored], k: int) -> Scored:
        """The first `k` of an engine's list that this version holds.

        Engines may hold passages of other versions, or of a build that never was published; only the catalog
        knows, so more are asked for until enough are live.
        """
        count = k
        while True:
            found = engine(count)
            live = self._view.live([key for key, _ in found])
            kept = [(key, score) for key, score in found if key in live][:k]
            if len(kept) == k or len(found) < count:
                return kept
            count *= 4

    @cached_property
    def encoder_name(self) -> str:
        """The embedding model that its vectors are of, as the setting `encoder` names one."""
        return str(self._catalog.settings(self.version)["encoder"])

    @cached_property
    def _encoder(self) -> Encoder:
        return _open_encoder(self.encoder_name)

    @cached_property
    def _words(self) -> WordIndex:
        self._check("words")
        return WordIndex(self._folder_of("words"))

    @cached_property
    def _vectors(self) -> VectorIndex:
        collection = self._view.collection
        if collection.server:
            return VectorIndex(server=collection.server, name=collection.vectors)
        self._check("vectors")
        return VectorIndex(self._folder_of("vectors"))

    def _folder_of(self, store: Store) -> Path:
        of = self._catalog.words_folder if store == "words" else self._catalog.vectors_folder
        return of(self._view.collection)

    def _check(self, store: Store) -> None:
        """Raise DamageError where an engine should not be opened, and UserError where it was replaced."""
        if damage := self._find_damage(store):
            if self._is_repaired():
                raise UserError(f"Builds have replaced the {store} of {str(self.folder)!r} meanwhile. Ask again.")
            raise DamageError(store, self.folder, damage)

    def _find_damage(self, store: Store, *, thorough: bool = False) -> str:
        if store == "vectors" and self._view.collection.server:
            return ""
        return find_damage(store, self._folder_of(store), thorough=thorough)
