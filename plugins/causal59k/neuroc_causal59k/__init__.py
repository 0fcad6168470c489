"""neuroc-causal59k: a causal network of 59 thousand parameters that codes photographs denser than JPEG XL."""

from neuroc.hookspecs import CodecEntry, WeightsEntry, hookimpl

__version__ = "0.1.0"

# Append-only once released; an entry's digest stands in every file that it coded.
WEIGHTS = (
    WeightsEntry("rgb", "bdee2c9d8a0e5fe78629f2b813ef181a", "weights/rgb.safetensors"),
    WeightsEntry("rgb-diagonal", "0a5bccf4fd4ba403fb4183e9aad35240", "weights/rgb-diagonal.safetensors"),
    WeightsEntry("grey", "c8ccccf90446e672cc205f586e0befcc", "weights/grey.safetensors"),
)


@hookimpl
def neuroc_register_codecs() -> list[CodecEntry]:
    """The codec with its three networks."""
    return [
        CodecEntry(
            id="causal59k",
            codec="neuroc_causal59k.codec:CODEC",
            bitstream=1,
            summary="causal network of 59 thousand parameters, wavefront decoding; photographs",
            weights=WEIGHTS,
            train="neuroc_causal59k.train:train",
        )
    ]
