"""``neuroc plugins new``: a whole package under other names, which is installed and used at once, or nothing."""

from __future__ import annotations

import contextlib
import importlib
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neuroc
from folders import listing
from naturalpictures import natural
from neuroc.plugins import registry
from neuroc.testing import suite
from neuroc_cli.main import main
from neuroc_cli.plugins_new import OURS

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "examples" / "plugin-template"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A codec made from the template, found as an editable install is."""
    assert main(["plugins", "new", "my-own"]) == 0
    project = tomllib.loads((folder / "neuroc-my-own" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    about = folder / "site" / "neuroc_my_own-0.1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    [(id, module)] = project["entry-points"]["neuroc"].items()
    (about / "entry_points.txt").write_text(f"[neuroc]\n{id} = {module}\n")
    monkeypatch.syspath_prepend(folder / "site")
    monkeypatch.syspath_prepend(folder / "neuroc-my-own")
    importlib.invalidate_caches()
    registry.cache_clear()
    yield id
    monkeypatch.undo()
    registry.cache_clear()
    for name in [m for m in sys.modules if m.startswith("neuroc_my_own")]:
        del sys.modules[name]


def test_the_package_has_everything_under_its_own_names(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "new", "my-own"]) == 0
    assert listing(folder) == [
        "neuroc-my-own",
        *(
            f"neuroc-my-own/{name}"
            for name in (
                "LICENSE",
                "README.md",
                "neuroc_my_own",
                "neuroc_my_own/__init__.py",
                "neuroc_my_own/codec.py",
                "neuroc_my_own/py.typed",
                "pyproject.toml",
                "tests",
                "tests/test_codec.py",
            )
        ),
    ]
    text = "".join(p.read_text(encoding="utf-8") for p in folder.rglob("*") if p.is_file())
    assert "mycodec" not in text
    out = capsys.readouterr().out.splitlines()
    assert out[-2:] == ["pip install ./neuroc-my-own", "neuroc encode --plugin my-own photo.png"]


def test_a_name_may_hold_that_of_the_template(folder: Path) -> None:
    assert main(["plugins", "new", "mycodec-2"]) == 0
    made = folder / "neuroc-mycodec-2"
    assert 'id="mycodec-2"' in (made / "neuroc_mycodec_2" / "__init__.py").read_text(encoding="utf-8")
    project = tomllib.loads((made / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["entry-points"]["neuroc"] == {"mycodec-2": "neuroc_mycodec_2"}
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["neuroc_mycodec_2"]


def test_the_folder_can_be_chosen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a b").mkdir()
    assert main(["plugins", "new", "x1", "--dir", "a b"]) == 0
    assert (folder / "a b" / "neuroc-x1" / "neuroc_x1" / "codec.py").is_file()
    assert 'pip install "./a b/neuroc-x1"' in capsys.readouterr().out
    assert main(["plugins", "new", "x2", "--dir", "nowhere"]) == 7


@pytest.mark.parametrize(
    "name", ["", "Big", "a_b", "-a", "a-", "a--b", "1a", "a" * 33, "../a", "ä", *OURS, "causal59k", "rans24"]
)
def test_a_name_that_is_none_or_taken_is_refused(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "new", "--", name]) == 2
    assert "name" in capsys.readouterr().err
    assert listing(folder) == []


def test_a_name_whose_module_is_installed_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "lib").mkdir()
    (folder / "lib" / "neuroc_there.py").touch()
    monkeypatch.syspath_prepend(folder / "lib")
    assert main(["plugins", "new", "there"]) == 2


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_exists_is_left_alone(folder: Path, kind: str) -> None:
    target = folder / "neuroc-mine"
    if kind == "folder":
        target.mkdir()
    elif kind == "file":
        target.write_text("of someone else")
    else:
        target.symlink_to("nowhere")
    before = listing(folder)
    assert main(["plugins", "new", "mine"]) == 7
    assert listing(folder) == before


def test_a_failure_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Path.write_text

    def full(self: Path, *arguments: Any, **keywords: Any) -> int:
        if self.name == "pyproject.toml":
            raise OSError(28, "No space left on device")
        return honest(self, *arguments, **keywords)

    monkeypatch.setattr(Path, "write_text", full)
    assert main(["plugins", "new", "mine"]) == 7
    assert listing(folder) == []


def test_the_new_codec_is_used_at_once(installed: str, folder: Path) -> None:
    x = natural(70, 90)
    (folder / "photo.png").write_bytes(png := neuroc.write_picture(neuroc.Picture(x, "RGB", 8), "png"))
    assert main(["encode", "--plugin", installed, "--coupling", "7", "photo.png"]) == 0
    data = (folder / "photo.nrc").read_bytes()
    assert neuroc.info(data).plugin == installed
    assert np.array_equal(neuroc.decode(data).samples, x)
    assert len(data) < 0.9 * len(png)


def test_photographs_are_much_smaller_than_as_png(installed: str) -> None:
    photo = neuroc.read_picture(Path(neuroc.__file__).parent / "demo" / "photo.png")
    part = neuroc.Picture(np.ascontiguousarray(photo.samples[100:260, 200:360]), "RGB", 8)
    assert len(neuroc.encode(part, plugin=installed, raw=False)) < 0.8 * len(neuroc.write_picture(part, "png"))


def test_the_new_codec_keeps_its_contracts(installed: str) -> None:
    line = (TEMPLATE / "tests" / "test_codec.py").read_text(encoding="utf-8")
    assert 'TestCodec = suite("mycodec")' in line
    tests = suite(installed, side=11, examples=4, engines=())()
    for test in [n for n in dir(tests) if n.startswith("test_")]:
        with contextlib.suppress(pytest.skip.Exception):
            getattr(tests, test)()


def test_the_model_card_states_what_was_measured() -> None:
    card = (TEMPLATE / "README.md").read_text(encoding="utf-8")
    assert "neuroc bench --plugin mycodec --peers png" in card
    assert "FIGURE" not in card
