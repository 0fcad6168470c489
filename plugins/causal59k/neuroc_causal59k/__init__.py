"""neuroc-causal59k: a causal network of 59 thousand parameters that codes photographs denser than JPEG XL."""

from neuroc.hookspecs import CodecEntry, hookimpl

__version__ = "0.1.0"


@hookimpl
def neuroc_register_codecs() -> list[CodecEntry]:
    """The codec with its three networks."""
    return [CodecEntry(id="causal59k", codec="neuroc_causal59k.codec:CODEC", bitstream=1)]
