"""The same pictures give the same files and come back on every engine, thread count, batch, coder and processor level.

conformance/matrix.py runs the whole matrix, with more pictures and the conformance vectors.
"""

from __future__ import annotations

import pytest

from matrixsettings import Setting, numpy_settings, threads, torch_settings

PLAIN = Setting("reference coder", environment={"NEUROC_PLAIN_CODER": "1"})
# Every level of torch once, the lowest with two threads.
TORCH = [s for s in torch_settings() if ("default" in s.name) == ("2 threads" in s.name)]
SETTINGS = [s for s in (PLAIN, *numpy_settings(), *TORCH) if not s.missing]


@pytest.fixture(scope="module")
def wanted() -> dict[str, str]:
    """The files as the plain environment makes them, which no batch changes."""
    report = Setting("as it is").run("1", "2", "8")
    assert report["streams"][0] == report["streams"][1] == report["streams"][2]
    streams: dict[str, str] = report["streams"][0]
    assert len(set(streams.values())) == len(streams) == 4
    return streams


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_every_setting_gives_the_same_files(wanted: dict[str, str], setting: Setting) -> None:
    report = setting.run("3" if setting.engine == "numpy" else "8")
    assert report["streams"] == [wanted]
    assert setting.without_effect(report) == ""


def test_a_setting_that_did_not_take_effect_is_noticed() -> None:
    report = {"features": ["AVX2"], "coder": "neuroc.coder.fast", "capability": "AVX2", "threads": 2}
    for environment in (
        {"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3"},
        {"NEUROC_PLAIN_CODER": "1"},
        {"HIDE_MODULES": "constriction"},
    ):
        assert Setting("a", environment=environment).without_effect(report)
    assert Setting("a", "torch", environment={"ATEN_CPU_CAPABILITY": "avx2", **threads(1)}).without_effect(report)
    assert not Setting("a", "torch", environment={"ATEN_CPU_CAPABILITY": "avx2", **threads(2)}).without_effect(report)
