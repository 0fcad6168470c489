"""The neighbourhoods of the masked layers (SPEC section 14.1)."""

from __future__ import annotations

from neuroc.exact.window import Taps

CENTRE: Taps = ((0, 0),)


def causal_taps(radius: int) -> Taps:
    """Rows above, top first, 2 * radius + 1 wide, and ``radius`` pixels to the left: the window of mask A."""
    above = ((di, dj) for di in range(-radius, 0) for dj in range(-radius, radius + 1))
    return (*above, *((0, dj) for dj in range(-radius, 0)))
