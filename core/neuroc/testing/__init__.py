"""The test suite of a codec in one line, for authors of plugins (docs/writing-a-plugin.md, "Contracts").

    # tests/test_codec.py
    from neuroc.testing import suite

    TestCodec = suite("mycodec")

or without any file, for a plugin that is installed: ``pytest --neuroc-codec mycodec``. It needs
``pip install 'neuroc-codec[testing]'``; importing this package imports neither pytest nor Hypothesis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .contracts import CONTRACTS, ContractBroken

if TYPE_CHECKING:
    from .suites import suite

__all__ = ["CONTRACTS", "ContractBroken", "suite"]


def __getattr__(name: str) -> Any:
    if name == "suite":  # it needs pytest and Hypothesis
        from .suites import suite

        return suite
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
