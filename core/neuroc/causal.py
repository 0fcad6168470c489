"""A causal codec as a plain description, so that an engine can run the whole loop over pixels by itself.

A model that codes sample planes as they are (analyse and synthesise only rearrange) may offer ``description``; an
engine may offer ``interpret``. Where both do, the driver hands whole tiles over::

    decode:  streams --Runner.decode--> samples        encode:  samples --Runner.encode--> streams

What a Runner writes and reads is bit for bit what the model's own steps give: the description only says in other
words what SPEC.md defines for the codec. Everything in it is an integer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from .exact.layers import Linear
from .model import Samples, Spec


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """The inputs of the network, by the neighbour rule of SPEC section 12.1.

    They are relative to ``base``, the sum of the left and upper neighbour: 2 v - base for each tap and channel,
    channels fastest; with ``levels`` then base - (2**bits - 1) for each channel; then, for a group of a channel
    (GroupedLayer), 2 s - base for the channels of the pixel before it. Of such a difference d the network sees::

        clamp((d * 2**left_shift + 2**right_shift // 2) >> right_shift, -limit, limit)
    """

    taps: tuple[tuple[int, int], ...]  # (rows down, columns right) of the pixel
    left: int  # position of the left neighbour among the taps
    up: int
    left_shift: int
    right_shift: int
    limit: int
    levels: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class GroupedLayer:
    """A layer with a group for each channel: group c is evaluated once the channels before c are known.

    Value 0 is the inputs, value n + 1 what layer n gives, its groups one after the other. Group c reads the groups 0 to
    c of ``source``, of the inputs those that are known by then. With ``added``, not 0, group c of that value is added,
    and the sum is clamped to ``lo`` ... ``hi``.
    """

    groups: tuple[Linear, ...]
    source: int
    added: int | None = None
    lo: int = 0
    hi: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class MixtureHead:
    """How outputs become mixtures (SPEC section 8.2 and 12.3): rows of ``components`` means, scales and logits for
    each channel, couplings for each pair of channels; a group of one channel has no pair::

        mean = output << offset_shift  +  prediction << centre_shift
             + (sum over channels before: coupling * (2 * sample - base) + half) >> coupling_shift
    """

    components: int
    unit: int  # a unit is 2**unit levels
    offset_shift: int
    centre_shift: int
    coupling_shift: int


@dataclass(frozen=True, slots=True, eq=False)
class SoftmaxHead:
    """2**bits logits for a channel (SPEC section 8.3), with the origin clamp(prediction >> 1, 0, 2**bits - 1)."""


@dataclass(frozen=True, slots=True, eq=False)
class CausalDescription:
    """One network with its schedule: the pixel (i, j) belongs to step j + slope * i, rows from the top in a step.

    ``slope`` 0 stands for the tile's width: one pixel a step. A step codes channel by channel, digit by digit.

    The network is a chain whose outputs serve all channels, or layers with a group for each channel. The head takes the
    outputs of the last layer. The ``prediction`` of a channel, twice a sample, is its base; if ``chained``, for all but
    the first plus 2 * sample - base of the channel before.
    """

    channels: int
    bits: int
    slope: int
    context: Context
    layers: tuple[Linear | GroupedLayer, ...]  # all of one kind
    head: MixtureHead | SoftmaxHead
    chained: bool = False


@runtime_checkable
class Describable(Protocol):
    """Optional capability of a model; the model must be hashable."""

    def description(self, spec: Spec, params: Any) -> CausalDescription | None:
        """What the model computes for ``spec``, whatever its size and batch; None if no description covers it."""


class Runner(Protocol):
    """A description made ready to run. Holds no state of any picture."""

    @property
    def coders(self) -> tuple[str, ...]:
        """Ids of the entropy coders that it knows."""

    def encode(self, x: Samples, coder: str, threads: int = 1) -> list[bytes]:
        """One stream for each tile of the samples (B, H, W, C)."""

    def decode(
        self,
        streams: Sequence[bytes | memoryview],
        spec: Spec,
        coder: str,
        threads: int = 1,
        progress: Callable[[int], None] | None = None,
    ) -> Samples:
        """Samples (B, H, W, C); raises StreamError as the decoders of neuroc.coder do.

        ``progress`` gets the number of further pixels that are done.
        """


@runtime_checkable
class Interpreter(Protocol):
    """Optional capability of an engine."""

    def interpret(self, description: CausalDescription) -> Runner | str:
        """A runner, or the reason why there is none: then the model's own steps run."""
