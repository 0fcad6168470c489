"""``neuroc train causal59k``: from folders of pictures to a weights file, resumable, with its evaluation.

Beside OUT.safetensors lie OUT.checkpoint.safetensors (resumes exactly, optimiser included), OUT.float.safetensors
(the float weights, from which a new training may start) and OUT.csv (the loss curve).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from neuroc import safetensors
from neuroc.api import UsageError, digest
from neuroc.exact.window import neighbours
from neuroc.train.optimiser import MuonAdam
from neuroc.train.pictures import Group, read_groups
from neuroc.train.sampling import PixelSampler
from neuroc.train.session import Session, cosine
from neuroc.training import CHECKPOINT_SUFFIX, TrainRequest

from .evaluation import compare, luma
from .network import VARIANTS, Variant
from .training import FloatNetwork, Trainer

EVALUATION_PIXELS = 96  # side of the squares on which export and float model are compared


def train(request: TrainRequest) -> None:
    """Train one network; raises UsageError for an unknown variant or unusable data."""
    name = request.variant or "rgb"
    if name not in VARIANTS:
        raise UsageError(f"unknown variant {name!r}", remedy=f"One of {', '.join(VARIANTS)}")
    variant = VARIANTS[name]
    device = choose_device(request.device)
    groups = read_groups(request.data, luma if variant.channels == 1 else np.asarray)
    torch.manual_seed(0)
    network = FloatNetwork(variant).to(device)
    matrices = list(network.weights)
    optimiser = MuonAdam(matrices[:-1], [matrices[-1], *network.biases])
    session = Session(request.minutes * 60, _beside(request.out, CHECKPOINT_SUFFIX), _beside(request.out, ".csv"))
    if request.resume:
        _resume(session, network, optimiser, _beside(request.out, ".float.safetensors"))
        if session.spent >= session.budget and request.out.exists():
            raise UsageError(
                f"these {session.spent / 60:.1f} minutes of training are done",
                file=str(session.checkpoint),
                remedy="--minutes is the total over all resumptions: give more",
            )
    count = sum(len(g.train) for g in groups)
    print(
        f"training {name} on {count} pictures for {request.minutes:g} minutes ({device})", file=sys.stderr, flush=True
    )
    trainer = Trainer(
        variant,
        PixelSampler([(g.weight, g.train) for g in groups], variant.taps, neighbours, seed=session.steps + 1),
        PixelSampler([(g.weight, g.validation) for g in groups], variant.taps, neighbours, seed=0),
        network,
        optimiser.step,
        optimiser.zero_grad,
        cosine,
        device=device,
    )

    def state() -> dict[str, torch.Tensor]:
        return {f"network.{k}": v for k, v in network.state_dict().items()} | optimiser.state()

    session.run(trainer.step, trainer.validate, state, trainer.phase)
    if network.grid is None:
        trainer.calibrate()
    finish(variant, network.cpu(), request.out, groups)


def choose_device(name: str) -> str:
    """ "cuda" if asked for or if "auto" finds one; raises UsageError if it is not there."""
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("this torch sees no CUDA device", remedy="Use --device cpu")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"


def finish(variant: Variant, network: FloatNetwork, out: Path, groups: list[Group]) -> None:
    """Write the integer export and the float weights, and report how they compare."""
    meta = {"codec": "causal59k", "name": variant.name}
    exported = safetensors.serialise(network.export(), meta)
    if out.exists():  # files may have been made with it: weights are never lost
        previous = out.read_bytes()
        _replace(_beside(out, f".{digest(previous).hex()[:8]}.safetensors"), previous)
    _replace(out, exported)
    floats = {k: v.detach().numpy() for k, v in network.state_dict().items()}
    _replace(_beside(out, ".float.safetensors"), safetensors.serialise(floats, meta))
    squares = [p[:EVALUATION_PIXELS, :EVALUATION_PIXELS] for g in groups for p in g.validation]
    exact, real = np.mean(compare(network, exported, map(np.ascontiguousarray, squares)), axis=0)
    print(
        f"{out}: digest {digest(exported).hex()}\n"
        f"validation: float {real:.4f} bpsp, exported {exact:.4f} bpsp ({exact / real - 1:+.2%})",
        file=sys.stderr,
    )


def _resume(session: Session, network: FloatNetwork, optimiser: MuonAdam, floats: Path) -> None:
    """From the checkpoint, else from float weights with a new optimiser."""
    if session.checkpoint.exists():
        tensors = session.restore()
        optimiser.load(tensors)
        network.load_state_dict({k[8:]: v for k, v in tensors.items() if k.startswith("network.")})
    elif floats.exists():
        arrays, _ = safetensors.parse(floats.read_bytes(), str(floats))
        network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in arrays.items()})
    else:
        raise UsageError("there is nothing to resume from", file=str(session.checkpoint), remedy="Leave --resume out")


def _beside(out: Path, suffix: str) -> Path:
    return out.with_name(out.stem + suffix)


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)
