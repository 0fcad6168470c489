"""What the trainings of all codecs share: device, start or resumption, the files that a training leaves.

Beside OUT.safetensors lie OUT.checkpoint.safetensors (resumes exactly, optimiser included), OUT.float.safetensors (the
float weights, from which a new training may start) and OUT.csv (the loss curve).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch

from .. import safetensors
from ..digests import digest
from ..errors import UsageError
from ..training import CHECKPOINT_SUFFIX, TrainRequest
from .optimiser import MuonAdam
from .pictures import Group
from .session import Session

NETWORK = "network."  # before the names of a network's tensors in a checkpoint
FLOAT_SUFFIX = ".float.safetensors"

V = TypeVar("V")


class Trainer(Protocol):
    """What a training does at each step (see Session.run)."""

    def step(self, fraction: float) -> float:
        """One update; its loss."""

    def validate(self) -> float:
        """The loss on pictures that are held out."""

    def phase(self) -> str:
        """A word for the loss curve."""


def chosen(variants: Mapping[str, V], request: TrainRequest, default: str) -> V:
    """The variant that is asked for; raises UsageError for an unknown one."""
    name = request.variant or default
    if name not in variants:
        raise UsageError(f"unknown variant {name!r}", remedy=f"One of {', '.join(variants)}")
    return variants[name]


def choose_device(name: str) -> str:
    """ "cuda" if asked for or if "auto" finds one; raises UsageError if it is not there."""
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("this torch sees no CUDA device", remedy="Use --device cpu")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"


def demand_size(groups: Sequence[Group], side: int) -> None:
    """Raises UsageError if a group has no picture of ``side`` pixels to train on, or none to validate with."""
    if not all(any(min(p.shape[:2]) >= side for p in part) for g in groups for part in (g.train, g.validation)):
        raise UsageError(f"a folder has no pictures of at least {side}x{side} pixels", remedy="Give larger ones")


def begin(request: TrainRequest, network: torch.nn.Module, optimiser: MuonAdam) -> Session:
    """The session of a training, new or resumed: from the checkpoint, else from float weights with a new optimiser.

    Raises UsageError if there is nothing to resume, or nothing left to do.
    """
    out = request.out
    session = Session(request.minutes * 60, beside(out, CHECKPOINT_SUFFIX), beside(out, ".csv"))
    if not request.resume:
        return session
    floats = beside(out, FLOAT_SUFFIX)
    if session.checkpoint.exists():
        tensors = session.restore()
        optimiser.load(tensors)
        network.load_state_dict({k.removeprefix(NETWORK): v for k, v in tensors.items() if k.startswith(NETWORK)})
    elif floats.exists():
        arrays, _ = safetensors.parse(floats.read_bytes(), str(floats))
        network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in arrays.items()})
    else:
        raise UsageError("there is nothing to resume from", file=str(session.checkpoint), remedy="Leave --resume out")
    if session.spent >= session.budget and out.exists():
        raise UsageError(
            f"these {session.spent / 60:.1f} minutes of training are done",
            file=str(session.checkpoint),
            remedy="--minutes is the total over all resumptions: give more",
        )
    return session


def run(session: Session, trainer: Trainer, network: torch.nn.Module, optimiser: MuonAdam) -> None:
    """The whole training."""

    def state() -> dict[str, torch.Tensor]:
        return {NETWORK + k: v for k, v in network.state_dict().items()} | optimiser.state()

    session.run(trainer.step, trainer.validate, state, trainer.phase)


def announce(name: str, groups: Sequence[Group], request: TrainRequest, device: str) -> None:
    """Say on stderr what begins."""
    count = sum(len(g.train) for g in groups)
    print(
        f"training {name} on {count} pictures for {request.minutes:g} minutes ({device})", file=sys.stderr, flush=True
    )


def finish(
    out: Path, network: torch.nn.Module, exported: bytes, compare: Callable[[], Sequence[tuple[float, float]]]
) -> None:
    """Write the integer export and the float weights, and report how they compare.

    compare: bpsp of the exported and of the float network on some pictures.
    """
    _, meta = safetensors.parse(exported)
    if out.exists():  # files may have been made with it: weights are never lost
        previous = out.read_bytes()
        replace(beside(out, f".{digest(previous).hex()[:8]}.safetensors"), previous)
    replace(out, exported)
    floats = {k: v.detach().cpu().numpy() for k, v in network.state_dict().items()}
    replace(beside(out, FLOAT_SUFFIX), safetensors.serialise(floats, meta))
    exact, real = np.mean(compare(), axis=0)
    print(
        f"{out}: digest {digest(exported).hex()}\n"
        f"validation: float {real:.4f} bpsp, exported {exact:.4f} bpsp ({exact / real - 1:+.2%})",
        file=sys.stderr,
    )


def beside(out: Path, suffix: str) -> Path:
    """The file of the same name with another ending."""
    return out.with_name(out.stem + suffix)


def replace(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)
