"""What a picture or a file may ask for before anything is allocated or computed (SPEC section 9)."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import LimitError

MAX_RECORDS = 2**16  # of metadata; fixed (SPEC section 9)


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds; pass an instance with larger ones to accept more."""

    pixels: int = 2**28
    metadata: int = 64 * 2**20  # bytes after decompression
    tiles: int = 2**16
    work: int = 10**14  # multiply-accumulates of decoding
    steps: int = 2**24  # sequential steps of decoding, all tiles one after the other
    memory: int = 2**32  # bytes of working memory for the largest tile
    file: int = 2**33  # bytes of a file or stream that is read into memory

    def check_pixels(self, width: int, height: int, file: str | None = None) -> None:
        """Raise LimitError if width * height is above ``pixels``."""
        if width * height > self.pixels:
            raise LimitError(
                f"{width}x{height} is {width * height} pixels, above the limit of {self.pixels}",
                remedy=f"If you trust it, allow it with --max-pixels {width * height}",
                file=file,
            )

    def check_work(self, macs: int, file: str | None = None) -> None:
        """Raise LimitError if decoding would take more than ``work`` multiply-accumulates."""
        if macs > self.work:
            raise LimitError(
                f"decoding needs {macs} multiply-accumulates, above the limit of {self.work}",
                remedy=f"If you trust it, allow it with --max-work {macs}",
                file=file,
            )

    def check_steps(self, steps: int, file: str | None = None) -> None:
        """Raise LimitError if decoding, or reading a picture, would take more than ``steps`` sequential steps."""
        if steps > self.steps:
            raise LimitError(
                f"{steps} sequential steps, above the limit of {self.steps}",
                remedy=f"If you trust it, allow it with --max-steps {steps}",
                file=file,
            )

    def check_memory(self, size: int, file: str | None = None) -> None:
        """Raise LimitError if the largest tile would take more than ``memory`` bytes."""
        if size > self.memory:
            raise LimitError(
                f"its largest tile needs about {size} bytes of memory, above the limit of {self.memory}",
                remedy=f"If you trust it, allow it with --max-memory {size}; an encoder can take a smaller --tile",
                file=file,
            )

    def check_tiles(self, tiles: int, file: str | None = None) -> None:
        """Raise LimitError if there are more than ``tiles`` tiles."""
        if tiles > self.tiles:
            raise LimitError(
                f"{tiles} tiles, above the limit of {self.tiles}",
                remedy="If you trust it, raise Limits(tiles=...) in Python; an encoder can take larger tiles (--tile)",
                file=file,
            )

    def check_records(self, count: int, file: str | None = None) -> None:
        """Raise LimitError for more records of metadata than a file can hold."""
        if count > MAX_RECORDS:
            raise LimitError(
                f"{count} records of metadata, above the limit of {MAX_RECORDS}",
                remedy="Save the picture without them first",
                file=file,
            )

    def check_metadata(self, size: int, file: str | None = None) -> None:
        """Raise LimitError if the metadata would take more than ``metadata`` bytes uncompressed."""
        if size > self.metadata:
            raise LimitError(
                f"{size} bytes of metadata, above the limit of {self.metadata}",
                remedy="Raise it with --max-metadata or Limits(metadata=...)",
                file=file,
            )


DEFAULT_LIMITS = Limits()
