"""The order in which pixels are decoded (SPEC section 14.5).

    raster      t = W i + j     one pixel a step
    wavefront   t = j + 4 i     W + 4 (H-1) steps, the same contexts and so the same rate

A window of radius 3 ends three columns to the right, so a row may follow the one above it at a distance of four.
Pixels of one step are independent given the earlier ones; within a step they are coded from the top row down.
"""

from __future__ import annotations

from neuroc.exact.window import Order, Taps, pixel_order

from .network import RADIUS

SCHEDULES = ("wavefront", "raster")
SLOPE = RADIUS + 1


def step_count(schedule: str, height: int, width: int) -> int:
    """Sequential steps of a tile, three stages each in colour."""
    return height * width if schedule == "raster" else width + SLOPE * (height - 1)


def order(schedule: str, height: int, width: int, taps: Taps) -> Order:
    """The order of a tile."""
    return pixel_order(width if schedule == "raster" else SLOPE, height, width, taps)
