"""Weights: found by digest wherever they lie, never accepted with another digest; the file format is strict."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuroc import safetensors, weights
from neuroc.errors import StorageError, WeightsError, WeightsMissingError
from neuroc.hookspecs import CodecEntry, WeightsEntry
from neuroc.plugins import Registered, Registry

TENSORS: dict[str, NDArray[Any]] = {
    "bias": np.arange(-3, 3, dtype=np.int32),
    "kernel": np.arange(-6, 6, dtype=np.int16).reshape(3, 4),
    "shift": np.array(7, dtype=np.uint8),
    "empty": np.zeros((0, 5), dtype=np.int8),
}
FILE = safetensors.serialise(TENSORS, {"name": "rgb", "codec": "mine"})
DIGEST = hashlib.sha256(FILE).digest()[:16]
OTHER = safetensors.serialise({"x": np.zeros(3, dtype=np.int64)}, {"name": "grey"})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user directory and a package ``neuroc_mine`` on the path, which must never be imported."""
    package = tmp_path / "site" / "neuroc_mine"
    (package / "weights").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setattr(weights, "user_directory", lambda: tmp_path / "user" / "weights")
    monkeypatch.delenv(weights.ENVIRONMENT, raising=False)
    sys.modules.pop("neuroc_mine", None)
    return tmp_path


def plugins(*extra: tuple[str, WeightsEntry, str]) -> Registry:
    entry = WeightsEntry("rgb", DIGEST.hex(), "weights/rgb.safetensors")
    codec = CodecEntry(id="mine", codec="neuroc_mine.codec:CODEC", bitstream=1, weights=(entry,))
    return Registry(codecs={"mine": Registered(codec, "neuroc-mine", "1.0")}, weights=extra)


def put(path: Path, data: bytes = FILE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_weights_come_from_the_package_by_name_without_importing_it(home: Path) -> None:
    put(home / "site/neuroc_mine/weights/rgb.safetensors")
    w = weights.load_weights("mine", name="rgb", plugins=plugins())
    assert (w.name, w.digest, w.meta["codec"]) == ("rgb", DIGEST, "mine")
    assert np.array_equal(w.tensors["kernel"], TENSORS["kernel"])


@pytest.mark.parametrize("place", ["environment", "environment under another name", "user"])
def test_weights_are_found_by_digest_outside_the_package(
    home: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place == "user":
        weights.add_weights(put(home / "new.safetensors"))
    else:
        put(home / "env" / (f"{DIGEST.hex()}.safetensors" if place == "environment" else "any.safetensors"))
        monkeypatch.setenv(weights.ENVIRONMENT, str(home / "none") + os.pathsep + str(home / "env"))
    assert weights.load_weights("mine", digest=DIGEST, plugins=plugins()).digest == DIGEST


def test_weights_of_the_hook_are_found_in_its_package(home: Path) -> None:
    put(home / "site/neuroc_mine/more.safetensors", OTHER)
    digest = hashlib.sha256(OTHER).hexdigest()[:32]
    known = plugins(("mine", WeightsEntry("grey", digest, "more.safetensors"), "neuroc_mine"))
    assert weights.load_weights("mine", name="grey", plugins=known).digest.hex() == digest


def test_missing_weights_name_the_digest_the_plugin_and_the_command(home: Path) -> None:
    with pytest.raises(WeightsMissingError) as e:
        weights.load_weights("mine", digest=DIGEST, plugins=plugins())
    for word in (DIGEST.hex(), "neuroc-mine", "neuroc weights add"):
        assert word in str(e.value)


def test_an_unknown_name_lists_the_names_that_exist(home: Path) -> None:
    with pytest.raises(WeightsMissingError, match="Its weights: rgb"):
        weights.load_weights("mine", name="violet", plugins=plugins())


def test_damaged_weights_are_refused_and_a_sound_copy_elsewhere_is_used(home: Path) -> None:
    put(home / "site/neuroc_mine/weights/rgb.safetensors", FILE[:-1] + b"\x55")
    with pytest.raises(WeightsError, match=r"rgb\.safetensors"):
        weights.load_weights("mine", name="rgb", plugins=plugins())
    weights.add_weights(put(home / "sound.safetensors"))
    assert weights.load_weights("mine", name="rgb", plugins=plugins()).digest == DIGEST


@pytest.mark.parametrize("under_its_digest", [True, False])
def test_junk_in_a_directory_does_not_shadow_sound_weights(
    home: Path, monkeypatch: pytest.MonkeyPatch, under_its_digest: bool
) -> None:
    put(home / "site/neuroc_mine/weights/rgb.safetensors")
    monkeypatch.setattr(safetensors, "MAX_FILE", len(FILE))
    name = DIGEST.hex() if under_its_digest else "huge"
    for directory in ("env", "user/weights"):
        put(home / directory / f"{name}.safetensors", FILE + b"longer than any weights")
    monkeypatch.setenv(weights.ENVIRONMENT, str(home / "env"))
    assert weights.load_weights("mine", name="rgb", plugins=plugins()).digest == DIGEST
    (home / "site/neuroc_mine/weights/rgb.safetensors").unlink()
    put(home / "env" / "sound.safetensors")
    assert weights.load_weights("mine", name="rgb", plugins=plugins()).digest == DIGEST
    assert "sound.safetensors" in {w.path.name for w in weights.list_weights(plugins()) if w.path}


def test_the_directories_are_not_read_where_the_package_has_the_weights(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home / "site/neuroc_mine/weights/rgb.safetensors")
    monkeypatch.setattr(weights, "_directories", lambda: pytest.fail("looked into the directories"))
    assert weights.load_weights("mine", name="rgb", plugins=plugins()).digest == DIGEST


def test_a_file_that_the_user_names_must_have_the_digest_of_the_picture(home: Path) -> None:
    good, bad = put(home / "good.safetensors"), put(home / "bad.safetensors", OTHER)
    assert weights.load_weights("mine", digest=DIGEST, extra=good, plugins=plugins()).digest == DIGEST
    with pytest.raises(WeightsError, match="digest"):
        weights.load_weights("mine", digest=DIGEST, extra=bad, plugins=plugins())


def test_the_override_is_a_file_a_name_or_a_digest(home: Path) -> None:
    path = put(home / "mine.safetensors")
    put(home / "site/neuroc_mine/weights/rgb.safetensors")
    for override in (str(path), "rgb", DIGEST.hex(), None):
        assert weights.resolve_weights("mine", "rgb", override, plugins()).digest == DIGEST


def test_an_override_for_another_kind_of_picture_leaves_the_default(home: Path) -> None:
    put(home / "site/neuroc_mine/weights/rgb.safetensors")
    path = put(home / "grey.safetensors", OTHER)
    assert weights.resolve_weights("mine", "rgb", str(path), plugins()).digest == DIGEST


def test_a_named_override_for_another_kind_of_picture_leaves_the_default(home: Path) -> None:
    put(home / "site/neuroc_mine/weights/rgb.safetensors")
    digest = hashlib.sha256(OTHER).hexdigest()[:32]
    known = plugins(("mine", WeightsEntry("grey", digest, "more.safetensors"), "neuroc_mine"))
    for override in ("grey", digest):
        with pytest.raises(WeightsMissingError):
            weights.resolve_weights("mine", "rgb", override, known)
    put(home / "site/neuroc_mine/more.safetensors", OTHER)
    for override in ("grey", digest):
        assert weights.resolve_weights("mine", "rgb", override, known).digest == DIGEST
        assert weights.resolve_weights("mine", "grey", override, known).digest.hex() == digest
    for unknown in ("violet", "0" * 32):
        with pytest.raises(WeightsMissingError):
            weights.resolve_weights("mine", "rgb", unknown, known)


def test_an_override_of_another_codec_is_refused(home: Path) -> None:
    path = put(home / "w.safetensors", safetensors.serialise({}, {"codec": "theirs"}))
    with pytest.raises(WeightsError, match="theirs"):
        weights.resolve_weights("mine", "rgb", str(path), plugins())


def test_adding_leaves_one_file_named_by_its_digest_and_refuses_what_is_no_weights_file(home: Path) -> None:
    target = weights.add_weights(put(home / "new.safetensors"))
    assert weights.add_weights(target) == target
    assert [p.name for p in target.parent.iterdir()] == [f"{DIGEST.hex()}.safetensors"]
    with pytest.raises(WeightsError):
        weights.add_weights(put(home / "junk.safetensors", b"junk that is longer than 8"))
    with pytest.raises(StorageError):
        weights.add_weights(home / "nothing.safetensors")


def test_list_and_verify_tell_sound_damaged_and_missing_files_apart(home: Path) -> None:
    known = plugins()
    assert [w.path for w in weights.list_weights(known)] == [None]
    assert [ok for _, ok, _ in weights.verify_weights(known)] == [False]
    put(home / "site/neuroc_mine/weights/rgb.safetensors")
    target = weights.add_weights(put(home / "new.safetensors"))
    assert [(w.codec, w.name, w.source) for w in weights.list_weights(known)] == [
        ("mine", "rgb", "package"),
        ("mine", "rgb", "user"),
    ]
    assert [ok for _, ok, _ in weights.verify_weights(known)] == [True, True]
    put(target, OTHER)
    assert [ok for _, ok, _ in weights.verify_weights(known)] == [True, False]


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8).filter(lambda s: s != "__metadata__"),
        st.tuples(st.sampled_from(sorted(safetensors.DTYPES)), st.lists(st.integers(0, 4), max_size=3)),
        max_size=5,
    ),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
)
def test_tensors_and_metadata_come_back(shapes: dict[str, Any], meta: dict[str, str]) -> None:
    rng = np.random.default_rng(1)
    tensors = {n: rng.integers(0, 100, size=s).astype(np.dtype(safetensors.DTYPES[d])) for n, (d, s) in shapes.items()}
    data = safetensors.serialise(tensors, meta)
    back, back_meta = safetensors.parse(data)
    assert back_meta == meta
    assert set(back) == set(tensors)
    for name, t in tensors.items():
        assert back[name].dtype == t.dtype
        assert back[name].shape == t.shape
        assert np.array_equal(back[name], t)
    assert safetensors.serialise(dict(reversed(tensors.items())), meta) == data


def with_header(header: object, body: bytes = b"\0" * 8) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def tensor(dtype: object = "I8", shape: object = (8,), offsets: object = (0, 8)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 8,
        with_header(b"[" * 100_000),
        with_header(b"\xff"),
        with_header([]),
        with_header({}),
        with_header({"a": 3}),
        with_header({"a": tensor(), "__metadata__": {"x": 1}}),
        with_header(b'{"a":{"dtype":"I8","shape":[8],"data_offsets":[0,8]},"a":{}}'),
        with_header({"a": tensor(dtype="F64")}),
        with_header({"a": tensor(dtype=["I8"])}),
        with_header({"a": tensor(shape=(True,) * 8)}),
        with_header({"a": tensor(shape=(2**80, 0))}),
        with_header({"a": tensor(shape=(-1, -8))}),
        with_header({"a": tensor(shape=(1,) * 9, offsets=(0, 1))}),
        with_header({"a": tensor(offsets=(0, 8, 8))}),
        with_header({"a": tensor(shape=(9,), offsets=(0, 9))}),
        with_header({"a": tensor(shape=(7,), offsets=(0, 7))}),
        with_header({"a": tensor(shape=(7,), offsets=(1, 8))}),
        with_header({"a": tensor(shape=(8,), offsets=(8, 0))}),
        with_header({"a": tensor(), "b": tensor()}),
        with_header({"a": tensor(shape=(4,), offsets=(0, 4)), "b": tensor(shape=(3,), offsets=(5, 8))}),
        with_header({"a": tensor() | {"extra": 1}}),
    ],
)
def test_a_weights_file_that_is_not_canonical_is_refused(data: bytes) -> None:
    with pytest.raises(WeightsError):
        safetensors.parse(data)


def test_every_truncation_of_a_weights_file_is_refused() -> None:
    for n in range(len(FILE)):
        with pytest.raises(WeightsError):
            safetensors.parse(FILE[:n])


def test_tensors_are_read_only_and_other_types_cannot_be_stored() -> None:
    tensors, _ = safetensors.parse(FILE)
    with pytest.raises(ValueError, match="read-only"):
        tensors["bias"][0] = 1
    with pytest.raises(WeightsError):
        safetensors.serialise({"x": np.zeros(2, dtype=np.float64)})
