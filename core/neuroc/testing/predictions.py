"""Checks of a Model: its steps, its tables, its streams, without files and without ``raw``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ..coder import TOTAL
from ..driver import decode_items, encode_items, encode_steps
from ..errors import CorruptFileError
from ..model import Ints, Model, ParallelEncode, Samples, Spec
from ..models import Runtime, open_runner
from .cases import FRONT, Case, Change, damaged, samples
from .contracts import broken, require
from .subject import Subject
from .trace import Recorded, run


def check_lossless(subject: Subject, case: Case) -> None:
    """Streams of every coder decode to the picture, in a model that has not seen it."""
    x, spec = case.samples(), case.spec
    params = subject.adapted(x, spec, case.params)
    for id, coder in subject.coders.items():
        items = encode_items(subject.model(spec, params), x, spec, params, coder)
        require(len(items) == spec.batch, "lossless", f"{len(items)} streams for {spec.batch} pictures")
        decoder = subject.model(spec, params, copy="decoder")
        try:
            back = decode_items(decoder, items, spec, params, coder)
        except CorruptFileError as error:
            broken("lossless", f"the decoder cannot read the stream of {id} that the encoder has written: {error}")
        same_samples(x, back)


def same_samples(x: Samples, back: Samples) -> None:
    """Raise ContractBroken unless ``back`` is ``x``, its type and shape included."""
    __tracebackhide__ = True
    what = f"{back.dtype}{list(back.shape)} came back for {x.dtype}{list(x.shape)}"
    require((back.dtype, back.shape) == (x.dtype, x.shape), "lossless", what)
    if not np.array_equal(back, x):
        where = tuple(int(i) for i in np.argwhere(back != x)[0])
        broken("lossless", f"the sample at {where} comes back as {back[where]} and was {x[where]}")


def check_coverage(subject: Subject, case: Case) -> None:
    """Each site of each plane stands in one step, and the planes come back."""
    planes, side, params, model = _analysed(subject, case)
    counts = [np.zeros(plane.shape[1], dtype=np.int64) for plane in planes]
    steps = run(model, planes, side, case.spec, params)
    try:
        while True:
            step = next(steps).step
            np.add.at(counts[step.plane], step.sites, 1)
    except StopIteration as end:
        returned = end.value
    for p, count in enumerate(counts):
        wrong = np.flatnonzero(count != 1)
        if len(wrong):
            broken("coverage", f"site {wrong[0]} of plane {p} is coded {count[wrong[0]]} times")
    same = isinstance(returned, list | tuple) and len(returned) == len(planes)
    require(
        same and all(map(np.array_equal, returned, planes)),
        "coverage",
        "steps does not return the planes that it coded",
    )


def check_tables(subject: Subject, case: Case) -> None:
    """Rows are positive and sum to 2**24, and the encoder's intervals are cut from them; also off the path taken."""
    planes, side, params, model = _analysed(subject, case)
    g = np.random.Generator(np.random.PCG64(case.seed))
    for recorded in run(model, planes, side, case.spec, params):
        bits = sum(recorded.step.dist.digits)
        for symbols in (recorded.symbols, g.integers(0, 1 << bits, recorded.symbols.shape, dtype=np.int32)):
            tables = recorded.tables(symbols)
            for digit, freqs in enumerate(tables):
                _valid(recorded, digit, freqs, symbols.size)
            _agree(recorded, tables, symbols.reshape(-1))


def _valid(recorded: Recorded, digit: int, freqs: NDArray[Any], rows: int) -> None:
    shape = (rows, 1 << recorded.step.dist.digits[digit])
    where = f"digit {digit} of {recorded}"
    require(
        freqs.shape == shape and np.issubdtype(freqs.dtype, np.integer),
        "tables",
        f"{where} has {freqs.dtype}{list(freqs.shape)} and not integers {list(shape)}",
    )
    low = int(freqs.min(initial=1))
    require(low >= 1, "tables", f"{where} has a frequency of {low}")
    totals = freqs.sum(axis=1, dtype=np.int64)
    wrong = totals[totals != TOTAL]
    require(not len(wrong), "tables", f"a row of {where} sums to {wrong[:1]} and not to {TOTAL}")


def _agree(recorded: Recorded, tables: list[NDArray[Any]], symbols: Ints) -> None:
    """``intervals`` against the tables of every digit."""
    found = list(recorded.step.dist.intervals(symbols))
    require(len(found) == len(tables), "tables", f"{len(found)} intervals for {len(tables)} digits of {recorded}")
    rows = np.arange(len(symbols))
    remaining = sum(recorded.step.dist.digits)
    for digit, (freqs, (start, freq)) in enumerate(zip(tables, found, strict=True)):
        width = recorded.step.dist.digits[digit]
        remaining -= width
        value = symbols >> remaining & (1 << width) - 1
        ends = np.cumsum(freqs, axis=1, dtype=np.int64)
        same = np.array_equal(freq, freqs[rows, value]) and np.array_equal(start, ends[rows, value] - freq)
        require(same, "tables", f"the intervals of digit {digit} of {recorded} are not those of its tables")


def check_causality(subject: Subject, case: Case) -> None:
    """Two pictures that are equal up to a step have equal tables up to and in this step."""
    planes, side, params, model = _analysed(subject, case)
    first = [(r, r.tables()) for r in run(model, planes, side, case.spec, params)]
    change = case.seed % len(first)
    other = [plane.copy() for plane in planes]
    g = np.random.Generator(np.random.PCG64(case.seed))
    for recorded, _ in first[change:]:
        step = recorded.step
        other[step.plane][:, step.sites] = g.integers(0, 1 << sum(step.dist.digits), recorded.symbols.shape)
    # A model that peeks would have to keep what analyse saw: let it see the other picture.
    model.analyse(model.synthesise(other, case.spec, params), case.spec, params)
    for (mine, tables), its in zip(first[: change + 1], run(model, other, side, case.spec, params), strict=False):
        same = mine.step.plane == its.step.plane and np.array_equal(mine.step.sites, its.step.sites)
        require(same, "causality", f"{mine} becomes {its} where only samples of step {change} and later differ")
        for digit, (a, b) in enumerate(zip(tables, its.tables(mine.symbols), strict=True)):
            if not np.array_equal(a, b):
                broken(
                    "causality",
                    f"digit {digit} of {mine} has other tables where only samples of step {change} and later differ",
                )


def check_one_pass(subject: Subject, case: Case) -> None:
    """The one-pass encoder against the steps, stream by stream."""
    x, spec = case.samples(), case.spec
    params = subject.adapted(x, spec, case.params)
    model = subject.model(spec, params)
    if not isinstance(model, ParallelEncode):
        pytest.skip("the model has no one-pass encoder (ParallelEncode)")
    coder = next(iter(subject.coders.values()))
    one_pass, steps = encode_items(model, x, spec, params, coder), encode_steps(model, x, spec, params, coder)
    different = [i for i, (a, b) in enumerate(zip(one_pass, steps, strict=True)) if a != b]
    require(not different, "one-pass", f"intervals() and steps() give other streams for pictures {different}")


def check_batches(subject: Subject, case: Case) -> None:
    """Lock-step against one by one, and decoding in another company."""
    x, spec = case.samples(), case.spec
    params = subject.adapted(x, spec, case.params)
    model, coder = subject.model(spec, params), next(iter(subject.coders.values()))
    together = encode_items(model, x, spec, params, coder)
    single = replace(spec, batch=1)
    for i in range(spec.batch):
        [alone] = encode_items(model, x[i : i + 1], single, params, coder)
        require(alone == together[i], "batches", f"picture {i} of {spec.batch} has another stream when it is alone")
    order = [i for i in reversed(range(spec.batch)) if i != 1]
    part = replace(spec, batch=len(order))
    back = decode_items(model, [together[i] for i in order], part, params, coder)
    require(np.array_equal(back, x[order]), "batches", f"pictures {order} decode to others when they are in lock-step")


def check_engines(subject: Subject, case: Case) -> None:
    """The streams of numpy from every other engine, and from what it runs in place of the steps (causal.Runner)."""
    if not subject.engines:
        pytest.skip("no engine but numpy is installed")
    x, spec = case.samples(), case.spec
    params = subject.adapted(x, spec, case.params)
    coder = next(iter(subject.coders.values()))
    items = encode_items(subject.model(spec, params), x, spec, params, coder)
    for engine in subject.engines:
        model = subject.model(spec, params, engine)
        runner = open_runner(model, spec, params, Runtime(engine))
        same = encode_items(model, x, spec, params, coder, runner) == items
        require(same, "engines", f"{engine} gives other streams than numpy")
        same_samples(x, decode_items(model, items, spec, params, coder, runner=runner))


def check_threads(subject: Subject, case: Case) -> None:
    """Pictures that share a model, one after the other and all at once."""
    x, spec = case.samples(), replace(case.spec, batch=1)
    params = subject.adapted(x, spec, case.params)
    model, coder = subject.model(spec, params), next(iter(subject.coders.values()))
    jobs = [x[i : i + 1] for i in range(len(x))]

    def both(item: Samples) -> tuple[list[bytes], Samples]:
        items = encode_items(model, item, spec, params, coder)
        return items, decode_items(model, items, spec, params, coder)

    expected = [both(item)[0] for item in jobs]
    with ThreadPoolExecutor(len(jobs)) as pool:
        try:
            found = list(pool.map(both, jobs))
        except Exception as error:
            broken("threads", f"a picture fails while another is coded: {type(error).__name__}: {error}")
    for job, items, (stream, back) in zip(jobs, expected, found, strict=True):
        require(stream == items and np.array_equal(back, job), "threads", "a picture changes while another is coded")


def check_stream_damage(subject: Subject, case: Case, changes: list[Change]) -> None:
    """Damaged streams, and sound ones that are read with the parameters of before ``adapt``."""
    x, spec = case.samples(), case.spec
    params = subject.adapted(x, spec, case.params)
    coder = next(iter(subject.coders.values()))
    items = encode_items(subject.model(spec, params), x, spec, params, coder)
    tried = [(params, change) for change in (changes, *FRONT)]
    if case.params != params:
        tried.append((case.params, ()))
    for used, change in tried:
        try:
            model = subject.model(spec, used, copy="decoder")
            decode_items(model, [damaged(item, change) for item in items], spec, used, coder)
        except CorruptFileError:
            continue
        except Exception as error:
            broken("damage", f"a damaged stream raises {type(error).__name__}: {error} (changes: {change})")


def check_cost_of_steps(subject: Subject, spec: Spec, params: Any) -> None:
    """The stated number of steps against those of a picture: channels that go together count once."""
    assert not hasattr(subject.codec, "decode_tile")
    cost = subject.codec.cost(spec, params)
    x = samples(spec, "smooth", 1)[None]
    used = subject.adapted(x, spec, params)
    model = subject.model(spec, used)
    planes, side = model.analyse(x, spec, used)
    per_plane = [0] * len(planes)
    for recorded in run(model, planes, side, spec, used):
        per_plane[recorded.step.plane] += 1
    size = f"{spec.width}x{spec.height}"
    require(
        cost.steps >= max(per_plane), "cost", f"cost() states {cost.steps} steps for {size}, there are {max(per_plane)}"
    )
    if min(spec.width, spec.height) >= 8:
        what = f"cost() states {cost.steps} steps for {size}, there are {sum(per_plane)} in all planes"
        require(cost.steps <= sum(per_plane), "cost", what)


def _analysed(subject: Subject, case: Case) -> tuple[list[Ints], list[bytes], Any, Model]:
    """(planes, side information, parameters, model) of a case."""
    x = case.samples()
    params = subject.adapted(x, case.spec, case.params)
    model = subject.model(case.spec, params)
    planes, side = model.analyse(x, case.spec, params)
    require(
        len(side) == case.spec.batch,
        "lossless",
        f"{len(side)} pieces of side information for {case.spec.batch} pictures",
    )
    for p, plane in enumerate(planes):
        what = f"plane {p} is {plane.dtype}{list(plane.shape)} and not int32 (B, n)"
        require(plane.dtype == np.int32 and plane.ndim == 2 and len(plane) == case.spec.batch, "lossless", what)
    return planes, side, params, model
