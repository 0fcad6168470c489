"""Numbers of the other byte order are taken for what they mean, so a file is the same on big-endian machines.

conformance/architectures runs everything on such a machine; these tests swap bytes where this one can.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import neuroc
from naturalpictures import natural
from neuroc import safetensors

SOURCES = [*Path(neuroc.__file__).parent.rglob("*.py"), *Path(__file__).parents[1].glob("plugins/*/neuroc_*/*.py")]
NATIVE = re.compile(r"np\.(u?int(16|32|64|p)|float(16|32|64))")
SWAPPED = {"I16": ">i2", "I32": ">i4", "I64": ">i8", "F32": ">f4"}


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_of_the_other_byte_order_gives_the_same_file(channels: int) -> None:
    x = natural(9, 11, channels, 16)
    for order in ("<u2", ">u2"):
        assert neuroc.encode(x.astype(order), plugin="raw") == neuroc.encode(x, plugin="raw")


@pytest.mark.parametrize("code", SWAPPED)
def test_weights_have_the_order_of_the_machine_whatever_the_order_of_the_file(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.arange(-3, 300, 7).astype(safetensors.DTYPES[code])
    data = safetensors.serialise({"x": values.astype(SWAPPED[code])})
    assert data == safetensors.serialise({"x": values})
    # With its bytes swapped the file is to this machine what it is to one of the other order as it stands.
    monkeypatch.setitem(safetensors.DTYPES, code, SWAPPED[code])
    found = safetensors.parse(data[: -values.nbytes] + values.astype(SWAPPED[code]).tobytes())[0]["x"]
    assert found.dtype.isnative
    assert found.tolist() == values.tolist()


def test_no_buffer_is_read_in_the_order_of_the_machine() -> None:
    """np.frombuffer takes a type that says its order, or one of single bytes."""
    native = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.frombuffer", "np.fromfile"):
                types = [k.value for k in node.keywords if k.arg == "dtype"] + node.args[1:2]
                if not types or NATIVE.fullmatch(ast.unparse(types[0])):
                    native.append(f"{path.name}:{node.lineno}")
    assert not native
