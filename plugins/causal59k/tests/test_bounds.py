"""The head's integers are bounded from the clamps of its outputs, before anything runs."""

from __future__ import annotations

import pytest

from neuroc.api import ExactnessError
from neuroc_causal59k import head
from neuroc_causal59k.codec import MAX_UNIT
from neuroc_causal59k.network import VARIANTS, Variant


@pytest.mark.parametrize("name", list(VARIANTS))
@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_the_means_of_every_network_fit(name: str, bits: int) -> None:
    head.prove_head(VARIANTS[name], bits, MAX_UNIT)


def test_clamps_that_leave_too_much_room_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Variant.head_clamps
    monkeypatch.setattr(Variant, "head_clamps", lambda v: tuple(64 * c for c in honest(v)))
    for bits in (8, 16):
        with pytest.raises(ExactnessError, match="rgb"):
            head.prove_head(VARIANTS["rgb"], bits, MAX_UNIT)
