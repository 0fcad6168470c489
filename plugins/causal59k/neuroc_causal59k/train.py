"""``neuroc train causal59k``: from folders of pictures to a weights file, resumable, with its evaluation.

Beside OUT.safetensors lie OUT.checkpoint.safetensors (resumes exactly, optimiser included), OUT.float.safetensors
(the float weights, from which a new training may start) and OUT.csv (the loss curve).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from neuroc import safetensors
from neuroc.api import Spec, UsageError, Weights, digest
from neuroc.engines.numpy import NumpyEngine
from neuroc.train.optimiser import MuonAdam
from neuroc.train.pictures import Group, read_groups
from neuroc.train.sampling import PixelSampler
from neuroc.train.session import Session, cosine
from neuroc.training import TrainRequest

from .codec import CODEC, Params
from .context import neighbours
from .network import VARIANTS, Variant
from .training import FloatNetwork, Trainer, bits, split_context

EVALUATION_PIXELS = 96  # side of the squares on which export and float model are compared


def luma(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) to (H, W, 1) by ITU-R BT.601, rounded."""
    weights = np.array([299, 587, 114], dtype=np.int32)
    grey = (picture.astype(np.int32) @ weights + 500) // 1000
    return grey.astype(np.uint8)[:, :, None]


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
    session = Session(
        request.minutes * 60, _beside(request.out, ".checkpoint.safetensors"), _beside(request.out, ".csv")
    )
    if request.resume:
        _resume(session, network, optimiser, _beside(request.out, ".float.safetensors"))
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
    _replace(out, exported)
    floats = {k: v.detach().numpy() for k, v in network.state_dict().items()}
    _replace(_beside(out, ".float.safetensors"), safetensors.serialise(floats, meta))
    exact, real = compare(variant, network, exported, [p for g in groups for p in g.validation])
    print(
        f"{out}: digest {digest(exported).hex()}\n"
        f"validation: float {real:.4f} bpsp, exported {exact:.4f} bpsp ({exact / real - 1:+.2%})",
        file=sys.stderr,
    )


@torch.no_grad()
def compare(
    variant: Variant, network: FloatNetwork, exported: bytes, pictures: list[NDArray[np.uint8]]
) -> tuple[float, float]:
    """Mean bpsp of pictures (H, W, C): the exported integer model's code length, the float model's entropy."""
    tensors, _ = safetensors.parse(exported)
    params = Params(schedule="diagonal" if variant.context == "diagonal" else "wavefront")
    weights = Weights(variant.name, digest(exported), tensors)
    grid, network.grid = network.grid, None
    exact, real = [], []
    for picture in pictures:
        square = np.ascontiguousarray(picture[:EVALUATION_PIXELS, :EVALUATION_PIXELS])
        height, width, channels = square.shape
        spec = Spec(height, width, channels, 8)
        model = CODEC.model(weights, NumpyEngine(), spec, params)
        planes, _ = model.analyse(square[None], spec, params)
        (coded,) = model.intervals(planes, spec, params)
        exact.append(float(24 * len(coded.freq) - np.log2(coded.freq.astype(np.float64)).sum()) / square.size)
        i, j = np.divmod(np.arange(height * width), width)
        context = neighbours(i, j, height, width, variant.taps)
        flat = np.concatenate([square.reshape(-1, channels), np.full((1, channels), 128, dtype=np.uint8)])
        inputs, base = split_context(torch.from_numpy(flat[context]), *variant.centre)
        real.append(float(bits(variant, network(inputs), base, torch.from_numpy(flat[:-1])).mean()))
    network.grid = grid
    return float(np.mean(exact)), float(np.mean(real))


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
