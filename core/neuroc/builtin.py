"""What the core registers about itself, through the same hooks as any plugin (entry point ``core``)."""

from __future__ import annotations

from .hookspecs import CodecEntry, CoderEntry, EngineEntry, hookimpl


@hookimpl
def neuroc_register_codecs() -> list[CodecEntry]:
    """The codec without a network."""
    return [
        CodecEntry(
            id="raw",
            codec="neuroc.codecs.raw:CODEC",
            bitstream=1,
            summary="integer residuals and zstd: graphics, palette pictures, alpha, noise",
            channels=(1, 2, 3, 4),
            bits=(1, 2, 4, 8, 16),
            draft=False,
        )
    ]


@hookimpl
def neuroc_register_coders() -> list[CoderEntry]:
    """The two entropy coders of SPEC section 7."""
    return [
        CoderEntry("rans24", "neuroc.coder.rans24:CODER", "rANS, 64-bit state, 32-bit words, 24-bit precision"),
        CoderEntry("range24", "neuroc.coder.range24:CODER", "range coder of the same widths"),
    ]


@hookimpl
def neuroc_register_engines() -> list[EngineEntry]:
    """numpy always works; torch is asked for by name."""
    return [
        EngineEntry("numpy", "neuroc.engines.numpy:engine", "numpy on the CPU", priority=10),
        EngineEntry("torch", "neuroc.engines.torch:engine", "PyTorch on CPU or CUDA", priority=0, requires=("torch",)),
    ]
