"""Every kernel writes the streams that numpy writes and reads them back: all schedules, modes, coders, odd sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neuroc.api import Spec
from neuroc.coder import get_coder
from neuroc.driver import decode_items, encode_items
from neuroc.errors import StreamError

pytest.importorskip("neuroc_native._native", reason="neuroc-native is not built")

from neuroc_causal59k.codec import Params
from neuroc_causal59k.schedule import SCHEDULES
from neuroc_native import kernels

SIZES = [(1, 1), (1, 9), (9, 1), (2, 3), (3, 2), (17, 5), (5, 18), (40, 3), (19, 33)]
KINDS = [(3, 8), (1, 8), (1, 2), (1, 4), (1, 16), (3, 16)]
CODERS = ("rans24", "range24")


def samples(spec: Spec, seed: int) -> NDArray[Any]:
    """Noise, the ends of the range, ramps with noise, by item: (B, H, W, C)."""
    g = np.random.Generator(np.random.PCG64(seed))
    top = (1 << spec.bits) - 1
    shape = (spec.batch, spec.height, spec.width, spec.channels)
    x = g.integers(0, top + 1, shape, dtype=np.int64)
    ramp = np.arange(spec.height)[:, None, None] + np.arange(spec.width)[:, None] + g.integers(0, 3, shape)
    x[::3] = ((ramp << spec.bits) >> 7)[::3]
    x[1::3] = np.where(x[1::3] > top // 2, top, 0)
    return np.clip(x, 0, top).astype(np.uint16 if spec.bits > 8 else np.uint8)


def params_for(spec: Spec, schedule: str, unit: int = 3) -> Params:
    return Params(schedule=schedule, unit=unit if spec.bits > 8 else -1)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("channels", "bits"), KINDS)
def test_streams_are_those_of_numpy(models: Any, kernel: str, schedule: str, channels: int, bits: int) -> None:
    for number, (height, width) in enumerate(SIZES):
        kind = "alpha" if schedule == "diagonal" and channels == 1 else "colour"
        spec = Spec(height, width, channels, bits, 1 + number % 5, kind)
        params = params_for(spec, schedule, unit=number)
        coder = get_coder(CODERS[number % 2])
        x = samples(spec, number)
        want = encode_items(models.numpy(spec, params), x, spec, params, coder)
        runner = models.runner(kernel, spec, params)
        assert runner.encode(x, coder.id) == want
        back = runner.decode(want, spec, coder.id)
        assert back.dtype == x.dtype
        assert np.array_equal(back, x)


@pytest.mark.parametrize("threads", [1, 2, 7])
@pytest.mark.parametrize("coder", CODERS)
def test_threads_and_batches_change_nothing(models: Any, kernel: str, coder: str, threads: int) -> None:
    spec = Spec(13, 22, 3, 8, 9)
    params = Params()
    x = samples(spec, 4)
    runner = models.runner(kernel, spec, params)
    streams = runner.encode(x, coder, threads)
    assert streams == [runner.encode(item[None], coder)[0] for item in x]
    assert np.array_equal(runner.decode(streams, spec, coder, threads), x)
    assert np.array_equal(runner.decode(streams[3:5], spec, coder, threads), x[3:5])


def test_progress_adds_up_to_all_pixels(models: Any, kernel: str) -> None:
    spec = Spec(150, 160, 1, 8, 3)
    runner = models.runner(kernel, spec, Params())
    seen: list[int] = []
    runner.decode(runner.encode(samples(spec, 1), "rans24"), spec, "rans24", 2, seen.append)
    assert sum(seen) == 3 * spec.pixels
    assert len(seen) > 1


def test_what_a_callback_raises_ends_the_work(models: Any, kernel: str) -> None:
    spec = Spec(150, 160, 1, 8, 2)
    runner = models.runner(kernel, spec, Params())
    streams = runner.encode(samples(spec, 1), "rans24")

    def stop(pixels: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.decode(streams, spec, "rans24", 2, stop)


def outcome(action: Any) -> bytes | None:
    """The samples, or None where the stream was refused."""
    try:
        return bytes(action().tobytes())
    except StreamError:
        return None


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_stream_fares_as_with_numpy(models: Any, data: st.DataObject) -> None:
    kernel = data.draw(st.sampled_from(kernels()))
    channels, bits = data.draw(st.sampled_from(KINDS))
    name = data.draw(st.sampled_from(CODERS))
    spec = Spec(data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6)), channels, bits)
    params, coder = params_for(spec, "wavefront"), get_coder(name)
    model, runner = models.numpy(spec, params), models.runner(kernel, spec, params)
    (item,) = runner.encode(samples(spec, data.draw(st.integers(0, 99))), name)
    change = data.draw(st.sampled_from(["flip", "cut", "extend", "bytes"]))
    at = data.draw(st.integers(0, len(item) - 1))
    if change == "flip":
        item = item[:at] + bytes([item[at] ^ 1 << data.draw(st.integers(0, 7))]) + item[at + 1 :]
    elif change == "cut":
        item = item[:at]
    elif change == "extend":
        item += data.draw(st.binary(min_size=1, max_size=9))
    else:
        item = data.draw(st.binary(max_size=40))
    expected = outcome(lambda: decode_items(model, [item], spec, params, coder))
    assert outcome(lambda: runner.decode([item], spec, name)) == expected


def test_one_damaged_stream_fails_its_batch(models: Any, kernel: str) -> None:
    spec = Spec(5, 5, 3, 8, 2)
    runner = models.runner(kernel, spec, Params())
    a, b = runner.encode(samples(spec, 2), "rans24")
    with pytest.raises(StreamError):
        runner.decode([a, b[:-4]], spec, "rans24")


def test_samples_beyond_their_depth_do_no_harm(models: Any, kernel: str) -> None:
    spec = Spec(4, 5, 1, 2)
    runner = models.runner(kernel, spec, Params())
    x = np.arange(20, dtype=np.uint8).reshape(1, 4, 5, 1) * 13
    assert runner.encode(x, "rans24") == runner.encode(x & 3, "rans24")
