"""A progress bar on stderr, only where that is a terminal."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import Self

INTERVAL = 0.1  # seconds between two drawings


class Progress:
    """Counts pictures, and the part of the one at work: ``[=====>    ]  3/24  0:12``."""

    def __init__(self, total: int, *, quiet: bool = False) -> None:
        self.total = total
        self.shown = not quiet and sys.stderr.isatty()
        self.done = 0
        self.start = time.monotonic()
        self.drawn = 0.0

    def part(self, done: int, total: int) -> None:
        """``done`` of ``total`` pixels of the picture at work: the callback of encode and decode."""
        if self.shown and time.monotonic() - self.drawn > INTERVAL:
            self._draw(min(1.0, done / max(1, total)))

    def finished(self, pictures: int = 1) -> None:
        """So many more pictures are complete."""
        self.done += pictures
        if self.shown:
            self._draw(0.0)

    def clear(self) -> None:
        """Take the bar away, so that a line can be printed."""
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def _draw(self, part: float) -> None:
        self.drawn = time.monotonic()
        seconds = int(self.drawn - self.start)
        text = f" {self.done}/{self.total}  {seconds // 60}:{seconds % 60:02d}"
        width = max(8, min(40, shutil.get_terminal_size().columns - len(text) - 4))
        filled = int(width * min(1.0, (self.done + part) / max(1, self.total)))
        bar = "=" * filled + (">" if filled < width else "")
        sys.stderr.write(f"\r[{bar:<{width}}]{text}\x1b[K")
        sys.stderr.flush()
