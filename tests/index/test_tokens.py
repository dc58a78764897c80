"""Words: what threads share of them stays right."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from index.text.tokens import stem, tokens

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture
def impatient():
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_threads_that_stem_at_once_do_not_mix_up_their_words(impatient):
    words = sorted({word for path in SEEDS.glob("*.txt") for word in tokens(path.read_text(encoding="utf-8"))})
    plain = stem.__wrapped__  # without what is remembered
    expected = [plain(word) for word in words]
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: [plain(word) for word in words], range(12)))
    assert all(result == expected for result in results)
