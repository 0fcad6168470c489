"""The stored vectors are those that were once made: files that could be decoded can be decoded for ever."""

from __future__ import annotations

import hashlib
import importlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from neuroc.conformance import load_suite
from neuroc.conformance.units import LAYERS
from neuroc.digests import digest
from neuroc.plugins import registry

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "conformance"
DATA = HOME / "neuroc_conformance"
SUITE = load_suite(DATA)
MANIFEST = {v["name"]: v for v in json.loads((DATA / "manifest.json").read_text(encoding="utf-8"))["vectors"]}
FROZEN = [line.split() for line in (HOME / "frozen.txt").read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def generate(monkeypatch: pytest.MonkeyPatch) -> Any:
    """conformance/generate.py as a module."""
    monkeypatch.syspath_prepend(str(HOME))
    return importlib.import_module("generate")


@pytest.fixture
def copy(generate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script works on a copy of the package, without its raw and causal59k catalogue but for a few entries."""
    data = tmp_path / "neuroc_conformance"
    (data / "weights").mkdir(parents=True)
    monkeypatch.setattr(generate, "DATA", data)
    monkeypatch.setattr(generate, "FROZEN", tmp_path / "frozen.txt")
    few = [e for e in generate.catalogue() if e.name in ("leb128", "raw-left-l4", "causal59k-grey-1x1", "method-2")]
    assert len(few) == 4
    monkeypatch.setattr(generate, "catalogue", lambda: list(few))
    return data


def test_every_entry_is_the_file_that_was_stored() -> None:
    for vector in SUITE.vectors:
        assert hashlib.sha256((DATA / vector.path).read_bytes()).hexdigest() == vector.sha256, vector.name


def test_frozen_vectors_never_change_and_never_disappear() -> None:
    assert len({name for name, _ in FROZEN}) == len(FROZEN)
    for name, sha256 in FROZEN:
        assert MANIFEST.get(name, {}).get("sha256") == sha256, name


def test_what_is_no_draft_is_frozen() -> None:
    assert {n for n, v in MANIFEST.items() if not v.get("draft")} == {name for name, _ in FROZEN}
    assert not any(v.draft for v in SUITE.vectors if v.codec == "raw" or v.kind == "unit")


def test_only_codecs_that_are_drafts_have_drafts() -> None:
    for codec in {v.codec for v in SUITE.vectors if v.draft}:
        assert registry().codec(codec).entry.draft


def test_the_package_holds_its_vectors_and_nothing_else() -> None:
    weights = {f"weights/{path.name}" for path in SUITE.weights.iterdir()}
    stored = {p.relative_to(DATA).as_posix() for p in DATA.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert stored == {v.path for v in SUITE.vectors} | weights | {"__init__.py", "py.typed", "manifest.json"}
    assert sum((DATA / p).stat().st_size for p in stored) < 3_500_000


def test_weights_stand_under_their_digests_and_each_is_needed(generate: Any) -> None:
    stored = {path.stem for path in SUITE.weights.iterdir()}
    assert stored == {digest(path.read_bytes()).hex() for path in SUITE.weights.iterdir()}
    assert stored == {d for v in MANIFEST.values() for d in generate.packed_weights(v)}


def test_the_manifest_says_what_the_specification_knows() -> None:
    spec = (ROOT / "SPEC.md").read_text(encoding="utf-8")
    codes = dict(re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", spec, re.MULTILINE))
    for v in SUITE.vectors:
        if v.kind == "reject":
            assert codes[v.error] == str(v.exit), v.name
            assert set(v.also) <= set(codes)
            assert v.error not in v.also
        assert v.kind != "unit" or v.layer in LAYERS
        assert v.about
    kinds = Counter(v.kind for v in SUITE.vectors)
    assert kinds["reject"] >= 45
    assert kinds["file"] >= 100
    assert {v.layer for v in SUITE.vectors if v.kind == "unit"} == set(LAYERS)


def test_the_script_makes_the_stored_vectors_again(generate: Any) -> None:
    assert generate.update(check=True, drafts=False) == []


def test_the_script_adds_what_is_missing_and_is_then_at_rest(generate: Any, copy: Path) -> None:
    assert len(generate.update()) == 4
    before = {p: p.read_bytes() for p in copy.parent.rglob("*") if p.is_file()}
    assert len(list((copy / "weights").iterdir())) == 1
    assert generate.update() == []
    assert {p: p.read_bytes() for p in copy.parent.rglob("*") if p.is_file()} == before
    assert {line.split()[0] for line in (copy.parent / "frozen.txt").read_text().splitlines()} == {
        "leb128",
        "raw-left-l4",
        "method-2",
    }


def test_the_script_refuses_to_change_or_drop_a_stored_vector(
    generate: Any, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate.update()
    entries = generate.catalogue()
    units, files = [e for e in entries if e.name == "leb128"], [e for e in entries if e.name != "leb128"]
    changed = generate.units.UnitEntry("leb128", "leb128", "other", lambda: {"accepted": [], "refused": []})
    monkeypatch.setattr(generate, "catalogue", lambda: [changed, *files])
    with pytest.raises(generate.Refused, match="would change: leb128"):
        generate.update()
    monkeypatch.setattr(generate, "catalogue", lambda: files)
    with pytest.raises(generate.Refused, match="lacks: leb128"):
        generate.update("causal59k")
    monkeypatch.setattr(generate, "catalogue", lambda: [*units, *files])
    (copy / "rejects" / "method-2.nrc").write_bytes(b"other")
    with pytest.raises(generate.Refused, match=r"method-2\.nrc"):
        generate.update()
    assert generate.main([]) == 1


def test_drafts_are_replaced_by_the_explicit_command_only(generate: Any, copy: Path) -> None:
    generate.update()
    [weights] = (copy / "weights").iterdir()
    manifest = json.loads((copy / "manifest.json").read_text())
    [draft] = [v for v in manifest["vectors"] if v.get("draft")]
    # As if the codec had got other weights since: the stored file names those that it had then.
    content = weights.read_bytes()
    earlier = content[:-1] + bytes([content[-1] ^ 1])
    file = copy / draft["path"]
    old = importlib.import_module("catalogue.assembly").with_fields(file.read_bytes(), {2: [digest(earlier)]})
    file.write_bytes(old)
    weights.unlink()
    kept = copy / "weights" / f"{digest(earlier).hex()}.safetensors"
    kept.write_bytes(earlier)
    draft["sha256"] = hashlib.sha256(old).hexdigest()
    generate.write_manifest(manifest["vectors"])
    assert generate.update() == []
    assert file.read_bytes() == old
    assert list((copy / "weights").iterdir()) == [kept]
    assert generate.update("causal59k") == ["replaced causal59k-grey-1x1"]
    assert [p.name for p in (copy / "weights").iterdir()] == [weights.name]
    assert generate.update() == []
