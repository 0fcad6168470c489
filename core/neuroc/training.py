"""What ``neuroc train`` asks of a codec; the codec's CodecEntry.train names the callable that gets it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """One training run."""

    data: tuple[Path, ...]  # folders with pictures, searched recursively
    out: Path  # weights file (.safetensors); checkpoint and loss curve go beside it
    minutes: float = 60.0
    resume: bool = False  # continue from the checkpoint beside ``out``
    device: str = "auto"  # "auto", "cpu" or "cuda"
    variant: str | None = None  # which of the codec's networks, the codec's choice if None
