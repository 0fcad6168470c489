"""PBM, PGM, PPM and PAM (P1 to P7), both ways."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from ..errors import PictureError, UnsupportedPictureError, UsageError, excerpt
from ..limits import Limits
from ..picture import BITS, CHANNELS, Picture, Record
from .frames import no_such_frame
from .packing import pack, unpack
from .records import decoded, text, text_record

_PAM = {"BLACKANDWHITE": 1, "GRAYSCALE": 1, "GRAYSCALE_ALPHA": 2, "BLACKANDWHITE_ALPHA": 2, "RGB": 3, "RGB_ALPHA": 4}
_COMMENT_END = re.compile(rb"[\r\n]|\Z")
_DIGITS = re.compile(rb"\d{1,10}(?!\d)")
_NEXT = re.compile(rb"\s*P[1-7]\s")
_SPACE = re.compile(rb"[ \t\n\r\v\f]")
_PIECE = 1 << 20  # bytes of plain samples taken apart at once: a list of words takes 20 times their bytes
_LARGEST_HEADER = 1 << 20  # of a PAM
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_TUPLES = {"1": "BLACKANDWHITE", "L": "GRAYSCALE", "LA": "GRAYSCALE_ALPHA", "RGB": "RGB", "RGBA": "RGB_ALPHA"}
EXTENSIONS = {"pbm": ("1",), "pgm": ("1", "L"), "ppm": ("RGB",), "pam": tuple(_TUPLES)}


def read_pnm(data: bytes, frame: int | None, limits: Limits, name: str | None) -> Picture:
    """Read a PNM file; ``frame`` chooses among several pictures in one file.

    Raises:
        PictureError, UnsupportedPictureError (several pictures, foreign PAM tuples), UsageError, LimitError.
    """
    at, index = 0, 0
    while True:
        picture, end = _read_one(data, at, limits, name)
        more = _NEXT.match(data, end)
        if frame is None and more:
            raise UnsupportedPictureError(
                "the file holds several pictures", remedy="Choose one with --frame N", file=name
            )
        if frame in (None, index):
            rest = data[end:] if frame is None else b""
            if rest and not (data[1:2] in b"123" and not rest.strip()):
                picture = Picture(
                    picture.samples, picture.mode, picture.bits, (*picture.metadata, Record("tail", rest))
                )
            return picture
        if not more:
            raise no_such_frame(frame, index + 1, name)
        at, index = more.end() - 3, index + 1


def _read_one(data: bytes, at: int, limits: Limits, name: str | None) -> tuple[Picture, int]:
    """One picture and the offset of its end."""
    comments: list[bytes] = []
    kind = data[at + 1 : at + 2]
    if kind == b"7":
        width, height, depth, maxval, at = _pam_header(data, at, comments, name)
        mode = _MODES[depth]
    else:
        numbers, at = [], at + 2
        for _ in range(2 if kind in b"14" else 3):
            value, at = _number(data, at, comments, name)
            numbers.append(value)
        width, height, maxval = (*numbers, 1)[:3]
        mode, depth = ("RGB", 3) if kind in b"36" else ("L", 1)
        if kind not in b"123":
            if not data[at : at + 1].isspace():
                raise PictureError("damaged PNM header", file=name, offset=at)
            at += 1
    if not (width > 0 and height > 0 and 0 < maxval < 65536):
        raise PictureError(f"the PNM header states {width}x{height} with maxval {maxval}", file=name)
    limits.check_pixels(width, height, name)
    count = width * height * depth
    values: NDArray[np.uint8] | NDArray[np.uint16]
    if kind == b"1":
        values, at = _ascii_bits(data, at, count, comments, name)
    elif kind in b"23":
        values, at = _ascii_numbers(data, at, count, comments, name)
    else:
        row = -(-width // 8) if kind == b"4" else width * depth * (2 if maxval > 255 else 1)
        raw = np.frombuffer(data, np.uint8, min(row * height, len(data) - at), at)
        if raw.size < row * height:
            raise PictureError("the pixels of the PNM are truncated", remedy="Fetch the file again", file=name)
        packed = 1 if kind == b"4" else 16 if maxval > 255 else 8
        values = unpack(raw.reshape(height, row), width, depth, packed)
        at += row * height
    if int(values.max()) > maxval:
        raise PictureError(f"a sample of the PNM is above its maxval {maxval}", file=name)
    if kind in b"14":
        values = 1 - values  # PBM's 1 is black
    bits = maxval.bit_length()
    if mode == "L" and bits == 1:
        mode = "1"
    exact = maxval == (1 << bits) - 1 and bits in BITS[mode]
    if not exact:
        bits = 16 if maxval > 255 else 8
    records = [] if exact else [Record("pnm.maxval", str(maxval).encode("ascii"))]
    records += [text_record("Comment", decoded(c)) for c in comments]
    samples = values.reshape(height, width, depth).astype(np.uint16 if bits == 16 else np.uint8)
    return Picture(samples, mode, bits, tuple(records)), at


def _comment(raw: bytes) -> bytes:
    return raw.removeprefix(b" ")


def _number(data: bytes, at: int, comments: list[bytes], name: str | None) -> tuple[int, int]:
    while True:
        while data[at : at + 1].isspace():
            at += 1
        if data[at : at + 1] != b"#":
            break
        end = _COMMENT_END.search(data, at)
        stop = end.start() if end else len(data)
        comments.append(_comment(data[at + 1 : stop]))
        at = stop
    match = _DIGITS.match(data, at)
    if not match:
        raise PictureError("damaged PNM header", file=name, offset=at)
    return int(match[0]), match.end()


def _pam_header(data: bytes, at: int, comments: list[bytes], name: str | None) -> tuple[int, int, int, int, int]:
    fields: dict[bytes, list[bytes]] = {}
    at += 2
    start = at
    while True:
        end = data.find(b"\n", at, at + 4096)
        if end < 0 or end - start > _LARGEST_HEADER:
            raise PictureError("damaged PAM header", file=name, offset=at)
        line = data[at:end].strip()
        at = end + 1
        if line.startswith(b"#"):
            comments.append(_comment(line[1:]))
        elif line == b"ENDHDR":
            break
        elif line:
            key, _, value = line.partition(b" ")
            fields.setdefault(key, []).append(value.strip())
    try:
        matches = [_DIGITS.fullmatch(b" ".join(fields[k])) for k in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL")]
        width, height, depth, maxval = (int(m[0]) for m in matches if m)
    except (KeyError, ValueError) as e:
        raise PictureError("damaged PAM header", file=name, offset=at) from e
    kind = decoded(b" ".join(fields.get(b"TUPLTYPE", [b"GRAYSCALE" if depth == 1 else b"RGB" if depth == 3 else b""])))
    if _PAM.get(kind) != depth:
        raise UnsupportedPictureError(
            f"PAM tuples of {depth} samples and type {excerpt(kind)} cannot be kept",
            remedy="Convert the picture to " + ", ".join(_PAM),
            file=name,
        )
    return width, height, depth, maxval, at


def _ascii_bits(
    data: bytes, at: int, count: int, comments: list[bytes], name: str | None
) -> tuple[NDArray[np.uint8], int]:
    body = _without_comments(data[at:], comments)
    digits = np.frombuffer(body.translate(None, b" \t\n\r\v\f"), np.uint8) - np.uint8(48)
    if digits.size != count or int(digits.max(initial=0)) > 1:
        raise PictureError(f"the PBM has {digits.size} digits for {count} pixels, or others than 0 and 1", file=name)
    return digits, len(data)


def _ascii_numbers(
    data: bytes, at: int, count: int, comments: list[bytes], name: str | None
) -> tuple[NDArray[np.uint16], int]:
    body = _without_comments(data[at:], comments)
    values = np.empty(min(count, len(body)), np.uint16)
    done = begin = 0
    while begin < len(body):
        space = _SPACE.search(body, begin + _PIECE)
        end = space.start() if space else len(body)
        words = body[begin:end].split()
        if done + len(words) > count or re.search(rb"[^0-9\s]", body[begin:end]) or max(map(len, words), default=0) > 9:
            done = -1
            break
        if words:
            values[done : done + len(words)] = np.minimum(np.array(words).astype(np.int64), 65535)
        done += len(words)
        begin = end
    if done != count:
        raise PictureError(f"the plain PNM has not just {count} samples", file=name)
    return values, len(data)


def _without_comments(body: bytes, comments: list[bytes]) -> bytes:
    if b"#" not in body:
        return body
    comments += [_comment(c) for c in re.findall(rb"#([^\r\n]*)", body)]
    return re.sub(rb"#[^\r\n]*", b"", body)


def write_pnm(picture: Picture, kind: str = "pnm") -> bytes:
    """The picture as PBM, PGM, PPM or PAM (``kind`` "pnm" takes the first that holds it).

    Raises:
        UsageError: the kind cannot hold the picture's mode.
    """
    mode = picture.mode
    fitting = [k for k, modes in EXTENSIONS.items() if mode in modes]
    if not fitting:
        raise UsageError("a palette picture does not fit into PNM", remedy="Write PNG or TIFF instead")
    kind = fitting[0] if kind == "pnm" else kind
    if kind not in fitting:
        raise UsageError(
            f"a picture of mode {mode} does not fit into {kind.upper()}", remedy=f"Write .{fitting[0]} or .png instead"
        )
    maxval, comments, tail, _ = _plan(picture)
    size = f"{picture.width} {picture.height}\n"
    if kind == "pbm":
        head, body = f"P4\n{comments}{size}", pack(1 - picture.samples, 1)
    else:
        body = pack(picture.samples, 16 if maxval > 255 else 8)
        if kind == "pam":
            head = (
                f"P7\n{comments}WIDTH {picture.width}\nHEIGHT {picture.height}\nDEPTH {CHANNELS[mode]}\n"
                f"MAXVAL {maxval}\nTUPLTYPE {_TUPLES[mode]}\nENDHDR\n"
            )
        else:
            head = f"P{5 if kind == 'pgm' else 6}\n{comments}{size}{maxval}\n"
    return b"".join((head.encode("utf-8"), body.tobytes(), tail))


def unwritable_pnm(picture: Picture) -> list[str]:
    """Keys of the records that PNM cannot hold."""
    return _plan(picture)[3]


def _fits(data: bytes, picture: Picture) -> bool:
    """Whether a recorded maxval is one for these samples: records of a .nrc file can hold anything."""
    if not re.fullmatch(rb"[1-9][0-9]{0,4}", data):
        return False
    return int(picture.samples.max()) <= int(data) < 65536 and (int(data) > 255) == (picture.bits == 16)


def _plan(picture: Picture) -> tuple[int, str, bytes, list[str]]:
    """(maxval, comment lines, bytes after the picture, keys of what has no place)."""
    maxval = (1 << picture.bits) - 1
    comments: list[str] = []
    tails: list[bytes] = []
    lost: list[str] = []
    for record in picture.metadata:
        if record.key == "pnm.maxval" and _fits(record.data, picture):
            maxval = int(record.data)
        elif record.key == "tail":
            tails.append(record.data)
        elif record.key == "text" and text(record)[0] == "Comment" and not re.search(r"[\r\n]", text(record)[1]):
            comments.append(f"# {text(record)[1]}\n")
        else:
            lost.append(record.key)
    return maxval, "".join(comments), b"".join(tails), lost
