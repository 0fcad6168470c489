"""What computes: an engine runs exact networks; the core does everything else in numpy integers.

The protocol is small because exactness leaves little to differ in: an engine prepares a proved network for its
device and evaluates it. Before an engine is used for a network it must pass the probe (exact/probe.py).
"""

from __future__ import annotations

from typing import Protocol

from ..errors import UsageError
from ..exact.layers import Network
from ..exact.probe import Dense, probe


class Engine(Protocol):
    """Evaluates exact networks on one device."""

    id: str
    device: str

    def prepare(self, network: Network) -> Dense:
        """A callable that gives the outputs (n, out) int32 of the chain for inputs (n, in) in the proved range.

        Inputs are int32, or the same whole numbers in float32 from models that have them so.
        """


def evaluator(engine: Engine, network: Network) -> Dense:
    """``network`` prepared and probed on ``engine``; raises ExactnessError if it does not compute it exactly."""
    return probe(engine.prepare, network)


def get_engine(name: str = "auto", device: str = "cpu") -> Engine:
    """The engine ``name`` on ``device``; "auto" takes the installed one with the highest priority.

    Raises UsageError for a device that the engine lacks, PluginMissingError for an unknown name.
    """
    from ..plugins import load_engine, registry

    if name == "auto":
        name = "torch" if device != "cpu" else registry().automatic_engine().id
    engine: Engine = load_engine(name)(device)
    if engine.device != device:
        raise UsageError(f"engine {engine.id} has no device {device!r}", remedy="Use --engine torch for CUDA")
    return engine
