"""Checks of what a codec says about itself: its entry, its parameters, its cost, its weights."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ..driver import encode_items
from ..engines import get_engine
from ..errors import ExactnessError, PluginError, UsageError, WeightsError
from ..model import Cost, RawCodec
from ..params import params_from_header, params_to_header
from ..plugins import DISTRIBUTION, load_object
from ..public import encode
from ..weights import Weights
from .cases import samples
from .contracts import broken, require
from .predictions import check_cost_of_steps
from .subject import Kind, Subject, values

# Options of ``neuroc encode`` that are no keywords of neuroc.encode; parameters cannot have their names.
COMMAND_LINE = (
    *("inputs", "output", "out_dir", "jobs", "frame", "no_verify", "no_raw", "force", "skip_existing", "quiet", "json"),
    *("max_pixels", "max_work", "max_steps", "max_memory", "max_metadata"),
)
FEW_TENSORS = 12
ENDS = ("min", "max")
SIZES = ((1, 1), (1, 9), (9, 1), (2, 3), (8, 8), (9, 14), (14, 9))


def check_entry(subject: Subject) -> None:
    """What the registry does not look at when it lists the codec."""
    entry = subject.entry
    wanted = DISTRIBUTION if subject.id == "raw" else f"neuroc-{subject.id}"
    found = subject.origin.distribution.lower().replace("_", "-")
    require(
        found == wanted, "entry", f"the codec {subject.id} comes with {found}, and people are told to install {wanted}"
    )
    require(entry.summary.strip() and "\n" not in entry.summary, "entry", "the summary is not one line of text")
    require(subject.kinds, "entry", f"channels {entry.channels} and bits {entry.bits} are those of no picture")
    require(set(entry.channels) <= {1, 2, 3, 4}, "entry", f"channels {entry.channels} are not among 1, 2, 3, 4")
    require(set(entry.bits) <= {1, 2, 4, 8, 16}, "entry", f"bits {entry.bits} are not among 1, 2, 4, 8, 16")
    for kind in subject.kinds:
        require(
            subject.params_for(kind),
            "entry",
            f"{kind} is among channels and bits, but weights_name takes no parameters for it",
        )
    if entry.numerics == "pinned":
        require(
            getattr(subject.codec, "build", ""), "entry", "a pinned codec has an attribute build, which stands in files"
        )
    if entry.train:
        pytest.importorskip("torch")
        load_object(entry.train, subject.origin)


def check_parameters(subject: Subject) -> None:
    """Each parameter by itself, then every combination on every kind of picture."""
    taken = {*inspect.signature(encode).parameters, *COMMAND_LINE}
    require(dataclasses.is_dataclass(subject.codec.params), "parameters", "params is not a dataclass")
    for option in subject.options:
        require(option.name not in taken, "parameters", f"{option.name} is a name of an option of neuroc encode")
        require(option.help, "parameters", f"{option.name} has no help")
        if problem := option.problem(option.default):
            broken("parameters", f"the default of {option.name} is not allowed: {problem}")
    for params in subject.combinations:
        try:
            hash(params)
        except TypeError as error:
            broken("parameters", f"params is no frozen dataclass: {error}")
        back = params_from_header(type(params), params_to_header(params))
        require(back == params, "parameters", f"{params} comes back from the header as {back}")
    for k, kind in enumerate(subject.kinds):
        for p, params in enumerate(subject.combinations):
            # A model of each kind and of each combination, but not of all pairs of them.
            _usable(subject, kind, params, p == 0 or p % len(subject.kinds) == k)


def _usable(subject: Subject, kind: Kind, params: Any, model: bool) -> None:
    """Whoever writes a header chooses the parameters: none may do more than be refused."""
    try:
        subject.codec.cost(subject.spec(kind, 8, 8), params)
        if subject.accepts(kind, params) and subject.has_network and model:
            subject.model(subject.spec(kind), params)
    except UsageError as error:
        if subject.accepts(kind, params):
            broken("parameters", f"weights_name takes {params} for {kind}, which are refused later: {error}")
    except PluginError:  # no weights, or wrong ones: the message says which
        raise
    except Exception as error:
        broken("parameters", f"{params} raise {type(error).__name__} for {kind}: {error}")


def check_effects(subject: Subject) -> None:
    """Each parameter changes some stream; the header stores what changes nothing for nothing."""
    for option in subject.options:
        if option.name in subject.scope.without_effect:
            continue
        usual = subject.codec.params()
        others = [replace(usual, **{option.name: v}) for v in values(option) if v != option.default]
        changed = any(
            _bytes(subject, kind, content, params) != _bytes(subject, kind, content, usual)
            for kind in reversed(subject.kinds)  # colour first
            if subject.accepts(kind, usual)
            for params in others
            if subject.accepts(kind, params)
            for content in ("smooth", "edge")
        )
        require(
            changed, "parameters", f"no value of {option.name} changes a stream (suite(without_effect=...) allows it)"
        )


def _bytes(subject: Subject, kind: Kind, content: str, params: Any) -> bytes:
    spec = subject.spec(kind, 12, 15)
    x = samples(spec, content, 3)
    if isinstance(subject.codec, RawCodec):
        return subject.codec.encode_tile(x, spec, params)
    used = subject.adapted(x[None], spec, params)
    [item] = encode_items(subject.model(spec, used), x[None], spec, used, next(iter(subject.coders.values())))
    return item


def check_cost(subject: Subject) -> None:
    """Positive integers that grow with the picture, and no fewer steps than there are."""
    for kind in subject.kinds:
        for params in subject.params_for(kind):
            small = _cost(subject, kind, params, 8)
            large = _cost(subject, kind, params, 256)
            grows = (
                large.macs >= 256 * small.macs and large.peak_bytes > small.peak_bytes and large.steps >= small.steps
            )
            require(grows, "cost", f"from 8x8 to 256x256 {small} becomes {large}")
        if subject.has_network:
            for height, width in SIZES:
                check_cost_of_steps(subject, subject.spec(kind, height, width), subject.params_for(kind)[0])
    if subject.has_network:
        for params in subject.combinations[:12]:  # the values of single parameters come first
            kind = next(k for k in subject.kinds if subject.accepts(k, params))
            check_cost_of_steps(subject, subject.spec(kind, 9, 14), params)


def _cost(subject: Subject, kind: Kind, params: Any, side: int) -> Cost:
    cost = subject.codec.cost(subject.spec(kind, side, side), params)
    for name, value in dataclasses.asdict(cost).items():
        least = 0 if name == "macs" and not subject.has_network else 1
        whole = isinstance(value, int) and value >= least
        require(whole, "cost", f"cost() states {name}={value!r} for {side}x{side}, not an integer of {least} or more")
    require(
        cost.peak_bytes >= side * side * kind.channels,
        "cost",
        f"{cost.peak_bytes} bytes do not hold a {side}x{side} tile",
    )
    return cost


def check_weights(subject: Subject) -> None:
    """Weights of the right name with a tensor missing, cut, of another type, or at the ends of its type."""
    named: dict[str, tuple[Weights, Kind, Any]] = {}
    for kind in subject.kinds:
        for params in subject.params_for(kind):
            if subject.has_network and (weights := subject.weights(subject.spec(kind), params)).tensors:
                named.setdefault(weights.name, (weights, kind, params))
    if not named:
        pytest.skip("the codec has no weights")
    for weights, kind, params in named.values():
        for what, changed, must in _damaged(weights):
            try:
                _model(subject, changed, kind, params)
            except (WeightsError, ExactnessError):
                continue
            except Exception as error:
                broken("weights", f"the weights {weights.name} with {what} raise {type(error).__name__}: {error}")
            require(not must, "weights", f"the weights {weights.name} with {what} are taken")


def _model(subject: Subject, weights: Weights, kind: Kind, params: Any) -> object:
    assert not isinstance(subject.codec, RawCodec)
    return subject.codec.model(weights, get_engine("numpy"), subject.spec(kind), params)


def _damaged(weights: Weights) -> Iterator[tuple[str, Weights, bool]]:
    """(what was done, the weights, whether they must be refused)."""
    tensors = dict(weights.tensors)
    yield "no tensor at all", replace(weights, tensors={}), True
    for name, ends in _chosen(tensors).items():
        tensor = tensors[name]
        rest = {k: v for k, v in tensors.items() if k != name}
        yield f"{name} missing", replace(weights, tensors=rest), True
        yield f"{name} without its last row", replace(weights, tensors={**tensors, name: tensor[:-1]}), tensor.ndim > 0
        yield f"{name} in float32", replace(weights, tensors={**tensors, name: tensor.astype(np.float32)}), True
        if np.issubdtype(tensor.dtype, np.integer):
            for end in ends:
                full = np.full_like(tensor, getattr(np.iinfo(tensor.dtype), end))
                yield f"{name} at the {end} of its type", replace(weights, tensors={**tensors, name: full}), False


def _chosen(tensors: Mapping[str, NDArray[Any]]) -> dict[str, tuple[str, ...]]:
    """Tensors to damage, and the ends of their types to fill them with: all of both for a few tensors.

    A model may have to be built for each end. So of many tensors these are the first, middle and last of each type and
    rank by name, with the ends by turns.
    """
    if len(tensors) <= FEW_TENSORS:
        return dict.fromkeys(sorted(tensors), ENDS)
    kinds: dict[tuple[str, int], list[str]] = {}
    for name in sorted(tensors):
        kinds.setdefault((tensors[name].dtype.str, tensors[name].ndim), []).append(name)
    return {
        names[at]: (ENDS[n % 2],)
        for names in kinds.values()
        for n, at in enumerate(sorted({0, len(names) // 2, len(names) - 1}))
    }
