"""neuroc-causal59k: a causal network of 59 thousand parameters that codes photographs denser than JPEG XL."""

from neuroc.hookspecs import CodecEntry, WeightsEntry, hookimpl

__version__ = "0.1.0"

# Append-only once released; an entry's digest stands in every file that it coded.
WEIGHTS = (
    WeightsEntry("rgb", "299fd60961d00fd9b622d46cb81469e6", "weights/rgb.safetensors"),
    WeightsEntry("rgb-diagonal", "235bbcb1c0350964af364bfa874de1b7", "weights/rgb-diagonal.safetensors"),
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
