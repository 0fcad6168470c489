"""A Debian system of another architecture as a folder, and the command that runs its Python under qemu-user.

Packages come through apt (signatures checked, dependencies resolved) with a state and cache of its own, and are only
unpacked: nothing of the host's package system is touched, no root and no binfmt_misc is needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MIRROR = "http://deb.debian.org/debian"
SUITE = "trixie"  # Debian 13: Python 3.13, numpy 2.2
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# What decoding needs of packages that are not pure Python of ours, and two makes of BLAS.
PACKAGES = (
    "python3-numpy",
    "python3-zstandard",
    "python3-pluggy",
    "python3-platformdirs",
    "libblas3",
    "liblapack3",
    "libopenblas0-pthread",
)
TOOLS = {
    "apt-get": "Run this on Debian or a system made from it",
    "dpkg-deb": "Run this on Debian or a system made from it",
    "nice": "Install coreutils",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """One architecture: what Debian, qemu and the GNU triplet call it."""

    name: str
    debian: str
    qemu: str
    triplet: str
    about: str
    cpu: str = ""  # qemu's -cpu where its default is too slow


MACHINES = {
    m.name: m
    for m in (
        # Pointer authentication by QARMA takes most of the time; qemu has a cheap one.
        Machine(
            "aarch64",
            "arm64",
            "qemu-aarch64",
            "aarch64-linux-gnu",
            "64 bits, little-endian",
            "max,pauth-impdef=on",
        ),
        Machine("s390x", "s390x", "qemu-s390x", "s390x-linux-gnu", "64 bits, big-endian"),
        Machine("i386", "i386", "qemu-i386", "i386-linux-gnu", "32 bits, little-endian, x87"),
        Machine("ppc64el", "ppc64el", "qemu-ppc64le", "powerpc64le-linux-gnu", "64 bits, little-endian"),
        Machine("riscv64", "riscv64", "qemu-riscv64", "riscv64-linux-gnu", "64 bits, little-endian"),
    )
}


class SetupError(Exception):
    """What is missing to run a foreign Python, and what to do."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """An unpacked system; ``root`` holds its usr/."""

    machine: Machine
    root: Path

    def command(self, blas: str, paths: tuple[Path, ...] = ()) -> list[str]:
        """The words that start its Python, with ``blas`` (its folder of libraries) and ``paths`` to import from."""
        libraries = self.root / "usr/lib" / self.machine.triplet
        guest = {
            # Alternatives are links that only an installation makes.
            "LD_LIBRARY_PATH": f"{libraries}/{blas}:{libraries}/blas:{libraries}/lapack",
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONNOUSERSITE": "1",
        }
        settings = [word for name, value in guest.items() for word in ("-E", f"{name}={value}")]
        emulator = [self.machine.qemu, *(["-cpu", self.machine.cpu] if self.machine.cpu else []), "-L", str(self.root)]
        return ["nice", *emulator, *settings, str(self.root / "usr/bin/python3")]


def unpacked(machine: Machine, folder: Path, fresh: bool = False) -> Foreign:
    """The system of ``machine`` below ``folder``: fetched and unpacked unless it is there already.

    Downloads that were interrupted are continued. Raises SetupError.
    """
    for tool, remedy in {**TOOLS, machine.qemu: "Install it: apt-get install qemu-user"}.items():
        if shutil.which(tool) is None:
            raise SetupError(f"{tool} is not installed. {remedy}")
    root, complete = folder / "root", folder / "complete"
    if fresh or not complete.exists():
        complete.unlink(missing_ok=True)
        packages = _fetched(machine, folder)
        shutil.rmtree(root, ignore_errors=True)
        # Libraries are under usr/; the names at the top are links that only an installation makes.
        (root / "usr/lib").mkdir(parents=True)
        (root / "usr/lib64").mkdir()
        (root / "lib").symlink_to("usr/lib")
        (root / "lib64").symlink_to("usr/lib64")
        for package in packages:
            _run("dpkg-deb", "-x", str(package), str(root))
        complete.touch()
    return Foreign(machine, root)


def _fetched(machine: Machine, folder: Path) -> list[Path]:
    """The .deb files of PACKAGES and all that they need."""
    if not Path(KEYRING).exists():
        raise SetupError(f"{KEYRING} is not there. Install it: apt-get install debian-archive-keyring")
    for part in ("state/lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "etc/sources.list").write_text(f"deb [signed-by={KEYRING}] {MIRROR} {SUITE} main\n")
    (folder / "status").touch()
    settings = {
        "Dir": str(folder),
        "Dir::State": "state",
        "Dir::State::status": str(folder / "status"),
        "Dir::Cache": "cache",
        "Dir::Etc": "etc",
        "APT::Architecture": machine.debian,
        "APT::Architectures": machine.debian,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
    }
    config = folder / "apt.conf"
    config.write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()))
    for words in (["update"], ["autoclean"], ["install", "--download-only", "--yes", *PACKAGES]):
        _run("apt-get", "--quiet", *words, environment={"APT_CONFIG": str(config)})
    return sorted((folder / "cache/archives").glob("*.deb"))


def _run(*words: str, environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(words, env={**os.environ, **(environment or {})}, capture_output=True, text=True)
    if done.returncode != 0:
        raise SetupError(f"{' '.join(words[:4])} failed:\n{done.stderr.strip()}")
