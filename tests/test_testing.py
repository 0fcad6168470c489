"""neuroc.testing: a sound codec passes, and each way to break a contract fails the test of this contract."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, settings

import neuroc
from neuroc import safetensors
from neuroc.api import Weights
from neuroc.digests import digest
from neuroc.plugins import registry
from neuroc.testing import CONTRACTS, ContractBroken, suite
from neuroc.testing.declarations import COMMAND_LINE
from neuroc.testing.suites import CHECKS
from neuroc_cli.encode import encode

HOOK = """
from dataclasses import dataclass
import threading, time, zlib
import numpy as np
from neuroc.api import *

@hookimpl
def neuroc_register_codecs():
    return [CodecEntry(id="toy", codec="neuroc_toy:CODEC", bitstream=1, summary="a toy", bits=(8, 16), weights=WEIGHTS)]

WEIGHTS = ()

@dataclass(frozen=True)
class Params:
    wide: int = param(0, key=0, help="log2 of the scale", low=-1, high=3)
"""

PREDICTS = r'''
MARKED = False

class Toy:
    """Expects every sample where the one before it is."""
    side_information = MARKED

    def __init__(self, wide, engine, offset):
        self.wide, self.engine, self.offset = wide, engine, offset

    def analyse(self, x, spec, params):
        return [x.reshape(spec.batch, -1).astype(np.int32)], [b"\7" if MARKED else b""] * spec.batch

    def synthesise(self, planes, spec, params):
        shape = (spec.batch, spec.height, spec.width, spec.channels)
        return planes[0].astype(np.uint16 if spec.bits > 8 else np.uint8).reshape(shape)

    def steps(self, spec, params, side):
        marks = [{7: "mark"}[mark[0]] for mark in side if MARKED]
        n = spec.pixels * spec.channels
        plane = np.zeros((spec.batch, n), dtype=np.int32)
        before = np.full((spec.batch, 1), 1 << (spec.bits - 1), dtype=np.int32)
        for begin in range(0, n, 24):
            sites = np.arange(begin, min(n, begin + 24))
            expected = np.repeat(before, len(sites), axis=1)
            plane[:, sites] = yield Step(0, sites, self.expect(expected.reshape(-1), spec))
            before = plane[:, sites[-1:]]
        return [plane]

    def expect(self, expected, spec):
        means = 16 * expected[:, None] + self.offset
        scales = np.full(means.shape, -128 * self.wide, dtype=np.int32)
        return Mixture(mixture_weights(np.zeros(means.shape, dtype=np.int32)), means, scales, spec.bits)

class Codec:
    params = Params

    def weights_name(self, spec, params):
        return ""

    def cost(self, spec, params):
        samples = spec.pixels * spec.channels
        return Cost(macs=samples, steps=-(-samples // 24), peak_bytes=32 * samples)

    def model(self, weights, engine, spec, params):
        return Toy(params.wide, engine, 0)

CODEC = Codec()
'''

DEFLATES = """
class Codec:
    params = Params

    def encode_tile(self, x, spec, params):
        return zlib.compress(np.ascontiguousarray(x).tobytes(), 6 + params.wide)

    def decode_tile(self, data, spec, params):
        dtype, shape = (np.uint16 if spec.bits > 8 else np.uint8), (spec.height, spec.width, spec.channels)
        try:
            plain = zlib.decompress(data)
        except zlib.error as error:
            raise CorruptFileError(str(error)) from error
        if len(plain) != np.dtype(dtype).itemsize * spec.pixels * spec.channels:
            raise CorruptFileError("another size")
        return np.frombuffer(plain, dtype).reshape(shape)

    def cost(self, spec, params):
        return Cost(macs=0, steps=1, peak_bytes=4 * spec.pixels * spec.channels)

CODEC = Codec()
"""

Install = Callable[..., Any]


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    """What fails is not made smaller: nobody reads these failures."""
    usual = settings.default
    settings.register_profile("unshrunk", phases=[Phase.generate], database=None)
    settings.load_profile("unshrunk")
    yield
    settings.register_profile("usual", usual)
    settings.load_profile("usual")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a module as the distribution neuroc-toy, really: found by its entry point, here and in new processes."""

    def installed(source: str, name: str = "neuroc-toy") -> None:
        about = tmp_path / "neuroc_toy-0.1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
        (about / "entry_points.txt").write_text("[neuroc]\ntoy = neuroc_toy\n")
        (tmp_path / "neuroc_toy.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        registry.cache_clear()

    yield installed
    monkeypatch.undo()
    sys.modules.pop("neuroc_toy", None)
    registry.cache_clear()


def outcomes(*names: str, **scope: Any) -> dict[str, str]:
    """What the tests of the toy's suite say: "" where they pass."""
    found = {}
    made = suite("toy", **{"side": 9, "examples": 12, "engines": (), **scope})()
    for test in [n for n in dir(made) if n.startswith("test_") and (not names or n in names)]:
        try:
            getattr(made, test)()
        except ContractBroken as error:
            found[test] = f"{error.contract}: {error}"
        except pytest.skip.Exception:
            found[test] = ""
        else:
            found[test] = ""
    return found


@pytest.mark.parametrize("codec", [PREDICTS, DEFLATES], ids=["predicts", "deflates"])
def test_a_sound_codec_passes(install: Install, codec: str) -> None:
    install(HOOK + codec)
    found = outcomes()
    assert len(found) > 9
    assert not any(found.values()), found


SEEN = "return [x.reshape(spec.batch, -1)"
BROKEN = [
    # test, contract, what is replaced, by what
    ("no_table_depends_on_later_samples", "causality", SEEN, f"self.offset = int(x[-1, -1, -1, -1]); {SEEN}"),
    ("streams_come_back", "lossless", SEEN, f"self.offset = int(x[-1, -1, -1, -1]); {SEEN}"),
    ("streams_come_back", "lossless", "astype(np.uint16 if spec.bits > 8 else np.uint8)", "astype(np.uint8)"),
    ("lock_step_changes_no_stream", "batches", "means = 16 * expected", "means = spec.batch + 16 * expected"),
    (
        "lock_step_changes_no_stream",
        "batches",
        "means = 16 * ",
        "means = 4 * (expected.max() - expected[:, None]) + 12 * ",
    ),
    ("every_sample_is_coded_once", "coverage", "range(0, n, 24)", "range(0, n if n < 30 else n - 24, 24)"),
    ("every_sample_is_coded_once", "coverage", "begin + 24))", "begin + 25))"),
    ("every_sample_is_coded_once", "coverage", "yield Step(0, sites, ", "yield Step(0, sites + 1, "),
    ("every_parameter_changes_what_is_coded", "parameters", "-128 * self.wide", "0"),
    ("parameters_work_or_are_refused", "parameters", "wide", "tile"),
    ("parameters_work_or_are_refused", "parameters", "(frozen=True)", ""),
    ("parameters_work_or_are_refused", "parameters", "return Toy(", "{-1: 0, 0: 0}[params.wide]; return Toy("),
    ("the_cost_is_told_beforehand", "cost", "steps=-(-samples // 24)", "steps=1 + spec.width // 40"),
    ("the_cost_is_told_beforehand", "cost", "macs=samples", "macs=10**6"),
    ("the_cost_is_told_beforehand", "cost", "macs=samples", "macs=samples / 2"),
    ("the_cost_is_told_beforehand", "cost", "32 * samples", "0"),
    (
        "damaged_streams_are_found",
        "damage",
        "MARKED = False",
        "MARKED = True",
    ),
    (
        "damaged_files_are_found",
        "damage",
        "MARKED = False",
        "MARKED = True",
    ),
    ("threads_may_share_a_model", "threads", "plane = np.zeros", "self.turn(); plane = np.zeros"),
    ("other_processes_write_the_same", "determinism", "+ self.offset", "+ hash('toy') % 97"),
    ("the_entry_says_what_the_codec_is", "entry", 'summary="a toy"', 'summary=""'),
    ("the_entry_says_what_the_codec_is", "entry", "bits=(8, 16)", "bits=(8, 12)"),
    ("the_entry_says_what_the_codec_is", "entry", 'return ""', 'raise UsageError("never")'),
    ("tables_are_valid_and_intervals_agree", "tables", "return Mixture(", "return Uneven("),
    ("tables_are_valid_and_intervals_agree", "tables", "return Mixture(", "return Other("),
    ("one_pass_equals_the_steps", "one-pass", "return Toy(", "Toy.intervals = one_pass; return Toy("),
    ("engines_give_the_same_streams", "engines", "engine, 0)", "engine, int(engine.id == 'odd'))"),
    (
        "weights_that_do_not_fit_are_refused",
        "weights",
        "Toy(params.wide, engine, 0)",
        "fitted(params.wide, engine, weights)",
    ),
]


@pytest.mark.parametrize(("test", "contract", "old", "new"), BROKEN)
def test_a_broken_contract_fails_its_test(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, test: str, contract: str, old: str, new: str
) -> None:
    source = (HOOK + PREDICTS).replace(old, new)
    assert source != HOOK + PREDICTS
    source += """
class Uneven(Mixture):
    def tables(self, digit, prefix):
        freqs = super().tables(digit, prefix)
        freqs[-1, 0] += 1
        return freqs

class Other(Mixture):
    def intervals(self, symbols):
        return super().intervals(symbols ^ 1)

def one_pass(self, planes, spec, params):
    for item in planes[0]:
        found = list(self.expect(np.zeros_like(item), spec).intervals(item))
        yield Intervals(*(np.concatenate(part) for part in zip(*found)))

class Odd:
    id, device = "odd", "cpu"

@hookimpl
def neuroc_register_engines():
    return [EngineEntry("odd", "neuroc_toy:odd")]

def odd(device):
    return Odd()

def fitted(wide, engine, weights):
    return Toy(wide, engine, int(weights.tensors["offset"][0]) & 1)
def turn(self):
    own = self.offset = threading.get_ident() % 1000
    time.sleep(0.001)
    if self.offset != own:
        raise RuntimeError("two pictures at once")
    self.offset = 0

Toy.turn = turn
"""
    if test.startswith("weights"):
        data = safetensors.serialise({"offset": np.array([1, 2], dtype=np.int32)})
        (tmp_path / "toy.safetensors").write_bytes(data)
        monkeypatch.setenv("NEUROC_WEIGHTS", str(tmp_path))
        entry = f'WEIGHTS = (WeightsEntry("offsets", "{digest(data).hex()}", "toy.safetensors"),)'
        source = source.replace("WEIGHTS = ()", entry).replace('return ""', 'return "offsets"')
    install(source)
    engines = ("odd",) if test.startswith("engines") else ()
    found = outcomes(f"test_{test}", engines=engines)[f"test_{test}"]
    assert found.startswith(f"{contract}: "), found
    assert CONTRACTS[contract] in found
    assert "docs/writing-a-plugin.md" in found


def test_other_processes_are_in_the_scope_of_the_suite(install: Install) -> None:
    install(HOOK + PREDICTS)
    scope = {"bits": (16,), "channels": [1], "params": [{"wide": 2}], "coders": ["range24"]}
    assert not any(outcomes("test_other_processes_write_the_same", **scope).values())


def test_a_raw_codec_that_lets_the_error_of_its_library_through_fails(install: Install) -> None:
    install((HOOK + DEFLATES).replace("except zlib.error", "except KeyError"))
    names = ("test_damaged_tiles_are_found", "test_damaged_files_are_found")
    assert all(found.startswith("damage: ") for found in outcomes(*names).values())


def test_a_codec_in_a_package_that_nobody_would_look_for_fails(install: Install) -> None:
    install(HOOK + PREDICTS, name="my-toy")
    assert "neuroc-toy" in outcomes("test_the_entry_says_what_the_codec_is")["test_the_entry_says_what_the_codec_is"]


def test_a_network_that_is_not_trained_yet_is_tested_with_weights_made_for_it(install: Install) -> None:
    source = (HOOK + PREDICTS).replace('return ""', 'return "offsets"')
    install(
        source.replace("Toy(params.wide, engine, 0)", 'Toy(params.wide, engine, int(weights.tensors["offset"][0]))')
    )
    made = Weights("offsets", bytes(16), {"offset": np.array([1], dtype=np.int32)})
    found = outcomes(weights=lambda name: made)
    assert found.pop("test_weights_that_do_not_fit_are_refused").startswith("weights: ")
    assert "test_files_come_back" not in found
    assert not any(found.values()), found


def test_every_contract_has_a_test() -> None:
    sources = [inspect.getsource(sys.modules[c.run.__module__]) for c in CHECKS]
    for contract in CONTRACTS:
        assert any(f'"{contract}"' in source for source in sources)


def test_the_names_of_all_options_of_encode_are_refused_for_parameters() -> None:
    taken = {*inspect.signature(neuroc.encode).parameters, *COMMAND_LINE}
    assert {p for p in inspect.signature(encode).parameters if p != "params"} <= taken


def test_importing_neuroc_imports_neither_pytest_nor_hypothesis() -> None:
    code = (
        "import neuroc.testing, neuroc.api, sys; sys.exit(str({'pytest', 'hypothesis'} & set(sys.modules) or '') or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_pytest_runs_the_suite_of_an_installed_codec_without_a_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--neuroc-codec", "raw", "-k", "entry or tiles"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
    missing = subprocess.run([*command, "--neuroc-codec", "nobodys"], cwd=tmp_path, capture_output=True, text=True)
    assert missing.returncode != 0
    assert "pip install neuroc-nobodys" in missing.stdout
    assert "Traceback" not in missing.stdout + missing.stderr
    assert "plugins.py" not in missing.stdout


def test_a_suite_of_a_codec_that_is_not_there_says_what_to_install() -> None:
    with pytest.raises(neuroc.NeurocError, match="pip install neuroc-missing"):
        suite("missing")
