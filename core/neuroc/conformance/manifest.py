"""The manifest of the vectors: where it is found, what an entry says, and that its files are the ones it means."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import CorruptFileError, PluginMissingError, StorageError

PACKAGE = "neuroc_conformance"
DISTRIBUTION = "neuroc-conformance"
VERSION = 1
KINDS = ("file", "reject", "unit")


@dataclass(frozen=True, slots=True)
class Vector:
    """One entry; fields that its kind does not have keep their defaults."""

    name: str
    kind: str  # one of KINDS
    path: str  # below the folder of the manifest
    sha256: str  # of the file, 64 hex digits
    about: str
    codec: str = ""  # what must be installed to run it; "" for units
    draft: bool = False  # may be replaced until the codec's first release
    pixels: str = ""  # file: the pixel digest, 32 hex digits
    tables: tuple[str, ...] = ()  # file: the digest of the tables of each coded stream (trace.py)
    metadata: str = ""  # file with records: their digest, 32 hex digits
    error: str = ""  # reject: error code of SPEC section 13
    exit: int = 0  # reject: its exit code
    also: tuple[str, ...] = ()  # reject: codes that other decoders may as well report
    layer: str = ""  # unit: one of units.LAYERS

    def compare_tables(self, found: Sequence[str]) -> str:
        """What is wrong with the digests of the tables of this file, or ""."""
        if len(found) != len(self.tables):
            return f"has {len(found)} coded streams, not {len(self.tables)}"
        wrong = [i for i, (a, b) in enumerate(zip(found, self.tables, strict=True)) if a != b]
        return f"the tables of stream {wrong[0]} are others ({len(wrong)} of {len(found)} streams)" if wrong else ""


@dataclass(frozen=True, slots=True)
class Suite:
    """Vectors and the folder that holds them."""

    root: Path
    vectors: tuple[Vector, ...]

    @property
    def weights(self) -> Path:
        """The folder of the weights that the vectors need."""
        return self.root / "weights"

    def read(self, vector: Vector) -> bytes:
        """The bytes of a vector; raises StorageError, or CorruptFileError if they are not those of the manifest."""
        path = self.root / vector.path
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StorageError(f"cannot be read: {error.strerror}", file=str(path)) from None
        if hashlib.sha256(data).hexdigest() != vector.sha256:
            raise CorruptFileError(
                "not the file that the manifest names (SHA-256)", remedy="Install the vectors again", file=str(path)
            )
        return data


def load_suite(folder: Path | None = None) -> Suite:
    """The vectors in ``folder``, by default those of the installed distribution neuroc-conformance.

    Raises PluginMissingError if it is not installed, StorageError, or CorruptFileError for what is no manifest.
    """
    root = _installed() if folder is None else folder
    path = root / "manifest.json"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"cannot be read: {error.strerror}", remedy="Name the folder that holds manifest.json", file=str(path)
        ) from None
    except UnicodeDecodeError:
        raise _bad(path, "not UTF-8") from None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad(path, str(error)) from None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise _bad(path, f"not a manifest of version {VERSION}")
    entries = document.get("vectors")
    if not isinstance(entries, list):
        raise _bad(path, "no list of vectors")
    vectors = tuple(_vector(entry, path) for entry in entries)
    if len({v.name for v in vectors}) < len(vectors):
        raise _bad(path, "two vectors have the same name")
    return Suite(root, vectors)


def _vector(entry: Any, path: Path) -> Vector:
    """An entry of the manifest; fields of later versions are passed over."""
    if not isinstance(entry, Mapping):
        raise _bad(path, "a vector is not an object")
    known = {name: entry[name] for name in Vector.__slots__ if name in entry}
    try:
        known |= {name: tuple(known.get(name, ())) for name in ("tables", "also")}
        vector = Vector(**known)
    except TypeError:
        raise _bad(path, f"a field of the vector {entry.get('name')!r} is missing or of another type") from None
    texts = [vector.name, vector.path, vector.sha256, vector.error, vector.pixels, vector.metadata, vector.codec]
    texts += [vector.layer, *vector.tables, *vector.also]
    if vector.kind not in KINDS or not all(isinstance(t, str) for t in texts):
        raise _bad(path, f"the vector {vector.name!r} is of no known kind")
    inside = PurePosixPath(vector.path)
    if inside.is_absolute() or ".." in inside.parts:
        raise _bad(path, f"the path of the vector {vector.name!r} leaves its folder")
    return vector


def _installed() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        return Path(place)
    raise PluginMissingError(
        "the conformance vectors are not installed",
        remedy=f"Install them: pip install {DISTRIBUTION}, in a checkout pip install ./conformance"
        "; or name their folder with --vectors",
    )


def _bad(path: Path, why: str) -> CorruptFileError:
    return CorruptFileError(f"no manifest of conformance vectors: {why}", file=str(path))
