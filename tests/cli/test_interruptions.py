"""Interruptions: signals, killed workers and readers that leave; whole files or none, and no process left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import neuroc
from folders import listing

RAW = ("--plugin", "raw")
KILLED_WHILE_WRITING = """
import os, signal, sys
sys.dont_write_bytecode = True
def fsync(descriptor):
    os.kill(os.getpid(), signal.SIGKILL)
os.fsync = fsync
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Programs started here heed Ctrl-C, also where these tests run in the background of a shell, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("place", ["encode", "fsync"])
def test_an_interrupt_is_130_and_leaves_nothing(
    call: Any, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def interrupted(*arguments: object, **keywords: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(neuroc if place == "encode" else os, place, interrupted)
    ended = call("encode", *RAW, photo)
    assert ended.code == 130
    assert ended.err == "neuroc: interrupted\n"
    assert listing(tmp_path) == ["photo.png"]


@posix
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_all_processes_and_leave_whole_files_only(
    program: Any, tmp_path: Path, number: signal.Signals
) -> None:
    rng = np.random.default_rng(1)
    for i in range(30):
        noise = rng.integers(0, 256, (300, 300, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{i:02}.png", compress_level=0)
    process = program("encode", *RAW, "--jobs", 2, tmp_path, start_new_session=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*.nrc")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == b"neuroc: interrupted\n"
    made = sorted(tmp_path.glob("*.nrc"))
    time.sleep(0.3)
    assert sorted(tmp_path.glob("*.nrc")) == made, "a worker is still at work"
    assert len(made) < 30
    assert not list(tmp_path.glob(".neuroc-*"))
    for file in made:
        neuroc.info(file.read_bytes())


@posix
def test_a_worker_that_is_killed_while_it_writes_leaves_nothing(
    program: Any, photo: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(KILLED_WHILE_WRITING)
    (tmp_path / "photo2.png").write_bytes(photo.read_bytes())
    before = listing(tmp_path)
    process = program("encode", *RAW, "--jobs", 2, photo, tmp_path / "photo2.png", site=site)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 5
    assert err.count(b"a worker process was killed") == 2
    assert listing(tmp_path) == before


@posix
def test_a_reader_that_leaves_is_no_error(program: Any, nrc: Path) -> None:
    process = program("info", *[nrc] * 400)
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()
    process.stdin.close()
