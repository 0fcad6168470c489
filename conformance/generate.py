"""Makes the conformance vectors: ``python conformance/generate.py`` adds what is missing and changes nothing.

python conformance/generate.py                          add missing vectors; refuse if a stored one would change
python conformance/generate.py --check                  write nothing; exit code 1 if something is missing
python conformance/generate.py --regenerate CODEC       replace the draft vectors of a codec, with its present weights

A stored vector is never changed or removed: files that once could be decoded can be decoded for ever. The exception
are codecs marked draft (CodecEntry.draft). The names and digests of all others are kept in frozen.txt, which only
grows; tests/test_conformance_data.py compares.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import zstandard

from catalogue import causal, files, italic, masked, rejects, unet, units
from catalogue.assembly import fields_of
from catalogue.entry import Entry, FileEntry, RejectEntry, UnitEntry
from neuroc.conformance import table_digests
from neuroc.container import parse
from neuroc.digests import digest, pixel_digest
from neuroc.errors import NeurocError
from neuroc.metadata import record_list
from neuroc.models import Runtime
from neuroc.picture import same_picture
from neuroc.plugins import registry
from neuroc.public import decode
from neuroc.weights import list_weights

HERE = Path(__file__).resolve().parent
DATA = HERE / "neuroc_conformance"
FROZEN = HERE / "frozen.txt"
ZSTD = (1, 5, 7)  # whose bytes the stored vectors hold
HEAVY = ("italic", "unet")  # codecs whose weights, 3 and 4 MB, stay in their plugin as long as their files are drafts
FOLDERS = {"file": ("files", "nrc"), "reject": ("rejects", "nrc"), "unit": ("units", "json")}


class Refused(Exception):
    """What this script will not do."""


def catalogue() -> list[Entry]:
    """All vectors in the order of the manifest; raises Refused for a name that occurs twice."""
    found: list[Entry] = [*units.entries(), *files.entries(), *causal.entries(), *masked.entries(), *italic.entries()]
    found += [*unet.entries(), *rejects.entries()]
    names = [e.name for e in found]
    if twice := sorted({n for n in names if names.count(n) > 1}):
        raise Refused(f"names that occur twice: {', '.join(twice)}")
    return found


def kind_of(entry: Entry) -> str:
    """ "file", "reject" or "unit"."""
    return "file" if isinstance(entry, FileEntry) else "reject" if isinstance(entry, RejectEntry) else "unit"


def is_draft(entry: Entry) -> TypeGuard[FileEntry | RejectEntry]:
    """Whether the vector may still be replaced."""
    return isinstance(entry, FileEntry | RejectEntry) and registry().codec(entry.codec).entry.draft


def described(entry: Entry, data: bytes, runtime: Runtime) -> dict[str, Any]:
    """The entry of the manifest for the bytes of a vector; raises Refused if they do not decode to its picture."""
    folder, suffix = FOLDERS[kind_of(entry)]
    common: dict[str, Any] = {
        "name": entry.name,
        "kind": kind_of(entry),
        "path": f"{folder}/{entry.name}.{suffix}",
        "sha256": hashlib.sha256(data).hexdigest(),
        "about": entry.about,
    }
    if isinstance(entry, FileEntry):
        picture, source = decode(data, weights=runtime.weights), entry.make().picture
        if not same_picture(picture, source) or picture.metadata != source.metadata:
            raise Refused(f"{entry.name} does not decode to its picture")
        pixels = pixel_digest(picture.samples, picture.mode, picture.bits).hex()
        common |= {"codec": entry.codec, "draft": is_draft(entry), "pixels": pixels, **metadata_of(data)}
        return common | {"tables": table_digests(data, runtime)}
    if isinstance(entry, RejectEntry):
        stated: dict[str, Any] = {"error": entry.error, "exit": exit_code(entry.error)}
        stated |= {"also": list(entry.also)} if entry.also else {}
        return common | {"codec": entry.codec, "draft": is_draft(entry), **stated}
    return common | {"layer": entry.layer}


def metadata_of(data: bytes) -> dict[str, str]:
    """The field ``metadata`` of a file that has records: the digest of their list."""
    records = parse(data).metadata()
    return {"metadata": digest(record_list(records)).hex()} if records else {}


def exit_code(code: str) -> int:
    """The exit code of an error code of SPEC section 13."""
    waiting = [NeurocError]
    while waiting:
        kind = waiting.pop()
        if kind.code == code:
            return kind.exit_code
        waiting += kind.__subclasses__()
    raise Refused(f"there is no error {code!r}")


def made(entry: Entry) -> bytes:
    """The bytes of a vector, made now."""
    if isinstance(entry, RejectEntry):
        return entry.make()
    if isinstance(entry, FileEntry):
        return entry.make().data
    document = {"layer": entry.layer, "about": entry.about, **entry.make()}
    return (json_text(document) + "\n").encode()


def json_text(value: Any, indent: str = "") -> str:
    """JSON with one line for each case: lists of objects are broken, everything else is not."""
    if isinstance(value, dict) and any(broken(v) for v in value.values()):
        inner = [f"{indent} {json.dumps(k)}: {json_text(v, indent + ' ')}" for k, v in value.items()]
        return "{\n" + ",\n".join(inner) + f"\n{indent}}}"
    if broken(value):
        return "[\n" + ",\n".join(indent + " " + json.dumps(v) for v in value) + f"\n{indent}]"
    return json.dumps(value)


def broken(value: Any) -> bool:
    """Whether a value is a list of objects."""
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def read_manifest() -> dict[str, dict[str, Any]]:
    """The stored entries by name; raises Refused if a file is not the one that is stated."""
    path = DATA / "manifest.json"
    if not path.exists():
        return {}
    stored = {v["name"]: v for v in json.loads(path.read_text(encoding="utf-8"))["vectors"]}
    for v in stored.values():
        file = DATA / v["path"]
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != v["sha256"]:
            raise Refused(f"{v['path']} is not the file that the manifest states")
    return stored


def write_manifest(entries: Sequence[Mapping[str, Any]]) -> None:
    """One line for each vector, in order."""
    lines = ",\n".join("  " + json.dumps(e) for e in entries)
    text = f'{{"version": 1, "vectors": [\n{lines}\n]}}\n'
    (DATA / "manifest.json").write_text(text, encoding="utf-8", newline="\n")


def comparable(entry: Entry) -> bool:
    """Whether this machine makes the same bytes as the one that made the stored ones."""
    return not getattr(entry, "zstd", False) or zstandard.ZSTD_VERSION == ZSTD


def weights_of(entry: Mapping[str, Any]) -> list[str]:
    """The digests of the weights that a stored file needs: those of its header, if it has any stream."""
    if not entry.get("tables"):
        return []
    return [d.hex() for d in fields_of((DATA / entry["path"]).read_bytes()).get(2, ())]


def packed_weights(entry: Mapping[str, Any]) -> list[str]:
    """The digests of those weights of a stored file that the package holds."""
    return [] if entry.get("draft") and entry["codec"] in HEAVY else weights_of(entry)


def copy_weights(entries: Sequence[Mapping[str, Any]]) -> None:
    """Keep exactly those weights in the package that its files need, and no heavy ones of drafts.

    Raises Refused if a stored one has another digest.
    """
    folder = DATA / "weights"
    folder.mkdir(exist_ok=True)
    needed = {d for e in entries for d in packed_weights(e)}
    installed = {w.digest: w.path for w in list_weights() if w.path is not None}
    for value in sorted(needed):
        target = folder / f"{value}.safetensors"
        if not target.exists():
            target.write_bytes(installed[value].read_bytes())
        if digest(target.read_bytes()).hex() != value:
            raise Refused(f"{target} does not have its digest")
    for path in folder.iterdir():
        if path.stem not in needed:
            path.unlink()


def update(regenerate: str | None = None, check: bool = False, drafts: bool = True) -> list[str]:
    """Bring the package up to date; gives a line for each vector that was added or replaced (or would be).

    Without ``drafts`` those of draft codecs are taken as they are, which is quicker. Raises Refused, before anything
    is written, if a stored vector would change that is not to be regenerated.
    """
    stored = read_manifest()
    entries = catalogue()
    replaceable = {n for n, v in stored.items() if v.get("draft") and v["codec"] == regenerate}
    if gone := sorted(set(stored) - {e.name for e in entries} - replaceable):
        raise Refused(f"stored vectors that the catalogue lacks: {', '.join(gone)}")
    old_weights = outdated(stored.values())
    result: list[dict[str, Any]] = []
    new: dict[str, bytes] = {}
    changed = []
    for entry in entries:
        old = stored.get(entry.name)
        older = not isinstance(entry, UnitEntry) and entry.codec in old_weights
        kept = not comparable(entry) or older or (is_draft(entry) and not drafts)
        if old and entry.name not in replaceable and kept:
            result.append(retold(entry, old))
            continue
        data = made(entry)
        if old and hashlib.sha256(data).hexdigest() == old["sha256"]:
            result.append(retold(entry, old))
            continue
        if old and entry.name not in replaceable:
            changed.append(entry.name)
            continue
        result.append(described(entry, data, Runtime()))
        new[result[-1]["path"]] = data
    if changed:
        raise Refused(
            f"stored vectors would change: {', '.join(changed)}. They never do: give the new one another name"
            " (drafts: --regenerate CODEC)"
        )
    if not check:
        store(result, new, stored)
    return [f"{'replaced' if e['name'] in stored else 'added'} {e['name']}" for e in result if e["path"] in new]


def retold(entry: Entry, old: Mapping[str, Any]) -> dict[str, Any]:
    """A stored entry with the present words, frozen if its codec is no draft any more.

    Raises Refused if its error would change.
    """
    new = {**old, "about": entry.about}
    if isinstance(entry, FileEntry) and "metadata" not in old:
        new |= metadata_of((DATA / old["path"]).read_bytes())
    if old.get("draft"):
        new["draft"] = is_draft(entry)
    if isinstance(entry, RejectEntry):
        if entry.error != old["error"]:
            raise Refused(f"{entry.name} is stored with the error {old['error']}")
        new.pop("also", None)
        new |= {"also": list(entry.also)} if entry.also else {}
    return new


def outdated(stored: Iterable[Mapping[str, Any]]) -> set[str]:
    """Codecs that now encode with other weights than those of their stored files: these are kept as they are."""
    found = set()
    for entry in stored:
        if needed := weights_of(entry):
            weights = registry().codec(entry["codec"]).entry.weights
            defaults = {next(w.digest for w in weights if w.name == name) for name in {w.name for w in weights}}
            if not defaults.issuperset(needed):
                found.add(entry["codec"])
    return found


def store(result: list[dict[str, Any]], new: Mapping[str, bytes], stored: Mapping[str, Any]) -> None:
    """Write files, weights, manifest and frozen.txt."""
    for path, data in new.items():
        target = DATA / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    kept = {e["path"] for e in result}
    for v in stored.values():
        if v["path"] not in kept:
            (DATA / v["path"]).unlink()
    copy_weights(result)
    write_manifest(result)
    frozen = FROZEN.read_text(encoding="utf-8") if FROZEN.exists() else ""
    known = {line.split()[0] for line in frozen.splitlines()}
    more = [f"{e['name']} {e['sha256']}\n" for e in result if not e.get("draft") and e["name"] not in known]
    FROZEN.write_text(frozen + "".join(more), encoding="utf-8", newline="\n")


def main(arguments: Sequence[str]) -> int:
    """Run the script; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--regenerate", metavar="CODEC", help="replace the draft vectors of this codec")
    options = parser.parse_args(arguments)
    try:
        lines = update(options.regenerate, options.check)
    except Refused as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    for line in lines:
        print(line)
    print(f"{len(lines)} vectors {'differ' if options.check else 'written'}")
    return int(options.check and bool(lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
