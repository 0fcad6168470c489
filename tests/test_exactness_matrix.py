"""The same pictures give the same files and come back on every engine, thread count, batch, coder and processor level.

Each setting is a process of its own (matrixrun.py), since libraries read theirs when they are loaded.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CELL = Path(__file__).parent / "matrixrun.py"
UMATH = np._core._multiarray_umath  # type: ignore[attr-defined]
FEATURES: dict[str, bool] = UMATH.__cpu_features__
DISPATCHED = [name for name in UMATH.__cpu_dispatch__ if FEATURES.get(name)]  # what can be switched off here
LARGE = [name for name in DISPATCHED if "512" in name or name == "X86_V4"]

ONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # unless a setting says otherwise

# OpenBLAS kernels by what they need; one that the processor lacks would end the process.
CORES = {
    "Prescott": (),
    "Sandybridge": ("AVX",),
    "Haswell": ("AVX2", "FMA3"),
    "Zen": ("AVX2", "FMA3"),
    "SkylakeX": ("AVX512_SKX",),
    "Cooperlake": ("AVX512_SPR",),
}


def has(*names: str) -> bool:
    """Whether this processor has the features, by numpy's names of any version."""
    level = {"AVX": "X86_V3", "AVX2": "X86_V3", "FMA3": "X86_V3", "AVX512_SKX": "X86_V4"}
    return all(FEATURES.get(n) or FEATURES.get(level.get(n, n)) for n in names)


def settings() -> dict[str, dict[str, str]]:
    """Environments for the numpy engine, from the lowest level of this processor to the highest."""
    found = {
        "one thread": ONE,
        "two threads": {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
        "reference coder": {"NEUROC_PLAIN_CODER": "1"},
        "no constriction": {"HIDE_MODULES": "constriction"},
        "lowest numpy": {"NPY_DISABLE_CPU_FEATURES": " ".join(DISPATCHED), "OPENBLAS_CORETYPE": "Prescott"},
        "no large vectors": {"NPY_DISABLE_CPU_FEATURES": " ".join(LARGE), "OPENBLAS_CORETYPE": "Haswell"},
    }
    for core, needed in CORES.items():
        if has(*needed) and core not in ("Prescott", "Haswell"):
            found[f"OpenBLAS {core}"] = {"OPENBLAS_CORETYPE": core}
    if not has("AVX2", "FMA3"):
        del found["no large vectors"]
    return found


TORCH = {
    "default": {"MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "ONEDNN_MAX_CPU_ISA": "SSE41", "OMP_NUM_THREADS": "2"},
    "avx2": {"MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2", "OMP_NUM_THREADS": "1"},
    "avx512": {"MKL_ENABLE_INSTRUCTIONS": "AVX512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE", "OMP_NUM_THREADS": "1"},
}
NEEDED = {"default": (), "avx2": ("AVX2", "FMA3"), "avx512": ("AVX512_SKX",)}
CAPABILITIES = [c for c in TORCH if has(*NEEDED[c])] if importlib.util.find_spec("torch") else []
SETTINGS = settings()


def cell(environment: dict[str, str], *arguments: str) -> dict[str, Any]:
    """What matrixrun.py prints under ``environment``."""
    names = ("OPENBLAS", "OMP", "MKL", "NPY", "ATEN", "ONEDNN", "NEUROC", "HIDE")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(names)}
    done = subprocess.run(
        [sys.executable, str(CELL), *arguments],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def wanted() -> dict[str, str]:
    """The files as the plain environment makes them, which no batch changes."""
    report = cell({}, "numpy", "1", "2", "8")
    assert report["streams"][0] == report["streams"][1] == report["streams"][2]
    streams: dict[str, str] = report["streams"][0]
    assert len(set(streams.values())) == len(streams) == 4
    return streams


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_gives_the_same_files(wanted: dict[str, str], name: str) -> None:
    report = cell(SETTINGS[name], "numpy", "3")
    assert report["streams"] == [wanted]
    off = SETTINGS[name].get("NPY_DISABLE_CPU_FEATURES", "").split()
    assert not set(off) & set(report["features"])
    if name in ("reference coder", "no constriction"):
        assert report["coder"] == "neuroc.coder.rans24"


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_torch_gives_the_same_files_at_every_level(wanted: dict[str, str], capability: str) -> None:
    patient = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}  # or threads on busy cores wait for each other
    report = cell({"ATEN_CPU_CAPABILITY": capability, **TORCH[capability], **patient}, "torch", "8")
    assert report["streams"] == [wanted]
    assert report["threads"] == int(TORCH[capability]["OMP_NUM_THREADS"])
    assert report["capability"].lower() == capability
