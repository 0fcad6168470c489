"""Each way to fail has its exit code and one line that names the file; nothing half done stays behind."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import neuroc
from folders import listing
from neuroc.errors import PluginBrokenError, VerificationError
from neuroc.plugins import load
from neuroc_cli import planning
from neuroc_cli.main import main, plain

RAW = ("--plugin", "raw")


def fails(ended: Any, code: int, *words: str) -> None:
    """The command ended with ``code``, nothing on stdout and one line that has these words."""
    assert ended.code == code, ended
    assert ended.out == ""
    assert ended.err.startswith("neuroc: error: ")
    assert ended.err.count("\n") == 1
    for word in words:
        assert word in ended.err


def damaged(data: bytes) -> dict[str, bytes]:
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 4
    return {
        "truncated": data[:-9],
        "flipped": bytes(flipped),
        "empty": b"",
        "foreign": b"\x89PNG\r\n\x1a\n and so on",
        "signature alone": data[:8],
        "something after the end": data + b"x",
    }


@pytest.mark.parametrize("kind", list(damaged(bytes(99))))
@pytest.mark.parametrize("command", ["decode", "verify", "info"])
def test_a_damaged_file_is_3(call: Any, nrc_bytes: bytes, tmp_path: Path, command: str, kind: str) -> None:
    (tmp_path / "bad.nrc").write_bytes(damaged(nrc_bytes)[kind])
    if (command, kind) == ("info", "flipped"):
        return  # the flip is in the coded pixels, which info does not look at
    fails(call(command, "bad.nrc"), 3, "bad.nrc")
    assert listing(tmp_path) == ["bad.nrc"]


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_an_input_that_is_no_picture_is_2(call: Any, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.png").write_bytes(content)
    fails(call("encode", *RAW, "x.png"), 2, "x.png")
    assert listing(tmp_path) == ["x.png"]


def test_pixels_that_cannot_be_kept_are_2_with_what_to_do(call: Any, tmp_path: Path) -> None:
    Image.new("CMYK", (4, 4)).save(tmp_path / "x.tif")
    fails(call("encode", *RAW, "x.tif"), 2, "x.tif", "CMYK")


@pytest.mark.parametrize("command", ["encode", "decode", "info", "verify"])
def test_a_missing_input_is_7(call: Any, command: str) -> None:
    fails(call(command, *(RAW if command == "encode" else ()), "nothing.tif"), 7, "nothing.tif", "no such file")


def test_a_missing_plugin_is_4_and_says_how_to_get_it(call: Any, photo: Path) -> None:
    fails(call("encode", "--plugin", "italic9", photo), 4, "pip install neuroc-italic9")


def test_a_missing_coder_is_4(call: Any, photo: Path) -> None:
    fails(call("encode", *RAW, "--coder", "morse", photo), 4, "morse")


def test_a_plugin_that_raises_is_4(call: Any, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name, dist = "bad", None

        def load(self) -> Any:
            raise RuntimeError("no good")

    monkeypatch.setattr("neuroc.plugins.registry", lambda: load([Point()]))
    fails(call("encode", "--plugin", "bad", photo), 4, "no good")
    listed = call("plugins", "--json")
    assert listed.code == 0
    assert [(p["id"], p["status"]) for p in listed.json] == [("bad", "broken")]


def test_missing_weights_are_4(call: Any, photo: Path) -> None:
    fails(call("weights", "add", "nothing.safetensors"), 7, "nothing.safetensors")
    fails(call("weights", "add", photo), 4, "photo.png")


def test_limits_are_5_and_name_the_option(call: Any, photo: Path, nrc: Path, tmp_path: Path) -> None:
    fails(call("encode", *RAW, "--max-pixels", 500, photo, "-o", "x.nrc"), 5, "photo.png", "--max-pixels 600")
    fails(call("decode", "--max-pixels", 500, nrc, "-o", "x.png"), 5, "photo.nrc", "--max-pixels 600")
    assert listing(tmp_path) == ["photo.nrc", "photo.png"]


def test_verification_is_6(call: Any, photo: Path, nrc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (30, 20)).save(tmp_path / "other.png")
    fails(call("verify", nrc, "--against", "other.png"), 6, "photo.nrc")

    def wrong(*arguments: object, **keywords: object) -> bytes:
        raise VerificationError("the decoded picture differs")

    monkeypatch.setattr(neuroc, "encode", wrong)
    fails(call("encode", *RAW, photo, "-o", "x.nrc"), 6, "photo.png")
    assert not (tmp_path / "x.nrc").exists()


def test_an_existing_output_is_7_unless_forced(call: Any, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "photo.nrc").write_bytes(b"precious")
    fails(call("encode", *RAW, photo), 7, "photo.nrc", "--force")
    assert (tmp_path / "photo.nrc").read_bytes() == b"precious"
    assert call("encode", *RAW, "--force", photo).code == 0
    assert (tmp_path / "photo.nrc").read_bytes() != b"precious"


def test_an_output_that_appears_meanwhile_is_not_replaced(
    call: Any, photo: Path, tmp_path: Path, nrc_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*arguments: object, **keywords: object) -> bytes:
        (tmp_path / "photo.nrc").write_bytes(b"of someone else")
        return nrc_bytes

    monkeypatch.setattr(neuroc, "encode", slow)
    fails(call("encode", *RAW, photo), 7, "photo.nrc")
    assert (tmp_path / "photo.nrc").read_bytes() == b"of someone else"
    assert listing(tmp_path) == ["photo.nrc", "photo.png"]


def test_two_inputs_for_one_output_are_2_before_any_work(call: Any, photo: Path, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "photo.bmp")
    fails(call("encode", *RAW, photo, "photo.bmp"), 2, "photo.png", "photo.bmp", "--out-dir")
    fails(call("encode", *RAW, tmp_path), 2, "photo.nrc")
    fails(call("encode", *RAW, photo, "./photo.png"), 2)
    assert listing(tmp_path) == ["photo.bmp", "photo.png"]


def test_an_input_is_never_overwritten(call: Any, photo: Path, nrc: Path, tmp_path: Path) -> None:
    before = photo.read_bytes()
    fails(call("encode", *RAW, "--force", photo, "-o", photo), 2, "photo.png")
    fails(call("decode", "--force", nrc, "-o", "../" + tmp_path.name + "/photo.nrc"), 2)
    assert photo.read_bytes() == before
    if sys.platform != "win32":
        (tmp_path / "link.png").symlink_to(photo)
        fails(call("encode", *RAW, "--force", photo, "-o", "link.png"), 2)
        assert photo.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("encode", *RAW), "Missing argument"),
        (("encode", *RAW, "x.png", "--bogus"), "--bogus"),
        (("encode", *RAW, "x.png", "y.png", "-o", "z.nrc"), "--out-dir"),
        (("encode", *RAW, "x.png", "-o", "z.nrc", "--out-dir", "d"), "exclude"),
        (("encode", *RAW, "x.png", "--tile", "0"), "--tile"),
        (("encode", *RAW, "x.png", "--json", "-o", "-"), "stdout"),
        (("encode", *RAW, "-", "x.png"), "stdin"),
        (("encode", *RAW, "."), "no pictures"),
        (("decode", "x.nrc", "-o", "x.jpg"), "jpg"),
        (("decode", "x.nrc", "-o", "x"), "--format"),
        (("decode", "x.nrc", "--region", "1,2,3"), "X,Y,W,H"),
        (("decode", "x.nrc", "--region", "1,2,0,3"), "--region"),
        (("verify", "a.nrc", "b.nrc", "--against", "a.png"), "--against"),
        (("train", "causal59k", "--data", ".", "--out", "w.safetensors", "--device", "toaster"), "auto, cpu, cuda"),
        (("frobnicate",), "frobnicate"),
        (("--bogus",), "--bogus"),
    ],
)
def test_a_wrong_call_is_2(call: Any, arguments: tuple[str, ...], words: str) -> None:
    fails(call(*arguments), 2, words)


@pytest.mark.parametrize("option", [("--preview",), ("--upto-step", "3")])
def test_partial_pictures_need_a_progressive_codec(call: Any, nrc: Path, option: tuple[str, ...]) -> None:
    fails(call("decode", nrc, *option), 2, "photo.nrc", "raw", option[0])


def test_a_region_outside_the_picture_is_2(call: Any, nrc: Path) -> None:
    fails(call("decode", nrc, "--region", "25,0,10,10"), 2, "photo.nrc")


def test_a_target_that_cannot_be_written_is_7(call: Any, photo: Path, tmp_path: Path) -> None:
    fails(call("encode", *RAW, photo, "-o", "photo.png/x.nrc"), 7, "x.nrc", "cannot be written")
    fails(call("encode", *RAW, "--force", photo, "-o", os.devnull), 7, "not a regular file")
    assert listing(tmp_path) == ["photo.png"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_target_is_7(call: Any, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)
    fails(call("encode", *RAW, photo, "--out-dir", "locked"), 7, "photo.nrc")


def test_a_full_disc_is_7_and_leaves_nothing(
    call: Any, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    fails(call("encode", *RAW, photo), 7, "photo.nrc", "No space left")
    assert listing(tmp_path) == ["photo.png"]


def test_without_hard_links_the_output_is_still_exclusive(
    call: Any, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*arguments: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", unsupported)
    assert call("encode", *RAW, photo).code == 0
    assert listing(tmp_path) == ["photo.nrc", "photo.png"]
    fails(call("encode", *RAW, photo), 7)


def test_all_inputs_are_tried_and_the_first_failure_is_the_exit_code(call: Any, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"nothing")
    ended = call("encode", "--json", *RAW, "bad.png", "missing.png", photo)
    assert ended.code == 2
    assert [e.get("error", {}).get("code") for e in ended.json] == ["picture", "io", None]
    assert ended.json[0]["error"]["exit_code"] == 2
    assert ended.err.count("\n") == 2
    assert (tmp_path / "photo.nrc").exists()


def test_an_unexpected_error_is_1_without_a_traceback(
    call: Any, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **keywords: object) -> bytes:
        raise RuntimeError("a bug\nin two lines")

    monkeypatch.setattr(neuroc, "encode", broken)
    fails(call("encode", *RAW, photo), 1, "report", "a bug in two lines")
    assert listing(tmp_path) == ["photo.png"]


def test_debug_shows_the_traceback(
    photo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: object, **keywords: object) -> bytes:
        raise RuntimeError("a bug")

    monkeypatch.setattr(neuroc, "encode", broken)
    monkeypatch.setenv("NEUROC_DEBUG", "1")
    assert main(["encode", *RAW, str(photo)]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_debug_shows_what_caused_an_error(
    photo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: object, **keywords: object) -> bytes:
        try:
            raise ZeroDivisionError("a bug of the plugin")
        except ZeroDivisionError as e:
            raise PluginBrokenError("the codec failed") from e

    monkeypatch.setattr(neuroc, "encode", broken)
    for debug in ("0", "1"):
        monkeypatch.setenv("NEUROC_DEBUG", debug)
        assert main(["encode", *RAW, str(photo)]) == 4
        err = capsys.readouterr().err
        assert err.splitlines()[-1] == f"neuroc: error: {photo}: the codec failed"
        assert err.count("ZeroDivisionError: a bug of the plugin") == int(debug)


def test_inputs_that_differ_in_case_are_2_where_file_names_do_not(
    call: Any, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / "A" / "Photo.png", tmp_path / "B" / "PHOTO.png"]
    for file in files:
        file.parent.mkdir()
        file.write_bytes(photo.read_bytes())
    monkeypatch.setattr(planning, "CASE_MATTERS", False)
    fails(call("encode", *RAW, *files, "--out-dir", "out"), 2, "Photo.png", "PHOTO.png")
    monkeypatch.setattr(planning, "CASE_MATTERS", True)
    if sys.platform not in ("darwin", "win32"):
        assert call("encode", *RAW, *files, "--out-dir", "out").code == 0
        assert listing(tmp_path / "out") == ["PHOTO.nrc", "Photo.nrc"]


def test_want_of_memory_is_5(call: Any, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*arguments: object, **keywords: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(neuroc, "encode", greedy)
    fails(call("encode", *RAW, photo), 5, "photo.png", "--jobs")


def test_names_cannot_play_with_the_terminal(call: Any, tmp_path: Path) -> None:
    name = "evil\x1b[2J\u202egnp.nrc"
    (tmp_path / name).write_bytes(b"x" * 40)
    ended = call("info", name)
    fails(ended, 3, "evil?[2J?gnp.nrc")
    assert call("info", "--json", name).json[0]["file"] == name


@pytest.mark.parametrize("command", ["encode", "verify"])
def test_a_folder_that_cannot_be_read_is_7_and_the_rest_is_tried(
    call: Any, tree: Path, nrc: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (tree / "c.nrc").write_bytes(nrc.read_bytes())
    scan = os.scandir

    def guarded(path: Any = ".") -> Any:
        if Path(path).name == locked:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", guarded)
    arguments = RAW if command == "encode" else ()
    locked = "sub"
    ended = call(command, *arguments, tree)
    assert ended.code == 7
    assert "sub" in ended.err
    assert "cannot be read" in ended.err
    assert ("a.nrc" if command == "encode" else "ok") in ended.out
    locked = "in"
    fails(call(command, *arguments, tree), 7, "the folder cannot be read")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("encode", *RAW, "-o", "-"), ("encode", *RAW), ("encode", *RAW, "--json")])
def test_a_full_stdout_is_7_and_one_line(program: Any, photo: Path, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        process = program(*arguments, photo, stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 7
    assert err.decode().splitlines() == ["neuroc: error: stdout: cannot be written: No space left on device"]


def test_a_file_of_the_other_kind_is_named_as_such(call: Any, photo: Path, nrc: Path) -> None:
    fails(call("decode", photo), 3, "photo.png", "not a .nrc file")
    fails(call("encode", *RAW, nrc), 2, "photo.nrc", "neuroc decode")
    fails(call("encode", *RAW, nrc, "-o", "y.nrc"), 2, "photo.nrc", "neuroc decode")


def test_the_folder_of_a_named_output_must_exist(call: Any, photo: Path, tmp_path: Path) -> None:
    fails(call("encode", *RAW, photo, "-o", "a/b/x.nrc"), 7, "there is no folder a/b", "--out-dir")
    assert listing(tmp_path) == ["photo.png"]
    assert call("encode", *RAW, photo, "--out-dir", "a/b").code == 0


@pytest.mark.parametrize(("value", "words"), [("x", "must be an integer"), ("0", "must be 1 or more")])
def test_wrong_values_are_told_in_plain_words(call: Any, photo: Path, value: str, words: str) -> None:
    ended = call("encode", *RAW, photo, "--tile", value)
    fails(ended, 2, "--tile", words)
    assert "Input should" not in ended.err


def test_wrong_values_keep_what_is_said_around_them() -> None:
    said = "Invalid value for '--x': Input should be a valid integer, unable to parse string as an integer"
    assert plain(said) == "Invalid value for '--x': it must be an integer"
    assert plain("Invalid value: Value error, 'a' is not one of 'b'") == "Invalid value: 'a' is not one of 'b'"
    assert plain("Input should be a valid number, unable to parse") == "it must be a number"
