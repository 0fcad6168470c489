"""The runner of conformance vectors: this installation passes, and whatever is wrong is found, for each kind."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from conformancesuite import DATA, FILE, REJECT, UNIT, fake_decoder, suite_of
from neuroc.conformance import Outcome, load_suite, run
from neuroc.conformance.foreign import split
from neuroc.conformance.runner import selected
from neuroc.conformance.units import LAYERS
from neuroc.container import parse
from neuroc.errors import CorruptFileError, PluginMissingError, StorageError, UsageError


def outcomes(folder: Path, **options: Any) -> dict[str, Outcome]:
    return {o.vector.name: o for o in run(load_suite(folder), **options)}


def only(folder: Path, **options: Any) -> Outcome:
    [outcome] = outcomes(folder, **options).values()
    return outcome


def test_this_installation_passes_every_vector() -> None:
    found = outcomes(DATA)
    assert [(o.vector.name, o.error) for o in found.values() if not o.ok] == []
    assert len(found) == len(load_suite(DATA).vectors)


def test_a_named_codec_runs_its_files_alone() -> None:
    chosen = [v for v in load_suite(DATA).vectors if v.codec == "causal59k"]
    assert selected(load_suite(DATA), "causal59k") == chosen
    assert chosen
    with pytest.raises(UsageError, match="no vectors of the codec"):
        run(load_suite(DATA), plugin="nothing")


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        (FILE, {"pixels": "0" * 32}, "decodes to pixels with the digest"),
        (FILE, {"tables": ["0" * 32]}, "the tables of stream 0 are others"),
        (FILE, {"tables": []}, "has 1 coded streams, not 0"),
        (FILE, {"metadata": "0" * 32}, "has other metadata"),
        ("metadata-zstd", {"metadata": "0" * 32}, "has other metadata"),
        (FILE, {"kind": "reject", "error": "stream", "exit": 3}, "decodes, where it must be refused with stream"),
        (REJECT, {"error": "corrupt"}, "refused with stream"),
        (REJECT, {"exit": 4}, "refused with stream (exit 3), not stream (4)"),
        (REJECT, {"kind": "file", "pixels": "0" * 32}, "stream: "),
        (UNIT, {"layer": "nothing"}, "there is no layer"),
        (UNIT, {"layer": "tiles"}, "there is no layer"),
        (UNIT, {"sha256": "0" * 64}, "not the file that the manifest names"),
    ],
)
def test_a_wrong_entry_fails(tmp_path: Path, name: str, changes: dict[str, Any], words: str) -> None:
    outcome = only(suite_of(tmp_path, name, **changes))
    assert outcome.ok is False
    assert words in outcome.error


RESULTS = {  # for each layer a result that a decoder computes
    "coder": ("messages", 0, "stream"),
    "mixture": ("cases", 0, "digits", 0, "freqs", 0),
    "table": ("cases", 0, "digits", 0, "interval", 0),
    "softmax": ("cases", 0, "digits", 0, "freqs", 1),
    "exact-tables": ("tables", 1, "sha256"),
    "linear": ("cases", 0, "outputs", 3, 0),
    "msgpack": ("accepted", 1, "value"),
    "header": ("accepted", 0, "fields", "tile"),
    "metadata": ("accepted", 0, "records", 0, 1),
    "leb128": ("accepted", 3, "value"),
    "tiles": ("cases", 4, "tiles", 1, 1),
    "digests": ("pixels", 3, "digest"),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_wrong_number_in_a_unit_fails(tmp_path: Path, layer: str) -> None:
    name = next(v.name for v in load_suite(DATA).vectors if v.layer == layer)
    folder = suite_of(tmp_path, name)
    document = json.loads((folder / "units" / f"{name}.json").read_text())
    place = document
    for key in RESULTS[layer][:-1]:
        place = place[key]
    value = place[RESULTS[layer][-1]]
    place[RESULTS[layer][-1]] = value + 1 if isinstance(value, int) else ("1" if value[0] == "0" else "0") + value[1:]
    rewrite(folder, name, document)
    outcome = only(folder)
    assert outcome.ok is False
    assert outcome.error


@pytest.mark.parametrize("layer", ["coder", "msgpack", "header", "metadata", "leb128"])
def test_a_unit_that_refuses_what_is_sound_fails(tmp_path: Path, layer: str) -> None:
    name = next(v.name for v in load_suite(DATA).vectors if v.layer == layer)
    folder = suite_of(tmp_path, name)
    document = json.loads((folder / "units" / f"{name}.json").read_text())
    sound = document["messages" if layer == "coder" else "accepted"][3 if layer == "coder" else 0]
    wrong = {**sound, "name": "sound", "error": "stream", "read": [[0, 1]]}
    document["refused"] = [wrong]
    rewrite(folder, name, document)
    outcome = only(folder)
    assert outcome.ok is False
    assert "accepted" in outcome.error


def rewrite(folder: Path, name: str, document: Any) -> None:
    """Another document for a unit, and its digest in the manifest."""
    data = json.dumps(document).encode()
    (folder / "units" / f"{name}.json").write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["vectors"][0]["sha256"] = hashlib.sha256(data).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_vector_whose_codec_is_not_installed_is_skipped_unless_it_is_named(tmp_path: Path) -> None:
    folder = suite_of(tmp_path, FILE, codec="somebody-elses")
    outcome = only(folder)
    assert outcome.ok is None
    assert "neuroc-somebody-elses" in outcome.error
    with pytest.raises(PluginMissingError, match="neuroc-somebody-elses"):
        run(load_suite(folder), plugin="somebody-elses")


def test_an_old_file_decodes_by_the_weights_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from neuroc import weights

    folder = suite_of(tmp_path, FILE)
    monkeypatch.setattr(weights, "_in_package", lambda package, path: None)  # a plugin that has better ones now
    assert only(folder).ok
    for path in (folder / "weights").iterdir():
        path.unlink()
    assert "weights-missing" in only(folder).error


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"version": 2, "vectors": []}', '{"version": 1}', '{"version": 1, "vectors": [5]}', "[" * 100000]
    + [json.dumps({"version": 1, "vectors": [v]}) for v in ({}, {"name": "x"})]
    + [
        json.dumps(
            {"version": 1, "vectors": [{"name": "x", "kind": "unit", "path": "x", "sha256": "", "about": "", k: v}]}
        )
        for k, v in (("tables", 5), ("also", 5), ("also", [5]), ("layer", []), ("metadata", 1))
    ]
    + [
        json.dumps({"version": 1, "vectors": n * [{"name": "x", "kind": k, "path": p, "sha256": "", "about": ""}]})
        for n, k, p in ((1, "other", "x"), (1, "unit", "../x"), (1, "unit", "/x"), (2, "unit", "x"))
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(CorruptFileError, match="no manifest"):
        load_suite(tmp_path)


def test_a_folder_without_manifest_and_a_package_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StorageError, match=r"manifest\.json"):
        load_suite(tmp_path)
    monkeypatch.setattr("neuroc.conformance.manifest.PACKAGE", "neuroc_conformance_of_nobody")
    with pytest.raises(PluginMissingError, match="pip install neuroc-conformance"):
        load_suite()


def test_the_installed_package_is_found_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "neuroc_conformance_elsewhere"
    package.mkdir()
    suite_of(package, UNIT)
    (package / "__init__.py").write_text("raise ImportError")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("neuroc.conformance.manifest.PACKAGE", package.name)
    assert load_suite().root == package


def decoder(tmp_path: Path, suite: Path, how: str) -> str:
    """The command of a fake decoder for the files of ``suite``."""
    script = fake_decoder(tmp_path, suite)
    return f"{shlex.quote(sys.executable)} -S {shlex.quote(str(script))} {how} {{in}} {{out}} {{weights}}"


def foreign(tmp_path: Path, how: str, *names: str) -> dict[str, Outcome]:
    """The outcomes of the fake decoder."""
    suite = suite_of(tmp_path / "suite", *names)
    return outcomes(suite, decoder=decoder(tmp_path, suite, how))


def test_a_foreign_decoder_that_is_right_passes_and_has_no_units(tmp_path: Path) -> None:
    names = (FILE, REJECT, UNIT, "mode-p-4", "mode-1-1", "mode-rgba-16", "causal59k-la-by-turns")
    found = foreign(tmp_path, "right", *names)
    assert UNIT not in found
    assert [(n, o.error) for n, o in found.items() if not o.ok] == []


def test_a_foreign_decoder_gets_weights_that_the_vectors_leave_to_their_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = suite_of(tmp_path / "suite", FILE, "pixelcnn-grey-1x1")
    command = decoder(tmp_path, suite, "with-weights")  # fails unless it finds those of each file, by digest
    [heavy] = parse((suite / "files" / f"{FILE}.nrc").read_bytes()).header.weights
    (suite / "weights" / f"{heavy.hex()}.safetensors").unlink()
    assert [(n, o.error) for n, o in outcomes(suite, decoder=command).items() if not o.ok] == []
    monkeypatch.setattr("neuroc.conformance.runner.list_weights", list)  # the plugin is not installed
    found = outcomes(suite, decoder=command)
    assert found["pixelcnn-grey-1x1"].ok
    assert "FileNotFoundError" in found[FILE].error


@pytest.mark.parametrize("how", ["no-tables", "no-code"])
def test_tables_and_codes_are_optional(tmp_path: Path, how: str) -> None:
    assert all(o.ok for o in foreign(tmp_path, how, FILE, REJECT).values())


@pytest.mark.parametrize(
    ("how", "name", "words"),
    [
        ("fails", FILE, "exit code 1: no idea"),
        ("wrong-pixels", FILE, "decodes to pixels with the digest"),
        ("short", FILE, "bytes of samples"),
        ("no-output", FILE, "no out.pam"),
        ("no-facts", FILE, "no out.pam.json"),
        ("wrong-tables", FILE, "the tables of stream 0 are others"),
        ("wrong-mode", FILE, "TUPLTYPE"),
        ("accepts", REJECT, "decodes, where it must be refused"),
        pytest.param(
            "crashes", REJECT, "ended by signal", marks=pytest.mark.skipif(os.name == "nt", reason="no signals")
        ),
        ("leaves-output", REJECT, "its output is there"),
        ("other-code", REJECT, "is refused with limit, not stream"),
    ],
)
def test_a_foreign_decoder_that_is_wrong_fails(tmp_path: Path, how: str, name: str, words: str) -> None:
    outcome = foreign(tmp_path, how, name)[name]
    assert outcome.ok is False
    assert words in outcome.error


@pytest.mark.parametrize("command", ["cat {in}", "cat {out}", "cat 'x {in} {out}", ""])
def test_a_decoder_command_without_its_places_is_a_mistake(tmp_path: Path, command: str) -> None:
    with pytest.raises(UsageError):
        run(load_suite(suite_of(tmp_path, FILE)), decoder=command)


def test_a_command_of_windows_keeps_its_backslashes() -> None:
    command = r"""'C:\my tools\decode.exe' --level 2 {in} "{out}" """
    assert split(command, windows=True) == (r"C:\my tools\decode.exe", "--level", "2", "{in}", "{out}")
    assert split("'my tools/decode' {in} {out}", windows=False) == ("my tools/decode", "{in}", "{out}")


def test_a_decoder_that_is_not_there_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no program that can be started"):
        run(load_suite(suite_of(tmp_path, FILE)), decoder="/no/such/decoder {in} {out}")


def test_the_reference_decoder_agrees_through_its_command(tmp_path: Path) -> None:
    """One file of each sort; .ci/run takes them all."""
    names = (FILE, "mode-p-4", "raw-green-adaptive-zstd", "causal59k-la16", "causal59k-tiles-rgba-13x7-by-6", REJECT)
    reference = DATA.parent / "reference"
    command = (
        f"{shlex.quote(sys.executable)} {shlex.quote(str(reference))} {{in}} {{out}} --weights {{weights}} --tables"
    )
    found = outcomes(suite_of(tmp_path, *names), decoder=command)
    assert [(n, o.error) for n, o in found.items() if not o.ok] == []
