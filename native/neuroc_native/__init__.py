"""neuroc-native: a compiled engine that runs causal codecs whole, tile by tile, with the bits that numpy computes.

``NEUROC_ISA`` names the kernel to use instead of the fastest one that the processor has.
"""

from __future__ import annotations

import os

from neuroc.hookspecs import EngineEntry, hookimpl

__version__ = "0.1.0"


def kernels() -> tuple[str, ...]:
    """The kernels that this build has and this processor runs, fastest first."""
    from . import _native

    return tuple(_native.kernels())


def chosen_kernel() -> str:
    """The kernel that engines are made with; raises UsageError where NEUROC_ISA names none that runs here."""
    from neuroc.errors import UsageError

    known = kernels()
    name = os.environ.get("NEUROC_ISA") or known[0]
    if name not in known:
        raise UsageError(f"NEUROC_ISA is {name!r}, which does not run here", remedy=f"Choose of {', '.join(known)}")
    return name


@hookimpl
def neuroc_register_engines() -> list[EngineEntry]:
    """The engine; its detail names the instruction set in use."""
    name = os.environ.get("NEUROC_ISA") or kernels()[0]
    return [EngineEntry("native", "neuroc_native.engine:engine", "compiled kernels", priority=20, detail=name)]
