"""Codecs side by side on the same pictures: bytes, speed and memory, each in a fresh process with one thread.

Every result is verified: a contender whose decoder does not give the samples back is an error, not a row.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import NeurocError, PluginBrokenError, StorageError, UsageError, VerificationError
from .limits import DEFAULT_LIMITS, Limits
from .processes import interrupts_ignored

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from .picture import Picture

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
WARM_UP = 32  # pixels: side of the corner that is coded first, so that loading a network is not timed


@dataclass(frozen=True, slots=True)
class Contender:
    """What is measured: a codec of neuroc with its parameters, or a peer (peers.py)."""

    label: str
    codec: str = ""  # of neuroc
    peer: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)  # further keywords of neuroc.encode


@dataclass(frozen=True, slots=True)
class Measurement:
    """One picture through one contender."""

    file: str
    width: int
    height: int
    channels: int
    bytes: int
    encode_seconds: float  # without verification
    decode_seconds: float
    codec: str = ""  # that the file ended up with, of neuroc

    @property
    def bpsp(self) -> float:
        """Bits per sub-pixel, whole file."""
        return 8 * self.bytes / (self.width * self.height * self.channels)


@dataclass(frozen=True, slots=True)
class Result:
    """One contender over all pictures it can code."""

    label: str
    pictures: tuple[Measurement, ...]
    skipped: tuple[tuple[str, str], ...] = ()  # (file, why): pictures that this contender cannot hold
    peak_bytes: int | None = None  # of the process, interpreter and libraries included; None if the system won't tell

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the totals, then every picture."""
        pixels = sum(m.width * m.height for m in self.pictures)
        samples = sum(m.width * m.height * m.channels for m in self.pictures)
        total = sum(m.bytes for m in self.pictures)
        encode = sum(m.encode_seconds for m in self.pictures)
        decode = sum(m.decode_seconds for m in self.pictures)
        count = len(self.pictures)
        return {
            "codec": self.label,
            "pictures": count,
            "megapixels": round(pixels / 1e6, 6),
            "bytes": total,
            "bpsp": round(sum(m.bpsp for m in self.pictures) / count, 6) if count else None,
            "bpsp_total": round(8 * total / samples, 6) if count else None,
            "encode_mps": round(pixels / encode / 1e6, 6) if encode else None,
            "decode_mps": round(pixels / decode / 1e6, 6) if decode else None,
            "peak_bytes": self.peak_bytes,
            "skipped": [{"file": file, "error": why} for file, why in self.skipped],
            "files": [
                {
                    "file": m.file,
                    **({"codec": m.codec} if m.codec else {}),
                    "bytes": m.bytes,
                    "bpsp": round(m.bpsp, 6),
                    "encode_seconds": round(m.encode_seconds, 6),
                    "decode_seconds": round(m.decode_seconds, 6),
                }
                for m in self.pictures
            ],
        }


def compare(
    contenders: Sequence[Contender],
    files: Sequence[Path],
    *,
    limits: Limits = DEFAULT_LIMITS,
    progress: Callable[[], None] | None = None,
) -> list[Result]:
    """Measure each contender on the same files, one after the other, each in a process of its own.

    Raises NeurocError for the first contender that fails: one that is not installed, or that loses a sample.
    """
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    # One thread each, whatever the caller's environment says; read when the child imports its libraries.
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    results = []
    try:
        for contender in contenders:
            receiver, sender = context.Pipe(duplex=False)
            child = context.Process(target=_child, args=(sender, contender, list(files), limits), daemon=True)
            with interrupts_ignored():
                child.start()
            sender.close()
            try:
                results.append(_receive(receiver, contender, progress))
            finally:
                child.terminate()
                child.join()
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    return results


def _receive(receiver: Connection, contender: Contender, progress: Callable[[], None] | None) -> Result:
    while True:
        try:
            message = receiver.recv()
        except EOFError:
            raise PluginBrokenError(
                f"{contender.label}: the measuring process died", remedy="Measure fewer or smaller pictures"
            ) from None
        if isinstance(message, Result):
            return message
        if isinstance(message, NeurocError):
            raise message
        if progress is not None:
            progress()


def _child(sender: Connection, contender: Contender, files: Sequence[Path], limits: Limits) -> None:
    try:
        sender.send(measure(contender, files, limits, lambda: sender.send(None)))
    except NeurocError as e:
        sender.send(e)
    except Exception as e:
        sender.send(PluginBrokenError(f"{contender.label}: {type(e).__name__}: {e}"))


def measure(
    contender: Contender, files: Sequence[Path], limits: Limits, progress: Callable[[], None] | None = None
) -> Result:
    """Measure in this process; raises VerificationError if a picture does not come back."""
    from dataclasses import replace

    from .container import parse
    from .errors import UnsupportedPictureError
    from .picture import same_picture
    from .pixels import read_picture

    encode, decode = _functions(contender, limits)
    measured: list[Measurement] = []
    skipped: list[tuple[str, str]] = []
    for file in files:
        picture = read_picture(file, limits=limits)
        # Only the palette stays: the rest would count for those that keep it and not for the others.
        picture = replace(picture, metadata=tuple(r for r in picture.metadata if r.key == "palette"))
        try:
            if not measured:
                decode(encode(_corner(picture)), picture)
            start = time.perf_counter()
            data = encode(picture)
            middle = time.perf_counter()
            restored = decode(data, picture)
            end = time.perf_counter()
        except UnsupportedPictureError as e:
            skipped.append((str(file), e.message))
            continue
        except NeurocError as e:
            e.file = e.file or str(file)
            raise
        if not same_picture(picture, restored):
            raise VerificationError(f"{contender.label} does not give the picture back", file=str(file))
        measured.append(
            Measurement(
                str(file),
                picture.width,
                picture.height,
                picture.channels,
                len(data),
                middle - start,
                end - middle,
                "" if contender.peer else parse(data, limits=limits).header.codec,
            )
        )
        if progress is not None:
            progress()
    return Result(contender.label, tuple(measured), tuple(skipped), peak_memory())


def _functions(
    contender: Contender, limits: Limits
) -> tuple[Callable[[Picture], bytes], Callable[[bytes, Picture], Picture]]:
    if contender.peer:
        from .peers import peer

        return peer(contender.peer)
    import neuroc

    def encode(picture: Picture) -> bytes:
        return bytes(neuroc.encode(picture, plugin=contender.codec, verify=False, limits=limits, **contender.params))

    def decode(data: bytes, like: Picture) -> Picture:
        restored: Picture = neuroc.decode(data, limits=limits)
        return restored

    return encode, decode


def _corner(picture: Picture) -> Picture:
    from dataclasses import replace

    import numpy as np

    return replace(picture, samples=np.ascontiguousarray(picture.samples[:WARM_UP, :WARM_UP]))


def peak_memory() -> int | None:
    """The largest resident size this process had, in bytes; None if the system does not say."""
    try:
        # Not ru_maxrss on Linux: it survives exec and would report the parent's peak.
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _denied(e: OSError) -> None:
    reason = f"the folder cannot be read: {e.strerror or e}"
    raise StorageError(reason, remedy="Check its permissions", file=str(e.filename)) from None


def pictures_below(paths: Sequence[Path], suffixes: frozenset[str], limit: int | None = None) -> list[Path]:
    """The files named, and those with one of ``suffixes`` below the folders named, sorted."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = [Path(place) / name for place, _, names in os.walk(path, onerror=_denied) for name in names]
            found += sorted(p for p in below if p.suffix.lower() in suffixes)
        elif path.exists():
            found.append(path)
        else:
            raise StorageError("there is no such file", remedy="Check the path", file=str(path))
    if not found:
        raise UsageError("no pictures to measure", remedy="Name pictures or folders with pictures")
    return found[:limit]
