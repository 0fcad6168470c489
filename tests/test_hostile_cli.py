"""The command line with files of strangers: names, texts, devices, many files at once."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest

import neuroc
from crafted import with_header
from neuroc.errors import LimitError
from neuroc.limits import Limits
from neuroc.picture import Picture, Record
from neuroc_cli import decode as decode_module
from neuroc_cli.main import main
from neuroc_cli.planning import FILES, PICTURES, Task, find
from neuroc_cli.reading import read_bytes

GREY = np.arange(64, dtype=np.uint8).reshape(8, 8)
EVIL = "\x1b[2J\x1b]0;owned\x07\u202e\u200b\r\n"


def printable(text: str) -> bool:
    return not any(unicodedata.category(c).startswith("C") for c in text.replace("\n", ""))


def test_texts_of_a_file_cannot_play_with_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = Picture(GREY[:, :, None], "L", 8, (Record(f"key{EVIL}", b"x"), Record("text", EVIL.encode())))
    data = neuroc.encode(picture, plugin="raw")
    name = tmp_path / f"a{EVIL.replace(chr(10), '')}.nrc"
    for file in (data, with_header(data, params={3: EVIL}), with_header(data, codec="nowhere", params={1: EVIL})):
        name.write_bytes(file)
        for command in (["info"], ["verify"], ["decode", "--force", "--format", "tiff"], ["info", "--json"]):
            main([*command, str(name)])
            out, err = capsys.readouterr()
            assert printable(out)
            assert printable(err)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a system without /dev/zero")
def test_links_to_devices_in_a_folder_are_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "zero.nrc").symlink_to("/dev/zero")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "nothing.nrc").symlink_to(tmp_path / "missing")
    os.mkfifo(tmp_path / "pipe.nrc")
    (tmp_path / "sound.nrc").write_bytes(neuroc.encode(GREY))
    assert [Path(f.path).name for f in find([str(tmp_path)], FILES)] == ["nothing.nrc", "sound.nrc"]
    assert main(["info", str(tmp_path)]) == 7
    assert "missing" not in capsys.readouterr().out
    (tmp_path / "sound.png").write_bytes(b"")
    assert [Path(f.path).name for f in find([str(tmp_path)], PICTURES)] == ["sound.png"]
    # Named itself, a device is read no further than its first bytes.
    assert main(["info", "/dev/zero"]) == 3
    assert main(["encode", "/dev/zero", "-o", str(tmp_path / "x.nrc")]) == 2


def test_a_file_is_judged_by_its_first_bytes_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.nrc"
    path.write_bytes(neuroc.encode(GREY))
    os.truncate(path, 2**40)  # sparse: takes no space
    with pytest.raises(LimitError):
        read_bytes(str(path), Limits(pixels=63))
    with pytest.raises(LimitError):
        read_bytes(str(path), Limits(file=10**6))


def test_files_decoded_together_share_the_limit_of_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = []
    for i in range(5):
        (tmp_path / f"{i}.nrc").write_bytes(neuroc.encode(GREY) if i != 1 else b"broken")
        tasks.append(Task(str(tmp_path / f"{i}.nrc"), str(tmp_path / f"{i}.png"), str(tmp_path / f"{i}.tmp")))
    seen: list[int] = []
    whole = decode_module.DecodeWorker._decode

    def counted(self, tasks, files, progress):  # type: ignore[no-untyped-def]
        seen.append(len(files))
        return whole(self, tasks, files, progress)

    monkeypatch.setattr(decode_module.DecodeWorker, "_decode", counted)
    outcomes = decode_module.DecodeWorker("png", limits=Limits(pixels=130))(tasks, lambda *_: None)
    assert [o.task.source for o in outcomes] == [t.source for t in tasks]
    assert [o.error is None for o in outcomes] == [True, False, True, True, True]
    assert seen == [2, 2]


def test_a_note_about_many_records_is_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = Picture(GREY[:, :, None], "L", 8, (Record("x" * 255, b""),) * 3000)
    (tmp_path / "a.nrc").write_bytes(neuroc.encode(picture, plugin="raw"))
    assert main(["decode", "--format", "tiff", str(tmp_path / "a.nrc")]) == 0
    note = capsys.readouterr().err
    assert "(3000 records)" in note
    assert len(note) < 4000


def test_an_output_never_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "a.nrc").write_bytes(neuroc.encode(GREY))
    precious = tmp_path / "precious"
    precious.write_bytes(b"keep me")
    for target in (precious, tmp_path / "not there"):
        link = tmp_path / "a.png"
        link.symlink_to(target)
        assert main(["decode", str(tmp_path / "a.nrc")]) == 7
        assert link.is_symlink()
        assert main(["decode", "--force", str(tmp_path / "a.nrc")]) == 0
        assert not link.is_symlink()
        link.unlink()
    assert precious.read_bytes() == b"keep me"
    assert not (tmp_path / "not there").exists()
