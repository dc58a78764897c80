from __future__ import annotations

import pickle
from dataclasses import asdict, replace

from index.types import Article, Published


def test_a_revision_names_text_and_facts_but_not_the_place():
    article = Article("One text.", title="One", published=Published.parse("2023-12"), id="a", location="/x.txt")
    assert article.revision == "1a3dac0bba723667"
    assert replace(article, id="b", location="/y.txt", fetched_at="2024-01-01").revision == article.revision
    changed = {replace(article, **fact).revision for fact in ({"text": "Two."}, {"title": "Two"}, {"url": "u"})}
    assert len(changed | {article.revision}) == 4


def test_a_revision_is_computed_once_and_is_no_part_of_the_article(monkeypatch):
    asked, fresh = Article("One text.", id="a"), Article("One text.", id="a")
    before = asked.revision
    assert pickle.loads(pickle.dumps(asked)).revision == before
    monkeypatch.setattr("index.types.hashlib", None)
    assert asked.revision == before
    assert (
        asdict(asked) == asdict(fresh) and asked == fresh and hash(asked) == hash(fresh) and repr(asked) == repr(fresh)
    )
