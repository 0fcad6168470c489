"""neuroc-unet: a picture is a small latent at several levels and what a UNet makes of it, in a handful of passes."""

from neuroc.hookspecs import CodecEntry, WeightsEntry, hookimpl

__version__ = "0.1.0"

# Append-only once released; an entry's digest stands in every file that it coded.
WEIGHTS = (
    WeightsEntry("rgb", "01024d5ac25f981161b02db4b8ecd95d", "weights/rgb.safetensors"),
    WeightsEntry("grey", "50d877e15c5f70460ff99e6d89856f87", "weights/grey.safetensors"),
)


@hookimpl
def neuroc_register_codecs() -> list[CodecEntry]:
    """The codec with its networks."""
    return [
        CodecEntry(
            id="unet",
            codec="neuroc_unet.codec:CODEC",
            bitstream=1,
            summary="a latent at several levels, then all pixels in 1, 2, 4 or 8 passes (--passes), whatever the size",
            weights=WEIGHTS,
            train="neuroc_unet.train:train",
        )
    ]
