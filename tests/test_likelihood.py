"""The loss of training is the code length of a distribution: its probabilities add up to one."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")


def test_mixtures_are_distributions_over_256_values() -> None:
    from neuroc.train.likelihood import mixture_bits

    generator = torch.Generator().manual_seed(1)
    means, scales, logits = torch.randn(3, 20, 1, 3, generator=generator, dtype=torch.float64)
    for lowest, centre in ((0, 128.0), (-128, 0.0)):
        x = torch.arange(lowest, lowest + 256, dtype=torch.float64).expand(20, 256)
        distance = x[..., None] - (centre + 60 * means)
        bits = mixture_bits(distance, 3 * scales - 2, logits, x, lowest, lowest + 255)
        assert torch.allclose(torch.exp2(-bits).sum(1), torch.ones(20, dtype=torch.float64))
        assert float(bits.max()) <= 20.0


def test_blue_follows_red_and_green() -> None:
    from neuroc.train.likelihood import coupled_bits

    outputs = torch.zeros(1, 3 * 3 + 3)  # one logistic a channel, then three couplings
    outputs[:, 3:6] = 1.0
    outputs[:, 9:] = torch.tensor([[1.0, 0.5, 0.5]])
    centre = torch.full((1, 3), 100.0)
    follows = coupled_bits(outputs, centre, torch.tensor([[110.0, 110.0, 110.0]]), 1, 4)
    strays = coupled_bits(outputs, centre, torch.tensor([[110.0, 100.0, 100.0]]), 1, 4)
    # Inverse scale 2: the value at the mean has a share of sigmoid(1) - sigmoid(-1) = tanh(1/2).
    assert follows[0, 1:].tolist() == pytest.approx([-math.log2(math.tanh(0.5))] * 2, abs=1e-3)
    assert float(strays[0, 1:].min()) > 10.0
