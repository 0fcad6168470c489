"""The torch engine, for CPU and CUDA (extra ``[torch]``): the same bits as numpy."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import UsageError
from ..exact.layers import Network
from ..exact.probe import Dense
from .numpy import prepare_layers

_ROWS = 1 << 16


class TorchEngine:
    """Matrix products in torch; TF32 and reduced accumulation are switched off, and the probe checks that they are."""

    id = "torch"

    def __init__(self, device: str) -> None:
        self.device = device
        self._device = torch.device(device)
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
        torch.set_float32_matmul_precision("highest")

    def prepare(self, network: Network) -> Dense:
        layers = [
            [torch.from_numpy(a).to(self._device) for a in (layer.weight, layer.offset, layer.lo, layer.hi)]
            for layer in prepare_layers(network)
        ]

        @torch.no_grad()
        def dense(x: NDArray[np.int32]) -> NDArray[np.int32]:
            out = np.empty((len(x), network.layers[-1].outputs), dtype=np.int32)
            with torch.autocast(self._device.type, enabled=False):
                for start in range(0, len(x), _ROWS):
                    y = torch.from_numpy(np.ascontiguousarray(x[start : start + _ROWS])).to(self._device)
                    for weight, offset, lo, hi in layers:
                        y = torch.matmul(y.to(weight.dtype), weight).add_(offset).floor_()
                        y = torch.minimum(torch.maximum(y, lo), hi)
                    out[start : start + _ROWS] = y.to(torch.int32).cpu().numpy()
            return out

        return dense


def engine(device: str) -> TorchEngine:
    """The engine factory named in the entry point; raises UsageError for a device that is not there."""
    kind = device.split(":")[0]
    if kind not in ("cpu", "cuda"):
        raise UsageError(f"unknown device {device!r}", remedy="Use cpu or cuda")
    if kind == "cuda" and not torch.cuda.is_available():
        raise UsageError("this torch sees no CUDA device", remedy="Use --device cpu")
    return TorchEngine(device)
