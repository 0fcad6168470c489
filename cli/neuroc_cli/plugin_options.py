"""The options of a codec: its params dataclass becomes a real typer signature, so --help and errors know them."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer

from neuroc.errors import NeurocError, PluginBrokenError, UsageError
from neuroc.params import Option, options

DEFAULT_PLUGIN = "causal59k"


def named_plugins(arguments: Sequence[str]) -> list[str]:
    """The values of ``--plugin`` in the order given, without parsing anything else."""
    found = []
    for i, word in enumerate(arguments):
        if word == "--":
            break
        if word == "--plugin" and i + 1 < len(arguments):
            found.append(arguments[i + 1])
        elif word.startswith("--plugin="):
            found.append(word.partition("=")[2])
    return found


def codec_options(arguments: Sequence[str]) -> tuple[Option, ...]:
    """The options of the codec that ``arguments`` name; raises PluginError if it cannot be used.

    Help without a named codec is shown even where the default codec is not installed.
    """
    from neuroc.plugins import load_codec

    named = named_plugins(arguments)
    try:
        return options(load_codec(named[-1] if named else DEFAULT_PLUGIN).params)
    except NeurocError:
        if not named and any(word in ("-h", "--help") for word in arguments):
            return ()
        raise


def with_options(function: Callable[..., Any], extra: Sequence[Option], codec: str) -> Callable[..., Any]:
    """``function``, whose ``**params`` stand for ``extra``, as a function that typer sees all options of."""
    signature = inspect.signature(function, eval_str=True)
    fixed = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    if clash := {p.name for p in fixed} & {o.name for o in extra}:
        raise PluginBrokenError(
            f"parameters of {codec} have the names of options of neuroc: {', '.join(sorted(clash))}",
            remedy="Tell its author to rename them",
        )

    def command(**values: Any) -> Any:
        for option in extra:
            if isinstance(value := values[option.name], enum.Enum):
                values[option.name] = option.type(value.value)
        return function(**values)

    parameters = [*fixed, *(_parameter(o, codec) for o in extra)]
    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return command


def parse_params(extra: Sequence[Option], text: str) -> dict[str, Any]:
    """Codec parameters out of ``name=value,name=value``; raises UsageError."""
    known = {o.name: o for o in extra}
    values: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        option = known.get(name.replace("-", "_"))
        if option is None:
            raise UsageError(f"unknown parameter {name!r}", remedy=f"Known are: {', '.join(known) or 'none'}")
        values[option.name] = _value(option, value)
        if problem := option.problem(values[option.name]):
            raise UsageError(problem)
    return values


def _value(option: Option, text: str) -> Any:
    if option.type is bool:
        truth: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}
        if text.lower() not in truth:
            raise UsageError(f"{option.name} must be true or false, not {text!r}")
        return truth[text.lower()]
    try:
        return option.type(text)
    except ValueError:
        raise UsageError(f"{option.name} must be an integer, not {text!r}") from None


def _parameter(option: Option, codec: str) -> inspect.Parameter:
    default: Any = option.default
    flag = "--" + option.name.replace("_", "-")
    text = f"[{codec}] {option.help}"
    info = typer.Option(flag, help=text)
    kind: Any = option.type
    if option.choices:
        kind = _choices(option)
        info = typer.Option(flag, metavar=f"[{'|'.join(map(str, option.choices))}]", help=text)
        default = kind(str(option.default))
    elif kind is int:
        info = typer.Option(flag, metavar="N", min=option.low, max=option.high, help=text)
    elif kind is bool:
        info = typer.Option(f"{flag}/--no-{flag[2:]}", help=text)
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info]
    )


def _choices(option: Option) -> Any:
    # typer's word for a fixed set of values is an Enum; these are known only at run time.
    return enum.Enum(option.name, [(str(c), str(c)) for c in option.choices], type=str)
