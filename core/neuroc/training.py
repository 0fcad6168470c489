"""What ``neuroc train`` asks of a codec; the codec's CodecEntry.train names the callable that gets it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .errors import UsageError

CHECKPOINT_SUFFIX = ".checkpoint.safetensors"  # of the file beside ``out`` that a training resumes from
_FOLDER = re.compile(r"(?P<path>.+?)(:(?P<tile>[1-9]\d{0,3}))?(@(?P<weight>\d*\.?\d+))?")


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A folder of training pictures, searched recursively."""

    path: Path
    tile: int | None = None  # the pictures are mosaics of tile x tile pixels that have nothing to do with each other
    weight: float | None = None  # share of the samples relative to the other folders; its pixels if None

    @classmethod
    def parse(cls, text: str) -> DataFolder:
        """From ``DIR[:TILE][@WEIGHT]``; raises UsageError."""
        found = _FOLDER.fullmatch(text)
        if found is None or (found["weight"] and float(found["weight"]) == 0):
            raise UsageError(f"{text!r} is not DIR[:TILE][@WEIGHT]")
        weight = float(found["weight"]) if found["weight"] else None
        return cls(Path(found["path"]), int(found["tile"]) if found["tile"] else None, weight)


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """One training run."""

    data: tuple[DataFolder, ...]
    out: Path  # weights file (.safetensors); checkpoint, float weights and loss curve go beside it
    minutes: float = 60.0
    resume: bool = False  # continue from the checkpoint beside ``out``, or from the float weights there
    device: str = "auto"  # "auto", "cpu" or "cuda"
    variant: str | None = None  # which of the codec's networks, the codec's choice if None
