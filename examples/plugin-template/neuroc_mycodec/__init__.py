"""neuroc-mycodec: a codec for neuroc. This module lists it; codec.py is imported where it is used."""

from neuroc.api import CodecEntry, hookimpl


@hookimpl
def neuroc_register_codecs() -> list[CodecEntry]:
    """The codec, by its import string."""
    return [
        CodecEntry(
            id="mycodec",  # stands in files: never changes once there are some
            codec="neuroc_mycodec.codec:CODEC",
            bitstream=1,  # goes up when the same picture gives other bits; old ones must stay decodable
            summary="gradient-adjusted prediction from six neighbours; no weights",
            draft=True,  # files may become undecodable; False from the first release on
        )
    ]
