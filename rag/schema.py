"""An Answer as plain data and back: the schema of `clippings ask --json`, the API, and kept conversations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any

from index.types import Article, Filter, Hit, Passage, Rank
from rag.types import Answer, Citation, Interpretation, Query, Statement
from rag.verify.find_quotation import QuotationReport

SCHEMA = 1

Resolve = Callable[[str, str], Article | None]
"""(article id, revision) → the stored article, or None when it has been pruned."""


def to_dict(answer: Answer) -> dict[str, Any]:
    """An answer as JSON values. Keys:

    `schema` (1); `question`; `text` (all statements, one a line, or the reason); `short`; `refused`;
    `reason`; `confidence` (0 to 1); `statements`: [{`text`, `speaker`, `supported`, `citations`: [{`article`,
    `revision`, `start`, `end`, `text`}]}] with offsets in characters of the article's text; `articles`:
    [{`id`, `revision`, `title`, `outlet`, `author`, `published` (YYYY, YYYY-MM or YYYY-MM-DD, or null),
    `url`, `location`}]; `hits`: [{`article`, `revision`, `number`, `start`, `end`, `sentences`, `tokens`,
    `text`, `score`, `words` and `vectors` ({`rank`, `score`} or null), `recency`, `neighbours`}]; `closest`:
    citations of the nearest sentences when refused; `query`: what was understood, with `interpretations`
    [{`key`, `kind`, `phrase`, `meaning`}]; `notes`; `reader`; `model`; `library_version`;
    `settings_fingerprint`; `seconds` by stage; `tokens_in`; `tokens_out`.
    """
    return {
        "schema": SCHEMA,
        "question": answer.question,
        "text": answer.text,
        "short": answer.short,
        "refused": answer.refused,
        "reason": answer.reason,
        "confidence": round(answer.confidence, 4),
        "statements": [
            {
                "text": statement.text,
                "speaker": statement.speaker,
                "supported": statement.supported,
                "citations": [citation_to_dict(citation) for citation in statement.citations],
            }
            for statement in answer.statements
        ],
        "articles": [article_to_dict(article) for article in answer.articles],
        "hits": [_hit_to_dict(hit) for hit in answer.hits],
        "closest": [citation_to_dict(citation) for citation in answer.closest],
        "query": _query_to_dict(answer.query),
        "notes": list(answer.notes),
        "reader": answer.reader,
        "model": answer.model,
        "library_version": answer.library_version,
        "settings_fingerprint": answer.settings_fingerprint,
        "seconds": {stage: round(seconds, 4) for stage, seconds in answer.seconds.items()},
        "tokens_in": answer.tokens_in,
        "tokens_out": answer.tokens_out,
    }


def from_dict(data: dict[str, Any], resolve: Resolve) -> Answer:
    """Read back what `to_dict` made; articles come from `resolve`, hits of pruned revisions are left out.

    Raises ValueError for another schema.
    """
    if data.get("schema") != SCHEMA:
        raise ValueError(f"an answer of schema {data.get('schema')!r}, not {SCHEMA}")
    keys = [(item["id"], item["revision"]) for item in data["articles"]]
    articles = {key: article for key in keys if (article := resolve(*key)) is not None}
    return Answer(
        question=data["question"],
        query=_query_from_dict(data["query"]),
        statements=tuple(
            Statement(
                item["text"],
                tuple(_citation_from_dict(citation) for citation in item["citations"]),
                item["speaker"],
                item["supported"],
            )
            for item in data["statements"]
        ),
        short=data["short"],
        refused=data["refused"],
        reason=data["reason"],
        confidence=data["confidence"],
        hits=tuple(
            _hit_from_dict(item, articles[key])
            for item in data["hits"]
            if (key := (item["article"], item["revision"])) in articles
        ),
        closest=tuple(_citation_from_dict(citation) for citation in data["closest"]),
        articles=tuple(articles.values()),
        notes=tuple(data["notes"]),
        reader=data["reader"],
        model=data["model"],
        library_version=data["library_version"],
        settings_fingerprint=data["settings_fingerprint"],
        seconds=dict(data["seconds"]),
        tokens_in=data["tokens_in"],
        tokens_out=data["tokens_out"],
    )


def quotation_to_dict(report: QuotationReport) -> dict[str, Any]:
    """What became of a quotation: `quotation`, `verdict` (found, partly found, not found), and `places`, each
    with `article`, `citations`, `similarity` (0 to 1) and `differences` [{`kind`, `quoted`, `stands`}]."""
    return {
        "quotation": report.quotation,
        "verdict": report.verdict,
        "places": [
            {
                "article": article_to_dict(place.article),
                "citations": [citation_to_dict(citation) for citation in place.citations],
                "similarity": round(place.similarity, 4),
                "differences": [asdict(difference) for difference in place.differences],
            }
            for place in report.places
        ],
    }


def citation_to_dict(citation: Citation) -> dict[str, Any]:
    return {
        "article": citation.article_id,
        "revision": citation.revision,
        "start": citation.start,
        "end": citation.end,
        "text": citation.text,
    }


def _citation_from_dict(data: dict[str, Any]) -> Citation:
    return Citation(data["article"], data["revision"], data["start"], data["end"], data["text"])


def article_to_dict(article: Article) -> dict[str, Any]:
    """What a reader needs to find the article; not its text."""
    return {
        "id": article.id,
        "revision": article.revision,
        "title": article.title,
        "outlet": article.outlet,
        "author": article.author,
        "published": str(article.published) if article.published else None,
        "url": article.url,
        "location": article.location,
    }


def _passage_to_dict(passage: Passage) -> dict[str, Any]:
    return {
        "number": passage.number,
        "start": passage.start,
        "end": passage.end,
        "sentences": [list(span) for span in passage.sentences],
        "tokens": passage.tokens,
    }


def _passage_from_dict(data: dict[str, Any], article: Article) -> Passage:
    sentences = tuple((start, end) for start, end in data["sentences"])
    return Passage(article.id, article.revision, data["number"], data["start"], data["end"], sentences, data["tokens"])


def _hit_to_dict(hit: Hit) -> dict[str, Any]:
    return {
        "article": hit.article.id,
        "revision": hit.article.revision,
        **_passage_to_dict(hit.passage),
        "text": hit.text,
        "score": round(hit.score, 6),
        "words": {"rank": hit.words.rank, "score": round(hit.words.score, 4)} if hit.words else None,
        "vectors": {"rank": hit.vectors.rank, "score": round(hit.vectors.score, 4)} if hit.vectors else None,
        "recency": round(hit.recency, 4),
        "neighbours": [_passage_to_dict(passage) for passage in hit.neighbours],
    }


def _hit_from_dict(data: dict[str, Any], article: Article) -> Hit:
    return Hit(
        _passage_from_dict(data, article),
        article,
        data["score"],
        Rank(**data["words"]) if data["words"] else None,
        Rank(**data["vectors"]) if data["vectors"] else None,
        data["recency"],
        tuple(_passage_from_dict(item, article) for item in data["neighbours"]),
    )


def _query_to_dict(query: Query) -> dict[str, Any]:
    return {
        "question": query.question,
        "text": query.text,
        "filter": _filter_to_dict(query.filter),
        "given": _filter_to_dict(query.given),
        "as_of": _iso(query.as_of),
        "recency": query.recency,
        "answer_type": query.answer_type,
        "speaker": query.speaker,
        "develops": query.develops,
        "favour": [list(key) for key in query.favour],
        "interpretations": [
            {"key": chip.key, "kind": chip.kind, "phrase": chip.phrase, "meaning": chip.meaning}
            for chip in query.interpretations
        ],
    }


def _query_from_dict(data: dict[str, Any]) -> Query:
    return Query(
        question=data["question"],
        text=data["text"],
        filter=_filter_from_dict(data["filter"]),
        given=_filter_from_dict(data["given"]),
        as_of=_day(data["as_of"]),
        recency=data["recency"],
        answer_type=data["answer_type"],
        speaker=data["speaker"],
        develops=data["develops"],
        favour=tuple((article_id, revision) for article_id, revision in data["favour"]),
        interpretations=tuple(
            Interpretation(chip["kind"], chip["phrase"], chip["meaning"]) for chip in data["interpretations"]
        ),
    )


def _filter_to_dict(filter: Filter) -> dict[str, Any]:
    return {
        "since": _iso(filter.since),
        "until": _iso(filter.until),
        "outlets": list(filter.outlets),
        "authors": list(filter.authors),
        "without": list(filter.without),
    }


def _filter_from_dict(data: dict[str, Any]) -> Filter:
    return Filter(
        _day(data["since"]),
        _day(data["until"]),
        tuple(data["outlets"]),
        tuple(data["authors"]),
        tuple(data["without"]),
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
