"""The codec under test: what it codes, the combinations of its parameters, its models."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from ..coder import Coder
from ..engines import get_engine
from ..errors import UsageError
from ..hookspecs import CodecEntry
from ..model import Adaptive, Codec, Model, RawCodec, Samples, Spec
from ..models import open_coder
from ..params import Option, Value, make_params, options
from ..picture import BITS
from ..plugins import Registered, load_codec, missing_modules, registry
from ..tiles import plane_groups
from ..weights import NO_WEIGHTS, Weights, resolve_weights

MOST_COMBINATIONS = 64
KEPT_MODELS = 8


@dataclass(frozen=True, slots=True)
class Scope:
    """How much the suite does: the keyword arguments of ``suite``."""

    side: int = 20  # longest side of a picture, in pixels
    batch: int = 3  # most pictures in lock-step
    examples: int = 20  # of each test that draws pictures
    bits: Sequence[int] | None = None  # of those in the entry; None: all
    channels: Sequence[int] | None = None  # of those in the entry; None: all
    params: Sequence[Mapping[str, Value]] | None = None  # combinations to take instead of all
    without_effect: Sequence[str] = ()  # parameters that need not change the stream of a small picture
    engines: Sequence[str] | None = None  # None: all that can be imported here
    coders: Sequence[str] | None = None  # None: all that are registered
    weights: Callable[[str], Weights] | None = None  # makes weights of a name, where there are none yet: no files then


class Kind(NamedTuple):
    """A kind of plane group."""

    channels: int
    bits: int
    kind: str  # Spec.kind


class Subject:
    """One codec in one scope; loads what it needs when it is asked for it."""

    def __init__(self, id: str, scope: Scope) -> None:
        self.id = id
        self.scope = scope
        self.codec: Codec | RawCodec = load_codec(id)
        self.origin: Registered[CodecEntry] = registry().codec(id)
        self.entry = self.origin.entry
        self._models: dict[tuple[object, ...], Model] = {}

    @property
    def has_network(self) -> bool:
        """Whether it makes models; a RawCodec does not."""
        return not isinstance(self.codec, RawCodec)

    @cached_property
    def kinds(self) -> list[Kind]:
        """The plane groups that the codec is given, within the scope."""
        wanted_bits = self.scope.bits or self.entry.bits
        wanted_channels = self.scope.channels or self.entry.channels
        found = {
            Kind(group.count, bits, group.kind)
            for mode, depths in BITS.items()
            for bits in depths
            for group in plane_groups(mode)
            if group.count in self.entry.channels
            and bits in self.entry.bits
            and group.count in wanted_channels
            and bits in wanted_bits
            and (self.id == "raw" or group.kind != "indices")
        }
        return sorted(found)

    @cached_property
    def options(self) -> tuple[Option, ...]:
        """The codec's parameters."""
        return options(self.codec.params)

    @cached_property
    def combinations(self) -> list[Any]:
        """Params: the default, every value of each parameter alone, then combinations of them up to a number."""
        if self.scope.params is not None:
            return [make_params(self.codec.params, values) for values in self.scope.params]
        single: list[dict[str, Value]] = [{}]
        single += [{o.name: v} for o in self.options for v in values(o) if v != o.default]
        names = [o.name for o in self.options]
        every = (dict(zip(names, row, strict=True)) for row in itertools.product(*map(values, self.options)))
        some = itertools.islice(every, MOST_COMBINATIONS)
        found: list[Any] = []
        for params in (make_params(self.codec.params, v) for v in (*single, *some)):
            if params not in found:
                found.append(params)
        return found

    def accepts(self, kind: Kind, params: Any) -> bool:
        """Whether the codec takes these parameters for this kind of picture."""
        if isinstance(self.codec, RawCodec):
            return True
        try:
            self.codec.weights_name(self.spec(kind), params)
        except UsageError:
            return False
        return True

    def params_for(self, kind: Kind) -> list[Any]:
        """The combinations that the codec takes for this kind."""
        return [p for p in self.combinations if self.accepts(kind, p)]

    def spec(self, kind: Kind, height: int = 1, width: int = 1, batch: int = 1) -> Spec:
        """The Spec of pictures of this kind."""
        return Spec(height, width, kind.channels, kind.bits, batch, kind.kind, self.entry.bitstream)

    def weights(self, spec: Spec, params: Any) -> Weights:
        """The weights that code ``spec``."""
        assert not isinstance(self.codec, RawCodec)
        name = self.codec.weights_name(spec, params)
        if not name:
            return NO_WEIGHTS
        return self.scope.weights(name) if self.scope.weights else resolve_weights(self.id, name)

    def model(self, spec: Spec, params: Any, engine: str = "numpy", copy: str = "encoder") -> Model:
        """A model made as the core makes it; another ``copy`` is another object. The last few are kept."""
        assert not isinstance(self.codec, RawCodec)
        small = replace(spec, height=1, width=1, batch=1)
        key = (small, params, engine, copy)
        if key not in self._models:
            if len(self._models) >= KEPT_MODELS:
                del self._models[next(iter(self._models))]
            self._models[key] = self.codec.model(self.weights(small, params), get_engine(engine), small, params)
        return self._models[key]

    def adapted(self, x: Samples, spec: Spec, params: Any) -> Any:
        """The parameters that an encoder would store for the first of the samples ``x`` (B, H, W, C)."""
        if not self.has_network:
            return params
        model = self.model(spec, params)
        return model.adapt(x[0], replace(spec, batch=1), params) if isinstance(model, Adaptive) else params

    def adapts(self, params: Any) -> bool:
        """Whether the models for ``params`` choose some of them by looking at the picture."""
        kinds = [k for k in self.kinds if self.has_network and self.accepts(k, params)]
        return any(isinstance(self.model(self.spec(k), params), Adaptive) for k in kinds)

    @cached_property
    def coders(self) -> dict[str, Coder]:
        """The entropy coders of the scope."""
        return {id: open_coder(id) for id in self.scope.coders or sorted(registry().coders)}

    @cached_property
    def engines(self) -> list[str]:
        """The engines of the scope but numpy, to which they are compared."""
        if self.scope.engines is not None:
            return [e for e in self.scope.engines if e != "numpy"]
        return [
            r.entry.id for r in registry().engine_entries() if r.entry.id != "numpy" and not missing_modules(r.entry)
        ]


def values(option: Option) -> tuple[Value, ...]:
    """What to test a parameter with: all of a bool and of choices; of an int the default, the ends and some between."""
    if option.type is bool:
        return (False, True)
    if option.choices or option.type is str:
        return option.choices or (option.default,)
    default = int(option.default)
    low = default if option.low is None else option.low
    high = max(low, default) + 3 if option.high is None else option.high
    between = {low + (high - low) * i // 4 for i in range(5)}
    return (default, *sorted((between | {low + 1, high - 1}) & set(range(low, high + 1)) - {default}))
