"""The reference decoder of conformance/reference decodes what neuroc encodes, and is what it claims to be."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import coders
import container
import distributions
import exact
import header
import metadata
import neuroc
import picture
from container import Refusal, demand

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "conformance" / "reference"
DATA = ROOT / "conformance" / "neuroc_conformance"
NETWORKS = ("causal59k", "pixelcnn", "italic", "unet")
WEIGHTS = [ROOT / "plugins" / codec / f"neuroc_{codec}" / "weights" for codec in NETWORKS]
CHANNELS = {"1": 1, "L": 1, "P": 1, "LA": 2, "RGB": 3, "RGBA": 4}
MODES = [("1", 1), *product("L", (2, 4, 8, 16)), *product("P", (1, 2, 4, 8)), *product(("LA", "RGB", "RGBA"), (8, 16))]
PALETTE = neuroc.Record("palette", bytes(range(48)))


def drawing(mode: str, bits: int, height: int, width: int) -> neuroc.Picture:
    """Waves with a little noise, so that networks and filters have something to do."""
    random = np.random.default_rng(height * 1000 + width * 10 + bits)
    y, x, c = np.mgrid[:height, :width, : CHANNELS[mode]]
    waves = (np.sin(x / 3 + c) + np.cos(y / 4) + 2) / 4 * (2**bits - 1) + random.normal(0, 2**bits / 40, x.shape)
    samples = np.clip(np.rint(waves), 0, 2**bits - 1).astype(np.uint16 if bits == 16 else np.uint8)
    return neuroc.Picture(samples, mode, bits, (PALETTE,) if mode == "P" else ())


def check(original: neuroc.Picture, **options: Any) -> picture.Picture:
    found = picture.read(neuroc.encode(original, **options), WEIGHTS)
    assert (found.mode, found.bits) == (original.mode, original.bits)
    assert np.array_equal(found.samples, original.samples)
    return found


def unit(name: str) -> Any:
    return json.loads((DATA / "units" / f"{name}.json").read_text())


@pytest.mark.parametrize(("mode", "bits"), MODES)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (9, 1), (13, 11)])
def test_raw_files_of_every_mode_decode(mode: str, bits: int, height: int, width: int) -> None:
    check(drawing(mode, bits, height, width), plugin="raw")


@pytest.mark.parametrize(("mode", "bits"), [("RGB", 8), ("L", 16), ("P", 2)])
def test_raw_files_of_flat_noisy_and_few_coloured_pictures_decode(mode: str, bits: int) -> None:
    shape = (17, 19, CHANNELS[mode])
    random = np.random.default_rng(bits)
    dtype = np.uint16 if bits == 16 else np.uint8
    records = (PALETTE,) if mode == "P" else ()
    for samples in (
        np.full(shape, 3),
        random.integers(0, 2**bits, shape),
        random.integers(0, 3, (*shape[:2], 1)) + np.zeros(shape, np.int64),
        np.tile(np.arange(shape[1])[None, :, None] % 2**bits, (shape[0], 1, shape[2])),
    ):
        check(neuroc.Picture(np.ascontiguousarray(samples, dtype), mode, bits, records), plugin="raw", tile=10)


@pytest.mark.parametrize("coder", ["rans24", "range24"])
@pytest.mark.parametrize("schedule", ["wavefront", "serial", "diagonal"])
@pytest.mark.parametrize(("mode", "bits"), [case for case in MODES if case[0] not in ("1", "P")])
def test_causal59k_files_of_every_schedule_mode_and_coder_decode(
    mode: str, bits: int, schedule: str, coder: str
) -> None:
    if schedule == "diagonal" and mode in ("L", "LA"):
        return  # there is no such file
    found = check(drawing(mode, bits, 7, 6), schedule=schedule, coder=coder, raw=False)
    assert len(found.tables) == (2 if mode in ("LA", "RGBA") else 1)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 8), (8, 1), (2, 2), (3, 17)])
@pytest.mark.parametrize("schedule", ["wavefront", "serial", "diagonal"])
def test_causal59k_files_of_every_shape_decode(schedule: str, height: int, width: int) -> None:
    check(drawing("RGB", 8, height, width), schedule=schedule, raw=False)


@pytest.mark.parametrize("coder", ["rans24", "range24"])
@pytest.mark.parametrize("head", ["softmax", "mixture"])
@pytest.mark.parametrize(("mode", "bits"), [("L", 8), ("LA", 8), ("RGB", 8), ("RGBA", 8), ("RGB", 16)])
def test_pixelcnn_files_of_every_head_mode_and_coder_decode(mode: str, bits: int, head: str, coder: str) -> None:
    found = check(drawing(mode, bits, 7, 6), plugin="pixelcnn", head=head, coder=coder, raw=False)
    assert len(found.tables) == (0 if bits == 16 else 2 if mode in ("LA", "RGBA") else 1)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 8), (8, 1), (2, 2), (3, 17)])
@pytest.mark.parametrize("schedule", ["wavefront", "raster"])
def test_pixelcnn_files_of_every_shape_decode(schedule: str, height: int, width: int) -> None:
    check(drawing("RGB", 8, height, width), plugin="pixelcnn", schedule=schedule, set="photo", raw=False)


@pytest.mark.parametrize("coder", ["rans24", "range24"])
@pytest.mark.parametrize("steps", [1, 3, 64])
@pytest.mark.parametrize(("mode", "bits"), [("L", 2), ("LA", 8), ("RGB", 8), ("RGBA", 16)])
def test_italic_files_of_every_mode_and_coder_decode(mode: str, bits: int, steps: int, coder: str) -> None:
    found = check(drawing(mode, bits, 7, 6), plugin="italic", steps=steps, coder=coder, raw=False)
    assert len(found.tables) == (2 if mode in ("LA", "RGBA") else 1)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 8), (8, 1), (2, 2), (3, 17)])
@pytest.mark.parametrize("base", ["none", "dct"])
def test_italic_files_of_every_shape_decode(base: str, height: int, width: int) -> None:
    check(drawing("RGB", 8, height, width), plugin="italic", steps=2, base=base, raw=False)


@pytest.mark.parametrize("passes", [1, 2, 4, 8])
@pytest.mark.parametrize(("mode", "bits", "coder"), [("L", 2, "range24"), ("RGB", 8, "rans24"), ("LA", 16, "rans24")])
def test_unet_files_of_every_mode_decode(mode: str, bits: int, coder: str, passes: int) -> None:
    found = check(drawing(mode, bits, 19, 6), plugin="unet", passes=passes, coder=coder, raw=False)
    assert len(found.tables) == (2 if mode == "LA" else 1)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 17), (33, 1), (16, 16), (3, 31)])
def test_unet_files_of_every_shape_decode(height: int, width: int) -> None:
    check(drawing("RGB", 8, height, width), plugin="unet", raw=False)


def test_tiles_decode() -> None:
    assert len(check(drawing("RGBA", 8, 11, 13), tile=5, raw=False).tables) == 2 * 3 * 3


def test_tiles_that_raw_codes_better_decode() -> None:
    samples = drawing("RGB", 8, 20, 30).samples
    samples[:, :10] = 7
    check(neuroc.Picture(samples, "RGB", 8), tile=10)


@pytest.mark.parametrize("size", [5, 50_000])
def test_metadata_is_read_plain_and_compressed(size: int) -> None:
    records = (neuroc.Record("text", b"Comment\0" + b"x" * size), neuroc.Record("icc", b""))
    original = drawing("L", 8, 3, 3)
    data = neuroc.encode(neuroc.Picture(original.samples, "L", 8, records), plugin="raw")
    assert picture.read(data, []).records == [(record.key, record.data) for record in records]


def vectors(kind: str) -> list[dict[str, Any]]:
    entries = json.loads((DATA / "manifest.json").read_text())["vectors"]
    return [entry for entry in entries if entry["kind"] == kind]


def test_every_positive_vector_decodes_to_its_pixels_and_tables() -> None:
    for entry in vectors("file"):
        found = picture.read((DATA / entry["path"]).read_bytes(), [DATA / "weights", *WEIGHTS])
        height, width, _ = found.samples.shape
        start = found.mode.encode().ljust(4, b"\0") + np.array([found.bits, width, height], "<u4").tobytes()
        digest = hashlib.sha256(start + found.samples.tobytes()).hexdigest()[:32]
        assert (digest, found.tables) == (entry["pixels"], entry["tables"]), entry["name"]


def test_every_must_reject_vector_is_refused_with_its_code() -> None:
    for entry in vectors("reject"):
        with pytest.raises(Refusal) as refusal:
            picture.read((DATA / entry["path"]).read_bytes(), [DATA / "weights", *WEIGHTS])
        assert refusal.value.args[0] in (entry["error"], *entry.get("also", ())), entry["name"]


def test_the_costs_that_limits_apply_to_are_those_of_neuroc() -> None:
    for entry in vectors("file"):
        data = (DATA / entry["path"]).read_bytes()
        file = container.read(data)
        head = header.read_header(file)
        rows, columns = -(-file.height // head.tile), -(-file.width // head.tile)
        heights = [(k + 1) * file.height // rows - k * file.height // rows for k in range(rows)]
        widths = [(k + 1) * file.width // columns - k * file.width // columns for k in range(columns)]
        costs = []
        groups = header.GROUPS[head.mode]
        codec = picture.CODECS.get(head.codec)
        plan = codec.plan(head, groups, file.bits) if codec else [""] * len(groups)
        for (channels, _), name, h, w in (
            (*group, h, w) for group in zip(groups, plan, strict=True) for h in heights for w in widths
        ):
            raw = 0, h + w - 1, 6 * h * w * channels * -(-file.bits // 8)
            own = codec.cost(name, head, h, w, channels, file.bits) if codec and name else raw
            costs.append(tuple(map(max, raw, own)))
        macs, steps, memory = zip(*costs, strict=True)
        info = neuroc.info(data)
        stated = info.cost_macs, info.cost_steps, info.cost_memory
        assert (sum(macs), sum(steps), max(memory)) == stated, entry["name"]


def test_files_without_zstd_need_no_zstandard(tmp_path: Path) -> None:
    (tmp_path / "in.nrc").write_bytes((DATA / "files" / "container-smallest.nrc").read_bytes())
    program = "import runpy, sys; sys.modules['zstandard'] = None; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0])"
    command = [sys.executable, "-c", program, str(REFERENCE), str(tmp_path / "in.nrc"), str(tmp_path / "out.pam")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out.pam").exists()


@pytest.mark.parametrize("name", ["rans24", "range24"])
def test_the_coders_agree_with_the_unit_vectors(name: str) -> None:
    known = unit(f"coder-{name}")
    for case in known["messages"]:
        runs = [(case["tables"][table], symbol, count) for table, symbol, count in case["message"]]
        tables = [table for table, _, count in runs for _ in range(count)]
        expected = [symbol for _, symbol, count in runs for _ in range(count)]
        assert list(coders.CODERS[name](bytes.fromhex(case["stream"]), tables)) == expected, case["name"]
    for case in known["refused"]:
        tables = [case["tables"][table] for table, count in case["read"] for _ in range(count)]
        with pytest.raises(Refusal, match="stream"):
            list(coders.CODERS[name](bytes.fromhex(case["stream"]), tables))


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_mixtures_agree_with_the_unit_vectors(bits: int) -> None:
    for case in unit(f"mixture-{bits}-bits")["cases"]:
        a, m, q = (np.array([case[name]], np.int64) for name in ("logits", "means", "scales"))
        w = distributions.mixture_weights(a)
        assert w[0].tolist() == case["weights"]
        f = partial(distributions.mixture, w=w, m=m, q=q, bits=bits, unit=case["unit"])
        before, after = 0, bits
        for digit in case["digits"]:
            width = after % 4 or 4
            after -= width
            freqs = distributions.frequencies(f, np.array([before], np.int64), width, after)[0].tolist()
            symbol = case["sample"] >> after & (2**width - 1)
            assert freqs == digit["freqs"]
            assert [sum(freqs[:symbol]), freqs[symbol]] == digit["interval"]
            before = before << width | symbol


def test_the_tables_have_the_digests_of_the_specification() -> None:
    for case in unit("exact-tables")["tables"]:
        entries = exact.table(case["name"]).astype(f"<i{case['bytes']}")
        assert (len(entries), hashlib.sha256(entries.tobytes()).hexdigest()) == (case["entries"], case["sha256"])
        assert case["sha256"] in (ROOT / "SPEC.md").read_text(encoding="utf-8")


def test_layers_agree_with_the_unit_vectors() -> None:
    for case in unit("linear")["cases"]:
        if not case["inputs"]:
            continue  # a layer that no decoder takes
        x = np.array(case["inputs"], np.int64)
        for n, stored in enumerate(case["layers"]):
            names = ("weight", "bias", "shift", "lo", "hi")
            layer = exact.Layer(*(np.array(stored[name], np.int64) for name in names))
            finer = case["finer"] if n == 0 else 0
            x = exact.apply(layer._replace(bias=layer.bias << finer, shift=layer.shift + finer), x)
        assert x.tolist() == case["outputs"], case["name"]


def plain(value: Any) -> Any:
    """The value of a unit vector, in which JSON has no form for byte strings, maps and large integers."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    if kind == "map":
        return {key: plain(item) for key, item in inner}
    return bytes.fromhex(inner) if kind == "bin" else int(inner)


def test_msgpack_agrees_with_the_unit_vectors() -> None:
    known = unit("msgpack")
    for case in known["accepted"]:
        data = bytes.fromhex(case["bytes"])
        assert header.unpack(data, "header") == (plain(case["value"]), len(data)), case["bytes"]
    for case in known["refused"]:
        data = bytes.fromhex(case["bytes"])
        with pytest.raises(Refusal, match="header"):
            demand(header.unpack(data, "header")[1] == len(data), "header", "bytes after the value")


def test_metadata_agrees_with_the_unit_vectors() -> None:
    known = unit("metadata")
    for case in known["accepted"]:
        expected = [(key, bytes.fromhex(data)) for key, data in case["records"]]
        assert metadata.records(bytes.fromhex(case["payload"])) == expected, case["name"]
    for case in known["refused"]:
        with pytest.raises(Refusal, match=case["error"]):
            metadata.records(bytes.fromhex(case["payload"]))


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(REFERENCE), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_writes_pam_and_json(tmp_path: Path) -> None:
    original = drawing("P", 4, 3, 5)
    (tmp_path / "in.nrc").write_bytes(neuroc.encode(original, plugin="raw"))
    assert run(tmp_path / "in.nrc", tmp_path / "out.pam").returncode == 0
    head = b"P7\nWIDTH 5\nHEIGHT 3\nDEPTH 1\nMAXVAL 15\nTUPLTYPE GRAYSCALE\nENDHDR\n"
    assert (tmp_path / "out.pam").read_bytes() == head + original.samples.tobytes()
    about = json.loads((tmp_path / "out.pam.json").read_text())
    assert about == {"mode": "P", "bits": 4, "palette": bytes(range(48)).hex()}


def test_the_command_finds_weights_and_names_table_digests(tmp_path: Path) -> None:
    original = drawing("L", 16, 4, 5)
    (tmp_path / "in.nrc").write_bytes(neuroc.encode(original, raw=False))
    result = run(tmp_path / "in.nrc", tmp_path / "out.pam", "--weights", tmp_path, "--weights", WEIGHTS[0], "--tables")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out.pam").read_bytes().endswith(original.samples.astype(">u2").tobytes())
    assert len(json.loads((tmp_path / "out.pam.json").read_text())["tables"]) == 1
    refused = run(tmp_path / "in.nrc", tmp_path / "out.pam")
    assert (refused.returncode, refused.stderr[:17]) == (4, "weights-missing: ")


def test_a_refused_file_leaves_no_output(tmp_path: Path) -> None:
    data = bytearray(neuroc.encode(drawing("RGB", 8, 4, 4), plugin="raw"))
    data[-20] ^= 1
    (tmp_path / "in.nrc").write_bytes(data)
    (tmp_path / "out.pam").write_bytes(b"of an earlier run")
    result = run(tmp_path / "in.nrc", tmp_path / "out.pam")
    assert (result.returncode, result.stderr[:10]) == (3, "checksum: ")
    assert [path.name for path in tmp_path.iterdir()] == ["in.nrc"]
    assert run(tmp_path / "absent.nrc", tmp_path / "out.pam").returncode == 7


CODECS = {"italic.py", "pixelcnn.py", "unet.py"}  # files of further codecs, each under 300 lines


def test_the_reference_decoder_is_short() -> None:
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in REFERENCE.glob("*.py")}
    assert sum(count for name, count in lines.items() if name not in CODECS) < 700
    assert all(lines[name] < 300 for name in CODECS)


def test_the_reference_decoder_imports_numpy_and_zstandard_alone() -> None:
    own = {path.stem for path in REFERENCE.glob("*.py")}
    for path in REFERENCE.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        foreign = {name.partition(".")[0] for name in names} - own - sys.stdlib_module_names
        assert foreign <= {"numpy", "zstandard"}, path.name
        at_once = {node.names[0].name for node in tree.body if isinstance(node, ast.Import)}
        assert "zstandard" not in at_once  # files without zstd decode without it


def test_every_function_names_its_section() -> None:
    for path in REFERENCE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name != "pam":
                assert "SPEC " in (ast.get_docstring(node) or ""), f"{path.name}: {node.name}"
