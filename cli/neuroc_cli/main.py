"""Entry point of ``neuroc``: every way a command can end becomes an exit code and at most one line on stderr.

Exit codes: 0 ok, 1 internal, 2 usage or bad input picture, 3 corrupt file, 4 plugin or weights, 5 limits,
6 verification failed, 7 input or output, 130 interrupted (docs/cli.md).
"""

from __future__ import annotations

import errno
import io
import os
import re
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

from neuroc.errors import LimitError, NeurocError, StorageError

from .text import one_line

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
INTERRUPTED = 130
STDOUT_ERRORS = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EBADF, getattr(errno, "EDQUOT", errno.ENOSPC))
# Words of typer's checks, which differ between its versions, in those of neuroc.
PLAIN = (
    (re.compile(r"Input should be a valid (integer|number).*?(?=\. See|\.?$)"), r"it must be an \1"),
    (re.compile(r"Input should be greater than or equal to ([-\d.]+)"), r"it must be \1 or more"),
    (re.compile(r"Input should be less than or equal to ([-\d.]+)"), r"it must be \1 or less"),
    (re.compile(r"Input should be "), "it must be "),
    (re.compile(r"Value error, "), ""),
)


def run() -> None:
    """Run the command of ``sys.argv`` and leave the process with its exit code."""
    # --jobs is how neuroc uses several cores; threads inside each process would only fight for them. Read by the
    # libraries when numpy is imported, inherited by worker processes; a value that the user set stands.
    for name in THREAD_VARIABLES:
        os.environ.setdefault(name, "1")
    for name in ("SIGTERM", "SIGHUP"):  # as for Ctrl-C: take back what is half done
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal's encoding lacks is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    code = main(sys.argv[1:])
    try:
        if sys.stdout is not None:  # closed by whoever started us
            sys.stdout.flush()
    except BrokenPipeError:
        code = code or _reader_left()
    except OSError as e:
        code = code or _fail(StorageError(f"cannot be written: {e.strerror}", file="stdout"))
        _drop_stdout()
    sys.exit(code)


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code. Nothing is raised."""
    try:
        from .app import command_for

        result = command_for(arguments).main(list(arguments), prog_name="neuroc", standalone_mode=False)
        if result == INTERRUPTED:  # typer's answer to Ctrl-C
            return _interrupted()
        return result if isinstance(result, int) else 0
    except NeurocError as e:
        return _fail(e)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        return _reader_left()
    except SystemExit as e:  # how typer leaves after --show-completion, and for a pipe without a reader
        if isinstance(e.__context__, BrokenPipeError):
            return _reader_left()
        return e.code if isinstance(e.code, int) else int(e.code is not None)
    except MemoryError:
        return _fail(out_of_memory())
    except OSError as e:
        # Files are named where they are opened: what is left is a stdout that takes no more.
        if e.errno not in STDOUT_ERRORS or e.filename is not None:
            return _unexpected(e, arguments)
        return _fail(StorageError(f"cannot be written: {e.strerror}", file="stdout"))
    except Exception as e:
        return _unexpected(e, arguments)


def out_of_memory(file: str | None = None) -> LimitError:
    """What a MemoryError becomes."""
    return LimitError("not enough memory", remedy="Use fewer --jobs, a smaller --batch or smaller tiles", file=file)


def internal_error(e: Exception, file: str | None = None) -> NeurocError:
    """What an exception that nobody expected becomes; prints its traceback with NEUROC_DEBUG=1."""
    _trace(e)
    return NeurocError(
        f"internal error ({type(e).__name__}: {e})",
        remedy="Please report it with what NEUROC_DEBUG=1 in the environment adds",
        file=file,
    )


def report(error: NeurocError) -> None:
    """The one line on stderr; with NEUROC_DEBUG=1 what caused the error comes first."""
    trace_cause(error)
    print(f"neuroc: error: {one_line(str(error))}", file=sys.stderr)


def trace_cause(error: NeurocError) -> None:
    """With NEUROC_DEBUG=1 the traceback of an error that stands for another one, as that of a plugin's bug does."""
    if error.__cause__ is not None:
        _trace(error)


def _trace(e: Exception) -> None:
    if os.environ.get("NEUROC_DEBUG") == "1":
        import traceback

        traceback.print_exception(e)


def _fail(error: NeurocError) -> int:
    report(error)
    return error.exit_code


def _unexpected(e: Exception, arguments: Sequence[str]) -> int:
    if hasattr(e, "format_message"):  # typer's own exceptions: usage errors
        hint = ""
        if context := getattr(e, "ctx", None):
            hint = f". See '{context.command_path}{_plugin_of(arguments)} --help'"
        print(f"neuroc: error: {plain(one_line(e.format_message()).rstrip('.'))}{hint}", file=sys.stderr)
        return int(getattr(e, "exit_code", 2))
    if type(e).__name__ == "Abort":  # older typers' word for Ctrl-C
        return _interrupted()
    return _fail(internal_error(e))


def _plugin_of(arguments: Sequence[str]) -> str:
    """What brings the options of the plugin into the help of ``neuroc encode``."""
    from .plugin_options import named_plugins

    if not arguments or arguments[0] != "encode":
        return ""
    named = named_plugins(arguments)
    return f" --plugin {named[-1] if named else 'ID'}"


def plain(message: str) -> str:
    """What typer says about a value of the wrong kind, as people would."""
    for pattern, words in PLAIN:
        message = pattern.sub(words, message)
    return message.replace("an number", "a number")


def _interrupted() -> int:
    print("neuroc: interrupted", file=sys.stderr)
    return INTERRUPTED


def _reader_left() -> int:
    # Whoever read our stdout has enough (``neuroc info ... | head``): no error.
    _drop_stdout()
    return 0


def _drop_stdout() -> None:
    """What is left in the buffer goes nowhere, so that Python's own flush at exit does not fail again."""
    if sys.stdout is None:
        return
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())


def _interrupt(signum: int, frame: FrameType | None) -> Any:
    raise KeyboardInterrupt
