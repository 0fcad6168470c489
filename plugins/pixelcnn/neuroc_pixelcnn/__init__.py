"""neuroc-pixelcnn: masked networks in the manner of PixelCNN, decoded at the cost of encoding."""

from neuroc.hookspecs import CodecEntry, WeightsEntry, hookimpl

__version__ = "0.1.0"

# Append-only once released; an entry's digest stands in every file that it coded.
WEIGHTS = (
    WeightsEntry("cifar-softmax", "dece9d733ba11d2faacc9a7d9bcb7e8d", "weights/cifar-softmax.safetensors"),
    WeightsEntry("cifar-mixture", "df31120dfd457e0d851fc3bc56d92ba2", "weights/cifar-mixture.safetensors"),
    WeightsEntry("photo-softmax", "d3fc7599120f6e61e09c886c5f48b805", "weights/photo-softmax.safetensors"),
    WeightsEntry("photo-mixture", "ff90295578e943e34b3a40c3cec72e06", "weights/photo-mixture.safetensors"),
    WeightsEntry("grey-softmax", "1a3254d1484ff2d47a0ea7e111c0363d", "weights/grey-softmax.safetensors"),
    WeightsEntry("grey-mixture", "173abf50878613b222dc7aa7ab3ee980", "weights/grey-mixture.safetensors"),
)


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
