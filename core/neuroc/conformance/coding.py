"""Unit vectors of entropy coders and distributions (SPEC sections 7 and 8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..coder import Coder, get_coder
from ..distributions import Cumulative, Mixture, mixture_weights
from ..distributions import softmax as softmax_of
from ..distributions import table as table_of
from ..errors import PluginError, StreamError

Ints = NDArray[np.int64]
Document = Mapping[str, Any]


def coder(document: Document) -> Iterator[str]:
    """Messages to streams and back, and streams that no message has; by every implementation that is here.

    A message is a list of [table, symbol, count]; a refused stream comes with [table, count], what is read of it.
    """
    for implementation in _implementations(document["coder"]):
        for case in document["messages"]:
            rows = [[t, s] for t, s, count in case["message"] for _ in range(count)]
            stream = bytes.fromhex(case["stream"])
            if (found := _encode(implementation, case["tables"], rows)) != stream:
                yield f"{case['name']}: the stream is {found.hex()}, not {stream.hex()}"
            try:
                if _decode(implementation, case["tables"], [t for t, _ in rows], stream) != [s for _, s in rows]:
                    yield f"{case['name']}: the stream decodes to other symbols"
            except StreamError as error:
                yield f"{case['name']}: the stream is refused: {error}"
        for case in document["refused"]:
            order = [t for t, count in case["read"] for _ in range(count)]
            try:
                _decode(implementation, case["tables"], order, bytes.fromhex(case["stream"]))
                yield f"{case['name']}: the stream is accepted"
            except StreamError:
                continue


def _implementations(id: str) -> list[Coder]:
    found = [get_coder(id, fast=False)]
    with suppress(PluginError):  # constriction is optional
        found.append(get_coder(id, fast=True))
    return found


def _encode(implementation: Coder, tables: list[list[int]], rows: list[list[int]]) -> bytes:
    ends = [np.cumsum([0, *t], dtype=np.int64) for t in tables]
    start = np.array([ends[t][s] for t, s in rows], dtype=np.uint32)
    freq = np.array([tables[t][s] for t, s in rows], dtype=np.uint32)
    encoder = implementation.encoder()
    for part in np.array_split(np.arange(len(rows)), 3):  # as steps do: a message comes in parts
        encoder.encode(start[part], freq[part])
    return encoder.finish()


def _decode(implementation: Coder, tables: list[list[int]], order: list[int], stream: bytes) -> list[int]:
    """Symbols; runs of one table are read in one call."""
    decoder = implementation.decoder(stream)
    symbols: list[int] = []
    at = 0
    while at < len(order):
        end = at
        while end < len(order) and order[end] == order[at]:
            end += 1
        freqs = np.array([tables[order[at]]] * (end - at), dtype=np.int64)
        symbols += decoder.decode(freqs).tolist()
        at = end
    decoder.finish()
    return symbols


def mixture(document: Document) -> Iterator[str]:
    """Log2 weights to weights; weights, means and scales to the frequencies of each digit of a sample."""
    for number, case in enumerate(document["cases"]):
        logits, means, scales = (np.array([case[k]], dtype=np.int32) for k in ("logits", "means", "scales"))
        weights = mixture_weights(logits)
        if weights[0].tolist() != case["weights"]:
            yield f"case {number}: the weights are {weights[0].tolist()}, not {case['weights']}"
        made = Mixture(weights, means, scales, case["bits"], case["unit"])
        yield from _digits(f"case {number}", made, case)


def table(document: Document) -> Iterator[str]:
    """Frequencies of an alphabet to the frequencies of each digit of a sample."""
    for number, case in enumerate(document["cases"]):
        yield from _digits(f"case {number}", table_of(np.array([case["n"]], dtype=np.int64)), case)


def softmax(document: Document) -> Iterator[str]:
    """Logits of an alphabet to the frequencies of each digit of a sample."""
    for number, case in enumerate(document["cases"]):
        yield from _digits(f"case {number}", softmax_of(np.array([case["logits"]], dtype=np.int32)), case)


def _digits(name: str, made: Mixture | Cumulative, case: Document) -> Iterator[str]:
    sample = np.array([case["sample"]], dtype=np.int32)
    if len(made.digits) != len(case["digits"]):
        yield f"{name}: {len(made.digits)} digits, not {len(case['digits'])}"
        return
    left = case["bits"]
    for d, ((start, freq), stated) in enumerate(zip(made.intervals(sample), case["digits"], strict=True)):
        prefix = sample >> left
        left -= made.digits[d]
        freqs = made.tables(d, prefix)[0].tolist()
        if freqs != stated["freqs"]:
            yield f"{name}, digit {d}: the frequencies are {freqs}, not {stated['freqs']}"
        if [int(start[0]), int(freq[0])] != stated["interval"]:
            yield f"{name}, digit {d}: the interval is {[int(start[0]), int(freq[0])]}, not {stated['interval']}"
