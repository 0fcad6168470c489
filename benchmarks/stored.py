"""Measurements as JSON files in results/: what ran, on what, and the figures (benchmarks/README.md)."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
LIBRARIES = (
    "neuroc-codec",
    "neuroc-causal59k",
    "neuroc-italic",
    "neuroc-pixelcnn",
    "neuroc-unet",
    "neuroc-unet",
    "neuroc-native",
    "numpy",
    "constriction",
    "pillow",
    "imagecodecs",
    "zstandard",
)


def store(
    name: str, figures: dict[str, Any], data: Path | None = None, *, codecs: Sequence[str] = ("causal59k",)
) -> None:
    """Write results/NAME.json; ``data`` is the folder that was measured, of which only the name is kept.

    ``codecs`` are what was measured: the digests of their weights are kept.
    """
    arguments = [_named(a) for a in sys.argv[1:]]
    document = {
        "command": " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *arguments]),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "weights": {codec: weights(codec) for codec in codecs},
        **({"data": data.name} if data else {}),
        **figures,
    }
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / f"{name}.json"
    target.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"stored in benchmarks/results/{target.name}")


def _named(argument: str) -> str:
    """An argument with the name of a file or folder in place of its path, ``DIR:TILE`` too."""
    path, colon, rest = argument.partition(":")
    return Path(path).name + colon + rest if Path(path).exists() else argument


def load(name: str) -> dict[str, Any] | None:
    """What ``store`` wrote under ``name``; None if there is nothing."""
    path = RESULTS / f"{name}.json"
    document: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return document


def machine() -> dict[str, Any]:
    """Processor, system and library versions."""
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions,
        # Timings beside other work are pessimistic; whoever reads them should know.
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def weights(codec: str) -> dict[str, str]:
    """Name and digest of the weights that the encoder takes by default with this codec."""
    from neuroc.plugins import registry

    entry = registry().codec(codec).entry
    return {w.name: w.digest for w in reversed(entry.weights)}


def short(files: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries with the name of each file in place of its path."""
    return [{**f, "file": Path(f["file"]).name} for f in files]
