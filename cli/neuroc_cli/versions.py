"""Which neuroc this is."""

from __future__ import annotations

from importlib import metadata

DISTRIBUTION = "neuroc-codec"


def version_line() -> str:
    """What ``neuroc --version`` prints."""
    return f"{DISTRIBUTION} {version()}"


def version() -> str:
    """Version of the installed distribution, "unknown" for a bare checkout on the path."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown (not installed)"
