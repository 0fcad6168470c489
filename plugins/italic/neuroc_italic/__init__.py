"""neuroc-italic: pictures in any number of steps, chosen when the file is written; more steps, fewer bytes."""

from neuroc.hookspecs import CodecEntry, WeightsEntry, hookimpl

__version__ = "0.1.0"

# Append-only once released; an entry's digest stands in every file that it coded.
WEIGHTS = (
    WeightsEntry("rgb", "7f44fdf7ba2e2d9cc5104cf9fd82c6e1", "weights/rgb.safetensors"),
    WeightsEntry("rgb-dct", "5bc9b0a7c13b450b9c610dad58022378", "weights/rgb-dct.safetensors"),
    WeightsEntry("grey", "02cfe4ac1a0d85bb13376af1139dc43d", "weights/grey.safetensors"),
)


@hookimpl
def neuroc_register_codecs() -> list[CodecEntry]:
    """The codec with its networks."""
    return [
        CodecEntry(
            id="italic",
            codec="neuroc_italic.codec:CODEC",
            bitstream=1,
            summary="iterative network with attention: --steps trades time against size; shows pictures early",
            weights=WEIGHTS,
            train="neuroc_italic.train:train",
        )
    ]
