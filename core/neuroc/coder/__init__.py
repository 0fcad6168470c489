"""Entropy coders: integer intervals and tables to bytes and back (SPEC section 7).

A symbol is an interval [start, start + freq) of [0, 2**24). The encoder is given intervals, the decoder is given
whole tables and finds the interval that the stream points at::

    coder = get_coder("rans24")
    encoder = coder.encoder()
    encoder.encode(start, freq)          # (n,) and (n,), in decoding order; as often as needed
    data = encoder.finish()
    decoder = coder.decoder(data)
    symbols = decoder.decode(freqs)      # (n, alphabet) -> (n,)
    decoder.finish()                     # raises StreamError unless data is what the encoder writes for these symbols

``rans24`` and ``range24`` exist twice: a plain reference (modules of these names) and a fast one over constriction
(module ``fast``). Both write the same bytes; the environment variable NEUROC_PLAIN_CODER selects the reference.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from ..errors import PluginBrokenError, PluginMissingError

if TYPE_CHECKING:  # numpy only where something is coded
    import numpy as np
    from numpy.typing import NDArray

PRECISION = 24
TOTAL = 1 << PRECISION
BUILTIN = ("rans24", "range24")


class Encoder(Protocol):
    """Writes one stream."""

    def encode(self, start: NDArray[np.uint32], freq: NDArray[np.uint32]) -> None:
        """Append n symbols: ``start`` and ``freq`` (n,), freq >= 1, start + freq <= 2**24; else ValueError.

        A symbol with freq == 2**24 costs nothing.
        """

    def finish(self) -> bytes:
        """The stream: b"" where nothing was to be coded, else a multiple of 4 bytes. Call it once."""


class Decoder(Protocol):
    """Reads one stream."""

    def decode(self, freqs: NDArray[Any]) -> NDArray[np.int32]:
        """The next n symbols (n,) from integer tables ``freqs`` (n, alphabet): all >= 1, rows sum to 2**24.

        Raises StreamError where the stream has ended or points outside the tables. A damaged stream otherwise gives
        wrong symbols until ``finish``.
        """

    def finish(self) -> None:
        """Raise StreamError unless the stream is byte for byte what the encoder writes for the decoded symbols."""


class Coder(Protocol):
    """A kind of stream; stateless."""

    @property
    def id(self) -> str:
        """The name that stands in files."""

    def encoder(self) -> Encoder:
        """A new, empty stream."""

    def decoder(self, data: bytes) -> Decoder:
        """A reader of ``data``; raises StreamError where no stream can look like this."""


def get_coder(id: str, *, fast: bool | None = None) -> Coder:
    """The built-in coder ``id``.

    ``fast=None`` takes the one over constriction where that is installed and NEUROC_PLAIN_CODER is not set.
    Raises PluginMissingError for an unknown id, or with ``fast=True`` where constriction is missing; PluginBrokenError
    with ``fast=True`` where the installed constriction does not produce this format.
    """
    if id not in BUILTIN:
        raise PluginMissingError(
            f"no entropy coder {id!r} is installed",
            remedy=f"Built in are {', '.join(BUILTIN)}; others come with plugins",
        )
    if fast is None:
        fast = not os.environ.get("NEUROC_PLAIN_CODER") and _constriction() == "ok"
    elif fast and (state := _constriction()) != "ok":
        kind = PluginMissingError if state == "missing" else PluginBrokenError
        raise kind(f"the fast {id} needs constriction, which is {state} here", remedy="pip install constriction==0.5.0")
    if fast:
        return cast(Coder, getattr(importlib.import_module(f"{__name__}.fast"), id.upper()))
    return cast(Coder, importlib.import_module(f"{__name__}.{id}").PLAIN)


@functools.cache
def _constriction() -> str:
    """``ok``, ``missing``, or ``unusable`` (it cannot be loaded, or another version quantises differently)."""
    try:
        if importlib.util.find_spec("constriction") is None:
            return "missing"
        fast = importlib.import_module(f"{__name__}.fast")
        return "ok" if fast.matches_reference() else "unusable"
    except Exception:  # whatever is wrong with an optional library, the reference still works
        return "unusable"


@dataclass(frozen=True, slots=True)
class BuiltinCoder:
    """What is registered: a Coder that chooses its implementation when a stream is opened."""

    id: str

    def encoder(self) -> Encoder:
        """See Coder."""
        return get_coder(self.id).encoder()

    def decoder(self, data: bytes) -> Decoder:
        """See Coder."""
        return get_coder(self.id).decoder(data)
