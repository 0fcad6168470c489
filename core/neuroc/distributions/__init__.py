"""What a step says about its samples, in integers (SPEC section 8).

A sample of ``bits`` bits is coded as digits, most significant first: nibbles, after a shorter first digit where
``bits`` is no multiple of four. The table of a digit follows from the cumulative distribution F at its boundaries:

    F(0) = 0 ... F(b_0) --- F(b_1) --- ... --- F(b_A) ... F(2**bits)       b_k = prefix + k * 2**(remaining bits)
    C(k) = k + floor((2**24 - A) * (F(b_k) - F(b_0)) / (F(b_A) - F(b_0)))   freq(k) = C(k+1) - C(k) >= 1

so an 8-bit sample costs 2 * 17 values of F instead of 257. Where F(b_A) = F(b_0) the digit is uniform. The
encoder needs F at two boundaries a digit only (``intervals``).
"""

from .base import Digits, Distribution, code_length, digit_bits, estimate_bits
from .coupled import CoupledMixtures, prove_coupled
from .mixture import Mixture, mean_limit, mixture_weights
from .tables import Cumulative, softmax, table

__all__ = [
    "CoupledMixtures",
    "Cumulative",
    "Digits",
    "Distribution",
    "Mixture",
    "code_length",
    "digit_bits",
    "estimate_bits",
    "mean_limit",
    "mixture_weights",
    "prove_coupled",
    "softmax",
    "table",
]
