"""The typer application, built for one call: only the module of the command that is asked for is imported."""

from __future__ import annotations

import importlib
import os
import shlex
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from neuroc.errors import NeurocError

COMMANDS = {
    "encode": "Compress pictures to .nrc files.",
    "decode": "Restore pictures from .nrc files.",
    "info": "Show what a .nrc file says about itself, without decoding it.",
    "verify": "Check that .nrc files decode to the pixels that they promise.",
    "plugins": "List installed codecs, coders and engines, and what is wrong with broken ones.",
    "weights": "List, add and check weights.",
    "bench": "Compare codecs side by side on the same pictures.",
    "conformance": "Run the conformance vectors, here or by another decoder.",
    "train": "Train the weights of a codec.",
    "demo": "Compress and restore a photograph that comes with neuroc.",
}
EXIT_CODES = (
    "Exit codes: 0 ok, 1 internal error, 2 usage or bad input picture, 3 corrupt file, 4 plugin or weights missing, "
    "broken or too new, 5 limits, 6 verification failed, 7 input or output, 130 interrupted."
)


def command_for(arguments: Sequence[str]) -> Any:
    """The click command that runs ``arguments``; raises NeurocError if the plugin they name cannot be used."""
    completed = _completed_words()
    words = completed or arguments
    name = next((w for w in words if not w.startswith("-")), None)
    rest = list(words[list(words).index(name) + 1 :]) if name is not None else []
    try:
        return _without_types(typer.main.get_command(build(name, rest)))
    except NeurocError:
        if not completed:
            raise
        return typer.main.get_command(build(name, ["--help"]))  # a shell completes what there is and shows no errors


def _without_types(command: Any) -> Any:
    """Arguments are explained by their help: some typers would put ``<list[str]>`` behind their names."""
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            parameter.display_type = lambda context: ""
    for inner in getattr(command, "commands", {}).values():
        _without_types(inner)
    return command


def build(name: str | None, arguments: Sequence[str]) -> typer.Typer:
    """An application in which the command ``name`` is complete; the other ones are their names and help."""
    app = typer.Typer(
        name="neuroc",
        help="Lossless image compression with neural networks.",
        epilog=EXIT_CODES,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    app.callback(invoke_without_command=True)(_main)
    for known, summary in COMMANDS.items():
        if known == name:
            importlib.import_module(f".{known}", __package__).register(app, arguments)
        else:
            app.command(known, help=summary)(_placeholder)
    if name not in COMMANDS:
        from neuroc.plugins import registry

        registry().register_commands(app)  # 'neuroc plugins' reports the ones that fail
    return app


def add(app: typer.Typer, name: str, function: Callable[..., Any]) -> None:
    """Register a command under its summary and the docstring of ``function``."""
    app.command(name, help=function.__doc__, short_help=COMMANDS.get(name))(function)


def _placeholder() -> None:
    """Stands for a command that this call does not run."""


def _show_version(value: bool) -> None:
    if value:
        from .versions import version_line

        typer.echo(version_line())
        raise typer.Exit()


def _main(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


def _completed_words() -> list[str]:
    """The words of the command line that a shell wants completed, without the program's name."""
    if "_NEUROC_COMPLETE" not in os.environ:
        return []
    line = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS", "")
    try:
        return shlex.split(line)[1:]
    except ValueError:
        return line.split()[1:]
