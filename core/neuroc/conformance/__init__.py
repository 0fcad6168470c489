"""Runs the conformance vectors, by this installation or by a foreign decoder (conformance/README.md).

    suite = load_suite()                       # of the distribution neuroc-conformance, or load_suite(folder)
    for outcome in run(suite): ...             # this installation
    for outcome in run(suite, decoder="decode {in} {out}"): ...

Three kinds of vectors: ``file`` must decode to given pixels by given tables, ``reject`` must be refused with a given
error, ``unit`` holds numbers of one layer (coders, distributions, layers, ...) that a decoder command cannot show.
"""

from .manifest import Suite, Vector, load_suite
from .runner import Outcome, run
from .trace import table_digests

__all__ = ["Outcome", "Suite", "Vector", "load_suite", "run", "table_digests"]
