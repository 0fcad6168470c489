"""neuroc-pixelcnn: masked networks in the manner of PixelCNN, decoded at the cost of encoding."""

from neuroc.hookspecs import CodecEntry, WeightsEntry, hookimpl

__version__ = "0.1.0"

# Append-only once released; an entry's digest stands in every file that it coded.
WEIGHTS: tuple[WeightsEntry, ...] = ()


@hookimpl
def neuroc_register_codecs() -> list[CodecEntry]:
    """The codec with its networks."""
    return [
        CodecEntry(
            id="pixelcnn",
            codec="neuroc_pixelcnn.codec:CODEC",
            bitstream=1,
            summary="masked networks, channel by channel, with a softmax or a mixture; thousands of small pictures",
            bits=(8,),
            weights=WEIGHTS,
            train="neuroc_pixelcnn.train:train",
        )
    ]
