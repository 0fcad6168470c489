"""Coupled mixtures have the means of their definition; what does not fit is refused (SPEC sections 15.5 and 16.5)."""

from __future__ import annotations

import numpy as np
import pytest

from neuroc.api import CoupledMixtures, ExactnessError, mixture_weights, prove_coupled

K = 3


@pytest.mark.parametrize(("bits", "unit"), [(4, -4), (8, 0), (16, 8)])
def test_every_channel_is_drawn_along_by_those_before_it(bits: int, unit: int) -> None:
    random = np.random.default_rng(bits)
    coarser, n = max(0, unit), 7
    outputs = np.concatenate(
        [random.integers(-limit, limit, (n, count)) for limit, count in ((16383, 9), (600, 9), (4095, 9), (1023, 9))],
        axis=1,
        dtype=np.int32,
    )
    top = 255 * 16 << coarser
    centre, samples = (random.integers(0, top, (n, 3)).astype(np.int32) for _ in range(2))
    mixtures = CoupledMixtures(outputs, centre, K, bits, unit)
    for channel in range(3):
        for row in range(n):
            out, z, x = outputs[row].tolist(), centre[row].tolist(), samples[row].tolist()
            for j in range(K):
                first = channel * (channel - 1) // 2
                pulled = sum(out[27 + K * (first + e) + j] * (x[e] - z[e]) for e in range(channel))
                mean = (out[K * channel + j] << coarser) + z[channel] + ((pulled + 128) >> 8)
                assert int(mixtures.means(channel)[row, j]) == mean
        assert np.array_equal(mixtures.weights(channel), mixture_weights(outputs[:, 18 + 3 * channel :][:, :3]))
        assert mixtures.mixture(channel).n == n
        mixtures.know(samples[:, channel])


def test_means_that_do_not_fit_are_refused() -> None:
    prove_coupled("some", 3, 16383, 1023, (-1024, 5104), 8, 8)
    prove_coupled("some", 3, 16383, 1023, (-1024 << 8, 5104 << 8), 16, 8)
    for offset, coupling, centre in ((1 << 19, 0, 0), (0, 1 << 19, 5104), (0, 0, 1 << 19)):
        with pytest.raises(ExactnessError, match="means of some"):
            prove_coupled("some", 3, offset, coupling, (0, centre), 8, 8)
