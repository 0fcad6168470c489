"""The closed tree of errors: everything that a user, a file or a plugin can cause.

Each class has a stable ``code`` and the ``exit_code`` of the command line (README, "Exit codes").
A message says what happened, ``file`` and ``offset`` say where, ``remedy`` says what to do next.
"""

from __future__ import annotations

from typing import ClassVar


def excerpt(value: object, most: int = 60) -> str:
    """``repr(value)``, cut: what a file holds may be long, a message must not be."""
    text = repr(value if not isinstance(value, str | bytes) else value[: most + 1])
    return text if len(text) <= most else f"{text[:most]}..."


class NeurocError(Exception):
    """Base of every error that neuroc raises on purpose; never raised itself."""

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str = "", file: str | None = None, offset: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.file = file
        self.offset = offset

    def __str__(self) -> str:
        where = self.file or ""
        if self.offset is not None:
            where = f"{where} at byte {self.offset}".strip()
        text = f"{where}: {self.message}" if where else self.message
        return f"{text}. {self.remedy}" if self.remedy else text

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword arguments do not survive the way back from a worker process otherwise.
        return _rebuild, (type(self), self.message, self.remedy, self.file, self.offset)


def _rebuild(kind: type[NeurocError], message: str, remedy: str, file: str | None, offset: int | None) -> NeurocError:
    return kind(message, remedy=remedy, file=file, offset=offset)


class UsageError(NeurocError):
    """The call itself is wrong: an unknown option, a value out of range, two inputs for one output."""

    code, exit_code = "usage", 2


class PictureError(NeurocError):
    """The input picture is damaged or is not a picture."""

    code, exit_code = "picture", 2


class UnsupportedPictureError(PictureError):
    """The input picture is sound but cannot be kept exactly (float or CMYK samples, animation)."""

    code = "picture-unsupported"


class CorruptFileError(NeurocError):
    """A .nrc file breaks a rule of SPEC.md."""

    code, exit_code = "corrupt", 3


class NotNrcError(CorruptFileError):
    """The bytes do not start with the .nrc signature."""

    code = "not-nrc"


class TruncatedError(CorruptFileError):
    """The file ends before its end marker."""

    code = "truncated"


class ChecksumError(CorruptFileError):
    """A CRC-32 of the preamble or of a chunk does not match."""

    code = "checksum"


class HeaderError(CorruptFileError):
    """The header is not canonical or a field is out of its range."""

    code = "header"


class StreamError(CorruptFileError):
    """An entropy-coded stream ends too early, too late or in an impossible state."""

    code = "stream"


class DigestError(CorruptFileError):
    """The decoded samples do not have the digest that the file states."""

    code = "digest"


class PluginError(NeurocError):
    """A codec, coder or engine is missing or unusable."""

    code, exit_code = "plugin", 4


class PluginMissingError(PluginError):
    """No installed plugin provides the codec."""

    code = "plugin-missing"


class PluginBrokenError(PluginError):
    """The plugin that provides the codec fails to load or raises."""

    code = "plugin-broken"


class TooNewError(PluginError):
    """The file needs a newer container, bitstream or feature than this installation knows."""

    code = "too-new"


class WeightsMissingError(PluginError):
    """No weights with the needed name or digest were found."""

    code = "weights-missing"


class WeightsError(PluginError):
    """A weights file is damaged, does not have its digest, or does not fit the codec."""

    code = "weights"


class ExactnessError(PluginError):
    """Arithmetic cannot be proved exact: a bound is exceeded or an engine fails its probe."""

    code = "exactness"


class PinnedError(PluginError):
    """The file was made by a float model of another build; decoding needs ``--allow-pinned``."""

    code = "pinned"


class LimitError(NeurocError):
    """A picture or file asks for more than the limits allow."""

    code, exit_code = "limit", 5


class VerificationError(NeurocError):
    """The decoded picture differs from its source."""

    code, exit_code = "verification", 6


class StorageError(NeurocError):
    """Reading or writing failed: missing file, full or read-only target."""

    code, exit_code = "io", 7


class OutputExistsError(StorageError):
    """The output exists and ``--force`` was not given."""

    code = "exists"
