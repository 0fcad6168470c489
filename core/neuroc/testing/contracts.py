"""What a codec promises, in one sentence each: the titles of docs/writing-a-plugin.md, "Contracts"."""

from __future__ import annotations

from typing import NoReturn

PAGE = 'docs/writing-a-plugin.md, "Contracts"'

CONTRACTS = {
    "entry": "The entry says what the codec is, so that it can be listed, and named when it is missing, unimported.",
    "parameters": "A parameter changes what is coded, survives the header, and works for every value in its range "
    "or is refused by weights_name with UsageError.",
    "cost": "cost() tells positive integers that decoding does not exceed: at least as many steps as there are.",
    "lossless": "Every picture comes back, sample for sample, from a model that has not seen it before.",
    "files": "Every mode, depth and size of picture becomes a file and comes back, whatever the tiles and the batch.",
    "coverage": "Every sample of every plane is coded in exactly one step.",
    "tables": "Each row of frequencies is at least 1 everywhere and sums to 2**24, and intervals() are those tables.",
    "causality": "The tables of a step depend on earlier steps only: no other sample may change them.",
    "one-pass": "ParallelEncode.intervals gives bit for bit the intervals of steps.",
    "batches": "Pictures in lock-step give the streams that each of them gives alone, in any order.",
    "engines": "Every engine gives the same streams.",
    "threads": "A model holds no state of a picture: threads may share it.",
    "determinism": "Another process, with another number of threads and other hashes, writes the same bytes.",
    "damage": "Damaged bytes raise CorruptFileError or one of its kinds, and nothing else.",
    "weights": "Weights that do not fit are refused with WeightsError or ExactnessError before anything is computed.",
}


class ContractBroken(AssertionError):
    """A codec does not do what it promises; ``contract`` is a key of CONTRACTS."""

    def __init__(self, contract: str, what: str) -> None:
        super().__init__(f'{what}\n\nThe contract "{contract}": {CONTRACTS[contract]}\nSee {PAGE}.')
        self.contract = contract


def broken(contract: str, what: str) -> NoReturn:
    """Raise ContractBroken."""
    __tracebackhide__ = True
    raise ContractBroken(contract, what)


def require(condition: object, contract: str, what: str) -> None:
    """Raise ContractBroken unless ``condition``."""
    __tracebackhide__ = True
    if not condition:
        raise ContractBroken(contract, what)
