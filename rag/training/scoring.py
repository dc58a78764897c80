"""The training loss over groups of passages, and the measure taken while training. Needs torch."""

import math
import random
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rag.training.batches import Batch, Batcher, Group, sample_group
from rag.training.examples import Example
from rag.training.model import ReaderModel, shared_nll

AT_ONCE = 256
"""Passages that are encoded together when many are looked through."""


EARLY_WEIGHT = 0.3
"""Weight of the early relevance's loss: as for any head in the middle of a network, less than the last one's."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Span logits [passages, tokens, 2], the mask of answer tokens, and relevance logits [passages], last and early."""

    span: Tensor
    allowed: Tensor
    relevance: Tensor
    early: Tensor


def forward(model: ReaderModel, batch: Batch, device: str, chunk: int = 16) -> Scores:
    """Score every passage, up to `chunk` of like length at a time, padded to the longest of them and no further."""
    encoded = batch.encoded
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].ids))
    longest = len(encoded[order[-1]].ids)
    spans, relevance, early = [], [], []
    for at in range(0, len(order), chunk):
        part = [encoded[i] for i in order[at : at + chunk]]
        width = len(part[-1].ids)
        ids = torch.zeros(len(part), width, dtype=torch.long)
        mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
        for i, enc in enumerate(part):
            n = len(enc.ids)
            ids[i, :n], mask[i, :n] = torch.tensor(enc.ids), 1
            types[i, :n] = torch.tensor(enc.type_ids)
        span, *ranks = model.with_early(ids.to(device), mask.to(device), types.to(device))
        spans.append(nn.functional.pad(span, (0, 0, 0, longest - width)))
        relevance.append(ranks[0])
        early.append(ranks[1])
    back = torch.tensor(sorted(range(len(order)), key=lambda i: order[i]), device=device)
    allowed = torch.zeros(len(order), longest, dtype=torch.bool)
    for i, row in enumerate(batch.allowed):
        allowed[i, : len(row)] = torch.tensor(row)
    return Scores(torch.cat(spans)[back], allowed.to(device), torch.cat(relevance)[back], torch.cat(early)[back])


def group_loss(model: ReaderModel, batch: Batch, device: str, alone: float = 0.0) -> tuple[Tensor, dict[str, float]]:
    """Return the mean loss of a batch: shared span normalisation plus listwise relevance, over each group.

    `alone` is the weight of a third part: whether each passage by itself answers. Beside a right passage, a wrong
    one need only score lower; for refusal it has to score below "no answer". The early relevance learns what the last
    one does, listwise.
    """
    scores = forward(model, batch, device)
    rows, length = scores.allowed.shape
    groups = max(batch.group) + 1
    members: list[list[int]] = [[] for _ in range(groups)]
    for i, g in enumerate(batch.group):
        members[g].append(i)
    size = max(map(len, members))
    index = torch.full((groups, size), rows, dtype=torch.long)
    for g, found in enumerate(members):
        index[g, : len(found)] = torch.tensor(found)
    index = index.to(device)

    def gather(values: Tensor, fill: float) -> Tensor:
        padded = torch.cat([values, torch.full_like(values[:1], fill)])
        return padded[index].reshape(groups, -1)

    gold = torch.zeros(2, rows, length, dtype=torch.bool)
    for i in range(rows):
        gold[0, i, list(batch.starts[i])] = True
        gold[1, i, list(batch.ends[i])] = True
    gold = gold.to(device)
    ok = gather(scores.allowed, False)
    nll = [shared_nll(gather(scores.span[..., k], 0.0), ok, gather(gold[k], False)) for k in (0, 1)]
    real = gather(torch.ones(rows, dtype=torch.bool, device=device), False)
    holds = gather(gold[0].any(1), False)
    ranked, early = (shared_nll(gather(row, 0.0), real, holds).mean() for row in (scores.relevance, scores.early))
    span_loss = (nll[0] + nll[1]).mean() / 2
    loss = span_loss + ranked + EARLY_WEIGHT * early
    parts = {"span": span_loss.item(), "relevance": ranked.item(), "early": early.item()}
    if alone:
        answers = nn.functional.binary_cross_entropy_with_logits(scores.relevance, gold[0].any(1).float())
        loss, parts = loss + alone * answers, {**parts, "alone": answers.item()}
    return loss, parts


def misleading(model: ReaderModel, batcher: Batcher, groups: list[Group], size: int, device: str) -> list[list[int]]:
    """Return which passages of each group to keep, `size` of them: those that answer, then those taken for answers.

    Hard negatives found by the model itself as it learns (after Xiong et al., 2021). Many groups at once are read
    faster than a few: passages of like length stand together.
    """
    wrong = [(number, i) for number, (_, _, passages) in enumerate(groups)
             for i, (_, spans) in enumerate(passages) if not spans and len(passages) > size]  # fmt: skip
    wrong.sort(key=lambda place: len(groups[place[0]][2][place[1]][0].text))
    score: dict[tuple[int, int], float] = {}
    for at in range(0, len(wrong), AT_ONCE):
        portion = wrong[at : at + AT_ONCE]
        shown = [(*groups[number][:2], [groups[number][2][i]]) for number, i in portion]
        with torch.no_grad():
            scores = forward(model, batcher.encode(shown), device, chunk=32)
        best = scores.span.masked_fill(~scores.allowed[..., None], -1e4).amax(1).sum(-1)
        score.update(zip(portion, (best + scores.relevance).tolist(), strict=True))
    kept = []
    for number, (_, _, passages) in enumerate(groups):
        order = sorted(range(len(passages)), key=lambda i: -score.get((number, i), float("inf")))
        kept.append(sorted(order[:size]))
    return kept


def cut_to(groups: list[Group], kept: list[list[int]]) -> list[Group]:
    """Return the groups with only the passages of these numbers."""
    return [
        (question, as_of, [passages[i] for i in numbers])
        for (question, as_of, passages), numbers in zip(groups, kept, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Judged:
    """How a held-out question was read; the last two are the best score of all passages, and of those without an
    answer, also where it was cut off for length.
    """

    source: str
    exact: bool
    """Is the best span exactly an answer?"""
    first: bool
    """Does the passage held for the most relevant answer?"""
    early: bool
    """Does one of the two passages held for the most relevant by the early exit?"""
    sure: float
    sure_without: float


def judge(model: ReaderModel, batcher: Batcher, held_out: list[Example], device: str, size: int = 5) -> list[Judged]:
    """Read each question in a group of `size` passages; a group whose right passage is withheld is left out."""
    model.eval()
    judged = []
    rng = random.Random(5)
    with torch.no_grad():
        for example in held_out:
            question, as_of, passages = sample_group(example, size, rng)
            if not any(spans for _, spans in passages):
                continue
            batch = batcher.encode([(question, as_of, passages)])
            read = forward(model, batch, device)
            low = torch.where(read.allowed, 0.0, -1e4)
            start, end = read.span[..., 0] + low, read.span[..., 1] + low
            pair = start[:, :, None] + end[:, None, :] + read.relevance[:, None, None]
            pair = pair.masked_fill(torch.ones_like(pair).triu().tril(60) == 0, -1e5).flatten(1)
            scores, places = (found.tolist() for found in pair.max(1))
            row = max(range(len(scores)), key=scores.__getitem__)
            first, last = divmod(places[row], start.shape[1])
            exact = first in batch.starts[row] and last in batch.ends[row]
            wrong = [score for score, starts in zip(scores, batch.starts, strict=True) if not starts]
            top, early = (any(batch.starts[i] for i in ranks.topk(k).indices.tolist())
                          for ranks, k in ((read.relevance, 1), (read.early, min(2, len(scores)))))  # fmt: skip
            judged.append(Judged(example.source, exact, top, early, scores[row], max(wrong, default=-math.inf)))
    model.train()
    return judged


def measure(model: ReaderModel, batcher: Batcher, held_out: list[Example], device: str) -> dict[str, float]:
    """Return how often the best span is exact and the top passage right, of questions judged."""
    judged = judge(model, batcher, held_out, device)
    count = max(1, len(judged))
    sums = {
        "exact": sum(one.exact for one in judged),
        "top": sum(one.first for one in judged),
        "early_top_2": sum(one.early for one in judged),
    }
    return {**{name: round(value / count, 4) for name, value in sums.items()}, "questions": len(judged)}
