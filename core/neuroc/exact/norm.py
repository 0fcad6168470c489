"""RMS norm of the features of a place in integers (SPEC section 10.6).

    S = sum x**2                                         over the n features
    r = floor(sqrt(floor(n * 2**44 / (S + n * 2**6))))   2**22 / rms
    y = (x * r + 2**13) >> 14                            x / rms with 8 fraction bits

Whatever the features are, |x| <= sqrt(S): so |x * r| <= 2**22 * sqrt(n), and |y| is at most about 2**8 * sqrt(n). The
square root is a float64 one, corrected by integer comparisons.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ExactnessError

NUMERATOR_BITS = 44
FLOOR_BITS = 6  # 2**6 is added to the mean square: 2**-10 of one
SHIFT = 14


@dataclass(frozen=True, slots=True)
class RmsNorm:
    """The norm of ``features`` integers of magnitude at most ``largest``; proved when it is made."""

    features: int
    largest: int

    def __post_init__(self) -> None:
        n = self.features
        if not 0 < n < 1 << 62 - NUMERATOR_BITS:
            raise ExactnessError(f"a norm of {n} features")
        if not 0 < self.largest < 1 << 15 or n * (self.largest**2 + (1 << FLOOR_BITS)) >= 1 << 31:
            raise ExactnessError(f"the squares of {n} features up to {self.largest} do not fit 32 bits")
        root = isqrt(1 << NUMERATOR_BITS - FLOOR_BITS)  # no features at all
        if max(root, (isqrt(n) + 1) << NUMERATOR_BITS // 2) + (1 << SHIFT - 1) >= 1 << 31:
            raise ExactnessError(f"the products of a norm of {n} features do not fit 32 bits")

    @property
    def limit(self) -> int:
        """What no output exceeds in magnitude."""
        return isqrt(self.features << 2 * (NUMERATOR_BITS // 2 - SHIFT)) + 1

    def __call__(self, x: NDArray[Any]) -> NDArray[np.int32]:
        """Outputs (rows, features) for inputs (rows, features), integers in any type."""
        y: NDArray[np.int32] = x.astype(np.int32)
        squares = np.einsum("ij,ij->i", y, y).astype(np.int64)
        quotient = (self.features << NUMERATOR_BITS) // (squares + (self.features << FLOOR_BITS))
        y *= integer_root(quotient).astype(np.int32)[:, None]
        y += np.int32(1 << SHIFT - 1)
        y >>= np.int32(SHIFT)
        return y


def integer_root(x: NDArray[np.int64]) -> NDArray[np.int64]:
    """floor(sqrt(x)) of x from 0 to 2**52."""
    root = np.sqrt(x.astype(np.float64)).astype(np.int64)
    root -= root * root > x
    root += (root + 1) * (root + 1) <= x
    return root
