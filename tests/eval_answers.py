"""Hand-made articles, hits and answers that the tests of evaluation reckon with."""

from __future__ import annotations

from index.types import Article, Hit, Passage, Published
from rag.types import Answer, Citation, Query, Statement

TEXT = "Ada Moreno chaired the meeting. It cost 40 euros. Nobody voted against it. The room was cold."
#       0                              31 32              49 50                   74 75
CHAIRED, COST, NOBODY, COLD = (0, 31), (32, 49), (50, 74), (75, 94)

COUNCIL = Article(
    id="a1",
    text=TEXT,
    title="Council meets",
    outlet="Gazette",
    location="news/council.txt",
    published=Published.parse("2024-05-03"),
    url="https://gazette.example/council",
)
FLOOD = Article(
    id="a2",
    text="The river rose by two metres. Bridges were closed.",
    title="Flood",
    location="rows.jsonl#r-2",
)
STORM = Article(id="a3", text="A storm came. It cost 40 euros.", title="Storm", location="rows.jsonl#r-3")
ARTICLES = (COUNCIL, FLOOD, STORM)


def hit(article: Article, *sentences: tuple[int, int], score: float = 1.0, number: int = 0) -> Hit:
    passage = Passage(article.id, article.revision, number, sentences[0][0], sentences[-1][1], sentences, 10)
    return Hit(passage, article, score)


def quote(article: Article, start: int, end: int, text: str | None = None) -> Statement:
    given = article.text[start:end] if text is None else text
    return Statement(given, (Citation(article.id, article.revision, start, end, given),))


def answer(
    *statements: Statement,
    question: str = "q",
    short: str = "",
    confidence: float = 0.5,
    hits: tuple[Hit, ...] = (),
    refused: bool = False,
    seconds: float = 0.25,
    model: str = "",
) -> Answer:
    return Answer(
        question=question,
        query=Query(question, question),
        statements=statements,
        short=short,
        state="not_found" if refused else "may_answer",
        reason="not in these articles" if refused else "",
        confidence=confidence,
        hits=hits,
        articles=ARTICLES,
        seconds={"total": seconds},
        tokens_in=12 if model else 0,
        tokens_out=3 if model else 0,
        model=model,
    )
