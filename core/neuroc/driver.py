"""Runs a model's steps in both directions (SPEC section 5.3): the only loop that codes symbols.

    encode:   x --analyse--> planes --intervals or steps--> encoder --> one stream per item
    decode:   streams --> decoder <--> steps --> planes --synthesise--> x

``encode_steps`` is the definition; ``encode_items`` takes the one-pass path of a ParallelEncode model, which equals
it bit for bit. Where the engine interprets the model's description (causal.py) it runs the loop itself.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

import numpy as np

from .causal import Runner
from .coder import Coder, Decoder
from .errors import StreamError
from .model import Ints, Model, ParallelEncode, Samples, Spec, Step
from .tiles import leb128, read_leb128

Result = TypeVar("Result")
Progress = Callable[[int], None]  # called with the number of further pixels that are done


def encode_items(
    model: Model, x: Samples, spec: Spec, params: Any, coder: Coder, runner: Runner | None = None, threads: int = 1
) -> list[bytes]:
    """One coded item per picture or tile of the batch ``x`` (B, H, W, C), by ``runner`` if it can."""
    if runner is not None and coder.id in runner.coders:
        return runner.encode(x, coder.id, threads)
    planes, side = model.analyse(x, spec, params)
    if not isinstance(model, ParallelEncode):
        return _join(model, side, _encode_steps(model, planes, side, spec, params, coder))
    streams = []
    for start, freq in model.intervals(planes, spec, params):
        encoder = coder.encoder()
        encoder.encode(start, freq)
        streams.append(encoder.finish())
    return _join(model, side, streams)


def encode_steps(model: Model, x: Samples, spec: Spec, params: Any, coder: Coder) -> list[bytes]:
    """The same as encode_items by the step path, whatever the model can do."""
    planes, side = model.analyse(x, spec, params)
    return _join(model, side, _encode_steps(model, planes, side, spec, params, coder))


def _encode_steps(
    model: Model, planes: list[Ints], side: Sequence[bytes], spec: Spec, params: Any, coder: Coder
) -> list[bytes]:
    encoders = [coder.encoder() for _ in range(spec.batch)]

    def put(step: Step) -> Ints:
        symbols = planes[step.plane][:, step.sites]
        for start, freq in step.dist.intervals(symbols.reshape(-1)):
            for encoder, s, f in zip(encoders, _rows(start, spec), _rows(freq, spec), strict=True):
                encoder.encode(s, f)
        return symbols

    _run(model.steps(spec, params, side), put, None)
    return [encoder.finish() for encoder in encoders]


def decode_items(
    model: Model,
    items: Sequence[bytes | memoryview],
    spec: Spec,
    params: Any,
    coder: Coder,
    progress: Progress | None = None,
    runner: Runner | None = None,
    threads: int = 1,
) -> Samples:
    """Samples (B, H, W, C) of the coded items; raises StreamError for what encode_items cannot have made."""
    if runner is not None and coder.id in runner.coders:
        return runner.decode(items, spec, coder.id, threads, progress)
    side, streams = split_side(model, items)
    decoders = [coder.decoder(stream) for stream in streams]

    def get(step: Step) -> Ints:
        return read_symbols(step, decoders)

    planes = _run(model.steps(spec, params, side), get, progress)
    for decoder in decoders:
        decoder.finish()
    return model.synthesise(planes, spec, params)


def read_symbols(step: Step, decoders: Sequence[Decoder]) -> Ints:
    """The symbols (B, n) of a step: digit by digit, one coder call per item and digit."""
    batch, n = len(decoders), len(step.sites)
    value = np.zeros(batch * n, dtype=np.int32)
    for digit, width in enumerate(step.dist.digits):
        freqs = step.dist.tables(digit, value)
        value <<= np.int32(width)
        for item, decoder in enumerate(decoders):
            rows = slice(item * n, (item + 1) * n)
            value[rows] |= decoder.decode(freqs[rows])
    return value.reshape(batch, n)


def decode_beginning(
    generator: Generator[Step, Ints, Result], streams: Sequence[bytes | memoryview], coder: Coder
) -> Result:
    """What a generator of the first steps returns (Progressive, Previewing); the rest of the streams is not read."""
    decoders = [coder.decoder(bytes(stream)) for stream in streams]
    return _run(generator, lambda step: read_symbols(step, decoders), None)


def _run(
    generator: Generator[Step, Ints, Result], exchange: Callable[[Step], Ints], progress: Progress | None
) -> Result:
    """Drive the generator: for every step hand out the symbols that ``exchange`` gives for it."""
    try:
        step = next(generator)
        while True:
            symbols = exchange(step)
            if progress is not None and step.plane == 0:
                progress(symbols.size)
            step = generator.send(symbols)
    except StopIteration as done:
        result: Result = done.value
        return result


def _rows(values: Any, spec: Spec) -> Any:
    return values.reshape(spec.batch, -1)


def _join(model: Model, side: Sequence[bytes], streams: Sequence[bytes]) -> list[bytes]:
    """Side information before its stream, with its length, if the model has any."""
    if not model.side_information:
        return list(streams)
    return [leb128(len(s)) + s + stream for s, stream in zip(side, streams, strict=True)]


def split_side(model: Model, items: Sequence[bytes | memoryview]) -> tuple[list[bytes], list[bytes]]:
    """Side information and stream of each item."""
    if not model.side_information:
        return [b""] * len(items), [bytes(item) for item in items]
    side, streams = [], []
    for item in items:
        length, used = read_leb128(memoryview(item))
        if used + length > len(item):
            raise StreamError("the side information is longer than its tile")
        side.append(bytes(item[used : used + length]))
        streams.append(bytes(item[used + length :]))
    return side, streams
