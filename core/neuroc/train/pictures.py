"""Training pictures from folders: what neuroc reads and CIFAR-10's batches, mosaics cut apart, some held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError, UsageError
from ..pixels import read_picture
from ..training import DataFolder

HOLD_OUT = 20  # every so many pictures are for validation
CIFAR_SIDE = 32
CIFAR_RECORD = 1 + 3 * CIFAR_SIDE * CIFAR_SIDE  # bytes of a picture in the binary version of CIFAR-10

U8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The pictures (H, W, C) of one folder."""

    weight: float
    train: Sequence[U8]
    validation: Sequence[U8]


def read_groups(folders: Sequence[DataFolder], convert: Callable[[U8], U8]) -> list[Group]:
    """Every RGB picture of 8 bits below the folders, through ``convert`` ((H, W, 3) to (H, W, C)).

    Files that are no such pictures are passed over. Raises UsageError if a folder holds too few.
    """
    groups = []
    for folder in folders:
        pictures = [convert(picture) for picture in read_pictures(folder)]
        if len(pictures) < HOLD_OUT:
            raise UsageError(
                f"only {len(pictures)} 8-bit RGB pictures, at least {HOLD_OUT} are needed",
                file=str(folder.path),
                remedy="--data names folders of pictures, DIR:TILE for mosaics of TILE x TILE pixels",
            )
        pixels = float(sum(p.shape[0] * p.shape[1] for p in pictures))
        held = [p for n, p in enumerate(pictures) if n % HOLD_OUT == HOLD_OUT - 1]
        kept = [p for n, p in enumerate(pictures) if n % HOLD_OUT != HOLD_OUT - 1]
        groups.append(Group(pixels if folder.weight is None else folder.weight, kept, held))
    return groups


def read_pictures(folder: DataFolder) -> list[U8]:
    """Every 8-bit RGB picture (H, W, 3) of a folder, mosaics cut apart; files that are none are passed over."""
    return [tile for picture in _pictures(folder) for tile in _tiles(picture, folder.tile)]


def luma(picture: U8) -> U8:
    """(H, W, 3) to (H, W, 1) by ITU-R BT.601, rounded."""
    weights = np.array([299, 587, 114], dtype=np.int32)
    grey = (picture.astype(np.int32) @ weights + 500) // 1000
    return grey.astype(np.uint8)[:, :, None]


def middle(picture: U8, largest: int, multiple: int) -> U8:
    """The largest tile (H, W, C) from the middle of a picture whose sides are multiples and at most ``largest``."""
    height, width = (min(largest, s // multiple * multiple) for s in picture.shape[:2])
    i, j = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return np.ascontiguousarray(picture[i : i + height, j : j + width])


def cifar_batch(path: Path) -> U8 | None:
    """The pictures (n, 32, 32, 3) of a batch in CIFAR-10's binary version, None for any other file.

    A record is a byte of label, then 32 x 32 bytes each of red, green and blue.
    """
    size = path.stat().st_size
    if path.suffix != ".bin" or size == 0 or size % CIFAR_RECORD:
        return None
    records = np.fromfile(path, dtype=np.uint8).reshape(-1, CIFAR_RECORD)
    if int(records[:, 0].max()) > 9:
        return None
    return np.ascontiguousarray(records[:, 1:].reshape(-1, 3, CIFAR_SIDE, CIFAR_SIDE).transpose(0, 2, 3, 1))


def _pictures(folder: DataFolder) -> Sequence[U8]:
    found: list[U8] = []
    for path in sorted(p for p in folder.path.rglob("*") if p.is_file()):
        if (batch := cifar_batch(path)) is not None:
            found.extend(batch)
            continue
        try:
            picture = read_picture(path)
        except PictureError:
            continue
        if picture.mode == "RGB" and picture.bits == 8:
            found.append(picture.samples)
    return found


def _tiles(picture: U8, tile: int | None) -> Sequence[U8]:
    if tile is None:
        return [picture]
    height, width = picture.shape[:2]
    if height % tile or width % tile:
        raise UsageError(f"a mosaic of {width}x{height} pixels does not consist of tiles of {tile}")
    return [
        picture[y : y + tile, x : x + tile]
        for y in range(0, height - tile + 1, tile)
        for x in range(0, width - tile + 1, tile)
    ]
