"""The contracts of a codec (neuroc.testing)."""

from neuroc.testing import suite

TestCodec = suite("causal59k", side=14, examples=10)
