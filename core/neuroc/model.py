"""What a codec plugin implements: a codec makes models, a model writes its schedule once, as a generator.

    encode:  picture --analyse--> planes --steps/intervals--> coder --> stream
    decode:  stream --coder--> steps --> planes --synthesise--> picture

The driver (driver.py) runs ``steps`` in both directions: it sends the symbols of each step back into the
generator, read from the picture when encoding and from the stream when decoding.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .distributions import Distribution

Ints = NDArray[np.int32]
Samples = NDArray[Any]  # uint8 or uint16


@dataclass(frozen=True, slots=True)
class Spec:
    """What a model is asked to code: ``batch`` tiles of the same size in lock-step."""

    height: int
    width: int
    channels: int
    bits: int
    batch: int = 1
    kind: str = "colour"  # or "alpha": the plane group (tiles.Group.kind)
    bitstream: int = 1  # version of the codec's bitstream: the file's, or the newest one when encoding

    @property
    def pixels(self) -> int:
        return self.height * self.width


class Step(NamedTuple):
    """Symbols that are coded together because their tables depend on earlier steps only."""

    plane: int  # index into the planes of analyse()
    sites: NDArray[np.intp]  # (n,) flat positions in the plane, in coding order
    dist: Distribution  # batch * n rows, item-major


@dataclass(frozen=True, slots=True)
class Cost:
    """What decoding one tile takes, from the header alone."""

    macs: int  # multiply-accumulates
    steps: int  # sequential steps
    peak_bytes: int


@runtime_checkable
class Model(Protocol):
    """One network for one (codec, weights, engine); holds no state of any picture."""

    side_information: bool  # whether analyse() gives any; it is stored before each stream

    def analyse(self, x: Samples, spec: Spec, params: Any) -> tuple[list[Ints], list[bytes]]:
        """Split (B, H, W, C) samples into planes (B, n_p) of symbols; encoder only.

        Also returns the side information of each item (b"" if none), stored before its stream.
        """

    def steps(self, spec: Spec, params: Any, side: Sequence[bytes]) -> Generator[Step, Ints, list[Ints]]:
        """Yield each step, receive its symbols (B, n), return the completed planes. Runs in both directions."""

    def synthesise(self, planes: list[Ints], spec: Spec, params: Any) -> Samples:
        """The exact inverse of analyse: planes (B, n_p) to samples (B, H, W, C)."""


class Intervals(NamedTuple):
    """Coded intervals of one item in coding order: [start, start + freq) out of 2**24."""

    start: NDArray[np.uint32]
    freq: NDArray[np.uint32]


@runtime_checkable
class ParallelEncode(Protocol):
    """Optional: all intervals of an encode in one pass, equal to what ``steps`` gives bit for bit."""

    def intervals(self, planes: list[Ints], spec: Spec, params: Any) -> Iterator[Intervals]:
        """One Intervals per item of the batch, in order."""


@runtime_checkable
class Progressive(Protocol):
    """Optional: pictures before the last step (``neuroc decode --upto-step K``)."""

    def partial(self, spec: Spec, params: Any, side: Sequence[bytes], upto: int) -> Generator[Step, Ints, list[Ints]]:
        """Like ``steps``, but ends after the first ``upto`` steps of the schedule; returns the planes as guessed then.

        All of them are exact where ``upto`` is at least the number of steps.
        """


@runtime_checkable
class PreviewingModel(Protocol):
    """Optional: a first picture before the first step, from what comes even earlier (``neuroc decode --preview``).

    Such as latents, from which a network predicts the picture. Where no network is needed the codec is Previewing.
    """

    def preview(self, spec: Spec, params: Any, side: Sequence[bytes]) -> Generator[Step, Ints, list[Ints]]:
        """Like ``steps``, but ends as early as there is a picture; returns the planes as guessed then."""


@runtime_checkable
class Adaptive(Protocol):
    """Optional, encoder only: chooses parameters that are to be found by looking at the picture."""

    def adapt(self, x: Samples, spec: Spec, params: Any) -> Any:
        """``params`` with every "auto" replaced by a value, for samples (H, W, C) of a whole plane group."""


class Codec(Protocol):
    """What a CodecEntry's ``codec`` import string names: makes models out of weights.

    ``params`` is a frozen dataclass whose fields are made with ``neuroc.api.param``.
    """

    params: type[Any]

    def weights_name(self, spec: Spec, params: Any) -> str:
        """The name of the weights (CodecEntry.weights) that code this kind of picture, "" for a model without any.

        Raises UsageError for parameters that do not go with it.
        """

    def cost(self, spec: Spec, params: Any) -> Cost:
        """Arithmetic, steps and memory of decoding one tile of ``spec``, without weights."""

    def model(self, weights: Any, engine: Any, spec: Spec, params: Any) -> Model:
        """The model for weights (weights.Weights) on an engine (engines.Engine); proves its bounds for spec.bits.

        Raises WeightsError if the weights do not fit, ExactnessError if a bound does not hold.
        """


@runtime_checkable
class SmallTiles(Protocol):
    """Optional capability of a codec: no tile has a side above ``largest_tile``, which is the default then."""

    largest_tile: int


@runtime_checkable
class Previewing(Protocol):
    """Optional capability of a codec: a first picture without its network (``neuroc decode --preview``)."""

    def preview(self, spec: Spec, params: Any) -> Generator[Step, Ints, Samples] | None:
        """The steps of a base picture (B, H, W, C), the first of each stream; None if there is no such picture.

        Alpha without one is shown opaque; other plane groups without one are a UsageError of the command.
        """


@runtime_checkable
class RawCodec(Protocol):
    """A codec without a network: samples in, bytes out. Built-in ``raw``; foreign codecs."""

    params: type[Any]

    def encode_tile(self, x: Samples, spec: Spec, params: Any) -> bytes:
        """Bytes for samples (H, W, C)."""

    def decode_tile(self, data: bytes, spec: Spec, params: Any) -> Samples:
        """Samples (H, W, C); raises CorruptFileError for bytes that encode_tile cannot have made."""

    def cost(self, spec: Spec, params: Any) -> Cost:
        """Arithmetic and memory of decoding ``spec``."""
