"""Pictures become files and files become the same pictures, wherever they come from and go to."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import neuroc
from neuroc.picture import Picture, same_picture

RAW = ("--plugin", "raw")
ENCODED = {"input", "output", "plugin", "width", "height", "mode", "bits", "bytes", "bpsp", "seconds"}


def names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_a_picture_comes_back_identical(call: Any, photo: Path, picture: Picture, tmp_path: Path) -> None:
    assert call("encode", *RAW, photo).code == 0
    assert call("decode", "photo.nrc", "-o", "back.png").code == 0
    assert same_picture(neuroc.read_picture(tmp_path / "back.png"), picture)
    assert names(tmp_path) == ["back.png", "photo.nrc", "photo.png"]


def test_encode_says_one_line_a_picture(call: Any, photo: Path) -> None:
    ended = call("encode", *RAW, photo)
    assert ended.err == ""
    line, end = ended.out.split("\n")
    assert end == ""
    assert "photo.png" in line
    assert "30x20 RGB 8 bit" in line
    assert "bpsp" in line


def test_quiet_says_nothing(call: Any, photo: Path) -> None:
    ended = call("encode", "-q", *RAW, photo)
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_json_is_the_document_of_the_contract(call: Any, photo: Path, tmp_path: Path) -> None:
    [entry] = call("encode", "--json", *RAW, photo).json
    assert set(entry) == ENCODED
    size = (tmp_path / "photo.nrc").stat().st_size
    assert entry["bytes"] == size
    assert entry["bpsp"] == pytest.approx(8 * size / (30 * 20 * 3), abs=1e-6)
    [entry] = call("decode", "--json", "photo.nrc", "-o", "back.png").json
    assert set(entry) == ENCODED - {"bpsp"}


def test_folders_are_searched_and_out_dir_keeps_their_sub_folders(call: Any, tree: Path, tmp_path: Path) -> None:
    assert call("encode", *RAW, tree, "--out-dir", "out").code == 0
    assert names(tmp_path / "out") == ["a.nrc", "sub/b.nrc"]
    assert call("decode", "out", "--out-dir", "back").code == 0
    assert names(tmp_path / "back") == ["a.png", "sub/b.png"]


def test_without_out_dir_outputs_lie_beside_their_inputs(call: Any, tree: Path) -> None:
    assert call("encode", *RAW, tree).code == 0
    assert names(tree) == ["a.nrc", "a.png", "notes.txt", "sub/b.PNG", "sub/b.nrc"]


@pytest.mark.parametrize(("name", "kind"), [("x.tif", "TIFF"), ("x.ppm", "PPM"), ("x.pam", None), ("x.PNG", "PNG")])
def test_the_suffix_of_the_output_is_its_format(
    call: Any, nrc: Path, picture: Picture, tmp_path: Path, name: str, kind: str | None
) -> None:
    assert call("decode", nrc, "-o", name).code == 0
    assert same_picture(neuroc.read_picture(tmp_path / name), picture)
    if kind:
        with Image.open(tmp_path / name) as image:
            assert image.format == kind


def test_format_names_the_format_of_all_outputs(call: Any, nrc: Path, tmp_path: Path) -> None:
    assert call("decode", nrc, "--format", "ppm").code == 0
    assert (tmp_path / "photo.ppm").read_bytes()[:2] == b"P6"


def test_a_region_is_that_part_of_the_picture(call: Any, nrc: Path, picture: Picture, tmp_path: Path) -> None:
    assert call("decode", nrc, "--region", "3,4,10,5", "-o", "part.png").code == 0
    part = neuroc.read_picture(tmp_path / "part.png")
    assert np.array_equal(part.samples, picture.samples[4:9, 3:13])


def test_pictures_of_mixed_sizes_go_through_a_batch(call: Any, photo: Path, tmp_path: Path) -> None:
    for i, size in enumerate([(8, 6), (8, 6), (5, 7), (8, 6)]):
        Image.new("RGB", size, (i, 2, 3)).save(tmp_path / f"p{i}.png")
    files = [tmp_path / f"p{i}.png" for i in range(4)]
    assert [e["width"] for e in call("encode", "--json", *RAW, "--batch", 4, *files).json] == [8, 8, 5, 8]
    decoded = call("decode", "--json", "--batch", 4, "--out-dir", "out", *(f.with_suffix(".nrc") for f in files))
    assert decoded.code == 0
    for i, file in enumerate(files):
        with Image.open(tmp_path / "out" / f"p{i}.png") as image:
            assert image.getpixel((0, 0)) == (i, 2, 3)
        assert decoded.json[i]["input"].endswith(f"{file.stem}.nrc")


def test_many_small_pictures_are_coded_together(call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    pictures = [random.integers(0, 256, (6, 5, 3), dtype=np.uint8) for _ in range(6)]
    for n, samples in enumerate(pictures):
        Image.fromarray(samples).save(tmp_path / f"{n}.png")
    (tmp_path / "3.png").write_bytes(b"no picture")
    calls: list[int] = []
    honest = neuroc.encode_many

    def counted(images: Any, **keywords: Any) -> Any:
        calls.append(len(images))
        return honest(images, **keywords)

    monkeypatch.setattr("neuroc.encode_many", counted)
    assert call("encode", tmp_path, "--json").code == 2
    assert calls == [5]
    for n, samples in enumerate(pictures):
        if n != 3:
            assert (tmp_path / f"{n}.nrc").read_bytes() == neuroc.encode(samples)
    assert not (tmp_path / "3.nrc").exists()
    back = call("decode", tmp_path, "--out-dir", tmp_path / "back", "-f", "png")
    assert len(names(tmp_path / "back")) == 5, back


def test_several_processes_give_the_same_files(program: Any, photo: Path, tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"p{i}.png").write_bytes(photo.read_bytes())
    out, err = program("encode", *RAW, "--jobs", 2, *tmp_path.glob("p?.png")).communicate(timeout=60)
    assert err == b""
    assert out.count(b"\n") == 3
    assert len({p.read_bytes() for p in tmp_path.glob("*.nrc")}) == 1
    assert len(names(tmp_path)) == 7


def test_stdin_and_stdout_make_a_filter(program: Any, photo: Path, picture: Picture) -> None:
    data, err = program("encode", *RAW, "-").communicate(photo.read_bytes(), timeout=60)
    assert err == b""
    back, err = program("decode", "-").communicate(data, timeout=60)
    assert err == b""
    assert same_picture(neuroc.read_picture(back), picture)


def test_the_source_of_a_jpeg_is_remarked_on(call: Any, tmp_path: Path) -> None:
    Image.new("RGB", (16, 16), (9, 8, 7)).save(tmp_path / "x.jpg")
    ended = call("encode", *RAW, "x.jpg")
    assert ended.code == 0
    assert "JPEG" in ended.err
    assert call("encode", "-q", "--force", *RAW, "x.jpg").err == ""


def test_metadata_that_a_format_cannot_hold_is_named(call: Any, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG", dpi=(72, 72))
    (tmp_path / "x.png").write_bytes(buffer.getvalue())
    call("encode", *RAW, "x.png")
    ended = call("decode", "x.nrc", "-o", "x.ppm")
    assert ended.code == 0
    assert "pHYs" in ended.err
    assert call("decode", "x.nrc", "-o", "y.png").err == ""


def test_an_animation_needs_its_frame(call: Any, tmp_path: Path) -> None:
    frames = [Image.new("L", (4, 4), v).convert("P") for v in (10, 200)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    ended = call("encode", *RAW, "x.gif")
    assert ended.code == 2
    assert "--frame" in ended.err
    assert call("encode", *RAW, "x.gif", "--frame", 1).code == 0


def test_salvage_writes_what_is_intact_and_says_what_is_lost(call: Any, photo: Path, tmp_path: Path) -> None:
    data = bytearray(neuroc.encode(neuroc.read_picture(photo), plugin="raw", tile=16, verify=False))
    (tmp_path / "sound.nrc").write_bytes(data)
    assert call("decode", "--salvage", "sound.nrc", "--json").json[0]["lost_tiles"] == []
    data[-40] ^= 1
    (tmp_path / "bad.nrc").write_bytes(data)
    assert call("decode", "bad.nrc").code == 3
    ended = call("decode", "--salvage", "bad.nrc", "--json")
    assert ended.code == 3
    assert ended.json[0]["lost_tiles"]
    assert (tmp_path / "bad.png").exists()


def test_salvage_of_nothing_writes_nothing(call: Any, nrc: Path, tmp_path: Path) -> None:
    data = bytearray(nrc.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "bad.nrc").write_bytes(data)
    ended = call("decode", "--salvage", "bad.nrc")
    assert (ended.code, "nothing could be saved" in ended.err) == (3, True)
    assert not (tmp_path / "bad.png").exists()


def test_salvage_of_a_complete_picture_names_the_damage(call: Any, nrc: Path, tmp_path: Path) -> None:
    (tmp_path / "long.nrc").write_bytes(nrc.read_bytes() + b"junk")
    ended = call("decode", "--salvage", "long.nrc")
    assert (ended.code, "note" in ended.err) == (0, True)
    assert "4 bytes follow the end marker" in ended.err
    assert "the picture is complete" in ended.err


def test_existing_outputs_can_be_skipped(call: Any, tree: Path) -> None:
    (tree / "a.nrc").write_bytes(b"of someone else")
    ended = call("encode", *RAW, "--skip-existing", "--json", tree)
    assert ended.code == 0
    assert [e.get("skipped", False) for e in ended.json] == [True, False]
    assert (tree / "a.nrc").read_bytes() == b"of someone else"
    assert "skipped" in call("encode", *RAW, "--skip-existing", tree).out
    assert call("encode", *RAW, "--skip-existing", "--force", tree).code == 2
    (tree / "a.nrc").unlink()
    assert call("decode", "--skip-existing", tree).out.count("skipped") == 0


def test_the_codec_that_was_taken_instead_is_shown(call: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)).save(tmp_path / "noise.png")
    assert "coded as raw" in call("encode", "noise.png").out
    assert "coded as" not in call("encode", *RAW, "--force", "noise.png").out
    assert "coded as" not in call("encode", "--no-raw", "--force", "noise.png").out
