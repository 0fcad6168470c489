"""A training session: time budget, learning-rate schedule, checkpoints, loss curve; stops and resumes anywhere."""

from __future__ import annotations

import csv
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

from .. import safetensors

LONGEST_STEP = 5.0  # seconds: a pause of the process (suspend, SIGSTOP) does not use up the budget


def cosine(fraction: float, warmup: float = 0.03) -> float:
    """Factor on the learning rate at ``fraction`` of the budget: linear warm-up, then cosine to zero."""
    return min(1.0, fraction / warmup) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, fraction)))


@dataclass(slots=True)
class Session:
    """Counts the time spent, over all resumptions, and keeps the checkpoint.

    checkpoint: safetensors file with the model's and the optimiser's tensors and the seconds spent.
    """

    budget: float  # seconds
    checkpoint: Path
    curve: Path  # CSV: seconds, steps, phase, training and validation bits per sub-pixel
    every: float = 60.0  # seconds between checkpoints and validations
    spent: float = 0.0
    steps: int = 0
    _losses: list[float] = field(default_factory=list)

    def restore(self) -> dict[str, torch.Tensor]:
        """Tensors of the checkpoint; sets ``spent`` and ``steps``."""
        tensors, meta = safetensors.parse(self.checkpoint.read_bytes(), str(self.checkpoint))
        self.spent, self.steps = float(meta["seconds"]), int(meta["steps"])
        return {name: torch.from_numpy(value.copy()) for name, value in tensors.items()}

    @property
    def fraction(self) -> float:
        return min(1.0, self.spent / self.budget)

    def run(
        self,
        step: Callable[[float], float],
        validate: Callable[[], float],
        state: Callable[[], dict[str, torch.Tensor]],
        phase: Callable[[], str],
    ) -> None:
        """Call ``step(fraction) -> loss`` until the budget is spent, with a checkpoint every ``every`` seconds."""
        last = self.spent
        try:
            for fraction in self._clock():
                self._losses.append(step(fraction))
                self.steps += 1
                if self.spent - last >= self.every:
                    last = self.spent
                    self._report(validate(), phase())
                    self.save(state())
        except KeyboardInterrupt:
            self.save(state())
            print(f"stopped; --resume continues from {self.checkpoint}", file=sys.stderr)
            raise
        self._report(validate(), phase())
        self.save(state())

    def _clock(self) -> Iterator[float]:
        before = time.monotonic()
        while self.spent < self.budget:
            yield self.fraction
            now = time.monotonic()
            self.spent += min(now - before, LONGEST_STEP)
            before = now

    def _report(self, validation: float, phase: str) -> None:
        loss = sum(self._losses) / max(1, len(self._losses))
        self._losses.clear()
        new = not self.curve.exists()
        with self.curve.open("a", newline="") as f:
            writer = csv.writer(f)
            if new:
                writer.writerow(["seconds", "steps", "phase", "train_bits", "validation_bits"])
            writer.writerow([f"{self.spent:.0f}", self.steps, phase, f"{loss:.4f}", f"{validation:.4f}"])
        print(
            f"{self.fraction:6.1%}  {self.steps} steps  {phase}  training {loss:.4f}  validation {validation:.4f} bpsp",
            file=sys.stderr,
            flush=True,
        )

    def save(self, tensors: dict[str, torch.Tensor]) -> None:
        """Replace the checkpoint atomically."""
        meta = {"seconds": f"{self.spent:.1f}", "steps": str(self.steps)}
        arrays = {name: t.detach().cpu().contiguous().numpy() for name, t in tensors.items()}
        partial = self.checkpoint.with_suffix(".partial")
        partial.write_bytes(safetensors.serialise(arrays, meta))
        partial.replace(self.checkpoint)
