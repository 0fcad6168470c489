"""From float weights to the integer weights file (SPEC section 16.6).

    python -m neuroc_unet.export CHECKPOINT OUT [--variant NAME]

takes the float weights of a training or its checkpoint and writes what ``neuroc`` loads, with its digest.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neuroc import safetensors
from neuroc.api import digest
from neuroc.exact.layers import FLOAT32_BOUND
from neuroc.train.quantise import choose_grid

from .floatnet import LATENT_MEAN_UNIT, MEAN_UNIT, FloatNetwork
from .layers import range_of
from .network import (
    ACTIVATION_MAX,
    COUPLING_BITS,
    FRACTION,
    LATENT_FRACTION,
    LOGIT_BITS,
    MEAN_BITS,
    MIXTURES,
    PIXEL,
    SCALE_BITS,
    VARIANTS,
    Variant,
)

PREDICTION_BITS = MEAN_BITS + 6  # predictions and differences are in 64 levels, their integers in 1/16 of one
NETWORK = "network."  # before the names of a checkpoint's float weights


@torch.no_grad()
def export(network: FloatNetwork) -> dict[str, NDArray[np.generic]]:
    """Integer tensors of the exact layers: weights rounded as finely as the bounds of partial sums allow.

    Raises ValueError for a layer whose weights are too large.
    """
    tensors: dict[str, NDArray[np.generic]] = {}
    for name in network.shapes:
        w, b = (t.detach().cpu().float() for t in network.tensors(name))
        p_in = _input_bits(network.variant, name)
        p_out = _output_bits(network.variant, name)
        grid = choose_grid(w, b, p_in, p_out, range_of(network.variant, name), 1.0, _bound(name))
        if bool((grid.p_out != p_out).any()):
            raise ValueError(f"a row of the layer {name} is too large for the grid")
        wi, bi = grid.integers(w, b)
        tensors[f"{name}.weight"] = wi.astype(np.int16)
        tensors[f"{name}.bias"] = bi.astype(np.int32)
        tensors[f"{name}.shift"] = grid.shift.numpy().astype(np.uint8)
    core = torch.round(network.core.detach().cpu() * 2**FRACTION).clamp(-ACTIVATION_MAX, ACTIVATION_MAX)
    tensors["core"] = core.numpy().astype(np.int16)
    return tensors


def _bound(name: str) -> int:
    """What partial sums stay below: float32 carries most of them, float64 those of layers that are worth its time.

    Latents are differences of what is nearly equal, in layers that only encoders run. The first layer of a head adds
    up 24 neighbours, with a range far beyond what they mostly are, and the last one of synthesis says what they are
    relative to.
    """
    if name.endswith((".down", ".latent")):
        return 1 << 32
    if name == "pixel" or (name.startswith("head") and name.endswith(".0") and not name.endswith(".0.0")):
        return 1 << 27
    return FLOAT32_BOUND


def _input_bits(variant: Variant, name: str) -> torch.Tensor:
    """Fraction bits (columns,) of a layer's inputs."""
    columns = variant.layers[name].columns
    bits = torch.full((columns,), float(LATENT_FRACTION if name.endswith(".embed") else FRACTION))
    if name.startswith("head") and name.endswith(".0"):
        bits[PIXEL:] = PREDICTION_BITS
    return bits


def _output_bits(variant: Variant, name: str) -> torch.Tensor:
    """Fraction bits (outputs,) of a layer's outputs."""
    outputs = variant.layers[name].outputs
    part = name.rpartition(".")[2]
    if part == "latent":
        return torch.zeros(outputs)
    if part == "tables":
        kinds = [MEAN_BITS + LATENT_MEAN_UNIT, SCALE_BITS, LOGIT_BITS]
        return torch.tensor(kinds, dtype=torch.float32).repeat_interleave(outputs // 3)
    if name.startswith("head") and part == "2":
        n = MIXTURES * variant.channels
        counts = torch.tensor([n, n, n, MIXTURES * variant.couplings])
        bits = torch.tensor([MEAN_BITS + MEAN_UNIT, SCALE_BITS, LOGIT_BITS, COUPLING_BITS], dtype=torch.float32)
        return torch.repeat_interleave(bits, counts)
    bits = torch.full((outputs,), float(FRACTION))
    if name == "pixel":
        bits.view(4, -1)[:, PIXEL:] = PREDICTION_BITS
    return bits


def serialised(network: FloatNetwork) -> bytes:
    """The weights file."""
    return safetensors.serialise(export(network), {"codec": "unet", "name": network.variant.name})


def read_network(path: Path, variant: str | None = None) -> FloatNetwork:
    """The float network of a checkpoint or of float weights; ``variant`` where the file does not tell."""
    arrays, meta = safetensors.parse(path.read_bytes(), str(path))
    state = _network_state(arrays)
    network = FloatNetwork(VARIANTS[variant or meta.get("name") or _variant_of(state)])
    network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in state.items()})
    return network


def _network_state(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    inner = {k.removeprefix(NETWORK): v for k, v in arrays.items() if k.startswith(NETWORK)}
    return inner or dict(arrays)


def _variant_of(state: Mapping[str, NDArray[Any]]) -> str:
    """By the first layer's inputs."""
    columns = state["weights.0"].shape[1]
    return next(v.name for v in VARIANTS.values() if next(iter(v.layers.values())).columns == columns)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command of the module docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--variant", choices=sorted(VARIANTS))
    options = parser.parse_args(arguments)
    data = serialised(read_network(options.checkpoint, options.variant))
    options.out.write_bytes(data)
    print(f"{options.out}: {len(data)} bytes, digest {digest(data).hex()}")


if __name__ == "__main__":
    main()
