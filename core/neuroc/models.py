"""From a codec id to a model that can run: codec, parameters, weights, engine, each loaded once per process."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from .causal import Describable, Interpreter, Runner
from .coder import Coder
from .engines import get_engine
from .errors import NeurocError, PluginBrokenError, UsageError
from .hookspecs import CodecEntry
from .model import Codec, Model, RawCodec, Spec
from .params import make_params, params_from_header
from .plugins import load_codec, load_coder, registry
from .tiles import Group
from .weights import SUFFIX, Weights, load_weights

_FEW_BYTES = 1 << 27  # activations and tables of the tiles that run in lock-step
MAX_BATCH = 64
_FEW_PIXELS = 1 << 22
_LOG = logging.getLogger("neuroc")
_MANY_TILES = 1 << 12


@dataclass(frozen=True, slots=True)
class Runtime:
    """Where models run."""

    engine: str = "auto"
    device: str = "cpu"
    weights: str | None = None  # --weights NAME|FILE
    batch: int | None = None  # tiles in lock-step; None chooses by memory
    threads: int = 1  # that an engine may use for the tiles of a batch


DEFAULT_RUNTIME = Runtime()


@dataclass(frozen=True, slots=True)
class LoadedCodec:
    """A codec with its entry and the parameters of one file."""

    entry: CodecEntry
    codec: Codec | RawCodec = field(compare=False)  # the entry tells which; its class need not be hashable
    params: Any

    @property
    def id(self) -> str:
        return self.entry.id

    def codes(self, group: Group, bits: int) -> bool:
        """Whether this codec can code a plane group; the others go to ``raw``."""
        return (
            self.id != "raw"
            and group.kind != "indices"
            and group.count in self.entry.channels
            and bits in self.entry.bits
        )


def open_codec(id: str, params: Mapping[str, object]) -> LoadedCodec:
    """The codec with keyword parameters; raises UsageError, PluginMissingError, PluginBrokenError."""
    codec = load_codec(id)
    return LoadedCodec(registry().codec(id).entry, codec, make_params(codec.params, params))


def open_codec_of_file(id: str, fields: Mapping[int, object], file: str | None) -> LoadedCodec:
    """The codec with the parameters of a header; raises HeaderError, PluginMissingError, PluginBrokenError."""
    try:
        codec = load_codec(id)
        return LoadedCodec(registry().codec(id).entry, codec, params_from_header(codec.params, fields))
    except NeurocError as error:
        error.file = error.file or file
        raise


def open_coder(id: str) -> Coder:
    """The entropy coder; raises PluginMissingError or PluginBrokenError."""
    coder: Coder = load_coder(id)
    return coder


@contextmanager
def guarded(codec_id: str) -> Iterator[None]:
    """Turn whatever a plugin raises into PluginBrokenError; neuroc's own errors pass."""
    try:
        yield
    except (NeurocError, MemoryError):
        raise
    except Exception as error:
        raise PluginBrokenError(
            f"the codec {codec_id} failed: {type(error).__name__}: {error}",
            remedy="Report it to the plugin's author; NEUROC_DEBUG=1 shows where",
        ) from error


def weights_name(loaded: LoadedCodec, spec: Spec) -> str:
    """The name of the weights for ``spec``."""
    assert not isinstance(loaded.codec, RawCodec)
    with guarded(loaded.id):
        return loaded.codec.weights_name(spec, loaded.params)


def weights_for_decoding(loaded: LoadedCodec, digest: bytes, override: str | None) -> Weights:
    """The weights that a file names; ``override`` may say where they are: a file, or a folder of files by digest."""
    path = Path(override) if override else None
    if path is not None and path.is_dir():
        path /= f"{digest.hex()}{SUFFIX}"
    return load_weights(loaded.id, digest=digest, extra=path if path and path.is_file() else None)


def open_model(loaded: LoadedCodec, weights: Weights, spec: Spec, runtime: Runtime, *, encoding: bool = False) -> Model:
    """The model for pictures like ``spec``, whatever their size; kept for the next ones.

    Encoders and decoders never share one: a model that remembers a picture would pass its own verification.
    """
    kind = replace(spec, height=1, width=1, batch=1)
    return _model(loaded, weights, kind, runtime.engine, runtime.device, encoding)


@lru_cache(maxsize=16)
def _model(loaded: LoadedCodec, weights: Weights, spec: Spec, engine: str, device: str, encoding: bool) -> Model:
    if isinstance(loaded.codec, RawCodec):
        raise UsageError(f"the codec {loaded.id} has no network")
    with guarded(loaded.id):
        return loaded.codec.model(weights, get_engine(engine, device), spec, loaded.params)


def open_runner(model: Model, spec: Spec, params: Any, runtime: Runtime) -> Runner | None:
    """What runs the model's whole loop on the engine of ``runtime``; None where the model's own steps must."""
    if not isinstance(model, Describable) or model.side_information:
        return None
    found = _interpreted(model, replace(spec, height=1, width=1, batch=1), params, runtime.engine, runtime.device)
    return None if isinstance(found, str) else found


@lru_cache(maxsize=16)
def _interpreted(model: Describable, spec: Spec, params: Any, engine: str, device: str) -> Runner | str:
    """The runner, or why there is none."""
    interpreter = get_engine(engine, device)
    if not isinstance(interpreter, Interpreter):
        return f"the engine {interpreter.id} interprets no descriptions"
    description = model.description(spec, params)
    if description is None:
        return "no description covers this kind of picture"
    found = interpreter.interpret(description)
    if isinstance(found, str):  # once for each kind of picture: it costs time and nothing else
        _LOG.warning("neuroc: note: the engine %s runs the model step by step: %s", interpreter.id, found)
    return found


def batch_size(loaded: LoadedCodec, spec: Spec, runtime: Runtime, runner: Runner | None = None) -> int:
    """Tiles of ``spec`` that run in lock-step, or that a runner is given at a time."""
    if runtime.batch is not None:
        return max(1, runtime.batch)
    if runner is not None:  # its memory is that of the tiles in flight, a few for each thread
        return max(2 * runtime.threads, min(_MANY_TILES, _FEW_PIXELS // spec.pixels))
    with guarded(loaded.id):
        peak = max(1, loaded.codec.cost(spec, loaded.params).peak_bytes)
    return max(1, min(MAX_BATCH, _FEW_BYTES // peak))
