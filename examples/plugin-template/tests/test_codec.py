"""Every contract of a codec, on pictures of all kinds and with all values of the parameters."""

from neuroc.testing import suite

TestCodec = suite("mycodec")
