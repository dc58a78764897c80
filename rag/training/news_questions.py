"""Make training questions from news articles with a parser: `python -m rag.training.news_questions --help`.

Each question is a training row (see `python -m rag.training.train --help`) whose group is its story. Names may be what
the article calls them elsewhere, and where another article of the story holds the same answer beside the question's
words, the question is asked of that one, too: the same fact in other words. Stories kept out of training are left out.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from index import errors
from index.errors import UserError
from index.terminal import echo_json
from rag.training.clause_questions import asked
from rag.training.clauses import NAMES, clauses, only_person, word_set
from rag.training.files import read_articles, write_rows
from rag.training.parser import parsed
from rag.training.people_questions import people_questions
from rag.training.phrasing import ClauseQuestion
from rag.training.rewording import Synonyms, aliases, renamed
from rag.training.stories import NewsArticle, kept_out, members, stories

if TYPE_CHECKING:
    from spacy.tokens import Doc

ROUNDS = 6
"""How often a clause is asked about, each time with other words left out."""
PER_ANSWER = 4
"""Questions of one kind with the same answer, at most."""
UNNAMED = 0.8
"""Share kept of the questions that name nobody and nothing."""
SYNONYM = 0.08
"""Share of questions with a word replaced by a synonym."""
ELSEWHERE = word_set("who whom subject object where when how_many how_much how_old role")
"""Kinds whose answer may be looked for in another article."""
SHARED_WORDS = 0.6
NOT_CONTENT = word_set("do be have who whom what when where which how many much year will would")


@dataclass(frozen=True, slots=True)
class NewsQuestion:
    """A question, the article it is asked of, and its answers as characters of the article's text."""

    article: NewsArticle
    story: str
    text: str
    spans: tuple[tuple[int, int], ...]
    kind: str
    near_misses: tuple[str, ...]
    asked_on: date
    other_article: bool = False

    def row(self, number: int) -> dict:
        """As a training row."""
        text = self.article.text
        return {
            "id": f"{self.article.id}-{number}",
            "question": self.text,
            "context": text,
            "title": self.article.title,
            "answers": [{"text": text[a:b], "start": a} for a, b in self.spans],
            "date": self.article.day.isoformat(),
            "asked_on": self.asked_on.isoformat(),
            "group": self.story,
            "kind": self.kind,
            "near_misses": list(self.near_misses),
            "other_article": self.other_article,
        }


def clause_questions(doc: Doc, rng: random.Random) -> list[ClauseQuestion]:
    """Return the questions that the rules make of a parsed article, different ones."""
    found: dict[str, ClauseQuestion] = {}
    each: Counter[tuple] = Counter()
    for _ in range(ROUNDS):
        person = ""
        for sentence in doc.sents:
            made = [q for clause in clauses(sentence, person) for q in asked(clause, rng)]
            for question in [*made, *people_questions(sentence, rng)]:
                key = (question.spans[0], question.kind)
                if question.text not in found and each[key] < PER_ANSWER:
                    each[key] += 1
                    found[question.text] = question
            person = only_person(sentence)
    return list(found.values())


def names_something(question: str, doc: Doc) -> bool:
    """Does the question hold one of the article's names, or another capitalised word after its first?"""
    if any(entity.label_ in NAMES and entity.text in question for entity in doc.ents):
        return True
    return any(word[:1].isupper() for word in question.split()[1:])


def made_from(
    article: NewsArticle, story: str, doc: Doc, synonyms: Synonyms | None, rng: random.Random
) -> Iterator[NewsQuestion]:
    """Yield an article's questions, some in other words, too: with its other names for somebody, or a synonym."""
    other_names = aliases(doc)
    words = {(token.lower_, token.tag_) for token in doc if token.is_alpha}
    lemmas = {token.lemma_ for token in doc if token.pos_ == "VERB"}
    nouns = {word for word, tag in words if tag == "NN"}
    for question in clause_questions(doc, rng):
        if not names_something(question.text, doc) and rng.random() >= UNNAMED:
            continue
        asked_on = article.day + timedelta(days=rng.choice((0, 0, 1, 1, 2, 3, 4, 5, 6, 9)))
        texts = {question.text: None, renamed(question.text, other_names, rng): None}
        if synonyms and rng.random() < SYNONYM:
            last = list(texts)[-1]
            # Takes "lawyer" and "won"; not "Lisbon" nor "3rd".
            plain = re.findall(r"\b[a-z]+\b", last)
            # After "did" and the like stands a verb's plain form.
            verbs = [word for word in plain if word in lemmas] if re.search(r"\b(?:did|does|do|will)\b", last) else []
            texts = {**texts, synonyms.replaced(last, verbs, [word for word in plain if word in nouns], rng): None}
        for text in texts:
            yield NewsQuestion(article, story, text, question.spans, question.kind, question.near_misses, asked_on)


def content(text: str, doc: Doc) -> set[str]:
    """The lemmas of the words of a question, as its article has them, that say what it is about."""
    known = {token.lower_: token.lemma_.lower() for token in doc if token.is_alpha and not token.is_stop}
    return {known[word] for word in re.findall(r"\w+", text.lower()) if word in known} - NOT_CONTENT


def elsewhere(question: NewsQuestion, doc: Doc, others: Sequence[tuple[NewsArticle, Doc]]) -> Iterator[NewsQuestion]:
    """Yield the question asked of other articles of its story that hold the answer in a sentence much like it.

    Much like it is one with a name of the question and SHARED_WORDS of its words of content, answer aside.
    """
    start, end = min(question.spans, key=lambda span: span[1] - span[0])
    answer = question.article.text[start:end]
    wanted = content(question.text, doc)
    names = [entity.text for entity in doc.ents if entity.label_ in NAMES and entity.text in question.text]
    own = next(s.text for s in doc.sents if s.start_char <= start < s.end_char)
    if len(wanted) < 3 or not names or len(answer) < 2:
        return
    # With "27" takes "27" and "27,"; not the 27 of "1,27", "27.5" or "27th".
    pattern = re.compile(rf"(?<![\w,.]){re.escape(answer)}(?!\w|[,.]\d)")
    for article, other in others:
        spans = []
        for sentence in other.sents:
            if answer not in sentence.text or sentence.text.strip() == own.strip():
                continue
            lemmas = {token.lemma_.lower() for token in sentence if token.is_alpha}
            fits = len(wanted & lemmas) >= SHARED_WORDS * len(wanted)
            if fits and any(name in sentence.text for name in names):
                spans += [
                    (m.start() + sentence.start_char, m.end() + sentence.start_char)
                    for m in pattern.finditer(sentence.text)
                ]
        if spans:
            yield NewsQuestion(
                article,
                question.story,
                question.text,
                tuple(spans),
                question.kind,
                question.near_misses,
                max(question.asked_on, article.day),
                other_article=True,
            )


def news_questions(
    articles: Sequence[NewsArticle], synonyms: Synonyms | None, folder: Path | None, seed: int
) -> Iterator[NewsQuestion]:
    """Yield questions of all articles whose story is not kept out; their parses are kept in `folder`."""
    story_of = stories(articles)
    docs = dict(zip([a.id for a in articles], parsed([a.text for a in articles], folder), strict=True))
    by_id = {article.id: article for article in articles}
    beside = members(story_of)
    for article in articles:
        story = story_of[article.id]
        if kept_out(story):
            continue
        rng = random.Random(f"{seed}:{article.id}")
        others = [(by_id[other], docs[other]) for other in beside[story] if other != article.id]
        for question in made_from(article, story, docs[article.id], synonyms, rng):
            yield question
            if others and question.kind in ELSEWHERE:
                yield from elsewhere(question, docs[article.id], others)


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    p = argparse.ArgumentParser(
        prog="python -m rag.training.news_questions",
        description="Make training questions from news articles with a dependency parser.",
    )
    p.add_argument("--news", type=Path, required=True, help="articles (.jsonl or .jsonl.gz: id, title, date, text)")
    p.add_argument("--out", type=Path, required=True, help="file of rows to write (.jsonl.gz)")
    p.add_argument(
        "--wordnet", type=Path, help="folder of WordNet's files, for synonyms (/usr/share/wordnet on Debian)"
    )
    p.add_argument("--parses", type=Path, help="folder to keep the parses in, for the next time")
    p.add_argument("--seed", type=int, default=17, help="of what is left out of a question (default 17)")
    return p


def main() -> None:
    """Write the questions, then print how many of each kind there are."""
    args = parser().parse_args()
    synonyms = Synonyms(args.wordnet) if args.wordnet else None
    kinds: Counter[str] = Counter()
    numbers: dict[str, int] = defaultdict(int)

    def rows() -> Iterator[dict]:
        for question in news_questions(read_articles(args.news), synonyms, args.parses, args.seed):
            numbers[question.article.id] += 1
            kinds["in another article" if question.other_article else question.kind] += 1
            yield question.row(numbers[question.article.id])

    count = write_rows(args.out, rows())
    if not count:
        raise UserError(f"No questions could be made from {str(args.news)!r}: name articles in English with --news.")
    echo_json({"questions": count, **dict(kinds.most_common())})


if __name__ == "__main__":
    errors.run(main)
