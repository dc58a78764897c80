"""Question sets, feedback among them, as rows that `python -m rag.training.train` learns from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from evals.runs.query import query_of
from rag.retrieve import retrieve

if TYPE_CHECKING:
    from evals.datasets.cases import Case
    from index.library import Library


QUESTIONS_A_STEP = 16
"""What `rag.training.train` takes by default, from which the steps are counted; a test holds the two together."""


def training_rows(cases: Iterable[Case], library: Library) -> Iterator[dict[str, Any]]:
    """Rows {question, context, answers, title}: the passage that answers, or the best one that does not.

    `cases` are resolved against `library`. Answers are the expected ones that stand in the passage, else the gold
    sentence itself. Follow-ups are asked in their stand-alone form. A case without located gold gives no row.
    """
    for case in cases:
        query = query_of(library, case)
        if not case.answerable:
            for hit in retrieve(library, query, 1)[0]:
                yield {"question": query.text, "context": hit.text, "answers": [], "title": hit.article.title}
            continue
        for gold in case.gold_sentences:
            article = library.article(gold.article)
            if article is None or gold.start is None or gold.end is None:
                continue
            for passage in library.passages(gold.article):
                if not passage.start <= gold.start < passage.end:
                    continue
                context = article.text[passage.start : passage.end]
                start = gold.start - passage.start
                sentence = context[start : gold.end - passage.start]
                # takes "Ann" in "Ann won"; not in "Annie won"
                answers = [text for text in case.answers if re.search(rf"(?<!\w){re.escape(text)}(?!\w)", sentence)]
                yield {
                    "question": query.text,
                    "context": context,
                    "answers": answers or [{"text": sentence, "start": start}],
                    "title": article.title,
                }
