"""The contracts of a codec (neuroc.testing)."""

from neuroc.testing import suite

# Few combinations and examples: each model takes its time to be built.
PARAMS = [{"passes": 1}, {"passes": 2}, {"passes": 4, "unit": 3}, {}]

TestCodec = suite("unet", side=19, batch=2, examples=2, bits=(8, 16), params=PARAMS, without_effect=("unit",))
