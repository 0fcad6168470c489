"""Worker processes that leave Ctrl-C to their parent."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Processes started inside ignore Ctrl-C for their whole life.

    Ctrl-C reaches every process of the terminal; the parent decides what happens to its workers, and none of them
    prints a traceback of its own. A child inherits that a signal is ignored, even while it still starts.
    """
    if threading.current_thread() is not threading.main_thread():  # only that one may set handlers
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
