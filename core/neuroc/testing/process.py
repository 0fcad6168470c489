"""``python -m neuroc.testing.process ID``: what a codec makes of some pictures, for ``check_determinism``."""

from __future__ import annotations

import sys

from .files import digests
from .subject import Scope, Subject

if __name__ == "__main__":
    for what, digest in digests(Subject(sys.argv[1], Scope())).items():
        print(what, digest, sep="\t")
