"""A few cases of every fuzz target, and every input of the corpus; ``python -m tests.fuzz`` runs many more."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.guided import ORDER
from fuzz.mutate import mutate
from fuzz.seeds import CORPUS, corpus
from fuzz.session import Session
from fuzz.targets import LIMITS, TARGETS, Target

KINDS = sorted({t.kind for t in TARGETS.values()})
BY_NAME = pytest.mark.parametrize("target", TARGETS.values(), ids=lambda t: t.name)


@BY_NAME
def test_the_corpus_keeps_every_promise(target: Target) -> None:
    codes = [target.run(data) for data in corpus(target.kind)]
    assert "ok" in codes or target.kind == "bytes" or target.name == "weights"


@BY_NAME
def test_whatever_becomes_of_the_bytes_every_promise_is_kept(target: Target) -> None:
    pool = corpus(target.kind)

    @given(st.integers(0, 2**32 - 1), st.sampled_from(pool))
    @settings(max_examples=25 * min(target.weight, 4), deadline=None)
    def run(seed: int, data: bytes) -> None:
        target.run(mutate(target.kind, data, pool, Random(seed), LIMITS))

    run()


@given(st.binary(max_size=200))
@settings(max_examples=40, deadline=None)
def test_garbage_is_refused(garbage: bytes) -> None:
    for target in TARGETS.values():
        if target.weight > 1:
            target.run(garbage)


def test_a_broken_promise_is_reported_once() -> None:
    def broken(data: bytes) -> str:
        raise ZeroDivisionError("oops")

    session = Session(None)
    target = Target("broken", "bytes", broken)
    assert [session.run(target, b"a"), session.run(target, b"b")] == ["FAILED", "FAILED"]
    assert session.tallies["broken"].failures == [session.tallies["broken"].failures[0]]
    assert "ZeroDivisionError in test_fuzz.py" in session.tallies["broken"].failures[0]


def test_the_corpus_is_small_and_the_guided_run_knows_every_target() -> None:
    assert sum(p.stat().st_size for p in CORPUS.rglob("*") if p.is_file()) < 200_000
    assert tuple(TARGETS) == ORDER
