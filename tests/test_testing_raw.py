"""The suite of plugin authors on the codec that the core brings along."""

from neuroc.testing import suite

TestRaw = suite("raw")
