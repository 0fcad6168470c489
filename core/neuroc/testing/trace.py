"""Runs ``steps`` with given symbols and records what each step says; checks that it keeps to the protocol."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..model import Ints, Model, Spec, Step
from .contracts import broken, require


class Recorded(NamedTuple):
    """One step, and the symbols that it was given."""

    number: int
    step: Step
    symbols: Ints  # (B, n)

    def __str__(self) -> str:
        sites = self.step.sites
        shown = ", ".join(map(str, sites[:4].tolist())) + (", ..." if len(sites) > 4 else "")
        return f"step {self.number} (plane {self.step.plane}, sites {shown})"

    def tables(self, symbols: Ints | None = None) -> list[NDArray[Any]]:
        """The frequencies (B * n, alphabet) of each digit on the way to ``symbols`` (B, n), by default those given."""
        flat = (self.symbols if symbols is None else symbols).reshape(-1).astype(np.int32)
        remaining = sum(self.step.dist.digits)
        found = []
        for digit, width in enumerate(self.step.dist.digits):
            found.append(np.asarray(self.step.dist.tables(digit, flat >> np.int32(remaining))))
            remaining -= width
        return found


def run(
    model: Model, planes: Sequence[Ints], side: Sequence[bytes], spec: Spec, params: Any
) -> Generator[Recorded, None, Any]:
    """Each step, while it is current; returns what ``steps`` returns."""
    generator = model.steps(spec, params, side)
    number = 0
    try:
        step = next(generator)
        while True:
            _check(step, number, planes)
            symbols = np.ascontiguousarray(planes[step.plane][:, step.sites], dtype=np.int32)
            yield Recorded(number, step, symbols.copy())
            step = generator.send(symbols)
            number += 1
    except StopIteration as end:
        return end.value


def _check(step: Step, number: int, planes: Sequence[Ints]) -> None:
    if not isinstance(step, Step):
        broken("coverage", f"step {number} is {type(step).__name__} and not a Step")
    plane, sites = step.plane, np.asarray(step.sites)
    require(plane in range(len(planes)), "coverage", f"step {number} is about plane {plane} of {len(planes)}")
    require(
        sites.ndim == 1 and np.issubdtype(sites.dtype, np.integer),
        "coverage",
        f"the sites of step {number} are not an array (n,) of integers but {sites.dtype}{list(sites.shape)}",
    )
    size = planes[plane].shape[1]
    outside = sites[(sites < 0) | (sites >= size)]
    require(not len(outside), "coverage", f"step {number} names site {outside[:1]} of a plane of {size}")
