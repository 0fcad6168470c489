"""Writes docs/cli.md from the application itself: ``python tools/cli_reference.py``; ``--check`` only compares.

Names, defaults and help come from the commands' parameters, not from a typer's help page, whose layout depends on
its version and on the terminal.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from neuroc_cli.app import COMMANDS, build

TARGET = Path(__file__).parent.parent / "docs" / "cli.md"
SHOWN_CODEC = "raw"  # always installed; without options of its own

INTRODUCTION = """\
# Command line reference

<!-- Made by tools/cli_reference.py; a test compares. Change the help texts in cli/neuroc_cli instead. -->

```
neuroc COMMAND [OPTIONS] ...        neuroc COMMAND --help        neuroc --version
```

`neuroc --install-completion` adds completion to bash, zsh, fish or PowerShell.

## Inputs and outputs

* Inputs are files and folders; folders are searched with all their sub-folders. `-` is stdin, and `-o -` stdout.
* The output has the input's name with another suffix and lies beside it, or in `--out-dir`, where the sub-folders of
  an input folder are kept. Two inputs that would become one output, or an output that is an input, are refused before
  any work.
* An output appears whole or not at all: it is written under a temporary name, flushed to the disc and renamed.
  Existing files are replaced with `--force` only; `--skip-existing` leaves their inputs out, which makes a second run
  over a folder continue the first. `--out-dir` is made if missing, the folder of `-o` is not. Ctrl-C leaves
  nothing behind.
* With several inputs all are tried. Each failure is one line on stderr and an `error` in the JSON; the exit code is
  that of the first one. A folder that cannot be read is such a failure.
* `decode --salvage` writes what is intact of a damaged file: 3 if tiles are lost, which are black, and nothing is
  written if all are; 0 with a note on stderr that names the damage if the picture is complete.
* `--jobs` runs processes side by side; each one computes with one thread. `--batch` takes tiles of equal size through
  the network in lock-step, of small files those of several at once.
* `--json` prints one document on stdout and nothing else. Names out of files are printed without control characters.

## Exit codes

| code | meaning |
|---|---|
| 0 | all is well |
| 1 | internal error; the line on stderr asks for a report, `NEUROC_DEBUG=1` adds the traceback |
| 2 | usage, or an input picture that is damaged or cannot be kept exactly |
| 3 | corrupt .nrc file |
| 4 | plugin, engine or weights missing, broken or too new |
| 5 | beyond the limits (`--max-pixels`, `--max-work`, `--max-steps`, `--max-memory`, `--max-metadata`) |
| 6 | verification failed |
| 7 | a file cannot be read or written, or exists already |
| 130 | interrupted |

## JSON

| command | a list of |
|---|---|
| encode | `{"input", "output", "plugin", "width", "height", "mode", "bits", "bytes", "bpsp", "seconds"}` |
| decode | the same without `bpsp`; with `--salvage` also `lost_tiles` and `damage`, what else was passed over |
| info | every header field, `file`, `bytes`, `payload_bytes`, metadata keys and sizes |
| verify | `{"file", "ok", "error"}` |
| plugins | `{"id", "distribution", "version", "bitstream", "numerics", "status", "error"}` |
| bench | totals of one codec and `files`, one entry a picture, with the `codec` that its file ended up with |
| conformance | `{"name", "kind", "ok", "error"}`; `ok` is null for a vector that was skipped, `error` a text: why |

An `error` is `{"code", "exit_code", "message"}`; encode and decode give `{"input", "output", "error"}` for a failure
and `{"input", "output", "skipped"}` for an output that `--skip-existing` kept. `plugin` is the codec that the file
ended up with: `raw` where it is smaller.
bpsp = 8 × bytes of the whole file / (width × height × channels). `seconds` includes the verification.
"""


def reference() -> str:
    """The text of docs/cli.md."""
    parts = [INTRODUCTION]
    for name in COMMANDS:
        arguments = ["--plugin", SHOWN_CODEC] if name == "encode" else []
        group = typer.main.get_command(build(name, arguments))
        command = group.commands[name]  # type: ignore[attr-defined]
        parts.append(_section(f"neuroc {name}", command, 2))
        for sub in getattr(command, "commands", {}).values():
            parts.append(_section(f"neuroc {name} {sub.name}", sub, 3))
    return "\n".join(parts)


def _section(title: str, command: Any, level: int) -> str:
    lines = ["#" * level + f" {title}", "", *command.help.strip().splitlines(), ""]
    parameters = [p for p in command.params if p.name != "help"]
    rows = [_row(p) for p in parameters]
    if rows:
        lines += ["| | default | |", "|---|---|---|", *rows, ""]
    if title == "neuroc encode":
        lines += ["The codec's own options follow: `neuroc encode --plugin ID --help` shows them.", ""]
    return "\n".join(lines)


def _row(p: Any) -> str:
    if p.param_type_name == "argument":
        names = f"`{p.metavar or p.name.upper()}`" + (" ..." if p.nargs == -1 else "")
    else:
        value = "" if p.is_flag else f" {p.metavar}"
        names = ", ".join(f"`{n}{value}`" for n in [*p.opts, *p.secondary_opts])
    default = p.default
    shown = "" if p.required or default in (None, False, "") else f"`{getattr(default, 'value', default)}`"
    help_text = (p.help or "").replace("|", "\\|").replace("\n", " ")
    return f"| {names.replace('|', chr(92) + '|')} | {shown} | {help_text} |"


def main() -> int:
    """Write the file, or with --check say whether it is current."""
    text = reference()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") == text:
            return 0
        print("docs/cli.md is not current: run python tools/cli_reference.py", file=sys.stderr)
        return 1
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
