"""The causal neighbourhoods of the networks (SPEC section 12.1)."""

from __future__ import annotations

from neuroc.exact.window import LEFT, UP, Taps

# Two rows above and two pixels to the left: known in raster order and on the wavefront t = j + 3i.
RASTER_TAPS: Taps = (
    *((-2, dj) for dj in range(-2, 3)),
    *((-1, dj) for dj in range(-2, 3)),
    (0, -2),
    LEFT,
)
# Known on the diagonal t = i + j; closed under transposition. (1, -2) and (2, -3) lie below the pixel.
DIAGONAL_TAPS: Taps = (
    UP, LEFT, (-1, -1), (-2, 0), (0, -2), (-2, -1), (-1, -2), (-2, 1), (1, -2), (-2, -2), (-3, 2), (2, -3),
)  # fmt: skip

TAPS: dict[str, Taps] = {"raster": RASTER_TAPS, "diagonal": DIAGONAL_TAPS}
