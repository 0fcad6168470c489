"""Small suites of conformance vectors for tests, with whatever is wrong with them; and answers for a fake decoder."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import neuroc
from neuroc.container import parse
from neuroc.picture import Picture

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "conformance" / "neuroc_conformance"
FILE, REJECT, UNIT = "causal59k-rgb-noise", "method-2", "leb128"
TUPLES = {"1": "BLACKANDWHITE", "LA": "GRAYSCALE_ALPHA", "RGB": "RGB", "RGBA": "RGB_ALPHA"}

# Knows the answer to each file and gives it, in the way that its first argument asks for.
FAKE = """
import hashlib, json, os, sys
from pathlib import Path
how, source, target = sys.argv[1:4]
answers = json.loads(Path(__file__).with_name("answers.json").read_text())
answer = answers[hashlib.sha256(Path(source).read_bytes()).hexdigest()]
if how == "with-weights":
    for digest in answer["weights"]:
        data = Path(sys.argv[4], digest + ".safetensors").read_bytes()
        assert hashlib.sha256(data).hexdigest()[:32] == digest
if "error" in answer and how not in ("accepts", "crashes"):
    if how == "leaves-output":
        Path(target).write_bytes(b"half")
    code = {"other-code": "limit", "no-code": "sorry"}.get(how, answer["error"])
    sys.exit(f"{code}: something is wrong")
if how == "crashes":
    os.abort()
if how == "fails":
    sys.exit("no idea")
pam = bytes.fromhex(answer.get("pam", ""))
if how == "wrong-pixels":
    pam = pam[:-1] + bytes([pam[-1] ^ 1])
if how == "short":
    pam = pam[:-1]
if how != "no-output":
    Path(target).write_bytes(pam)
facts = answer.get("facts", {})
if how == "no-tables":
    facts.pop("tables")
if how == "wrong-tables":
    facts["tables"][0] = "0" * 32
if how == "wrong-mode":
    facts["mode"] = "L"
if how == "no-facts":
    sys.exit(0)
Path(target + ".json").write_text(json.dumps(facts))
"""


def suite_of(folder: Path, *names: str, **changes: Any) -> Path:
    """A suite in ``folder`` with these vectors of the stored ones; ``changes`` are made to every entry."""
    stored = {v["name"]: v for v in json.loads((DATA / "manifest.json").read_text(encoding="utf-8"))["vectors"]}
    entries = []
    for name in names:
        entry = {**stored[name], **changes}
        (folder / entry["path"]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(DATA / stored[name]["path"], folder / entry["path"])
        entries.append(entry)
    shutil.copytree(DATA / "weights", folder / "weights", dirs_exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"version": 1, "vectors": entries}), encoding="utf-8")
    return folder


def fake_decoder(folder: Path, suite: Path) -> Path:
    """The script with the answers to every file of a suite."""
    answers: dict[str, Any] = {}
    for v in json.loads((suite / "manifest.json").read_text(encoding="utf-8"))["vectors"]:
        data = (suite / v["path"]).read_bytes()
        answer: dict[str, Any] = {"error": v.get("error")}
        if v["kind"] == "file":
            picture = neuroc.decode(data, weights=str(suite / "weights"))
            facts: dict[str, Any] = {"mode": picture.mode, "bits": picture.bits, "tables": v["tables"]}
            if picture.mode == "P":
                facts["palette"] = next(r.data.hex() for r in picture.metadata if r.key == "palette")
            needed = [d.hex() for d in parse(data).header.weights]
            answer = {"pam": pam(picture).hex(), "facts": facts, "weights": needed}
        answers[hashlib.sha256(data).hexdigest()] = answer
    script = folder / "fake decoder.py"
    script.write_text(FAKE, encoding="utf-8")
    script.with_name("answers.json").write_text(json.dumps(answers), encoding="utf-8")
    return script


def pam(picture: Picture) -> bytes:
    """A picture as the protocol wants it."""
    kind = TUPLES.get(picture.mode, "GRAYSCALE")
    head = (
        f"P7\nWIDTH {picture.width}\nHEIGHT {picture.height}\nDEPTH {picture.channels}\n"
        f"MAXVAL {(1 << picture.bits) - 1}\nTUPLTYPE {kind}\nENDHDR\n"
    )
    return head.encode() + picture.samples.astype(">u2" if picture.bits == 16 else "u1").tobytes()
