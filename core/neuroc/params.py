"""Codec parameters: one frozen dataclass gives the header fields, the CLI options and the documentation."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .errors import HeaderError, PluginBrokenError, UsageError, excerpt

P = TypeVar("P")
Value = int | str | bool


@dataclass(frozen=True, slots=True)
class Option:
    """What one parameter looks like from outside."""

    name: str  # field name; the CLI option is --name with dashes
    key: int  # key in the header's parameter map, never reused
    type: type[int] | type[str] | type[bool]
    default: Value
    help: str
    choices: tuple[str, ...] | tuple[int, ...] = ()  # for str, and for int that has no range
    low: int | None = None  # for int, inclusive
    high: int | None = None

    def problem(self, value: object) -> str | None:
        """Why ``value`` is not allowed, or None."""
        if type(value) is not self.type:
            return f"{self.name} must be {self.type.__name__}, not {type(value).__name__}"
        if self.choices and value not in self.choices:
            return f"{self.name} must be one of {', '.join(map(str, self.choices))}, not {excerpt(value)}"
        if isinstance(value, int) and (
            (self.low is not None and value < self.low) or (self.high is not None and value > self.high)
        ):
            return f"{self.name} must be from {self.low} to {self.high}, not {value}"
        return None


def param(
    default: Value,
    *,
    key: int,
    help: str,
    choices: tuple[str, ...] | tuple[int, ...] = (),
    low: int | None = None,
    high: int | None = None,
) -> Any:
    """A dataclass field that is a codec parameter. ``default`` must never change once files exist."""
    return dataclasses.field(
        default=default, metadata={"key": key, "help": help, "choices": choices, "low": low, "high": high}
    )


def options(cls: type[Any]) -> tuple[Option, ...]:
    """The parameters of a params dataclass in field order; raises PluginBrokenError for what is none."""
    found = []
    for f in dataclasses.fields(cls):
        if "key" not in f.metadata:
            raise PluginBrokenError(
                f"{cls.__module__}.{cls.__name__}.{f.name} is no parameter", remedy="Make it with neuroc.api.param"
            )
        default: Any = f.default
        found.append(Option(name=f.name, type=type(default), default=default, **f.metadata))
    keys = [o.key for o in found]
    if len(set(keys)) != len(keys):
        raise PluginBrokenError(
            f"{cls.__module__}.{cls.__name__} uses a header key twice", remedy="Give each parameter a key of its own"
        )
    return tuple(found)


def make_params(cls: type[P], values: Mapping[str, object]) -> P:
    """An instance from keyword values; raises UsageError for an unknown name or a value out of range."""
    known = {o.name: o for o in options(cls)}
    for name, value in values.items():
        if name not in known:
            names = ", ".join(known) or "none"
            raise UsageError(f"unknown parameter {name!r}", remedy=f"This codec's parameters: {names}")
        if problem := known[name].problem(value):
            raise UsageError(problem)
    return cls(**values)


def params_to_header(params: object) -> dict[int, Value]:
    """The fields that differ from their defaults, by header key in ascending order (SPEC section 4)."""
    items = {o.key: getattr(params, o.name) for o in options(type(params)) if getattr(params, o.name) != o.default}
    return dict(sorted(items.items()))


def params_from_header(cls: type[P], fields: Mapping[int, object]) -> P:
    """The inverse of params_to_header; raises HeaderError for what it could not have written."""
    known = {o.key: o for o in options(cls)}
    values: dict[str, object] = {}
    for key, value in fields.items():
        option = known.get(key)
        if option is None:
            raise HeaderError(
                f"unknown codec parameter {key}",
                remedy="The file is damaged, or its codec got this parameter later: upgrade the plugin",
            )
        if problem := option.problem(value):
            raise HeaderError(problem)
        if value == option.default:
            raise HeaderError(f"codec parameter {option.name} states its default")
        values[option.name] = value
    return cls(**values)
