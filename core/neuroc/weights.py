"""Content-addressed weights: found in the plugin, in NEUROC_WEIGHTS, in the user's data directory (SPEC section 10).

A file is named by its digest wherever it lies and is checked against it on every load, so a picture can never be
decoded with other weights than its header states. Nothing is downloaded.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from . import safetensors
from .digests import digest as digest_of
from .errors import StorageError, WeightsError, WeightsMissingError
from .hookspecs import CodecEntry, WeightsEntry
from .plugins import Registry, registry
from .storage import read_at_most

ENVIRONMENT = "NEUROC_WEIGHTS"  # directories, separated as in PATH
SUFFIX = ".safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The tensors of one network. Read-only; ``digest`` stands in every file that they code, and is their identity."""

    name: str
    digest: bytes  # 16 bytes
    tensors: Mapping[str, NDArray[Any]]
    meta: Mapping[str, str] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Weights) and (self.name, self.digest) == (other.name, other.digest)

    def __hash__(self) -> int:
        return hash((self.name, self.digest))


NO_WEIGHTS = Weights("", b"", {})  # of a model that has none


@dataclass(frozen=True, slots=True)
class WeightsInfo:
    """One line of ``neuroc weights list``."""

    codec: str  # "" for a file that no installed plugin names
    name: str
    digest: str  # 32 hex digits
    source: str  # "package", "hook", "environment" or "user"
    path: Path | None  # None if the plugin's file is not there


def read_weights(path: Path, name: str = "", digest: bytes | None = None) -> Weights:
    """Weights from a file; raises WeightsError if damaged or not of this digest, StorageError if unreadable."""
    data = _read(path)
    found = digest_of(data)
    if digest is not None and found != digest:
        raise WeightsError(
            f"the weights have digest {found.hex()}, not {digest.hex()}",
            file=str(path),
            remedy="The file is damaged or is another version: install it again",
        )
    tensors, meta = safetensors.parse(data, str(path))
    return Weights(name=name or meta.get("name", path.stem), digest=found, tensors=tensors, meta=meta)


def load_weights(
    codec_id: str,
    *,
    digest: bytes | None = None,
    name: str | None = None,
    extra: Path | None = None,
    plugins: Registry | None = None,
) -> Weights:
    """The weights of a codec by digest (decoding) or by name (encoding).

    Looks at ``extra`` (a file that the user named), the plugin's package, the hook's packages, NEUROC_WEIGHTS and the
    user's directory, in this order. Raises WeightsMissingError, or WeightsError if the only candidates are damaged.
    """
    known = plugins or registry()
    origin = known.codec(codec_id)
    entries = _entries(known, origin.entry)
    if digest is None:
        named = [e for e, _, _ in entries if e.name == name]
        if not named:
            names = ", ".join(e.name for e, _, _ in entries) or "none"
            raise WeightsMissingError(f"{codec_id} has no weights called {name!r}", remedy=f"Its weights: {names}")
        digest = bytes.fromhex(named[0].digest)
    candidates = [extra] if extra is not None else []
    candidates += [p for e, package, _ in entries if e.digest == digest.hex() and (p := _in_package(package, e.path))]
    label = next((e.name for e, _, _ in entries if e.digest == digest.hex()), name or "")
    damaged: WeightsError | None = None
    for path in itertools.chain(candidates, _in_directories(digest)):
        try:
            return read_weights(path, label, digest)
        except WeightsError as e:
            damaged = damaged or e
        except StorageError:
            continue
    if damaged is not None:
        raise damaged
    raise WeightsMissingError(
        f"the weights {digest.hex()} of {codec_id} are not installed",
        remedy=f"Upgrade the plugin (pip install -U {origin.distribution}) or add the file: neuroc weights add FILE",
    )


def resolve_weights(
    codec_id: str, spec_name: str, override: str | None = None, plugins: Registry | None = None
) -> Weights:
    """Encoder: the weights called ``spec_name``, or what ``--weights NAME|FILE`` says.

    Weights whose metadata has another "name" than ``spec_name`` are for another kind of picture (the colour weights of
    a picture whose alpha has its own): the default stands then. Raises WeightsMissingError where the codec has no
    default, and where ``override`` names weights that are nowhere.
    """
    if override is not None:
        weights = chosen_weights(codec_id, override, plugins)
        if weights.meta.get("name", spec_name) == spec_name:
            return weights
    return load_weights(codec_id, name=spec_name, plugins=plugins)


def chosen_weights(codec_id: str, override: str, plugins: Registry | None = None) -> Weights:
    """What ``--weights NAME|FILE`` names; raises WeightsMissingError or WeightsError."""
    path = Path(override)
    if path.suffix != SUFFIX and len(path.parts) == 1 and not path.is_file():
        if re.fullmatch(r"[0-9a-f]{32}", override):
            weights = load_weights(codec_id, digest=bytes.fromhex(override), plugins=plugins)
        else:
            weights = load_weights(codec_id, name=override, plugins=plugins)
    else:
        weights = read_weights(path)
    if weights.meta.get("codec", codec_id) != codec_id:
        raise WeightsError(f"these weights are of the codec {weights.meta['codec']!r}, not {codec_id}", file=override)
    return weights


def list_weights(plugins: Registry | None = None) -> list[WeightsInfo]:
    """Everything that plugins name and that lies in the weights directories."""
    known = plugins or registry()
    found = []
    for codec_id in sorted(known.codecs):
        for entry, package, source in _entries(known, known.codecs[codec_id].entry):
            path = _in_package(package, entry.path)
            found.append(WeightsInfo(codec_id, entry.name, entry.digest, source, path))
    labels = {w.digest: (w.codec, w.name) for w in found}
    for source, directory in _directories():
        for path in _files(directory):
            with contextlib.suppress(StorageError, WeightsError):
                value = path.stem if re.fullmatch(r"[0-9a-f]{32}", path.stem) else digest_of(_read(path)).hex()
                codec, name = labels.get(value, ("", path.stem))
                found.append(WeightsInfo(codec, name, value, source, path))
    return found


def add_weights(path: Path) -> Path:
    """Copy a weights file into the user's directory under its digest, atomically; returns where it is now."""
    data = _read(path)
    safetensors.parse(data, str(path))
    directory = user_directory()
    target = directory / (digest_of(data).hex() + SUFFIX)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=directory, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as f:
                f.write(data)
                f.flush()
                os.fsync(f.fileno())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as e:
        raise StorageError(f"cannot be written: {e.strerror}", file=str(target)) from None
    return target


def verify_weights(plugins: Registry | None = None) -> list[tuple[str, bool, str]]:
    """(file, sound, error) for everything in list_weights()."""
    results = []
    for w in list_weights(plugins):
        if w.path is None:
            results.append((f"{w.codec}:{w.name}", False, f"the file of the weights {w.digest} is missing"))
            continue
        try:
            read_weights(w.path, w.name, bytes.fromhex(w.digest))
        except (WeightsError, StorageError) as e:
            results.append((str(w.path), False, e.message))
        else:
            results.append((str(w.path), True, ""))
    return results


def user_directory() -> Path:
    """Where ``neuroc weights add`` puts files."""
    import platformdirs

    return Path(platformdirs.user_data_dir("neuroc", appauthor=False)) / "weights"


def _entries(known: Registry, entry: CodecEntry) -> list[tuple[WeightsEntry, str, str]]:
    """(entry, package, source) of a codec: the plugin's own, then what neuroc_register_weights adds."""
    module = entry.codec.partition(":")[0]
    package = module.rpartition(".")[0] or module
    own = [(w, package, "package") for w in entry.weights]
    return own + [(w, package, "hook") for codec, w, package in known.weights if codec == entry.id]


def _in_package(package: str, path: str) -> Path | None:
    """The file in an installed package, found without importing the package itself."""
    try:
        spec = importlib.util.find_spec(package)
    except Exception:  # a parent package that fails on import
        return None
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (file := Path(place) / path).is_file():
            return file
    return None


def _directories() -> list[tuple[str, Path]]:
    named = [("environment", Path(p)) for p in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if p]
    return [*named, ("user", user_directory())]


def _files(directory: Path) -> list[Path]:
    try:
        return sorted(p for p in directory.iterdir() if p.suffix == SUFFIX and p.is_file())
    except OSError:
        return []


def _in_directories(digest: bytes) -> Iterator[Path]:
    """Files that carry the digest as their name, then files of NEUROC_WEIGHTS under other names that have it."""
    for _, directory in _directories():
        if (path := directory / (digest.hex() + SUFFIX)).is_file():
            yield path
    for source, directory in _directories():
        for path in _files(directory) if source == "environment" else ():
            with contextlib.suppress(StorageError, WeightsError):  # somebody else's file, or no weights file at all
                if digest_of(_read(path)) == digest:
                    yield path


def _read(path: Path) -> bytes:
    try:
        data = read_at_most(path, safetensors.MAX_FILE)
        if len(data) > safetensors.MAX_FILE:
            raise WeightsError(f"larger than {safetensors.MAX_FILE} bytes: not a weights file", file=str(path))
        return data
    except OSError as e:
        raise StorageError(f"cannot be read: {e.strerror}", file=str(path)) from None
