from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_I32 = NDArray[np.int32]
_Layer = tuple[NDArray[np.int16], _I32, _I32, _I32, _I32]

class Unsupported(ValueError): ...

def kernels() -> list[str]: ...

class Dense:
    def __init__(self, kernel: str, layers: list[_Layer], lo: _I32, hi: _I32) -> None: ...
    def run(self, x: _I32, y: _I32) -> None: ...

class Runner:
    def __init__(self, kernel: str, description: dict[str, Any]) -> None: ...
    def encode8(
        self, x: NDArray[np.uint8], coder: str, threads: int, progress: Callable[[int], None] | None
    ) -> list[bytes]: ...
    def encode16(
        self, x: NDArray[np.uint16], coder: str, threads: int, progress: Callable[[int], None] | None
    ) -> list[bytes]: ...
    def decode8(
        self,
        streams: Sequence[bytes],
        y: NDArray[np.uint8],
        coder: str,
        threads: int,
        progress: Callable[[int], None] | None,
    ) -> list[str | None]: ...
    def decode16(
        self,
        streams: Sequence[bytes],
        y: NDArray[np.uint16],
        coder: str,
        threads: int,
        progress: Callable[[int], None] | None,
    ) -> list[str | None]: ...
