"""Which neuroc this is, and whether the other project of that name is installed too."""

from __future__ import annotations

from importlib import metadata

DISTRIBUTION = "neuroc-codec"
FOREIGN = "neuroc"  # on the package index this name belongs to another project with the same import name and script


def version_line() -> str:
    """What ``neuroc --version`` prints."""
    return f"{DISTRIBUTION} {version()}"


def version() -> str:
    """Version of the installed distribution, "unknown" for a bare checkout on the path."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown (not installed)"


def foreign_note() -> str:
    """A warning if the distribution ``neuroc`` is installed, else ""."""
    try:
        found = metadata.version(FOREIGN)
    except metadata.PackageNotFoundError:
        return ""
    return (
        f"the distribution '{FOREIGN}' {found} is another project with the same import name and command; "
        f"remove it (pip uninstall {FOREIGN}) and reinstall {DISTRIBUTION}"
    )
