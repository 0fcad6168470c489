"""neuroc-pixelcnn: masked networks in the manner of PixelCNN, decoded at the cost of encoding."""

from neuroc.hookspecs import CodecEntry, WeightsEntry, hookimpl

__version__ = "0.1.0"

# Append-only once released; an entry's digest stands in every file that it coded.
WEIGHTS = (
    WeightsEntry("cifar-softmax", "dece9d733ba11d2faacc9a7d9bcb7e8d", "weights/cifar-softmax.safetensors"),
    WeightsEntry("cifar-mixture", "df31120dfd457e0d851fc3bc56d92ba2", "weights/cifar-mixture.safetensors"),
    WeightsEntry("photo-softmax", "839f4f0287c200a5d53561b941abf72f", "weights/photo-softmax.safetensors"),
    WeightsEntry("photo-mixture", "fff26b7a21f1e9a1c88ec63a07de226c", "weights/photo-mixture.safetensors"),
    WeightsEntry("grey-softmax", "b713da8fac127670e41cf6b3665faa54", "weights/grey-softmax.safetensors"),
    WeightsEntry("grey-mixture", "0cf2a6b34ecc11707a1c083986cb2e8f", "weights/grey-mixture.safetensors"),
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
