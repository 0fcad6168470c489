"""neuroc: lossless image compression with neural networks, exact on every machine.

    import neuroc
    data = neuroc.encode(image)          # numpy array, Pillow image or neuroc.Picture
    picture = neuroc.decode(data)        # picture.to_array(), picture.to_pillow(), picture.metadata
    neuroc.info(data).plugin

Importing this package loads no model and neither torch nor Pillow; names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import NeurocError
    from .inspection import FileInfo, info
    from .limits import Limits
    from .picture import Picture, Record
    from .pixels import read_picture, write_picture
    from .public import decode, decode_many, decode_partly, encode, encode_many, salvage, verify

_HOME = {
    "FileInfo": "inspection",
    "Limits": "limits",
    "NeurocError": "errors",
    "Picture": "picture",
    "Record": "picture",
    "decode": "public",
    "decode_many": "public",
    "decode_partly": "public",
    "encode": "public",
    "encode_many": "public",
    "info": "inspection",
    "read_picture": "pixels",
    "salvage": "public",
    "verify": "public",
    "write_picture": "pixels",
}

__all__ = [
    "FileInfo",
    "Limits",
    "NeurocError",
    "Picture",
    "Record",
    "decode",
    "decode_many",
    "decode_partly",
    "encode",
    "encode_many",
    "info",
    "read_picture",
    "salvage",
    "verify",
    "write_picture",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return importlib.import_module(f"{__name__}.encoder").software_version()
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
