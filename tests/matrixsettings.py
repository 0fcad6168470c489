"""The settings of the exactness matrix: environments for matrixrun.py, and whether they took effect.

Each one is a process of its own, since libraries read their environment when they are loaded.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

CELL = Path(__file__).parent / "matrixrun.py"
OURS = ("OPENBLAS", "OMP", "KMP", "MKL", "NPY", "ATEN", "ONEDNN", "NEUROC", "HIDE")  # variables that a setting decides
UMATH = np._core._multiarray_umath  # type: ignore[attr-defined]
FEATURES: dict[str, bool] = UMATH.__cpu_features__
DISPATCHED = [name for name in UMATH.__cpu_dispatch__ if FEATURES.get(name)]  # what can be switched off here
LARGE = [name for name in DISPATCHED if "512" in name or name == "X86_V4"]
PLAIN_CODER = "neuroc.coder.rans24"

# The kernels in the OpenBLAS of numpy's wheels by what they need; one that the processor lacks would end the process.
CORES = {
    "Prescott": (),
    "Nehalem": ("SSE42",),
    "Sandybridge": ("AVX",),
    "Haswell": ("AVX2", "FMA3"),
    "SkylakeX": ("AVX512_SKX",),
}
# Levels of torch by what they need, with those of the libraries below it.
LEVELS = {
    "default": ((), {"MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "ONEDNN_MAX_CPU_ISA": "SSE41"}),
    "avx2": (("AVX2", "FMA3"), {"MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}),
    "avx512": (("AVX512_SKX",), {"MKL_ENABLE_INSTRUCTIONS": "AVX512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the matrix."""

    name: str
    engine: str = "numpy"
    device: str = "cpu"
    environment: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""  # why it cannot be run here

    def run(self, *arguments: str, seconds: float = 120) -> dict[str, Any]:
        """What matrixrun.py prints; raises RuntimeError with its messages if it fails."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        done = subprocess.run(
            [sys.executable, str(CELL), self.engine, *arguments, "--device", self.device],
            env={**clean, **self.environment},
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: {done.stderr}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def without_effect(self, report: Mapping[str, Any]) -> str:
        """Which part of the setting the report of its run does not show, or "".

        OpenBLAS is not asked: which kernel it takes for a core, and under which name, differs between its versions.
        """
        env = self.environment
        off = set(env.get("NPY_DISABLE_CPU_FEATURES", "").split()) & set(report["features"])
        if off:
            return f"numpy still uses {', '.join(sorted(off))}"
        if ("NEUROC_PLAIN_CODER" in env or "HIDE_MODULES" in env) and report["coder"] != PLAIN_CODER:
            return f"the coder is that of {report['coder']}"
        if self.engine == "torch" and self.device == "cpu":
            seen = report["capability"].lower(), str(report["threads"])
            if seen != (env["ATEN_CPU_CAPABILITY"], env["OMP_NUM_THREADS"]):
                return f"torch runs as {seen[0]} with {seen[1]} threads"
        if report.get("kernel", "") != env.get("NEUROC_ISA", ""):
            return f"the kernel is {report['kernel']}"
        return ""

    def with_plain_coder(self) -> Setting:
        """The same with the plain entropy coder."""
        environment = {**self.environment, "NEUROC_PLAIN_CODER": "1"}
        return Setting(f"{self.name}, plain coder", self.engine, self.device, environment, self.missing)


def lacking(*names: str) -> str:
    """The features that this processor does not have, by numpy's names of any version; "" if it has them all."""
    level = {"SSE42": "X86_V2", "AVX": "X86_V3", "AVX2": "X86_V3", "FMA3": "X86_V3", "AVX512_SKX": "X86_V4"}
    wanted = [n for n in names if not (FEATURES.get(n) or FEATURES.get(level.get(n, n)))]
    return f"no {', '.join(wanted)}" if wanted else ""


def threads(n: int) -> dict[str, str]:
    """``n`` threads in every library; they wait for each other patiently, as cores may be busy with other things."""
    return {
        "OPENBLAS_NUM_THREADS": str(n),
        "OMP_NUM_THREADS": str(n),
        "OMP_WAIT_POLICY": "PASSIVE",
        "KMP_BLOCKTIME": "0",
    }


def numpy_settings() -> Iterator[Setting]:
    """numpy from the lowest level of this processor to the highest."""
    yield Setting("numpy, 1 thread", environment=threads(1))
    yield Setting("numpy, 2 threads", environment=threads(2))
    yield Setting("numpy, no constriction", environment={"HIDE_MODULES": "constriction"})
    lowest = {"NPY_DISABLE_CPU_FEATURES": " ".join(DISPATCHED), "OPENBLAS_CORETYPE": "Prescott"}
    yield Setting("numpy, no dispatched features, OpenBLAS Prescott", environment=lowest)
    small = {"NPY_DISABLE_CPU_FEATURES": " ".join(LARGE), "OPENBLAS_CORETYPE": "Haswell"}
    yield Setting("numpy, no AVX-512, OpenBLAS Haswell", environment=small, missing=lacking(*CORES["Haswell"]))
    for core, needed in CORES.items():
        if core not in ("Prescott", "Haswell"):
            yield Setting(f"numpy, OpenBLAS {core}", environment={"OPENBLAS_CORETYPE": core}, missing=lacking(*needed))


def torch_settings() -> Iterator[Setting]:
    """torch on the processor, each level with one thread and with two, and on CUDA."""
    missing = "" if importlib.util.find_spec("torch") else "torch is not installed"
    for level, (needed, libraries) in LEVELS.items():
        for n in (1, 2):
            environment = {"ATEN_CPU_CAPABILITY": level, **libraries, **threads(n)}
            count = f"{n} thread{'s' * (n > 1)}"
            yield Setting(f"torch, {level}, {count}", "torch", "cpu", environment, missing or lacking(*needed))
    yield Setting("torch, CUDA", "torch", "cuda", missing=missing or ("" if _cuda() else "torch sees no CUDA"))


def native_settings() -> Iterator[Setting]:
    """The compiled engine, each of its kernels."""
    here = importlib.import_module("neuroc_native").kernels() if importlib.util.find_spec("neuroc_native") else None
    for kernel in ("portable", "avx2", "avx512-vnni", "neon"):
        missing = "neuroc-native is not installed" if here is None else "" if kernel in here else "not this processor"
        yield Setting(f"native, {kernel}", "native", environment={"NEUROC_ISA": kernel}, missing=missing)


def _cuda() -> bool:
    """Asked in another process: importing torch here would take a second of every test run."""
    code = "import sys, torch; sys.exit(not torch.cuda.is_available())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
