"""What scripts measure, by name: ``ID[:NAME=VALUE,...]``."""

from __future__ import annotations

from neuroc.bench import Contender
from neuroc.params import options
from neuroc.plugins import load_codec
from neuroc_cli.plugin_options import parse_params

FORM = "ID[:NAME=VALUE,...]"


def contender(text: str) -> Contender:
    """A codec with its parameters; raises UsageError for what it does not have."""
    name, _, params = text.partition(":")
    return Contender(text, codec=name, params=parse_params(options(load_codec(name).params), params))
