"""Measurements are of real round trips: what a contender cannot hold is left out, what it loses is an error."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import neuroc
from neuroc import bench, peers
from neuroc.bench import Contender, measure, pictures_below
from neuroc.errors import PluginMissingError, StorageError, UnsupportedPictureError, UsageError, VerificationError
from neuroc.limits import DEFAULT_LIMITS
from neuroc.picture import CHANNELS, Picture, same_picture

KINDS = [("RGB", 8), ("RGB", 16), ("L", 8), ("L", 16), ("LA", 8), ("RGBA", 8), ("1", 1), ("L", 4)]


def noise(mode: str, bits: int) -> Picture:
    rng = np.random.default_rng(3)
    kind = np.uint16 if bits == 16 else np.uint8
    return Picture(rng.integers(0, 2**bits, (9, 11, CHANNELS[mode])).astype(kind), mode, bits)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x.png"
    path.write_bytes(neuroc.write_picture(noise("RGB", 8), "png"))
    return path


@pytest.mark.parametrize("name", list(peers.LABELS))
@pytest.mark.parametrize(("mode", "bits"), KINDS)
def test_every_peer_gives_back_what_it_takes(name: str, mode: str, bits: int) -> None:
    pytest.importorskip("imagecodecs")
    encode, decode = peers.peer(name)
    picture = noise(mode, bits)
    try:
        data = encode(picture)
    except UnsupportedPictureError:
        assert name != "png"
        assert (mode, bits) != ("RGB", 8)
        return
    assert same_picture(decode(data, picture), picture)


def test_jxl_stands_for_both_efforts() -> None:
    assert peers.expand("png, jxl,jxl-e7") == ["png", "jxl-e7", "jxl-e9"]
    with pytest.raises(UsageError, match="bmp"):
        peers.expand("bmp")


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(PluginMissingError, match="neuroc-codec\\[peers\\]"):
        peers.peer("jxl-e7")


def test_pictures_that_need_a_missing_library_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    files = [tmp_path / "deep.png", tmp_path / "plain.png"]
    for file, picture in zip(files, (noise("LA", 16), noise("RGB", 8)), strict=True):
        file.write_bytes(neuroc.write_picture(picture, "png"))
    result = measure(Contender("png", peer="png"), files, DEFAULT_LIMITS)
    assert [m.file for m in result.pictures] == [str(files[1])]
    assert result.skipped[0][0] == str(files[0])
    assert "neuroc-codec[peers]" in result.skipped[0][1]


def test_a_measurement_names_the_codec_that_the_file_ended_up_with(file: Path) -> None:
    document = measure(Contender("raw", codec="raw"), [file], DEFAULT_LIMITS).as_dict()
    assert document["files"][0]["codec"] == "raw"


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", denied)
    with pytest.raises(StorageError, match="cannot be read"):
        pictures_below([tmp_path], frozenset({".png"}))


def test_a_measurement_counts_whole_files(file: Path) -> None:
    result = measure(Contender("raw", codec="raw"), [file, file], DEFAULT_LIMITS)
    expected = len(neuroc.encode(noise("RGB", 8), plugin="raw"))
    assert [m.bytes for m in result.pictures] == [expected, expected]
    document = result.as_dict()
    assert document["bytes"] == 2 * expected
    assert document["bpsp"] == pytest.approx(8 * expected / (9 * 11 * 3), abs=1e-6)


def test_a_contender_that_loses_a_sample_is_an_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    black = Picture(np.zeros((9, 11, 3), dtype=np.uint8), "RGB", 8)
    monkeypatch.setattr(peers, "peer", lambda name: (lambda picture: b"x", lambda data, like: black))
    with pytest.raises(VerificationError, match="lossy"):
        measure(Contender("lossy", peer="lossy"), [file], DEFAULT_LIMITS)


def test_what_a_peer_cannot_hold_is_left_out_with_its_reason(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(picture: Picture) -> bytes:
        raise UnsupportedPictureError("no colours")

    monkeypatch.setattr(peers, "peer", lambda name: (refuse, None))
    result = measure(Contender("grey", peer="grey"), [file], DEFAULT_LIMITS)
    assert result.skipped == ((str(file), "no colours"),)
    assert result.as_dict()["bpsp"] is None


def test_failures_of_the_measuring_process_arrive(file: Path) -> None:
    with pytest.raises(PluginMissingError):
        bench.compare([Contender("none", codec="none")], [file])


def test_pictures_are_found_below_folders(file: Path, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("")
    assert pictures_below([tmp_path], frozenset({".png"})) == [file]
    with pytest.raises(UsageError):
        pictures_below([tmp_path], frozenset({".bmp"}))
    with pytest.raises(StorageError):
        pictures_below([tmp_path / "none"], frozenset({".png"}))
