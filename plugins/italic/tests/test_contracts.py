"""The contracts of a codec (neuroc.testing)."""

from neuroc.testing import suite

PARAMS = [
    {},
    {"steps": 1},
    {"steps": 3, "base": "dct", "base_quality": 8},
    {"steps": 7},
    {"steps": 4096},
    {"unit": 3},
]

TestCodec = suite("italic", side=9, batch=2, examples=4, params=PARAMS, without_effect=("unit", "base_quality"))
