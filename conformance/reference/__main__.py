"""Decodes a .nrc file to a PAM picture and OUT.pam.json; or refuses it as SPEC 13 says, and leaves no output."""

import argparse
import json
import sys
from pathlib import Path

import picture
from container import EXITS, Refusal, demand

TUPLES = {"1": "BLACKANDWHITE", "L": "GRAYSCALE", "P": "GRAYSCALE", "LA": "GRAYSCALE_ALPHA", "RGBA": "RGB_ALPHA"}


def pam(found: picture.Picture) -> bytes:
    """PAM (P7): samples above 8 bits take two bytes, most significant first."""
    height, width, depth = found.samples.shape
    size = f"WIDTH {width}\nHEIGHT {height}\nDEPTH {depth}\nMAXVAL {(1 << found.bits) - 1}"
    head = f"P7\n{size}\nTUPLTYPE {TUPLES.get(found.mode, found.mode)}\nENDHDR\n"
    return bytes(head.encode() + found.samples.astype(">u2" if found.bits > 8 else "u1").tobytes())


def main() -> int:
    """SPEC 13: the exit code of one decoding; SPEC 9: the limit of a file's bytes."""
    parser = argparse.ArgumentParser(prog="reference", description=__doc__)
    parser.add_argument("input", type=Path, metavar="IN.nrc")
    parser.add_argument("output", type=Path, metavar="OUT.pam")
    parser.add_argument("--weights", type=Path, action="append", default=[], metavar="DIR", help="folder of weights")
    parser.add_argument("--tables", action="store_true", help="add the digest of each stream's tables to the JSON")
    options = parser.parse_args()
    outputs = options.output, Path(f"{options.output}.json")
    try:
        demand(options.input.stat().st_size <= 1 << 33, "limit", "a file above 2^33 bytes")
        found = picture.read(options.input.read_bytes(), options.weights)
        about = {"mode": found.mode, "bits": found.bits} | ({"tables": found.tables} if options.tables else {})
        palette = next((data.hex() for key, data in found.records if key == "palette"), "")
        outputs[0].write_bytes(pam(found))
        outputs[1].write_text(json.dumps(about | ({"palette": palette} if found.mode == "P" else {})) + "\n")
    except (Refusal, OSError) as error:
        for path in outputs:
            path.unlink(missing_ok=True)
        code, message = error.args if isinstance(error, Refusal) else ("io", str(error))
        print(f"{code}: {message}", file=sys.stderr)
        return EXITS.get(code, 3)
    return 0


sys.exit(main())
