"""SQuAD 1.1 and 2.0 JSON, and sets of that shape such as XQuAD: every paragraph becomes an article."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from evals.datasets.cases import Case, GoldSentence
from evals.datasets.importers.types import Imported
from index.clean import clean
from index.split import sentences
from index.types import Span


def read(path: Path) -> Imported:
    """Articles are `TITLE-NUMBER`; a gold sentence is the one an answer begins in, with its offsets."""
    articles, cases = [], []
    for page in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for number, paragraph in enumerate(page["paragraphs"]):
            article_id = f"{page.get('title', 'untitled')}-{number}"
            text = clean(paragraph["context"])
            spans = sentences(text)
            articles.append({"id": article_id, "title": page.get("title", "").replace("_", " "), "text": text})
            for question in paragraph["qas"]:
                cases.append(_case(question, article_id, text, spans, moved=text != paragraph["context"]))
    return Imported(articles, cases)


def _case(question: dict[str, Any], article_id: str, text: str, spans: list[Span], moved: bool) -> Case:
    answerable = not question.get("is_impossible", False)
    answers = question["answers"] if answerable else []
    gold: dict[Span, None] = {}
    for answer in answers:
        start = answer["answer_start"]
        if moved:
            start = _nearest(text, clean(answer["text"]), start)
        gold |= {span: None for span in spans if span[0] <= start < span[1]}
    return Case(
        id=str(question["id"]),
        question=question["question"].strip(),
        answers=tuple(dict.fromkeys(answer["text"].strip() for answer in answers)),
        answerable=answerable,
        gold_articles=(article_id,) if answerable else (),
        gold_sentences=tuple(GoldSentence(article_id, text[start:end], start, end) for start, end in gold),
        context_articles=(article_id,),
    )


def _nearest(text: str, words: str, place: int) -> int:
    """Where the words stand in cleaned text, nearest to where they stood before cleaning; -1 if nowhere."""
    found, starts = text.find(words), []
    while found >= 0:
        starts.append(found)
        found = text.find(words, found + 1)
    return min(starts, key=lambda start: abs(start - place), default=-1)
