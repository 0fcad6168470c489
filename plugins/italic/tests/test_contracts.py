"""The contracts of a codec (neuroc.testing)."""

from neuroc.testing import suite

# Few combinations and examples: each model takes its time to be built.
PARAMS = [{"steps": 2}, {"steps": 3, "base": "dct", "base_quality": 8}, {"steps": 4096}, {"unit": 3}]

TestCodec = suite(
    "italic", side=7, batch=2, examples=2, bits=(8, 16), params=PARAMS, without_effect=("unit", "base_quality")
)
