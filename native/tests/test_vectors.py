"""Every file of the conformance suite whose model an engine can interpret, through every kernel of this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import neuroc
from neuroc import models
from neuroc.conformance import load_suite
from neuroc.digests import pixel_digest
from neuroc.plugins import registry

pytest.importorskip("neuroc_native._native", reason="neuroc-native is not built")
vectors = pytest.importorskip("neuroc_conformance", reason="the vectors are not installed")

from neuroc_native.engine import NativeEngine  # noqa: E402

CODECS = ("causal59k", "pixelcnn")


@pytest.fixture
def only(kernel: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The engine with this kernel, and no model left of another."""
    monkeypatch.setattr(models, "get_engine", lambda *_: NativeEngine(kernel))
    models._model.cache_clear()
    models._interpreted.cache_clear()
    yield kernel
    models._model.cache_clear()
    models._interpreted.cache_clear()


@pytest.mark.parametrize("codec", CODECS)
def test_files_have_their_pixels(only: str, codec: str) -> None:
    if codec not in registry().codecs:
        pytest.skip(f"{codec} is not installed")
    suite = load_suite(vectors.ROOT)
    files = [v for v in suite.vectors if v.kind == "file" and v.codec == codec]
    assert files
    for v in files:
        picture = neuroc.decode(suite.read(v), weights=str(suite.weights), engine="native")
        assert pixel_digest(picture.samples, picture.mode, picture.bits).hex() == v.pixels, v.name
