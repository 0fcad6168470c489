"""The order in which pixels are decoded (SPEC section 12.4).

    serial      t = W i + j     one pixel a step
    wavefront   t = j + 3 i     W + 3 (H-1) steps, the same contexts as serial
    diagonal    t = i + j       H + W - 1 steps, contexts of its own

Pixels of one step are independent given the earlier ones; within a step they are coded from the top row down.
"""

from __future__ import annotations

from neuroc.exact.window import Order, Taps, pixel_order

SCHEDULES = ("wavefront", "serial", "diagonal")
SLOPES = {"wavefront": 3, "serial": 0, "diagonal": 1}  # t = j + slope * i; 0 stands for the width


def step_count(schedule: str, height: int, width: int) -> int:
    """Sequential steps of a tile."""
    return width + (SLOPES[schedule] or width) * (height - 1)


def order(schedule: str, height: int, width: int, taps: Taps) -> Order:
    """The order of a tile."""
    return pixel_order(SLOPES[schedule] or width, height, width, taps)
