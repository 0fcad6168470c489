"""``python -m neuroc.testing.process ID SCOPE``: what a codec makes of some pictures, for ``check_determinism``.

SCOPE is a JSON object with fields of Scope.
"""

from __future__ import annotations

import json
import sys

from .files import digests
from .subject import Scope, Subject

if __name__ == "__main__":
    for what, digest in digests(Subject(sys.argv[1], Scope(**json.loads(sys.argv[2])))).items():
        print(what, digest, sep="\t")
