"""The report's plots as inline SVG, drawn by matplotlib; the same results give the same bytes."""

from __future__ import annotations

import io
import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from evals.metrics import statistics
from evals.metrics.scores import (
    answered_right,
    article_ranking,
    first_ranks,
    first_right,
    gold_spans,
    ranked_passages,
)
from evals.results import CaseResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#010203"
"""Drawn where the page's own text colour belongs, so that plots follow a dark or light page."""
BLUE, RED = "#2f6fb2", "#c2543d"


def svg_plot(name: str, draw: Callable[[Axes], None]) -> str:
    """A figure as an `<svg>` element, without prolog, date or random ids."""
    import matplotlib
    from matplotlib.figure import Figure

    inked = "axes.edgecolor axes.labelcolor text.color xtick.color ytick.color grid.color"
    look: Any = {
        **dict.fromkeys(inked.split(), INK),
        **dict.fromkeys(("axes.spines.top", "axes.spines.right", "legend.frameon"), False),
        **{"svg.hashsalt": name, "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10},
        **{"axes.grid": True, "grid.alpha": 0.15},
    }
    with matplotlib.rc_context(look):
        figure = Figure(figsize=(5.2, 3.3), layout="constrained")
        draw(figure.add_subplot())
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    # The size is the page's to give; viewBox keeps the shape.
    tag, rest = svg.split(">", 1)
    # takes ' width="374.4pt"'; not ' stroke-width="2"' or 'viewBox="0 0 374 238"'
    return re.sub(r' (?:width|height)="[^"]*"', "", tag) + ">" + rest


def _judged(results: Sequence[CaseResult]) -> list[tuple[CaseResult, float]]:
    return [(result, right) for result in results if not result.error and (right := answered_right(result)) is not None]


def risk_coverage(results: Sequence[CaseResult]) -> str:
    """Accuracy by share answered, surest first, with the shares found and answered; empty where none can be judged."""
    judged = _judged(results)
    if not judged:
        return ""
    coverage, accuracy = statistics.risk_coverage([one.confidence for one, _ in judged], [right for _, right in judged])
    shares = {"answered": sum(not one.refused for one, _ in judged) / len(judged)}
    if any(one.state == "found" for one, _ in judged):
        shares["found"] = sum(one.state == "found" for one, _ in judged) / len(judged)

    def draw(axes: Axes) -> None:
        axes.plot(coverage, accuracy, color=BLUE, linewidth=2, drawstyle="steps-post")
        for number, (name, share) in enumerate(shares.items()):
            axes.axvline(share, color=RED, linestyle="--", linewidth=1)
            side, shift = ("right", -4) if share > 0.5 else ("left", 4)
            point = (share, 0.03 + 0.08 * number)
            axes.annotate(
                f"{name}: {share:.0%}", point, color=RED, ha=side, xytext=(shift, 0), textcoords="offset points"
            )
        axes.set(xlabel="share of questions answered, surest first", ylabel="of these, right")
        axes.set(xlim=(0, 1.01), ylim=(0, 1.03))

    return svg_plot("risk-coverage", draw)


def reliability(results: Sequence[CaseResult]) -> str:
    """Probability against the share of first statements that are right; empty where none can be judged.

    Of a system without probabilities, confidence against accuracy of the answers given.
    """
    stated = [one for one in results if not one.error and one.probability]
    judged = [(one.probability, right) for one in stated if (right := first_right(one)) is not None]
    judged = judged or [(one.confidence, right) for one, right in _judged(results) if not one.refused]
    if not judged:
        return ""
    label = "probability" if stated else "confidence"
    groups = statistics.reliability([sure for sure, _ in judged], [right for _, right in judged])
    confidence, accuracy, counts = zip(*groups, strict=True)

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=INK, alpha=0.4, linewidth=1)
        axes.plot(confidence, accuracy, color=BLUE, linewidth=1.5)
        axes.scatter(confidence, accuracy, s=[20 + 160 * count / max(counts) for count in counts], color=BLUE)
        axes.set(
            xlabel=label, ylabel="first statement right" if stated else "right", xlim=(-0.02, 1.02), ylim=(-0.02, 1.05)
        )

    return svg_plot("reliability", draw)


def latency(results: Sequence[CaseResult]) -> str:
    """Seconds for a question, with median and 95th percentile; empty where they were not taken."""
    import numpy as np

    seconds = [one.seconds["total"] for one in results if not one.error and "total" in one.seconds]
    if not seconds:
        return ""

    def draw(axes: Axes) -> None:
        axes.hist(seconds, bins=min(30, max(5, len(seconds) // 4)), color=BLUE, alpha=0.85)
        for share, colour in ((50, INK), (95, RED)):
            value = float(np.percentile(seconds, share))
            axes.axvline(value, color=colour, linestyle="--", linewidth=1, label=f"p{share}: {value:.2f} s")
        axes.legend(loc="upper right")
        axes.set(xlabel="seconds for a question", ylabel="questions")

    return svg_plot("latency", draw)


RANKS = ("1", "2", "3", "4", "5–10", "11–20", "later", "not found")


def rank_group(rank: int | None) -> int:
    """Which of `RANKS` a rank belongs to."""
    return 7 if rank is None else bisect_left((1, 2, 3, 4, 10, 20), rank)


def first_gold_rank(result: CaseResult) -> int | None:
    """The rank of the first passage with a gold sentence, or of the first gold article if none are given."""
    gold = gold_spans(result)
    if gold:
        return min((rank for rank in first_ranks(ranked_passages(result.hits), gold) if rank), default=None)
    ranking = article_ranking(result.hits)
    return min((ranking.index(one) + 1 for one in result.case.gold_articles if one in ranking), default=None)


def gold_ranks(results: Sequence[CaseResult]) -> str:
    """At which rank the gold was first found; empty where no question names any."""
    known = [one for one in results if not one.error and one.case.answerable and one.case.gold_articles]
    if not known:
        return ""
    counts = [0] * len(RANKS)
    for result in known:
        counts[rank_group(first_gold_rank(result))] += 1

    def draw(axes: Axes) -> None:
        bars = axes.bar(RANKS, counts, color=[BLUE] * 7 + [RED])
        axes.bar_label(bars, color=INK)
        axes.tick_params(axis="x", labelsize=8)
        axes.set(xlabel="rank of the first gold passage or article", ylabel="questions")

    return svg_plot("gold-ranks", draw)
